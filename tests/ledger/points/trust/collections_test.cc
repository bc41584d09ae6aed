// What is collected from a station: weighings add up, mistakes are taken back.
#include "ledger/points/trust/collections.h"

#include "ledger/points/trust/station_sums.h"
#include "tests/ledger/points/trust/trust_fixture.h"

namespace fenfen {
namespace {

class Collections : public TrustTest {
 protected:
  absl::Status Collect(std::vector<std::pair<int, int64_t>> weights, int32_t days_back = 0) {
    const v1::Station* station = f.catalogue()->Find<v1::Station>("stations/s1");
    const CollectionTerms terms{station, Today() - days_back, std::move(weights)};
    const DecisionContext context = As("staff/ann");
    return f.Run(PartitionOfStation(CatalogueIdOf("stations/s1")), CollectionReads(terms), context,
                 [&](const View& view) { return DecideCollection(view, terms, context); });
  }
  int32_t Today() const { return DayNumberOf(f.clock.Now(), f.zone); }
  StationSums::Report Report() const {
    StationSums sums(f.zone);
    for (const CommittedTransaction& committed : f.history) sums.Apply(committed);
    return sums.Of(CatalogueIdOf("stations/s1"), Today() - 40, Today());
  }
};

TEST_F(Collections, WeighingsAddUp) {
  EXPECT_OK(Collect({{v1::CATEGORY_FOOD, 80'000}, {v1::CATEGORY_RESIDUAL, 50'000}}));
  EXPECT_OK(Collect({{v1::CATEGORY_FOOD, 20'000}}));
  EXPECT_OK(Collect({{v1::CATEGORY_FOOD, 5'000}}, 30));
  EXPECT_TRUE(f.history.back().transaction.postings.empty());
  const StationSums::Report report = Report();
  EXPECT_EQ(report.collected.at(v1::CATEGORY_FOOD), 105'000);
  EXPECT_EQ(report.collected_days.at(v1::CATEGORY_FOOD), 2);
  EXPECT_EQ(report.collected.at(v1::CATEGORY_RESIDUAL), 50'000);
  EXPECT_EQ(report.collected.count(v1::CATEGORY_HAZARDOUS), 0u) << "no data";
  EXPECT_EQ(report.days_collected, 2);
}

TEST_F(Collections, AMistakeIsTakenBack) {
  EXPECT_OK(Collect({{v1::CATEGORY_FOOD, 800'000}}));
  EXPECT_EQ(ReasonOf(Collect({{v1::CATEGORY_FOOD, -800'001}})), Reason::REASON_COLLECTION_BELOW_ZERO);
  EXPECT_OK(Collect({{v1::CATEGORY_FOOD, -720'000}}));
  EXPECT_EQ(Report().collected.at(v1::CATEGORY_FOOD), 80'000);
}

TEST_F(Collections, WhatIsRefused) {
  EXPECT_EQ(ReasonOf(Collect({{v1::CATEGORY_FOOD, 1}}, -1)), Reason::REASON_COLLECTION_DAY);
  EXPECT_EQ(ReasonOf(Collect({{v1::CATEGORY_FOOD, 1}}, 31)), Reason::REASON_COLLECTION_DAY);
  EXPECT_EQ(ReasonOf(Collect({})), Reason::REASON_COLLECTION_WEIGHT);
  EXPECT_EQ(ReasonOf(Collect({{v1::CATEGORY_FOOD, 0}})), Reason::REASON_COLLECTION_WEIGHT);
  EXPECT_EQ(ReasonOf(Collect({{v1::CATEGORY_FOOD, kCollectedGramsMax + 1}})), Reason::REASON_COLLECTION_WEIGHT);
  EXPECT_EQ(ReasonOf(Collect({{99, 1}})), Reason::REASON_CATEGORY_UNKNOWN);
  for (int i = 0; i < kWeighingsMax; ++i) EXPECT_OK(Collect({{v1::CATEGORY_FOOD, 1}}));
  EXPECT_EQ(ReasonOf(Collect({{v1::CATEGORY_FOOD, 1}})), Reason::REASON_COLLECTION_TOO_MANY);
}

TEST_F(Collections, AStartFromRecordsKnowsThem) {
  EXPECT_OK(Collect({{v1::CATEGORY_FOOD, 80'000}}));
  const CommittedTransaction& committed = f.history.back();
  PartitionContents contents;
  contents.partition = committed.partition;
  contents.last = committed.seq;
  const RecordChange& change = committed.transaction.changes[0];
  contents.records.push_back({change.key, committed.seq, change.bytes});
  StationSums sums(f.zone);
  sums.Restore(contents);
  EXPECT_EQ(sums.Of(CatalogueIdOf("stations/s1"), Today(), Today()).collected.at(v1::CATEGORY_FOOD), 80'000);
}

}  // namespace
}  // namespace fenfen
