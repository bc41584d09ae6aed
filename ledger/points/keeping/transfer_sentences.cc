// Sentences about what goes between two households.
#include "absl/strings/str_cat.h"
#include "ledger/points/keeping/sentences.h"
#include "ledger/points/records.h"

namespace fenfen {
namespace {

using Handover = ledger::v1::Transfer;

// The end of a household's number: enough for who knows it.
std::string Tail(uint64_t household) {
  const std::string number = absl::StrCat(household);
  return number.size() <= 4 ? number : number.substr(number.size() - 4);
}

std::string Amount(const Handover& transfer) {
  int64_t sum = 0;
  for (const ledger::v1::TransferLot& lot : transfer.lots()) sum += lot.amount();
  return FormatPoints(Points(sum));
}

// " 兑换积分、5 文明积分"
Sentence Amounts(const Handover& transfer) {
  Sentence s{absl::StrCat(Amount(transfer), " 兑换积分"), absl::StrCat(Amount(transfer), " reward points")};
  if (transfer.civic() != 0) {
    absl::StrAppend(&s.zh, "、", FormatPoints(Points(transfer.civic())), " 文明积分");
    absl::StrAppend(&s.en, " and ", FormatPoints(Points(transfer.civic())), " civic points");
  }
  return s;
}

Sentence OutSentence(const Handover& transfer) {
  const std::string to = Tail(transfer.to());
  const Sentence what = Amounts(transfer);
  switch (transfer.purpose()) {
    case Handover::PURPOSE_GIFT:
      return {absl::StrCat("转赠 ", what.zh, "给尾号 ", to, " 的家庭，有效期不变"),
              absl::StrCat("Gave ", what.en, " to the household …", to, "; they lapse on the same days as before")};
    case Handover::PURPOSE_MERGE:
      return {absl::StrCat("家庭账户并入尾号 ", to, " 的家庭，带去 ", what.zh, "和 ", transfer.members_size(), " 位成员，本账户停用"),
              absl::StrCat("Merged into the household …", to, " with ", what.en, " and ", transfer.members_size(),
                           " members; this account is closed")};
    default:
      return {absl::StrCat(transfer.members_size() > 0 ? transfer.members(0).number() : 0, " 号成员分户，带走 ", what.zh, "，新户尾号 ", to,
                           "；以往的投放和文明积分留在本户"),
              absl::StrCat("Member ", transfer.members_size() > 0 ? transfer.members(0).number() : 0,
                           " left for a household of their own, …", to, ", with ", what.en, "; earlier drops and civic points stay here")};
  }
}

Sentence InSentence(const Handover& transfer) {
  const std::string from = Tail(transfer.from());
  const Sentence what = Amounts(transfer);
  switch (transfer.purpose()) {
    case Handover::PURPOSE_GIFT:
      return {absl::StrCat("收到尾号 ", from, " 的家庭转赠的 ", what.zh, "，有效期不变"),
              absl::StrCat("Got ", what.en, " from the household …", from, "; they lapse on the same days as before")};
    case Handover::PURPOSE_MERGE:
      return {absl::StrCat("尾号 ", from, " 的家庭并入，带来 ", what.zh, "和 ", transfer.members_size(), " 位成员，积分有效期不变"),
              absl::StrCat("The household …", from, " was merged into this one, with ", what.en, " and ", transfer.members_size(),
                           " members; the points lapse on the same days as before")};
    default:
      return {absl::StrCat("从尾号 ", from, " 的家庭分户，账户开通，带来 ", what.zh, "，有效期不变"),
              absl::StrCat("Account opened by a member of the household …", from, ", with ", what.en,
                           "; they lapse on the same days as before")};
  }
}

Sentence BackSentence(const Handover& transfer) {
  const std::string to = Tail(transfer.to());
  const Sentence what = Amounts(transfer);
  return {absl::StrCat("尾号 ", to, " 的家庭不能接收，", what.zh, "已退回，有效期不变"),
          absl::StrCat("The household …", to, " could not take it; ", what.en, " came back and lapse on the same days as before")};
}

}  // namespace

Sentence TransferSentence(TransactionKind kind, const Handover& transfer) {
  if (kind == TransactionKind::kTransferOut) return OutSentence(transfer);
  return kind == TransactionKind::kTransferIn ? InSentence(transfer) : BackSentence(transfer);
}

}  // namespace fenfen
