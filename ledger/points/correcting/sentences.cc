#include "ledger/points/correcting/sentences.h"

#include "absl/strings/str_cat.h"
#include "ledger/points/correcting/grounds.h"

namespace fenfen {
namespace {

// What an entry is called in a sentence about it.
Sentence EntryName(int32_t kind, int32_t day) {
  Sentence name{"积分", "entry"};
  switch (static_cast<TransactionKind>(kind)) {
    case TransactionKind::kDrop:
    case TransactionKind::kPendingDrop:
    case TransactionKind::kRelease:
    case TransactionKind::kRejection:
      name = {"投放", "drop"};
      break;
    case TransactionKind::kExpiry:
      name = {"过期", "expiry"};
      break;
    case TransactionKind::kReservation:
    case TransactionKind::kCapture:
    case TransactionKind::kVoucherCancel:
    case TransactionKind::kVoucherExpiry:
    case TransactionKind::kRefund:
      name = {"兑换", "voucher"};
      break;
    case TransactionKind::kAdjustment:
      name = {"调整", "adjustment"};
      break;
    case TransactionKind::kReversal:
      name = {"冲正", "reversal"};
      break;
    default:
      break;
  }
  return {absl::StrCat(" ", DayText(day), " 的", name.zh, "记录"), absl::StrCat("the ", name.en, " of ", DayText(day))};
}

// "1.6 兑换积分、1 文明积分"; what is zero is left out.
Sentence Amounts(Points reward, Points civic) {
  Sentence s;
  if (reward != Points(0)) {
    s = {absl::StrCat(FormatPoints(reward), " 兑换积分"), absl::StrCat(FormatPoints(reward), " reward points")};
  }
  if (civic != Points(0)) {
    absl::StrAppend(&s.zh, s.zh.empty() ? "" : "、", FormatPoints(civic), " 文明积分");
    absl::StrAppend(&s.en, s.en.empty() ? "" : " and ", FormatPoints(civic), " civic points");
  }
  return s;
}

Points Size(int64_t amount) { return Points(amount < 0 ? -amount : amount); }

// Adds what became a debt.
void AddDebt(Sentence& s, int64_t debt) {
  if (debt == 0) return;
  absl::StrAppend(&s.zh, "，其中 ", FormatPoints(Points(debt)), " 分已经用掉，记为欠分，以后所得先抵扣");
  absl::StrAppend(&s.en, "; ", FormatPoints(Points(debt)), " of them were spent already and are owed: what is earned next repays them");
}

// Adds how long what was given can be spent.
void AddLastDay(Sentence& s, int32_t day) {
  if (day == 0) return;
  absl::StrAppend(&s.zh, "，可用至 ", DayText(day));
  absl::StrAppend(&s.en, ", to be spent until ", DayText(day));
}

Sentence ReversalSentence(const ledger::v1::ReversalFacts& facts, Points civic) {
  const Sentence name = EntryName(facts.kind(), facts.day());
  const Sentence reason = ReasonText(facts.grounds());
  Sentence s{absl::StrCat("冲正", name.zh, "（", reason.zh, "）"), absl::StrCat("Reversed ", name.en, " (", reason.en, ")")};
  // What was taken may be less than the entry had given: civic points do not go below zero.
  const Points taken_civic = civic < Points(0) ? -civic : Points(0);
  const Points given_civic = civic > Points(0) ? civic : Points(0);
  const Sentence taken = Amounts(facts.reward() > 0 ? Points(facts.reward()) : Points(0), taken_civic);
  const Sentence given = Amounts(facts.reward() < 0 ? Points(-facts.reward()) : Points(0), given_civic);
  if (!taken.zh.empty()) {
    absl::StrAppend(&s.zh, "：收回 ", taken.zh);
    absl::StrAppend(&s.en, ": ", taken.en, " taken back");
    AddDebt(s, facts.debt());
  }
  if (!given.zh.empty()) {
    absl::StrAppend(&s.zh, "：退回 ", given.zh);
    absl::StrAppend(&s.en, ": ", given.en, " given back");
    AddLastDay(s, facts.expires_day());
  }
  return s;
}

Sentence AdjustmentSentence(TransactionKind kind, const ledger::v1::AdjustmentFacts& facts) {
  const bool is_reward = facts.asset() == static_cast<int32_t>(Asset::kReward);
  const Points size = Size(facts.amount());
  const Sentence what = Amounts(is_reward ? size : Points(0), is_reward ? Points(0) : size);
  const Sentence reason = ReasonText(facts.grounds());
  const bool gives = facts.amount() > 0;
  if (kind == TransactionKind::kProposal) {
    return {absl::StrCat("社区拟", gives ? "补给 " : "收回 ", what.zh, "（", reason.zh, "），须另一位工作人员核准，",
                         DayText(facts.expires_day()), " 前未核准即失效"),
            absl::StrCat("Proposed: ", what.en, gives ? " to be given" : " to be taken back", " (", reason.en,
                         "); a second person must approve by ", DayText(facts.expires_day()))};
  }
  if (kind == TransactionKind::kDismissal) {
    return {absl::StrCat(gives ? "拟补给的 " : "拟收回的 ", what.zh, "未获核准（", reason.zh, "），积分不变"),
            absl::StrCat("Not approved (", reason.en, "): ", what.en, gives ? " are not given" : " are not taken back")};
  }
  Sentence s{absl::StrCat("经两位工作人员核准，", gives ? "补给 " : "收回 ", what.zh, "（", reason.zh, "）"),
             absl::StrCat(what.en, gives ? " given" : " taken back", " (", reason.en, "), approved by two people")};
  AddDebt(s, facts.debt());
  AddLastDay(s, facts.expires_day());
  return s;
}

Sentence AppealSentence(TransactionKind kind, const ledger::v1::AppealFacts& facts) {
  const Sentence name = EntryName(facts.kind(), facts.day());
  const Sentence reason = ReasonText(facts.grounds());
  if (kind == TransactionKind::kAppeal) {
    return {absl::StrCat("对", name.zh, "提出申诉（", reason.zh, "），等待工作人员答复"),
            absl::StrCat("Appealed against ", name.en, " (", reason.en, "); the staff will answer")};
  }
  if (facts.upheld()) {
    return {absl::StrCat("对", name.zh, "的申诉成立（", reason.zh, "），已用第 ", facts.remedy(), " 号记录更正"),
            absl::StrCat("The appeal against ", name.en, " was right (", reason.en, "); entry ", facts.remedy(), " put it right")};
  }
  return {absl::StrCat("对", name.zh, "的申诉未成立（", reason.zh, "），如有新的材料可以再次申诉"),
          absl::StrCat("The appeal against ", name.en, " was declined (", reason.en, "); with new evidence you may appeal again")};
}

}  // namespace

Sentence CorrectingSentence(TransactionKind kind, const ledger::v1::CorrectingFacts& facts, Points /*reward*/, Points civic,
                            const Catalogue& /*catalogue*/) {
  if (facts.has_reversal()) return ReversalSentence(facts.reversal(), civic);
  if (facts.has_adjustment()) return AdjustmentSentence(kind, facts.adjustment());
  if (facts.has_appeal()) return AppealSentence(kind, facts.appeal());
  return {};
}

}  // namespace fenfen
