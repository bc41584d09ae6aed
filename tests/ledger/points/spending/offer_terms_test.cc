// An offer's terms: prices by day, days and hours of sale, limits by period, regions, civic points, age, quantity.
#include "ledger/points/spending/offer_terms.h"

#include "tests/ledger/points/spending/spending_fixture.h"

namespace fenfen {
namespace {

class OfferTermsTest : public SpendingTest {
 protected:
  OfferTermsTest() { Give(kHome, 100'000); }
};

TEST_F(OfferTermsTest, ThePriceOfTheDayIsTaken) {
  SetOffer([](v1::Offer& offer) {
    v1::OfferPrice& price = *offer.add_prices();
    price.set_first_day("2026-07-01");
    price.set_price(200);
  });
  EXPECT_EQ(Voucher(*Reserve()).price, Points(150));
  SetTime(absl::CivilSecond(2026, 6, 30, 23, 59, 59));
  EXPECT_EQ(Voucher(*Reserve()).price, Points(150));
  SetTime(absl::CivilSecond(2026, 7, 1, 0, 0, 0));
  const VoucherRecord voucher = Voucher(*Reserve());
  EXPECT_EQ(voucher.price, Points(200));
  EXPECT_EQ(voucher.price_version, 1);
}

TEST_F(OfferTermsTest, OnSaleWithinItsDaysAndHours) {
  SetOffer([](v1::Offer& offer) {
    offer.set_first_day("2026-06-20");
    offer.set_last_day("2026-06-30");
    v1::SaleWindow& window = *offer.add_windows();
    window.add_weekdays(6);
    window.add_weekdays(7);
    window.set_begin("09:00");
    window.set_end("11:30");
  });
  const auto reason_at = [&](absl::CivilSecond time) {
    SetTime(time);
    const absl::StatusOr<VoucherId> voucher = Reserve();
    return voucher.ok() ? Reason::REASON_UNSPECIFIED : RefusalOf(voucher.status()).reason;
  };
  EXPECT_EQ(reason_at(absl::CivilSecond(2026, 6, 14, 10, 0, 0)), Reason::REASON_OFFER_NOT_ON_SALE);  // a Sunday too early
  EXPECT_EQ(reason_at(absl::CivilSecond(2026, 6, 20, 8, 59, 59)), Reason::REASON_OFFER_NOT_ON_SALE);
  EXPECT_EQ(reason_at(absl::CivilSecond(2026, 6, 20, 9, 0, 0)), Reason::REASON_UNSPECIFIED);
  EXPECT_EQ(reason_at(absl::CivilSecond(2026, 6, 21, 11, 29, 59)), Reason::REASON_UNSPECIFIED);
  EXPECT_EQ(reason_at(absl::CivilSecond(2026, 6, 21, 11, 30, 0)), Reason::REASON_OFFER_NOT_ON_SALE);
  EXPECT_EQ(reason_at(absl::CivilSecond(2026, 6, 22, 10, 0, 0)), Reason::REASON_OFFER_NOT_ON_SALE);  // a Monday
  EXPECT_EQ(reason_at(absl::CivilSecond(2026, 7, 4, 10, 0, 0)), Reason::REASON_OFFER_NOT_ON_SALE);   // a Saturday too late
  EXPECT_EQ(RefusalOf(Reserve().status()).zh, "现在不在兑换时间：2026-06-20 起，到 2026-06-30 止，周六、周日 09:00–11:30");
}

TEST_F(OfferTermsTest, LimitsCountByTheirPeriodAndSayWhenAgain) {
  SetOffer([](v1::Offer& offer) {
    offer.set_quantity_max(3);
    v1::OfferLimit& week = *offer.add_limits();
    week.set_period(v1::OfferLimit::PERIOD_WEEK);
    week.set_quantity(2);
    v1::OfferLimit& month = *offer.add_limits();
    month.set_period(v1::OfferLimit::PERIOD_MONTH);
    month.set_quantity(3);
  });
  // 15 June 2026 is a Monday.
  EXPECT_OK(Reserve({.quantity = 2}));
  SetTime(absl::CivilSecond(2026, 6, 21, 23, 59, 59));
  const absl::StatusOr<VoucherId> third = Reserve();
  EXPECT_EQ(ReasonOf(third), Reason::REASON_OFFER_LIMIT_REACHED);
  EXPECT_EQ(RefusalOf(third.status()).zh, "每户每周限兑 2 份，您家已兑 2 份，2026-06-22 起可再兑");
  SetTime(absl::CivilSecond(2026, 6, 22, 0, 0, 0));
  EXPECT_OK(Reserve());
  SetTime(absl::CivilSecond(2026, 6, 29, 8, 0, 0));
  EXPECT_EQ(RefusalOf(Reserve().status()).zh, "每户每月限兑 3 份，您家已兑 3 份，2026-07-01 起可再兑");
  SetTime(absl::CivilSecond(2026, 7, 1, 0, 0, 0));
  EXPECT_OK(Reserve());
  EXPECT_EQ(f.Household(kHome).uses.size(), 1u) << "what no limit asks for is forgotten";
}

TEST_F(OfferTermsTest, WhatIsGivenBackWasNotHad) {
  SetOffer([](v1::Offer& offer) {
    v1::OfferLimit& day = *offer.add_limits();
    day.set_period(v1::OfferLimit::PERIOD_DAY);
    day.set_quantity(1);
  });
  const VoucherId voucher = *Reserve();
  EXPECT_EQ(ReasonOf(Reserve()), Reason::REASON_OFFER_LIMIT_REACHED);
  EXPECT_OK(Cancel(voucher));
  EXPECT_OK(Reserve());
}

TEST_F(OfferTermsTest, PeriodsAreCivil) {
  const auto around = [](v1::OfferLimit::Period period, absl::CivilDay day) {
    const auto [first, after] = PeriodAround(period, DayNumber(day));
    return std::make_pair(CivilDayOf(first), CivilDayOf(after));
  };
  using Day = absl::CivilDay;
  EXPECT_EQ(around(v1::OfferLimit::PERIOD_DAY, Day(2026, 12, 31)), std::make_pair(Day(2026, 12, 31), Day(2027, 1, 1)));
  EXPECT_EQ(around(v1::OfferLimit::PERIOD_WEEK, Day(2026, 12, 31)), std::make_pair(Day(2026, 12, 28), Day(2027, 1, 4)));
  EXPECT_EQ(around(v1::OfferLimit::PERIOD_MONTH, Day(2026, 12, 31)), std::make_pair(Day(2026, 12, 1), Day(2027, 1, 1)));
  EXPECT_EQ(around(v1::OfferLimit::PERIOD_YEAR, Day(2026, 12, 31)), std::make_pair(Day(2026, 1, 1), Day(2027, 1, 1)));
}

TEST_F(OfferTermsTest, ForSomeRegionsAndPeopleAlone) {
  SetOffer([](v1::Offer& offer) { offer.add_regions("regions/c"); });
  EXPECT_OK(Reserve());
  v1::UpdateCatalogueRequest elsewhere;
  v1::Region& other = *elsewhere.add_regions();
  other = SmallCatalogue().regions(1);
  other.set_name("regions/t2");
  EXPECT_OK(f.Update(elsewhere));
  SetOffer([](v1::Offer& offer) { offer.add_regions("regions/t2"); });
  EXPECT_EQ(ReasonOf(Reserve()), Reason::REASON_OFFER_NOT_IN_REGION);
  SetOffer([](v1::Offer& offer) { offer.set_civic_min(5000); });
  const absl::StatusOr<VoucherId> voucher = Reserve();
  EXPECT_EQ(ReasonOf(voucher), Reason::REASON_OFFER_CIVIC_TOO_LOW);
  EXPECT_EQ(RefusalOf(voucher.status()).zh, "需要累计 50 文明积分，您家现有 0");
}

TEST_F(OfferTermsTest, MorePiecesCostMoreUpToTheMost) {
  EXPECT_EQ(ReasonOf(Reserve({.quantity = 2})), Reason::REASON_OFFER_QUANTITY);
  SetOffer([](v1::Offer& offer) { offer.set_quantity_max(3); });
  EXPECT_EQ(ReasonOf(Reserve({.quantity = 4})), Reason::REASON_OFFER_QUANTITY);
  EXPECT_EQ(ReasonOf(Reserve({.quantity = -1})), Reason::REASON_OFFER_QUANTITY);
  const VoucherRecord voucher = Voucher(*Reserve({.quantity = 3}));
  EXPECT_EQ(voucher.price, Points(450));
  EXPECT_EQ(voucher.title_zh, "食用油 × 3");
}

TEST_F(OfferTermsTest, TermsThatMakeNoSenseAreNamed) {
  const auto error = [&](const std::function<void(v1::Offer&)>& change) {
    v1::UpdateCatalogueRequest update;
    *update.add_offers() = SmallCatalogue().offers(0);
    change(*update.mutable_offers(0));
    const absl::Status refused = f.Update(update);
    EXPECT_EQ(ReasonOf(refused), Reason::REASON_ROW_INVALID);
    return RefusalOf(refused).field;
  };
  EXPECT_EQ(error([](v1::Offer& offer) { offer.set_stock(-1); }), "offers.stock");
  EXPECT_EQ(error([](v1::Offer& offer) { offer.set_first_day("2026-6-1"); }), "offers.first_day");
  EXPECT_EQ(error([](v1::Offer& offer) { offer.set_first_day("2026-06-02"), offer.set_last_day("2026-06-01"); }), "offers.last_day");
  EXPECT_EQ(error([](v1::Offer& offer) { offer.add_regions("regions/none"); }), "offers.regions");
  EXPECT_EQ(error([](v1::Offer& offer) { offer.add_windows()->set_begin("9:00"); }), "offers.windows");
  EXPECT_EQ(error([](v1::Offer& offer) { offer.add_limits()->set_quantity(1); }), "offers.limits.period");
  EXPECT_EQ(error([](v1::Offer& offer) { offer.set_quantity_max(101); }), "offers.quantity_max");
  EXPECT_EQ(error([](v1::Offer& offer) { offer.set_refund_days(91); }), "offers.refund_days");
  EXPECT_EQ(error([](v1::Offer& offer) { offer.add_prices()->set_first_day("2026-07-01"); }), "offers.prices.price");
}

}  // namespace
}  // namespace fenfen
