#include "ledger/points/spending/offer_check.h"

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace fenfen {
namespace {

constexpr int64_t kPriceMax = 100'000'000;  // a million points
constexpr int64_t kStockMax = 1'000'000'000;
constexpr int kPricesMax = 32;
constexpr int kWindowsMax = 14;
constexpr int kRegionsMax = 32;

bool IsDay(absl::string_view text) {
  absl::CivilDay day;
  return text.size() == 10 && absl::ParseCivilTime(text, &day) && absl::FormatCivilTime(day) == text && day.year() >= 2000 &&
         day.year() < 2200;
}

// HH:MM from 00:00 to 24:00.
bool IsTime(absl::string_view text) {
  if (text.size() != 5 || text[2] != ':') return false;
  for (const size_t at : {0u, 1u, 3u, 4u}) {
    if (text[at] < '0' || text[at] > '9') return false;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  return minute < 60 && (hour < 24 || (hour == 24 && minute == 0));
}

void CheckRange(absl::string_view field, int64_t value, int64_t low, int64_t high, OfferFault fault) {
  if (value >= low && value <= high) return;
  fault(field, absl::StrCat(value, " 超出范围 ", low, "–", high), absl::StrCat(value, " is not within ", low, " to ", high));
}

void CheckCount(absl::string_view field, int count, int most, OfferFault fault) {
  if (count > most) fault(field, absl::StrCat("最多 ", most, " 项"), absl::StrCat("has more than ", most, " entries"));
}

bool CheckDay(absl::string_view field, absl::string_view day, OfferFault fault) {
  if (IsDay(day)) return true;
  fault(field, absl::StrCat("“", day, "”不是日期，应为 YYYY-MM-DD"), absl::StrCat("\"", day, "\" is no day: YYYY-MM-DD"));
  return false;
}

void CheckPrices(const v1::Offer& offer, OfferFault fault) {
  CheckRange("offers.price", offer.price(), 1, kPriceMax, fault);
  CheckCount("offers.prices", offer.prices_size(), kPricesMax, fault);
  std::string before;
  for (const v1::OfferPrice& price : offer.prices()) {
    CheckRange("offers.prices.price", price.price(), 1, kPriceMax, fault);
    if (!CheckDay("offers.prices.first_day", price.first_day(), fault)) continue;
    if (price.first_day() <= before) fault("offers.prices.first_day", "须按日期先后排列", "must be in the order of their days");
    before = price.first_day();
  }
}

void CheckLimitsOf(const v1::Offer& offer, OfferFault fault) {
  absl::flat_hash_set<int> periods;
  for (const v1::OfferLimit& limit : offer.limits()) {
    if (limit.period() == v1::OfferLimit::PERIOD_UNSPECIFIED || !v1::OfferLimit::Period_IsValid(limit.period())) {
      fault("offers.limits.period", "没有这个周期", "is not a period");
    } else if (!periods.insert(limit.period()).second) {
      fault("offers.limits.period", "同一周期有两个上限", "has two limits");
    }
    CheckRange("offers.limits.quantity", limit.quantity(), 1, 1000, fault);
  }
}

}  // namespace

void CheckWindows(absl::string_view field, const google::protobuf::RepeatedPtrField<v1::SaleWindow>& windows, OfferFault fault) {
  const std::string weekdays = absl::StrCat(field, ".weekdays");
  CheckCount(field, windows.size(), kWindowsMax, fault);
  for (const v1::SaleWindow& window : windows) {
    CheckCount(weekdays, window.weekdays_size(), 7, fault);
    for (const int weekday : window.weekdays()) CheckRange(weekdays, weekday, 1, 7, fault);
    if (!IsTime(window.begin()) || !IsTime(window.end())) {
      fault(field, "时间应为 HH:MM", "times are HH:MM");
    } else if (window.begin() >= window.end()) {
      fault(absl::StrCat(field, ".end"), "须晚于开始时间", "must be later than the beginning");
    }
  }
}

void CheckOfferTerms(const v1::Offer& offer, OfferFault fault) {
  CheckPrices(offer, fault);
  CheckRange("offers.voucher_days", offer.voucher_days(), 1, 366, fault);
  CheckRange("offers.stock", offer.stock(), 0, kStockMax, fault);
  if (offer.stock_left() != 0) fault("offers.stock_left", "只在查询时给出", "is set in replies alone");
  CheckLimitsOf(offer, fault);
  const bool first = offer.first_day().empty() || CheckDay("offers.first_day", offer.first_day(), fault);
  const bool last = offer.last_day().empty() || CheckDay("offers.last_day", offer.last_day(), fault);
  if (first && last && !offer.last_day().empty() && offer.last_day() < offer.first_day()) {
    fault("offers.last_day", "早于开始日期", "is before the first day");
  }
  CheckWindows("offers.windows", offer.windows(), fault);
  CheckCount("offers.regions", offer.regions_size(), kRegionsMax, fault);
  CheckRange("offers.civic_min", offer.civic_min(), 0, kPriceMax, fault);
  CheckRange("offers.quantity_max", offer.quantity_max(), 0, 100, fault);
  CheckRange("offers.refund_days", offer.refund_days(), 0, 90, fault);
}

}  // namespace fenfen
