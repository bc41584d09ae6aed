#include "ledger/points/sentence.h"

#include "absl/strings/str_cat.h"
#include "fenfen/v1/drop.pb.h"
#include "ledger/points/correcting/sentences.h"
#include "ledger/points/earning/sentences.h"
#include "ledger/points/game/sentences.h"
#include "ledger/points/keeping/sentences.h"
#include "ledger/points/spending/sentences.h"
#include "ledger/points/trust/sentences.h"
#include "ledger/points/verification/sentences.h"

namespace fenfen {
namespace {

Sentence VoucherSentence(TransactionKind kind, const VoucherWhy& why, const Catalogue& catalogue) {
  const std::string price = FormatPoints(why.price);
  const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(why.merchant);
  const std::string shop = merchant == nullptr ? "" : merchant->display_name();
  if (kind == TransactionKind::kReservation) {
    return {absl::StrCat("兑换“", why.title_zh, "”，预留 ", price, " 兑换积分，到", shop, "出示券码领取"),
            absl::StrCat("Reserved “", why.title_en, "” for ", price, " reward points; show the code at ", shop)};
  }
  return {absl::StrCat("在", shop, "领取“", why.title_zh, "”，兑换券已核销，预留的 ", price, " 兑换积分已支付"),
          absl::StrCat("Collected “", why.title_en, "” at ", shop, "; the voucher is used and the ", price, " points set aside are paid")};
}

Sentence FactsSentence(TransactionKind kind, const ledger::v1::Facts& facts, Points reward, Points civic, const Catalogue& catalogue) {
  switch (facts.area_case()) {
    case ledger::v1::Facts::kVerification:
      return VerificationSentence(kind, facts.verification(), reward, civic, catalogue);
    case ledger::v1::Facts::kKeeping:
      return KeepingSentence(kind, facts.keeping(), reward, civic, catalogue);
    case ledger::v1::Facts::kSpending:
      return SpendingSentence(kind, facts.spending(), reward, civic, catalogue);
    case ledger::v1::Facts::kCorrecting:
      return CorrectingSentence(kind, facts.correcting(), reward, civic, catalogue);
    case ledger::v1::Facts::kGame:
      return GameSentence(kind, facts.game(), reward, civic, catalogue);
    case ledger::v1::Facts::kTrust:
      return TrustSentence(kind, facts.trust(), reward, civic, catalogue);
    case ledger::v1::Facts::AREA_NOT_SET:
      break;
  }
  return {};
}

}  // namespace

Sentence CategoryName(int category) {
  switch (category) {
    case v1::CATEGORY_FOOD:
      return {"厨余垃圾", "food waste"};
    case v1::CATEGORY_RECYCLABLE:
      return {"可回收物", "recyclables"};
    case v1::CATEGORY_HAZARDOUS:
      return {"有害垃圾", "hazardous waste"};
    case v1::CATEGORY_RESIDUAL:
      return {"其他垃圾", "residual waste"};
    case v1::CATEGORY_BULKY:
      return {"大件垃圾", "bulky waste"};
    case v1::CATEGORY_RENOVATION:
      return {"装修垃圾", "renovation waste"};
    default:
      return {"垃圾", "waste"};
  }
}

Sentence SentenceFor(TransactionKind kind, const Why& why, Points reward, Points civic, const Catalogue& catalogue) {
  if (const auto* drop = std::get_if<DropWhy>(&why)) return DropSentence(*drop, reward, civic, catalogue);
  if (const auto* voucher = std::get_if<VoucherWhy>(&why)) return VoucherSentence(kind, *voucher, catalogue);
  if (const auto* enrolment = std::get_if<EnrolmentWhy>(&why)) {
    return {absl::StrCat("家庭账户开通，共 ", enrolment->members, " 名成员"),
            absl::StrCat("Account opened, ", enrolment->members, " members")};
  }
  if (const auto* facts = std::get_if<FactsWhy>(&why)) return FactsSentence(kind, facts->facts, reward, civic, catalogue);
  return {};
}

}  // namespace fenfen
