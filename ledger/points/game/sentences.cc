#include "ledger/points/game/sentences.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"

namespace fenfen {
namespace {

Sentence PreferenceSentence(const ledger::v1::GameFacts::Preference& preference) {
  return {absl::StrCat(preference.hidden() ? "已退出排行榜，别人看不到您家，可随时改回" : "参加排行榜，只显示打码的户号",
                       preference.quiet() ? "；不再接收提醒" : "；接收提醒"),
          absl::StrCat(preference.hidden() ? "Left the boards; nobody sees your household there, and you may come back at any time"
                                           : "Takes part in the boards, with a masked number",
                       preference.quiet() ? "; no notices" : "; with notices")};
}

Sentence FreezeSentence(const ledger::v1::GameFacts::Freeze& freeze) {
  const std::string day = absl::FormatCivilTime(CivilDayOf(freeze.day()));
  return {absl::StrCat("用一次保连补上 ", day, "，连续天数不断；那个月还剩 ", freeze.left(), " 次"),
          absl::StrCat("A freeze keeps ", day, ", so the streak goes on; ", freeze.left(), " left in that month")};
}

Sentence TeamSentence(const ledger::v1::GameFacts::Team& team) {
  using Team = ledger::v1::GameFacts::Team;
  const std::string zh = absl::StrCat("队伍“", team.title(), "”");
  const std::string en = absl::StrCat("the team “", team.title(), "”");
  switch (team.step()) {
    case Team::STEP_FOUNDED:
      return {absl::StrCat("创建了", zh, "，从现在起的投放计入队伍"), absl::StrCat("Founded ", en, "; drops from now on count for it")};
    case Team::STEP_JOINED:
      return {absl::StrCat("加入", zh, "，从现在起的投放计入队伍"), absl::StrCat("Joined ", en, "; drops from now on count for it")};
    case Team::STEP_LEFT:
      return {absl::StrCat("退出", zh, "，投放不再计入队伍"), absl::StrCat("Left ", en, "; drops no longer count for it")};
    case Team::STEP_DISSOLVED:
      return {absl::StrCat("解散了", zh, "，队员可以加入别的队伍"), absl::StrCat("Dissolved ", en, "; its members may join another")};
    default:
      return {};
  }
}

Sentence AwardSentence(const ledger::v1::GameFacts::Award& award) {
  const bool quest = absl::StartsWith(award.name(), "quests/");
  const bool team = award.team() != 0;
  Sentence s{
      absl::StrCat(team ? absl::StrCat("队伍“", award.team_title(), "”") : "", quest ? "完成任务“" : "获得徽章“", award.title_zh(), "”"),
      absl::StrCat(team    ? absl::StrCat("The team “", award.team_title(), "” completed the quest “")
                   : quest ? "Completed the quest “"
                           : "Reached the badge “",
                   award.title_en(), "”")};
  if (award.reward() != 0) {
    absl::StrAppend(&s.zh, "，奖励 ", FormatPoints(Points(award.reward())), " 兑换积分");
    absl::StrAppend(&s.en, ": ", FormatPoints(Points(award.reward())), " reward points");
  }
  if (award.civic() != 0) {
    absl::StrAppend(&s.zh, award.reward() != 0 ? "、" : "，奖励 ", FormatPoints(Points(award.civic())), " 文明积分");
    absl::StrAppend(&s.en, award.reward() != 0 ? " and " : ": ", FormatPoints(Points(award.civic())), " civic points");
  }
  if (award.repaid() != 0) {
    absl::StrAppend(&s.zh, "，其中 ", FormatPoints(Points(award.repaid())), " 分抵扣欠分");
    absl::StrAppend(&s.en, "; ", FormatPoints(Points(award.repaid())), " of them repay what was owed");
  }
  if (award.reward() > award.repaid()) {
    const std::string day = absl::FormatCivilTime(CivilDayOf(award.expires_day()));
    absl::StrAppend(&s.zh, "，可用至 ", day);
    absl::StrAppend(&s.en, ", to be spent until ", day);
  }
  return s;
}

}  // namespace

Sentence GameSentence(TransactionKind /*kind*/, const ledger::v1::GameFacts& facts, Points /*reward*/, Points /*civic*/,
                      const Catalogue& /*catalogue*/) {
  switch (facts.what_case()) {
    case ledger::v1::GameFacts::kPreference:
      return PreferenceSentence(facts.preference());
    case ledger::v1::GameFacts::kFreeze:
      return FreezeSentence(facts.freeze());
    case ledger::v1::GameFacts::kTeam:
      return TeamSentence(facts.team());
    case ledger::v1::GameFacts::kAward:
      return AwardSentence(facts.award());
    default:
      return {};  // a board's closing is no household's entry
  }
}

}  // namespace fenfen
