// Samples: they follow from their seed, are drawn once, and what was found is noted once.
#include "ledger/points/trust/reinspection.h"

#include <set>

#include "absl/strings/escaping.h"
#include "tests/ledger/points/trust/trust_fixture.h"

namespace fenfen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<Candidate> Population(uint64_t count) {
  std::vector<Candidate> all;
  for (uint64_t n = 1; n <= count; ++n) all.push_back({HouseholdId(n), PartitionSeq(n + 10)});
  return all;
}

// docs/formats/reinspection.md has the same.
TEST(Sample, FollowsFromTheSeed) {
  EXPECT_THAT(DrawSample("fenfen", Population(5), 3),
              ElementsAre(Candidate{HouseholdId(4), PartitionSeq(4 + 10)}, Candidate{HouseholdId(3), PartitionSeq(3 + 10)},
                          Candidate{HouseholdId(2), PartitionSeq(2 + 10)}));
  EXPECT_EQ(absl::BytesToHexString(PopulationDigest(Population(5))), "abfba530a6ee37d777534c6a40381f808cacaa5ff90ef737947d9ce4b62e7b9b");
}

TEST(Sample, EachOnceAndAllWhereThereAreFewer) {
  const std::vector<Candidate> sample = DrawSample("seed", Population(100), 40);
  EXPECT_THAT(std::set<Candidate>(sample.begin(), sample.end()), SizeIs(40));
  EXPECT_THAT(DrawSample("seed", Population(7), 500), SizeIs(7));
  EXPECT_EQ(DrawSample("seed", Population(100), 10), std::vector<Candidate>(sample.begin(), sample.begin() + 10));
  EXPECT_NE(DrawSample("other", Population(100), 40), sample);
}

// Each drop is as likely as any other: over many seeds each of ten comes about as often.
TEST(Sample, HasNoFavourites) {
  std::map<uint64_t, int> taken;
  for (int seed = 0; seed < 2000; ++seed) {
    for (const Candidate& one : DrawSample(absl::StrCat(seed), Population(10), 3)) ++taken[one.household.value()];
  }
  for (const auto& [household, times] : taken) EXPECT_NEAR(times, 600, 100) << household;
  EXPECT_THAT(taken, SizeIs(10));
}

class Reinspection : public TrustTest {
 protected:
  Reinspection() {
    for (uint64_t household = 1; household <= 4; ++household) {
      EXPECT_OK(f.Enrol(household));
      EXPECT_OK(f.Drop(household, v1::CATEGORY_FOOD, 800));
      drops.push_back({HouseholdId(household), f.history.back().seq});
    }
    Days(1);
    region.set_name("regions/t");
  }
  absl::Status Draw(size_t size = 2, int32_t days_back = 1) {
    DrawTerms terms;
    terms.region = &region;
    terms.day = DayNumberOf(f.clock.Now(), f.zone) - days_back;
    terms.seed = "fenfen";
    terms.size = size;
    terms.population = drops;
    terms.last_sequences.assign(kHouseholdPartitions, 1);
    terms.first_day = DayNumberOf(f.clock.Now(), f.zone) - kDrawDaysBack;
    const DecisionContext context = As("staff/ann");
    return f.Run(PartitionOfRegion(CatalogueIdOf(region.name())), DrawReads(region, terms.day), context,
                 [&](const View& view) { return DecideDraw(view, terms, context); });
  }
  ledger::v1::ReinspectionDraw Drawn() {
    ledger::v1::ReinspectionDraw draw;
    EXPECT_OK(f.state.Read(PartitionOfRegion(CatalogueIdOf(region.name())),
                           [&](const View& view, PartitionSeq) { draw = ReadDraw(view, region, Yesterday())->message.draw(); }));
    return draw;
  }
  int32_t Yesterday() const { return DayNumberOf(f.clock.Now(), f.zone) - 1; }
  absl::Status Note(const Candidate& drop, bool correct, int reason = 0, const char* staff = "staff/ann", Actor recorder = {}) {
    const ledger::v1::ReinspectionDraw draw = Drawn();
    const DecisionContext context = As(staff);
    const ResultTerms terms{drop.household, drop.entry, DrawKey(region, Yesterday()), &draw, recorder, correct, reason};
    return f.Run(PartitionOf(drop.household), ResultReads(drop.household), context,
                 [&](const View& view) { return DecideResult(view, terms, *f.catalogue(), context); });
  }
  std::vector<Candidate> drops;
  v1::Region region;
};

TEST_F(Reinspection, ADrawIsWrittenOnce) {
  EXPECT_OK(Draw());
  EXPECT_TRUE(f.history.back().transaction.postings.empty());
  const ledger::v1::ReinspectionDraw draw = Drawn();
  EXPECT_EQ(draw.seed(), "fenfen");
  EXPECT_EQ(draw.population(), 4u);
  EXPECT_EQ(draw.sample_size(), 2);
  EXPECT_EQ(draw.drawer(), CatalogueIdOf("staff/ann").value());
  EXPECT_EQ(ReasonOf(Draw()), Reason::REASON_REINSPECTION_DRAWN) << "nobody draws until it suits them";
}

TEST_F(Reinspection, OnlyDaysThatAreOverAndNotLongAgo) {
  EXPECT_EQ(ReasonOf(Draw(2, 0)), Reason::REASON_REINSPECTION_DAY);
  EXPECT_EQ(ReasonOf(Draw(2, 8)), Reason::REASON_REINSPECTION_DAY);
  EXPECT_OK(Draw(2, 7));
  drops.clear();
  EXPECT_EQ(ReasonOf(Draw(2, 2)), Reason::REASON_REINSPECTION_EMPTY);
}

TEST_F(Reinspection, WhatWasFoundIsNotedOnceAndMovesNothing) {
  EXPECT_OK(Draw(4));
  const int64_t reward = f.Reward(1);
  EXPECT_OK(Note(drops[0], true));
  EXPECT_THAT(f.LastSentence(), HasSubstr("记录无误"));
  EXPECT_EQ(f.LastEntry().kind(), v1::ENTRY_KIND_REINSPECTION);
  EXPECT_EQ(ReasonOf(Note(drops[0], false, v1::CORRECTION_REASON_NOT_SORTED)), Reason::REASON_REINSPECTION_DONE);
  EXPECT_EQ(ReasonOf(Note(drops[1], false)), Reason::REASON_CORRECTION_REASON_UNKNOWN);
  EXPECT_OK(Note(drops[1], false, v1::CORRECTION_REASON_NOT_SORTED));
  EXPECT_THAT(f.LastSentence(), HasSubstr("与记录不符（未按要求分类）"));
  EXPECT_EQ(f.Reward(1), reward);
  EXPECT_EQ(Risk(1).results_size(), 1);
}

TEST_F(Reinspection, OnlyTheSampleAndNotByWhoRecordedIt) {
  EXPECT_OK(Draw(4));
  EXPECT_EQ(ReasonOf(Note({HouseholdId(1), PartitionSeq(999)}, true)), Reason::REASON_REINSPECTION_NOT_IN_SAMPLE);
  const Actor guide{ActorKind::kStaff, CatalogueIdOf("staff/guide").value(), 0};
  EXPECT_EQ(ReasonOf(Note(drops[0], true, 0, "staff/guide", guide)), Reason::REASON_CHECKER_IS_MAKER);
  EXPECT_OK(Note(drops[0], true, 0, "staff/ann", guide));
}

}  // namespace
}  // namespace fenfen
