#include "ledger/points/verification/sentences.h"

#include "absl/strings/str_cat.h"
#include "fenfen/v1/verification.pb.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/points/earning/sentences.h"

namespace fenfen {
namespace {

using ledger::v1::PendingDrop;

// "投放厨余垃圾（0.5 公斤）"
Sentence WhatWaits(const PendingDrop& drop) {
  const Sentence category = CategoryName(drop.recorded().category());
  Sentence s{absl::StrCat("投放", category.zh), absl::StrCat("Dropped ", category.en)};
  if (drop.recorded().grams() != 0) {
    absl::StrAppend(&s.zh, "（", Kilograms(drop.recorded().grams()), " 公斤）");
    absl::StrAppend(&s.en, " (", Kilograms(drop.recorded().grams()), " kg)");
  }
  return s;
}

Sentence PendingSentence(const ledger::v1::PendingDropFacts& facts) {
  const PendingDrop& drop = facts.drop();
  const Sentence what = WhatWaits(drop);
  const std::string due = facts.due_day() == 0 ? "" : DayText(facts.due_day());
  if (drop.cause() == PendingDrop::CAUSE_LATE) {
    return {absl::StrCat(what.zh, "：已记录，上报时已超过自动计分的期限，由工作人员核实后计分"),
            absl::StrCat(what.en, ": recorded; it came too late to be credited by itself, so the staff will look at it")};
  }
  if (drop.cause() == PendingDrop::CAUSE_BAG) {
    return {absl::StrCat(what.zh, "，装在二维码袋中：已记录，开袋查验合格后计分，最迟 ", due),
            absl::StrCat(what.en, " in a tagged bag: recorded; it earns points once the bag is found right, by ", due)};
  }
  if (drop.due_release()) {
    return {absl::StrCat(what.zh, "：已记录，", due, " 计分，其间查验不合格的除外"),
            absl::StrCat(what.en, ": recorded; it earns points on ", due, ", unless it is found wrong before")};
  }
  return {absl::StrCat(what.zh, "：已记录，查验合格后计分，最迟 ", due),
          absl::StrCat(what.en, ": recorded; it earns points once it is found right, by ", due)};
}

// What came before the credit: an inspection, maybe with another finding, or the end of the wait.
Sentence HowReleased(const ledger::v1::PendingDropFacts& facts) {
  const PendingDrop& drop = facts.drop();
  const std::string day = DayText(facts.day());
  if (drop.has_found()) {
    const bool other_kind = drop.found().category() != drop.recorded().category();
    const bool other_weight = drop.found().grams() != drop.recorded().grams();
    if (other_kind || other_weight) {
      return {absl::StrCat(day, " 的投放查验后更正"), absl::StrCat("The drop of ", day, " was inspected and put right")};
    }
    return {absl::StrCat(day, " 的投放查验合格"), absl::StrCat("The drop of ", day, " was found right")};
  }
  if (drop.cause() == PendingDrop::CAUSE_LATE) {
    return {absl::StrCat(day, " 的投放迟报，经核实"), absl::StrCat("The drop of ", day, " was reported late and accepted")};
  }
  return {absl::StrCat(day, " 的投放等候期满或经核实"), absl::StrCat("The drop of ", day, " has waited its time or was accepted")};
}

Sentence ReleaseSentence(const ledger::v1::PendingDropFacts& facts, Points reward, Points civic, const Catalogue& catalogue) {
  const Sentence how = HowReleased(facts);
  const absl::StatusOr<Why> credit = DecodeWhy(TransactionKind::kDrop, facts.credit());
  const DropWhy* why = credit.ok() ? std::get_if<DropWhy>(&*credit) : nullptr;
  if (why == nullptr) return how;
  const Sentence drop = DropSentence(*why, reward, civic, catalogue);
  return {absl::StrCat(how.zh, "：", drop.zh), absl::StrCat(how.en, ". ", drop.en)};
}

Sentence RejectionSentence(const ledger::v1::PendingDropFacts& facts) {
  const PendingDrop& drop = facts.drop();
  const Sentence category = CategoryName(drop.recorded().category());
  const auto* value = v1::RejectionReason_descriptor()->FindValueByNumber(drop.rejection_reason());
  if (value == nullptr) return {};
  const v1::RejectionText& text = value->options().GetExtension(v1::rejection);
  const std::string day = DayText(facts.day());
  Sentence s{absl::StrCat(day, " 投放的", category.zh, "未通过核验（", text.zh(), "），本次不计分"),
             absl::StrCat("The drop of ", day, " (", category.en, ") was not credited: ", text.en())};
  if (!text.advice_zh().empty()) absl::StrAppend(&s.zh, "；", text.advice_zh());
  if (!text.advice_en().empty()) absl::StrAppend(&s.en, "; ", text.advice_en());
  return s;
}

Sentence BagSentence(const ledger::v1::BagFacts& facts) {
  if (facts.revoked()) return {"一个二维码袋已作废，不能再用", "A tagged bag was revoked and cannot be used any more"};
  return {
      absl::StrCat("领取二维码袋 ", facts.count(), " 个，本月已领 ", facts.issued_in_month(), " 个，每月最多 ", facts.monthly_max(), " 个"),
      absl::StrCat("Got ", facts.count(), " tagged bags; ", facts.issued_in_month(), " this month of at most ", facts.monthly_max())};
}

}  // namespace

Sentence VerificationSentence(TransactionKind kind, const ledger::v1::VerificationFacts& facts, Points reward, Points civic,
                              const Catalogue& catalogue) {
  if (facts.has_bags()) return BagSentence(facts.bags());
  if (kind == TransactionKind::kRelease) return ReleaseSentence(facts.pending(), reward, civic, catalogue);
  if (kind == TransactionKind::kRejection) return RejectionSentence(facts.pending());
  return PendingSentence(facts.pending());
}

}  // namespace fenfen
