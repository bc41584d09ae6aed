// What is kept of drops: as they were recorded, within its limit, and the same after a start.
#include "ledger/points/trust/sightings.h"

#include "ledger/points/trust/reinspection.h"
#include "ledger/points/trust/station_sums.h"
#include "tests/ledger/points/trust/trust_fixture.h"

namespace fenfen {
namespace {

using ::testing::SizeIs;

bool All(const Sighting&) { return true; }

class SightingsTest : public TrustTest {
 protected:
  SightingsTest() {
    EXPECT_OK(f.Enrol(1));
    EXPECT_OK(f.Enrol(2));
  }
  template <typename Projection>
  void Feed(Projection& projection, size_t from = 0) {
    for (size_t i = from; i < f.history.size(); ++i) projection.Apply(f.history[i]);
  }
};

TEST_F(SightingsTest, ADropAsItWasRecorded) {
  DropFacts facts{HouseholdId(1), 2, v1::CATEGORY_FOOD, 800, CatalogueIdOf("stations/s2"), 77, f.clock.Now()};
  EXPECT_OK(f.Drop(facts));
  Sightings sightings;
  Feed(sightings);
  const Sightings::Reading reading = sightings.Read(All);
  ASSERT_THAT(reading.drops, SizeIs(1));
  const Sighting& seen = reading.drops[0];
  EXPECT_EQ(seen.household, HouseholdId(1));
  EXPECT_EQ(seen.entry, f.history.back().seq);
  EXPECT_EQ(seen.region, CatalogueIdOf("regions/e"));
  EXPECT_EQ(seen.station, CatalogueIdOf("stations/s2"));
  EXPECT_EQ(seen.time_ms, absl::ToUnixMillis(f.clock.Now()));
  EXPECT_EQ(seen.member, 2u);
  EXPECT_EQ(seen.category, v1::CATEGORY_FOOD);
  EXPECT_EQ(seen.grams, 800);
  EXPECT_EQ(seen.code_step, 77u);
  EXPECT_EQ(seen.recorder, 0u);
  EXPECT_THAT(reading.last_sequences, SizeIs(kHouseholdPartitions));
  EXPECT_EQ(reading.complete_from_ms, 0);
}

TEST_F(SightingsTest, TheMemoHasAllOfItAndWhatComesAgainIsLeftOut) {
  for (int i = 0; i < 5; ++i) EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 800 + i));
  Sightings before;
  Feed(before);
  const std::string memo = before.SaveMemo();
  Sightings after;
  EXPECT_OK(after.LoadMemo(memo, InTurn));
  Feed(after);
  EXPECT_EQ(after.Read(All).drops, before.Read(All).drops);
  EXPECT_EQ(after.SaveMemo(), memo);
  EXPECT_FALSE(after.LoadMemo(memo.substr(0, memo.size() - 1), InTurn).ok());
}

TEST_F(SightingsTest, MemoryHasItsLimit) {
  Sightings sightings(3);
  for (int i = 0; i < 5; ++i) {
    EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 800 + i));
    f.clock.Advance(absl::Seconds(1));
  }
  Feed(sightings);
  const Sightings::Reading reading = sightings.Read(All);
  ASSERT_THAT(reading.drops, SizeIs(3));
  EXPECT_EQ(reading.drops[0].grams, 802);
  EXPECT_GT(reading.complete_from_ms, absl::ToUnixMillis(f.clock.Now() - absl::Seconds(5)));
  EXPECT_EQ(FirstDrawDay(reading, f.clock.Now(), f.zone), DayNumberOf(f.clock.Now(), f.zone) + 1) << "the day is not all there";
}

TEST_F(SightingsTest, OldOnesGo) {
  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 800));
  Days(17);
  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 900));
  Sightings sightings;
  Feed(sightings);
  ASSERT_THAT(sightings.Read(All).drops, SizeIs(1));
}

TEST_F(SightingsTest, AStartWithoutAMemoDoesNotKnowWhatWas) {
  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 800));
  Sightings sightings;
  PartitionContents contents;
  contents.partition = PartitionOf(HouseholdId(1));
  contents.last = f.history.back().seq;
  sightings.Restore(contents);
  EXPECT_EQ(FirstDrawDay(sightings.Read(All), f.clock.Now(), f.zone), DayNumberOf(f.clock.Now(), f.zone));
  Days(1);
  const size_t before = f.history.size();
  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 900));
  Feed(sightings, before);
  EXPECT_EQ(FirstDrawDay(sightings.Read(All), f.clock.Now(), f.zone), DayNumberOf(f.clock.Now(), f.zone) + 1);
}

TEST_F(SightingsTest, WhoJoined) {
  const DecisionContext context = f.NextContext();
  EnrolmentFacts facts;
  facts.household = HouseholdId(3);
  facts.region = CatalogueIdOf("regions/e");
  facts.members = {99, 0};
  EXPECT_OK(f.Run(PartitionOf(facts.household), EnrolmentReads(facts.household), context,
                  [&](const View& view) { return DecideEnrolment(view, facts, *f.catalogue(), context); }));
  Sightings sightings;
  Feed(sightings);
  const Sightings::Reading reading = sightings.Read(All);
  ASSERT_THAT(reading.joinings, SizeIs(1));
  EXPECT_EQ(reading.joinings[0].subject, 99u);
  EXPECT_EQ(reading.joinings[0].household, HouseholdId(3));
}

TEST_F(SightingsTest, SumsOfAStation) {
  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 1000));
  EXPECT_OK(f.Drop(2, v1::CATEGORY_FOOD, std::nullopt));  // 500 g are assumed
  EXPECT_OK(f.Drop(2, v1::CATEGORY_RESIDUAL, 300));
  Days(1);
  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 700));
  StationSums sums(f.zone);
  Feed(sums);
  const int32_t day = DayNumber(absl::CivilDay(2026, 6, 15));
  const StationSums::Report first = sums.Of(CatalogueIdOf("stations/s1"), day, day);
  EXPECT_EQ(first.claimed.at(v1::CATEGORY_FOOD), (StationSums::Sum{2, 300, 1500}));
  EXPECT_EQ(first.claimed.at(v1::CATEGORY_RESIDUAL), (StationSums::Sum{1, 0, 300}));
  EXPECT_EQ(sums.Of(CatalogueIdOf("stations/s1"), day, day + 1).claimed.at(v1::CATEGORY_FOOD), (StationSums::Sum{3, 440, 2200}));
  EXPECT_TRUE(sums.Of(CatalogueIdOf("stations/s2"), day, day + 1).claimed.empty());

  StationSums again(f.zone);
  EXPECT_OK(again.LoadMemo(sums.SaveMemo(), InTurn));
  Feed(again);
  EXPECT_EQ(again.Of(CatalogueIdOf("stations/s1"), day, day + 1).claimed, sums.Of(CatalogueIdOf("stations/s1"), day, day + 1).claimed);
  EXPECT_FALSE(again.LoadMemo(sums.SaveMemo() + "x", InTurn).ok());
}

}  // namespace
}  // namespace fenfen
