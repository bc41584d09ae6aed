#include "server/services/game_render.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "ledger/core/clock.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/points/game/choices.h"
#include "ledger/points/game/game_rules.h"
#include "ledger/points/game/masking.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

constexpr int kDaysShown = 28;
constexpr size_t kTeamDigits = 16;

Sentence LevelSummary(const v1::Game& game) {
  Sentence s{absl::StrCat("“", game.level_title_zh(), "”（第 ", game.level(), " 级）"),
             absl::StrCat("Level ", game.level(), ", ", game.level_title_en())};
  if (game.next_level_missing() == 0) {
    s.zh += "，已是最高一级";
    s.en += ", the highest";
    return s;
  }
  const std::string missing = FormatPoints(Points(game.next_level_missing()));
  absl::StrAppend(&s.zh, "，再得 ", missing, " 文明积分升为“", game.next_level_title_zh(), "”");
  absl::StrAppend(&s.en, "; ", missing, " more civic points to ", game.next_level_title_en());
  return s;
}

Sentence StreakSummary(const v1::Game& game) {
  if (game.streak_days() == 0) {
    return {absl::StrCat("今天投放一次就开始新的连续记录，最长 ", game.streak_best_days(), " 天"),
            absl::StrCat("a drop today begins a new streak; the longest was ", game.streak_best_days(), " days")};
  }
  return {absl::StrCat("已连续 ", game.streak_days(), " 天，最长 ", game.streak_best_days(), " 天",
                       game.dropped_today() ? "" : "，今天还没有投放"),
          absl::StrCat(game.streak_days(), game.streak_days() == 1 ? " day" : " days", " in a row, ", game.streak_best_days(), " at most",
                       game.dropped_today() ? "" : ", and none yet today")};
}

void RenderDays(const GameFacts& facts, const v1::GameRules& rules, v1::Game& game) {
  for (int32_t day = facts.today - kDaysShown + 1; day <= facts.today; ++day) {
    v1::StreakDay& out = *game.add_days();
    out.set_day(DayText(day));
    out.set_dropped(facts.streak.IsMarked(day));
    out.set_kept(facts.streak.IsKept(day));
    const bool in_reach = day < facts.today && day >= facts.today - rules.freeze_days_back();
    out.set_can_keep(!out.dropped() && !out.kept() && in_reach && FreezesLeft(facts.choices, day, rules) > 0);
  }
}

Sentence ScoreText(v1::Board::Measure measure, int64_t score) {
  switch (measure) {
    case v1::Board::MEASURE_CIVIC:
      return {absl::StrCat(FormatPoints(Points(score)), " 分"), absl::StrCat(FormatPoints(Points(score)), " points")};
    case v1::Board::MEASURE_DROPS:
      return {absl::StrCat(score, " 次"), absl::StrCat(score, score == 1 ? " drop" : " drops")};
    case v1::Board::MEASURE_DAYS:
      return {absl::StrCat(score, " 天"), absl::StrCat(score, score == 1 ? " day" : " days")};
    default: {
      // Down, so that it never looks like all of them where it is not.
      const std::string percent = absl::StrFormat("%d.%d%%", score / 10'000, score / 1000 % 10);
      return {percent, percent};
    }
  }
}

}  // namespace

std::string TeamName(uint64_t team) { return absl::StrCat("teams/", absl::Hex(team, absl::kZeroPad16)); }

std::optional<uint64_t> ParseTeamName(absl::string_view name) {
  uint64_t team = 0;
  if (!absl::ConsumePrefix(&name, "teams/") || name.size() != kTeamDigits || !absl::SimpleHexAtoi(name, &team)) return std::nullopt;
  if (TeamName(team) != absl::StrCat("teams/", name)) return std::nullopt;
  return team;
}

void RenderGame(const GameFacts& facts, const v1::GameRules& rules, v1::Game& game) {
  game.set_civic(facts.civic.hundredths());
  const LevelReached reached = LevelOf(rules, facts.civic);
  game.set_level(reached.number);
  if (reached.number > 0) {
    game.set_level_title_zh(rules.levels(reached.number - 1).title_zh());
    game.set_level_title_en(rules.levels(reached.number - 1).title_en());
  }
  if (reached.number < rules.levels_size()) {
    game.set_next_level_title_zh(rules.levels(reached.number).title_zh());
    game.set_next_level_title_en(rules.levels(reached.number).title_en());
    game.set_next_level_missing(reached.missing.hundredths());
  }
  game.set_streak_days(static_cast<int32_t>(facts.streak.LengthOn(facts.today)));
  game.set_streak_best_days(static_cast<int32_t>(facts.streak.Best()));
  game.set_dropped_today(facts.streak.IsMarked(facts.today));
  RenderDays(facts, rules, game);
  game.set_freezes_left(FreezesLeft(facts.choices, facts.today, rules));
  game.set_hidden(facts.choices.hidden());
  game.set_quiet(facts.choices.quiet());
  const Sentence level = LevelSummary(game);
  const Sentence streak = StreakSummary(game);
  game.set_summary_zh(absl::StrCat(level.zh, "；", streak.zh, "；本月还可补 ", game.freezes_left(), " 天"));
  game.set_summary_en(absl::StrCat(level.en, "; ", streak.en, "; ", game.freezes_left(), " freezes left this month"));
}

void RenderTeam(uint64_t number, const Players::Team& team, HouseholdId asked, const Catalogue& catalogue, v1::Team& out) {
  out.set_name(TeamName(number));
  out.set_title(team.record.title());
  if (const v1::Region* region = catalogue.Find<v1::Region>(CatalogueId(team.record.region()))) out.set_region(region->name());
  out.set_members(static_cast<int32_t>(team.members.size()));
  out.set_is_founder(team.record.founder() == asked.value());
}

v1::Place BoardRenderer::PlaceOf(const Standing& standing, size_t rank) const {
  v1::Place place;
  place.set_rank(static_cast<int32_t>(rank));
  if (board_.entrants() == v1::Board::ENTRANTS_TEAMS) {
    const std::optional<Players::Team> team = players_.FindTeam(standing.entrant);
    place.set_name(team ? team->record.title() : TeamName(standing.entrant));
  } else {
    place.set_name(MaskedNumber(standing.entrant));
    const std::optional<Players::Player> player = players_.Find(HouseholdId(standing.entrant));
    const v1::Region* region = player ? catalogue_.Find<v1::Region>(player->region) : nullptr;
    if (region != nullptr) place.set_region_display_name(region->display_name());
  }
  place.set_score(standing.score);
  const Sentence text = ScoreText(board_.measure(), standing.score);
  place.set_score_zh(text.zh);
  place.set_score_en(text.en);
  if (standing.reached_ms != 0) SetTime(*place.mutable_reach_time(), absl::FromUnixMillis(standing.reached_ms));
  place.set_is_own(own_ != 0 && standing.entrant == own_);
  return place;
}

void BoardRenderer::Begin(const v1::Region& region, const Period& period, v1::BoardView& out) const {
  *out.mutable_board() = board_;
  out.set_region(region.name());
  out.set_region_display_name(region.display_name());
  out.set_period(period.name);
  out.set_first_day(DayText(period.first_day));
  out.set_last_day(DayText(period.last_day));
  out.set_closes_on(DayText(period.closes_on()));
  const bool accuracy = board_.measure() == v1::Board::MEASURE_ACCURACY;
  out.set_tie_rule_zh(
      absl::StrCat("成绩相同时，", accuracy ? "检查次数多的在前，再" : "", "先达到的在前（以入账时间为准），再同则编号小的在前"));
  out.set_tie_rule_en(absl::StrCat("Of equal scores ", accuracy ? "the more often inspected is first, then " : "",
                                   "who got there first, by record time, is first; then the lower number"));
}

void BoardRenderer::Open(const std::vector<Standing>& places, const Standing& own, v1::BoardView& out) const {
  out.set_entrants(static_cast<int32_t>(places.size()));
  for (size_t i = 0; i < places.size() && i < static_cast<size_t>(board_.places()); ++i) *out.add_places() = PlaceOf(places[i], i + 1);
  if (own_ == 0) return;
  const std::optional<PlacesAround> around = AroundOf(places, own_);
  if (!around) {
    *out.mutable_own() = PlaceOf(own, 0);
    return;
  }
  *out.mutable_own() = PlaceOf(places[around->own], around->own + 1);
  for (size_t i = around->first; i < around->end; ++i) *out.add_around() = PlaceOf(places[i], i + 1);
}

void BoardRenderer::Closed(const ledger::v1::BoardResult& result, v1::BoardView& out) const {
  out.set_closed(true);
  out.set_entrants(static_cast<int32_t>(result.entrants()));
  out.set_digest(absl::BytesToHexString(result.digest()));
  for (const ledger::v1::BoardPlace& stored : result.places()) {
    const Standing standing{stored.entrant(), stored.score(), stored.second(), stored.reached_ms()};
    const v1::Place place = PlaceOf(standing, stored.rank());
    if (place.is_own()) *out.mutable_own() = place;
    const std::optional<Players::Player> player =
        board_.entrants() == v1::Board::ENTRANTS_TEAMS ? std::nullopt : players_.Find(HouseholdId(stored.entrant()));
    if (!player || !player->hidden) *out.add_places() = place;
  }
}

}  // namespace fenfen::server
