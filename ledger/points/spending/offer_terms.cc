#include "ledger/points/spending/offer_terms.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "ledger/core/check.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"

namespace fenfen {
namespace {

constexpr int32_t kDaysOfYearMax = 366;

// 1 Monday to 7 Sunday.
int IsoWeekday(absl::CivilDay day) { return static_cast<int>(absl::GetWeekday(day)) + 1; }

std::string TextOfDay(int32_t day) { return absl::FormatCivilTime(CivilDayOf(day)); }

struct Words {
  std::string zh;
  std::string en;
};

// "周一、周三 09:00–11:30".
Words WordsOf(const v1::SaleWindow& window) {
  static constexpr const char* kZh[] = {"", "周一", "周二", "周三", "周四", "周五", "周六", "周日"};
  static constexpr const char* kEn[] = {"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  const std::string hours = absl::StrCat(" ", window.begin(), "–", window.end());
  if (window.weekdays().empty()) return {absl::StrCat("每天", hours), absl::StrCat("daily", hours)};
  const auto join = [&window](const char* const* names, absl::string_view by) {
    return absl::StrJoin(window.weekdays(), by, [names](std::string* out, int day) { out->append(names[day]); });
  };
  return {absl::StrCat(join(kZh, "、"), hours), absl::StrCat(join(kEn, ", "), hours)};
}

// When it is on sale, as one phrase.
Words SaleWords(const v1::Offer& offer) {
  std::vector<std::string> zh, en;
  if (!offer.first_day().empty()) {
    zh.push_back(absl::StrCat(offer.first_day(), " 起"));
    en.push_back(absl::StrCat("from ", offer.first_day()));
  }
  if (!offer.last_day().empty()) {
    zh.push_back(absl::StrCat("到 ", offer.last_day(), " 止"));
    en.push_back(absl::StrCat("until ", offer.last_day()));
  }
  for (const v1::SaleWindow& window : offer.windows()) {
    const Words words = WordsOf(window);
    zh.push_back(words.zh);
    en.push_back(words.en);
  }
  return {absl::StrJoin(zh, "，"), absl::StrJoin(en, ", ")};
}

bool IsWithin(const v1::SaleWindow& window, int weekday, absl::string_view time) {
  const auto& days = window.weekdays();
  if (!days.empty() && std::find(days.begin(), days.end(), weekday) == days.end()) return false;
  return window.begin() <= time && time < window.end();  // both are HH:MM, so their order is that of the texts
}

Words PeriodWords(v1::OfferLimit::Period period) {
  switch (period) {
    case v1::OfferLimit::PERIOD_DAY:
      return {"天", "a day"};
    case v1::OfferLimit::PERIOD_WEEK:
      return {"周", "a week"};
    case v1::OfferLimit::PERIOD_MONTH:
      return {"月", "a month"};
    default:
      return {"年", "a year"};
  }
}

absl::Status LimitReached(v1::OfferLimit::Period period, int64_t limit, int64_t used, int32_t again) {
  const Words words = PeriodWords(period);
  return Refuse(Reason::REASON_OFFER_LIMIT_REACHED,
                {{"period_zh", words.zh},
                 {"period_en", words.en},
                 {"limit", absl::StrCat(limit)},
                 {"used", absl::StrCat(used)},
                 {"again", TextOfDay(again)}},
                "offer");
}

}  // namespace

int32_t DayOfText(absl::string_view text) {
  absl::CivilDay day;
  FENFEN_CHECK(absl::ParseCivilTime(text, &day));
  return DayNumber(day);
}

std::pair<Points, int64_t> PriceOn(const v1::Offer& offer, int32_t day) {
  std::pair<Points, int64_t> price{Points(offer.price()), 0};
  for (int i = 0; i < offer.prices_size(); ++i) {
    if (DayOfText(offer.prices(i).first_day()) <= day) price = {Points(offer.prices(i).price()), i + 1};
  }
  return price;
}

absl::Status CheckOnSale(const v1::Offer& offer, absl::Time now, absl::TimeZone zone) {
  const absl::CivilMinute minute = absl::ToCivilMinute(now, zone);
  const absl::CivilDay today(minute);
  const int32_t day = DayNumber(today);
  bool on_sale = offer.first_day().empty() || DayOfText(offer.first_day()) <= day;
  on_sale = on_sale && (offer.last_day().empty() || day <= DayOfText(offer.last_day()));
  if (on_sale && !offer.windows().empty()) {
    const std::string time = absl::FormatTime("%H:%M", now, zone);
    on_sale = std::any_of(offer.windows().begin(), offer.windows().end(),
                          [&](const v1::SaleWindow& window) { return IsWithin(window, IsoWeekday(today), time); });
  }
  if (on_sale) return absl::OkStatus();
  const Words words = SaleWords(offer);
  return Refuse(Reason::REASON_OFFER_NOT_ON_SALE, {{"when_zh", words.zh}, {"when_en", words.en}}, "offer");
}

std::pair<int32_t, int32_t> PeriodAround(v1::OfferLimit::Period period, int32_t number) {
  const absl::CivilDay day = CivilDayOf(number);
  switch (period) {
    case v1::OfferLimit::PERIOD_WEEK: {
      const int32_t monday = number - (IsoWeekday(day) - 1);
      return {monday, monday + 7};
    }
    case v1::OfferLimit::PERIOD_MONTH: {
      const absl::CivilMonth month(day);
      return {DayNumber(absl::CivilDay(month)), DayNumber(absl::CivilDay(month + 1))};
    }
    case v1::OfferLimit::PERIOD_YEAR: {
      const absl::CivilYear year(day);
      return {DayNumber(absl::CivilDay(year)), DayNumber(absl::CivilDay(year + 1))};
    }
    default:
      return {number, number + 1};
  }
}

absl::Status CheckLimits(const v1::Offer& offer, const std::vector<OfferUse>& uses, int64_t quantity, int32_t day) {
  const CatalogueId id = CatalogueIdOf(offer.name());
  for (const v1::OfferLimit& limit : offer.limits()) {
    const auto [first, after] = PeriodAround(limit.period(), day);
    int64_t used = 0;
    for (const OfferUse& use : uses) {
      if (use.offer == id && use.day >= first && use.day < after) used += use.quantity;
    }
    if (used + quantity > limit.quantity()) return LimitReached(limit.period(), limit.quantity(), used, after);
  }
  return absl::OkStatus();
}

absl::Status AddUse(const v1::Offer& offer, std::vector<OfferUse>& uses, int64_t quantity, int32_t day) {
  uses.erase(std::remove_if(uses.begin(), uses.end(), [day](const OfferUse& use) { return use.day <= day - kDaysOfYearMax; }), uses.end());
  if (offer.limits().empty()) return absl::OkStatus();
  const CatalogueId id = CatalogueIdOf(offer.name());
  int32_t begin = day;
  for (const v1::OfferLimit& limit : offer.limits()) begin = std::min(begin, PeriodAround(limit.period(), day).first);
  uses.erase(std::remove_if(uses.begin(), uses.end(), [&](const OfferUse& use) { return use.offer == id && use.day < begin; }), uses.end());
  const auto same = std::find_if(uses.begin(), uses.end(), [&](const OfferUse& use) { return use.offer == id && use.day == day; });
  if (same != uses.end()) {
    same->quantity += quantity;
    return absl::OkStatus();
  }
  if (uses.size() >= kOfferUsesMax) {
    return LimitReached(v1::OfferLimit::PERIOD_YEAR, kOfferUsesMax, kOfferUsesMax, uses.front().day + kDaysOfYearMax);
  }
  const auto at = std::upper_bound(uses.begin(), uses.end(), day, [](int32_t d, const OfferUse& use) { return d < use.day; });
  uses.insert(at, {id, day, quantity});
  return absl::OkStatus();
}

void TakeBackUse(std::vector<OfferUse>& uses, CatalogueId offer, int64_t quantity, int32_t day) {
  const auto found = std::find_if(uses.begin(), uses.end(), [&](const OfferUse& use) { return use.offer == offer && use.day == day; });
  if (found == uses.end()) return;
  found->quantity -= std::min(found->quantity, quantity);
  if (found->quantity == 0) uses.erase(found);
}

}  // namespace fenfen
