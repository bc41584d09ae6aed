#include "ledger/points/sentence.h"

#include "absl/strings/str_cat.h"
#include "fenfen/v1/drop.pb.h"

namespace fenfen {
namespace {

// Grams as kilograms, without trailing zeros: 800 → "0.8", 1250 → "1.25".
std::string Kilograms(int64_t grams) {
  std::string text = absl::StrCat(grams / 1000, ".", absl::Dec(grams % 1000, absl::kZeroPad3));
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

const v1::Rule* RuleOf(const DropWhy& why, const Catalogue& catalogue) {
  const v1::RuleSet* rules = catalogue.RulesOf(why.rule_version);
  if (rules == nullptr) return nullptr;
  for (const v1::Rule& rule : rules->rules()) {
    if (rule.category() == why.category) return &rule;
  }
  return nullptr;
}

// How the amount came about: ", 0.8 公斤 × 每公斤 2 分".
Sentence Workings(const DropWhy& why, const v1::Rule& rule) {
  Sentence s;
  if (rule.reward_per_kg() > 0) {
    const std::string rate = FormatPoints(Points(rule.reward_per_kg()));
    const bool weighed = why.grams != 0;
    s.zh = absl::StrCat(weighed ? "，" : "（未称重，按 ", Kilograms(why.counted_grams), weighed ? " 公斤 × 每公斤 " : " 公斤计）× 每公斤 ",
                        rate, " 分");
    s.en = absl::StrCat(weighed ? ", " : " (not weighed; counted as ", Kilograms(why.counted_grams), weighed ? " kg × " : " kg) × ", rate,
                        " points a kg");
  }
  if (rule.reward_per_drop() > 0) {
    const std::string rate = FormatPoints(Points(rule.reward_per_drop()));
    absl::StrAppend(&s.zh, "，每次 ", rate, " 分");
    absl::StrAppend(&s.en, ", ", rate, " points a drop");
  }
  return s;
}

Sentence DropSentence(const DropWhy& why, Points reward, Points civic, const Catalogue& catalogue) {
  const Sentence category = CategoryName(why.category);
  const v1::Rule* rule = RuleOf(why, catalogue);
  if (why.cut == Cut::kNoRule || rule == nullptr) {
    return {absl::StrCat("投放", category.zh, "：已记录，这一类目前不计积分"),
            absl::StrCat("Dropped ", category.en, ": recorded; this kind earns no points at present")};
  }
  if (why.cut == Cut::kDailyDrops) {
    return {absl::StrCat("投放", category.zh, "：已记录，当天这一类计分的 ", rule->daily_drops_max(), " 次已用完，本次不计分"),
            absl::StrCat("Dropped ", category.en, ": recorded; the day's ", rule->daily_drops_max(),
                         " credited drops of this kind were used up, so this one earns nothing")};
  }
  const Sentence workings = Workings(why, *rule);
  Sentence s{absl::StrCat("投放", category.zh, workings.zh), absl::StrCat("Dropped ", category.en, workings.en)};
  if (rule->reward_per_kg() > 0 || rule->reward_per_drop() > 0) {
    absl::StrAppend(&s.zh, "，得 ", FormatPoints(reward), " 兑换积分");
    absl::StrAppend(&s.en, ": ", FormatPoints(reward), " reward points");
  }
  if (why.cut == Cut::kDailyReward) {
    const std::string limit = FormatPoints(Points(rule->daily_reward_max()));
    absl::StrAppend(&s.zh, "（当天这一类最多 ", limit, " 分，已到上限）");
    absl::StrAppend(&s.en, " (the day's limit of ", limit, " for this kind was reached)");
  }
  if (civic > Points(0)) {
    absl::StrAppend(&s.zh, "，", FormatPoints(civic), " 文明积分");
    absl::StrAppend(&s.en, ", ", FormatPoints(civic), " civic points");
  }
  return s;
}

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
  return {};
}

}  // namespace fenfen
