#include "ledger/points/spending/sentences.h"

#include "absl/strings/str_cat.h"

namespace fenfen {
namespace {

using ledger::v1::VoucherEnd;

// What becomes of what came back too late.
Sentence LapsedWords(const VoucherEnd& end) {
  if (end.lapsed() == 0) return {};
  const std::string amount = FormatPoints(Points(end.lapsed()));
  return {absl::StrCat("，其中 ", amount, " 分已过原有效期，将作过期处理"),
          absl::StrCat("; ", amount, " of them are past their own date and will lapse")};
}

Sentence EndSentence(const VoucherEnd& end, const Catalogue& catalogue) {
  const std::string price = FormatPoints(Points(end.price()));
  const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(CatalogueId(end.merchant()));
  const std::string shop = merchant == nullptr ? "" : merchant->display_name();
  const Sentence lapsed = LapsedWords(end);
  const auto returned = [&](const std::string& zh, const std::string& en) -> Sentence {
    return {absl::StrCat(zh, "，", price, " 兑换积分退回原处", lapsed.zh),
            absl::StrCat(en, ": ", price, " reward points came back where they were taken from", lapsed.en)};
  };
  switch (end.cause()) {
    case VoucherEnd::CAUSE_HOUSEHOLD:
      return returned(absl::StrCat("取消兑换“", end.title_zh(), "”"), absl::StrCat("Cancelled “", end.title_en(), "”"));
    case VoucherEnd::CAUSE_DATE:
      return returned(absl::StrCat("“", end.title_zh(), "”的兑换券到期未领"),
                      absl::StrCat("The voucher for “", end.title_en(), "” was not used by its date"));
    case VoucherEnd::CAUSE_MERCHANT:
      return returned(absl::StrCat(shop, "为“", end.title_zh(), "”退款"), absl::StrCat(shop, " refunded “", end.title_en(), "”"));
    case VoucherEnd::CAUSE_STAFF:
      return returned(absl::StrCat("社区工作人员为“", end.title_zh(), "”（", shop, "）退款"),
                      absl::StrCat("Community staff refunded “", end.title_en(), "” (", shop, ")"));
    default:
      return {absl::StrCat("兑换“", end.title_zh(), "”没有办成，积分未动，可以重新兑换"),
              absl::StrCat("The reservation of “", end.title_en(), "” did not come about; no points were taken, and you can reserve anew")};
  }
}

}  // namespace

Sentence SpendingSentence(TransactionKind /*kind*/, const ledger::v1::SpendingFacts& facts, Points /*reward*/, Points /*civic*/,
                          const Catalogue& catalogue) {
  // Stock and settlement are no household's entries.
  if (facts.what_case() == ledger::v1::SpendingFacts::kVoucher) return EndSentence(facts.voucher(), catalogue);
  return {};
}

}  // namespace fenfen
