// Each risk signal at its threshold, just below it, and on honest days.
#include "ledger/points/trust/signals.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "ledger/points/trust/risk_rules.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Two towns with an estate each; stations s1 and s2 in the first, s3 in the second, open from 7:00 to 20:00; far1 and far2 with places,
// six kilometres apart.
v1::UpdateCatalogueRequest TwoTowns() {
  v1::UpdateCatalogueRequest request = SmallCatalogue();
  const auto region = [&request](const char* name, const char* level, const char* parent) {
    v1::Region& out = *request.add_regions();
    out.set_name(name);
    out.set_display_name(name);
    out.set_level(level);
    out.set_parent(parent);
  };
  region("regions/t2", "town", "regions/d");
  region("regions/e2", "estate", "regions/t2");
  const auto station = [&request](const char* name, const char* estate) -> v1::Station& {
    v1::Station& out = *request.add_stations();
    out.set_name(name);
    out.set_display_name(name);
    out.set_region(estate);
    return out;
  };
  v1::SaleWindow& open = *station("stations/s3", "regions/e2").add_windows();
  open.set_begin("07:00");
  open.set_end("20:00");
  v1::Station& far1 = station("stations/far1", "regions/e");
  far1.set_latitude_micros(39'900'000);
  far1.set_longitude_micros(116'650'000);
  v1::Station& far2 = station("stations/far2", "regions/e");
  far2.set_latitude_micros(39'954'000);
  far2.set_longitude_micros(116'650'000);
  v1::Staff& guide = *request.add_staff();
  guide.set_name("staff/guide");
  guide.set_role(v1::ROLE_ATTENDANT);
  guide.set_region("regions/t");
  return request;
}

class Signals : public testing::Test {
 protected:
  Signals() { EXPECT_OK(f.Update(TwoTowns())); }

  // A drop at a second of the day.
  Sighting& Drop(uint64_t household, int second, const char* station = "stations/s1") {
    Sighting seen;
    seen.household = HouseholdId(household);
    seen.entry = PartitionSeq(++entries);
    seen.region = CatalogueIdOf("regions/e");
    seen.station = CatalogueIdOf(station);
    seen.time_ms = absl::ToUnixMillis(absl::FromCivil(absl::CivilDay(2026, 6, 15), f.zone)) + int64_t{second} * 1000;
    seen.category = v1::CATEGORY_FOOD;
    drops.push_back(seen);
    return drops.back();
  }
  static int At(int hour, int minute = 0, int second = 0) { return (hour * 60 + minute) * 60 + second; }

  std::vector<Signal> Find() {
    Sightings::Reading reading;
    reading.drops = drops;
    reading.joinings = joinings;
    std::sort(reading.drops.begin(), reading.drops.end(), [](const Sighting& a, const Sighting& b) {
      return std::tie(a.household, a.time_ms, a.entry) < std::tie(b.household, b.time_ms, b.entry);
    });
    return FindSignals(reading, rules, *f.catalogue(), f.zone, [this](uint64_t subject) {
      size_t count = 0;
      for (const Joining& joining : joinings) count += joining.subject == subject ? 1 : 0;
      return count;
    });
  }
  std::vector<v1::RiskSignal> Kinds() {
    std::vector<v1::RiskSignal> kinds;
    for (const Signal& signal : Find()) kinds.push_back(signal.signal);
    return kinds;
  }

  PointsFixture f;
  v1::RiskRules rules = DefaultRiskRules();
  std::vector<Sighting> drops;
  std::vector<Joining> joinings;
  uint64_t entries = 0;
};

TEST_F(Signals, ManyDropsWithinAnHour) {
  for (int i = 0; i < 10; ++i) Drop(1, At(8, i * 6));
  EXPECT_THAT(Find(), IsEmpty()) << "as many as the threshold";
  Drop(1, At(8, 59));
  const std::vector<Signal> found = Find();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].signal, v1::RISK_SIGNAL_VELOCITY);
  EXPECT_EQ(found[0].household, HouseholdId(1));
  EXPECT_EQ(found[0].measured, 11);
  EXPECT_EQ(found[0].threshold, 10);
  EXPECT_THAT(found[0].entries, SizeIs(11));
  EXPECT_EQ(found[0].day, DayNumber(absl::CivilDay(2026, 6, 15)));
}

TEST_F(Signals, SpreadOverTheDayIsNoHurry) {
  for (int i = 0; i < 30; ++i) Drop(1, At(0, i * 40));
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, TwoTownsWithinMinutes) {
  Drop(1, At(8));
  Drop(1, At(8, 4, 59), "stations/s3");
  const std::vector<Signal> found = Find();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].signal, v1::RISK_SIGNAL_TRAVEL);
  EXPECT_EQ(found[0].measured, 299);
  EXPECT_EQ(found[0].threshold, 300);
  EXPECT_THAT(found[0].stations, ElementsAre(CatalogueIdOf("stations/s1"), CatalogueIdOf("stations/s3")));
  EXPECT_THAT(found[0].entries, ElementsAre(PartitionSeq(1), PartitionSeq(2)));
}

TEST_F(Signals, TwoTownsWithTimeBetween) {
  Drop(1, At(8));
  Drop(1, At(8, 5), "stations/s3");
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, TheWayIsMeasuredWherePlacesAreKnown) {
  Drop(1, At(8), "stations/far1");
  Drop(1, At(8, 3), "stations/far2");  // six kilometres in three minutes: 120 km/h
  EXPECT_THAT(Kinds(), ElementsAre(v1::RISK_SIGNAL_TRAVEL));
  drops.clear();
  Drop(1, At(8), "stations/far1");
  Drop(1, At(8, 4), "stations/far2");  // 90 km/h
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, TwoMembersMayBeAtTwoPlaces) {
  Drop(1, At(8)).member = 1;
  Drop(1, At(8, 0, 10), "stations/s3").member = 2;
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, OneCardAtTwoStationsAtOnce) {
  Drop(1, At(8));
  Drop(1, At(8, 0, 29), "stations/s3");
  const std::vector<Signal> found = Find();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].signal, v1::RISK_SIGNAL_TWO_PLACES);
  EXPECT_EQ(found[0].measured, 29);
}

TEST_F(Signals, TheNextStationOfTheEstateIsNotAnotherPlace) {
  Drop(1, At(8));
  Drop(1, At(8, 0, 5), "stations/s2");
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, WeightsFarFromThoseOfTheEstate) {
  for (int i = 0; i < 40; ++i) Drop(static_cast<uint64_t>(100 + i), At(8, i)).grams = 700 + i * 5;  // median 795, deviation 50
  for (int i = 0; i < 3; ++i) Drop(1, At(9 + i)).grams = 9000;
  const std::vector<Signal> found = Find();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].signal, v1::RISK_SIGNAL_WEIGHT);
  EXPECT_EQ(found[0].household, HouseholdId(1));
  EXPECT_GT(found[0].measured, 10'000);
  EXPECT_THAT(found[0].entries, SizeIs(3));
}

TEST_F(Signals, AHeavyBagNowAndThenIsNone) {
  for (int i = 0; i < 40; ++i) Drop(static_cast<uint64_t>(100 + i), At(8, i)).grams = 700 + i * 5;
  for (int i = 0; i < 2; ++i) Drop(1, At(9 + i)).grams = 9000;
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, WeightsWithoutPeersSayNothing) {
  for (int i = 0; i < 20; ++i) Drop(static_cast<uint64_t>(100 + i), At(8, i)).grams = 700;
  for (int i = 0; i < 3; ++i) Drop(1, At(9 + i)).grams = 9000;
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, AnAttendantAndOneHousehold) {
  const uint64_t guide = CatalogueIdOf("staff/guide").value();
  for (int i = 0; i < 12; ++i) {
    for (int n = 0; n < 3; ++n) Drop(static_cast<uint64_t>(100 + i), At(8 + n, i * 4)).recorder = guide;
  }
  for (int i = 0; i < 20; ++i) Drop(1, At(i)).recorder = guide;
  const std::vector<Signal> found = Find();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].signal, v1::RISK_SIGNAL_PAIR);
  EXPECT_EQ(found[0].household, HouseholdId(1));
  EXPECT_EQ(found[0].subject_kind, v1::RISK_SUBJECT_KIND_ATTENDANT);
  EXPECT_EQ(found[0].subject, guide);
  EXPECT_EQ(found[0].measured, 666);
  EXPECT_EQ(found[0].threshold, 500);
}

TEST_F(Signals, OneWhoDropsAsOftenAsOthersIsNoPair) {
  const uint64_t guide = CatalogueIdOf("staff/guide").value();
  for (int i = 0; i < 12; ++i) {
    for (int n = 0; n < 20; ++n) Drop(static_cast<uint64_t>(100 + i), At(n, i)).recorder = guide;
  }
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, OneCodeOfManyHouseholds) {
  for (uint64_t household = 1; household <= 9; ++household) Drop(household, At(8, 0, static_cast<int>(household))).code_step = 77;
  const std::vector<Signal> found = Find();
  ASSERT_THAT(found, SizeIs(9)) << "each household has its case";
  EXPECT_EQ(found[0].signal, v1::RISK_SIGNAL_SHARED_CODE);
  EXPECT_EQ(found[0].subject_kind, v1::RISK_SUBJECT_KIND_STATION);
  EXPECT_EQ(found[0].measured, 9);
  drops.pop_back();
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, DropsWhileTheStationIsClosed) {
  for (int i = 0; i < 4; ++i) Drop(1, At(22, i * 10), "stations/s3");
  const std::vector<Signal> found = Find();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].signal, v1::RISK_SIGNAL_CLOSED_STATION);
  EXPECT_EQ(found[0].measured, 4);
  drops.clear();
  for (int i = 0; i < 8; ++i) Drop(1, At(20, i), "stations/s3");  // a little late
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, OnePersonInManyHouseholds) {
  for (uint64_t household = 1; household <= 3; ++household) joinings.push_back({99, HouseholdId(household), PartitionSeq(1), 0});
  EXPECT_THAT(Find(), IsEmpty());
  joinings.push_back({99, HouseholdId(4), PartitionSeq(7), 0});
  const std::vector<Signal> found = Find();
  ASSERT_THAT(found, SizeIs(4));
  EXPECT_EQ(found[3].signal, v1::RISK_SIGNAL_IDENTITY);
  EXPECT_EQ(found[3].subject_kind, v1::RISK_SUBJECT_KIND_IDENTITY);
  EXPECT_EQ(found[3].subject, 99u);
  EXPECT_EQ(found[3].measured, 4);
  EXPECT_THAT(found[3].entries, ElementsAre(PartitionSeq(7)));
}

TEST_F(Signals, WhatIsOffIsNotFound) {
  for (v1::RiskRule& rule : *rules.mutable_rules()) rule.set_effect(v1::RISK_EFFECT_OFF);
  for (int i = 0; i < 50; ++i) Drop(1, At(8, 0, i), i % 2 == 0 ? "stations/s1" : "stations/s3");
  EXPECT_THAT(Kinds(), IsEmpty());
}

// A week of 300 households as the demo district has them: bags of log-normal weights, two visits a day at most, at the own station.
TEST_F(Signals, AnHonestWeekRaisesNothing) {
  std::mt19937_64 random(20261122);
  std::lognormal_distribution<double> grams(6.68, 0.5);  // median 0.8 kg
  const uint64_t guide = CatalogueIdOf("staff/guide").value();
  for (int day = 0; day < 7; ++day) {
    for (uint64_t household = 1; household <= 300; ++household) {
      for (const int hour : {7, 18}) {
        if (random() % 10 < 4) continue;
        Sighting& seen = Drop(household, day * 86'400 + At(hour, static_cast<int>(random() % 60), static_cast<int>(random() % 60)));
        seen.grams = std::clamp<int64_t>(static_cast<int64_t>(grams(random)), 20, 20'000);
        seen.member = static_cast<uint32_t>(random() % 3);
        if (random() % 3 == 0) seen.recorder = guide;
      }
    }
  }
  EXPECT_GT(drops.size(), 2000u);
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(Signals, TheOrderInWhichDropsCameDoesNotMatter) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 300; ++i) {
    Sighting& seen = Drop(1 + random() % 12, static_cast<int>(random() % 86'400), random() % 2 == 0 ? "stations/s1" : "stations/s3");
    seen.grams = static_cast<int64_t>(random() % 3000) + 1;
    seen.code_step = random() % 4;
    seen.recorder = random() % 3 == 0 ? CatalogueIdOf("staff/guide").value() : 0;
  }
  const std::vector<Signal> once = Find();
  EXPECT_FALSE(once.empty());
  std::shuffle(drops.begin(), drops.end(), random);
  EXPECT_EQ(Find(), once);
}

TEST(Spread, OfOneAndOfTwo) {
  EXPECT_EQ(SpreadOf({5}).median, 5);
  EXPECT_EQ(SpreadOf({5, 9}).median, 5);
  EXPECT_EQ(SpreadOf({1, 2, 3, 4, 100}).median, 3);
  EXPECT_EQ(SpreadOf({1, 2, 3, 4, 100}).deviation, 1);
}

}  // namespace
}  // namespace fenfen
