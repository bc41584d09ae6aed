// Risk cases, samples and collections as the checker sees them: what holds, and each way in which it does not.
#include "clients/ctl/verify/risk_fold.h"

#include <gmock/gmock.h>

#include "absl/time/civil_time.h"
#include "clients/ctl/verify/sample_fold.h"
#include "fenfen/v1/risk.pb.h"
#include "ledger/points/records.h"
#include "ledger/points/trust/reinspection.h"

namespace fenfen::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kHousehold = 7;
constexpr uint64_t kStaff = 21;

class RiskFoldTest : public testing::Test {
 protected:
  std::vector<std::string> Apply(const Transaction& transaction) {
    std::vector<std::string> wrong;
    fold.Apply(transaction, [&wrong](std::string what) { wrong.push_back(std::move(what)); });
    return wrong;
  }
  Transaction Write(TransactionKind kind) const {
    Transaction transaction;
    transaction.kind = kind;
    transaction.actor = {ActorKind::kStaff, kStaff, 0};
    ledger::v1::RiskRecord record;
    *record.mutable_household() = risk;
    transaction.changes.push_back({{RecordKind::kRiskCase, kHousehold}, PartitionSeq(0), record.SerializeAsString()});
    return transaction;
  }
  ledger::v1::RiskCase& Open() {
    risk.set_household(kHousehold);
    risk.set_case_count(risk.case_count() + 1);
    ledger::v1::RiskCase& one = *risk.add_cases();
    one.set_number(risk.case_count());
    one.set_priority(5);
    one.set_create_micros(1);
    return one;
  }
  static void Decide(ledger::v1::RiskCase& one, uint64_t decider = kStaff) {
    one.set_decide_micros(2);
    one.set_decider(decider);
  }

  RiskFold fold;
  ledger::v1::HouseholdRisk risk;
};

TEST_F(RiskFoldTest, ACaseIsOpenedAndDecidedOnce) {
  Open();
  EXPECT_THAT(Apply(Write(TransactionKind::kHold)), IsEmpty());
  Open();
  EXPECT_THAT(Apply(Write(TransactionKind::kHold)), IsEmpty());
  Decide(*risk.mutable_cases(0));
  EXPECT_THAT(Apply(Write(TransactionKind::kHoldEnd)), IsEmpty());
  EXPECT_THAT(Apply(Write(TransactionKind::kHoldEnd)), ElementsAre(HasSubstr("decides 0 cases")));
  risk.mutable_cases(0)->clear_decide_micros();
  EXPECT_THAT(Apply(Write(TransactionKind::kHoldEnd)), testing::Contains(HasSubstr("open again")));
}

TEST_F(RiskFoldTest, ItStaysWhatItWas) {
  Open();
  EXPECT_THAT(Apply(Write(TransactionKind::kHold)), IsEmpty());
  risk.mutable_cases(0)->set_hold_last_day(99);
  Decide(*risk.mutable_cases(0));
  EXPECT_THAT(Apply(Write(TransactionKind::kHoldEnd)), ElementsAre(HasSubstr("no longer what it was")));
}

TEST_F(RiskFoldTest, APersonDecidesAndNotAboutThemselves) {
  ledger::v1::RiskEvidence& evidence = *Open().mutable_evidence();
  evidence.set_subject_kind(v1::RISK_SUBJECT_KIND_ATTENDANT);
  evidence.set_subject(kStaff);
  Open();
  risk.set_case_count(1);
  risk.mutable_cases()->RemoveLast();
  EXPECT_THAT(Apply(Write(TransactionKind::kHold)), IsEmpty());
  Decide(*risk.mutable_cases(0));
  EXPECT_THAT(Apply(Write(TransactionKind::kHoldEnd)), ElementsAre(HasSubstr("by whom it is about")));
}

TEST_F(RiskFoldTest, NothingIsPosted) {
  Open();
  Transaction transaction = Write(TransactionKind::kHold);
  transaction.postings.push_back({{AccountKind::kHousehold, Asset::kReward, kHousehold}, Points(-1)});
  EXPECT_THAT(Apply(transaction), ElementsAre(HasSubstr("posts something")));
}

TEST_F(RiskFoldTest, OnlyItsOwnTransactionsWriteIt) {
  Open();
  EXPECT_THAT(Apply(Write(TransactionKind::kDrop)), ElementsAre(HasSubstr("written by something else")));
}

TEST_F(RiskFoldTest, ADropIsLookedIntoOnceASample) {
  risk.set_household(kHousehold);
  ledger::v1::ReinspectionResult& result = *risk.add_results();
  result.set_draw(3);
  result.set_entry(9);
  result.set_inspector(kStaff);
  EXPECT_THAT(Apply(Write(TransactionKind::kReinspection)), IsEmpty());
  *risk.add_results() = result;
  EXPECT_THAT(Apply(Write(TransactionKind::kReinspection)), ElementsAre(HasSubstr("twice")));
}

TEST_F(RiskFoldTest, CollectionsAddUpAndStay) {
  ledger::v1::StationCollections day;
  const auto write = [&] {
    Transaction transaction;
    transaction.kind = TransactionKind::kCollection;
    transaction.changes.push_back({{RecordKind::kCollection, 5}, PartitionSeq(0), day.SerializeAsString()});
    return Apply(transaction);
  };
  day.add_weighings()->set_grams(800);
  EXPECT_THAT(write(), IsEmpty());
  day.add_weighings()->set_grams(-801);
  EXPECT_THAT(write(), ElementsAre(HasSubstr("-1 grams")));
  day.mutable_weighings(0)->set_grams(900);
  EXPECT_THAT(write(), ElementsAre(HasSubstr("is changed")));
}

class SampleFoldTest : public testing::Test {
 protected:
  SampleFoldTest() {
    for (uint64_t n = 1; n <= 30; ++n) {
      const PartitionId partition = PartitionOf(HouseholdId(n));
      Transaction drop;
      drop.kind = TransactionKind::kDrop;
      drop.event_time = absl::FromUnixSeconds(1'781'500'000);  // 2026-06-15 in Shanghai
      HouseholdRecord household;
      household.region = CatalogueId(n <= 20 ? 77 : 78);
      drop.changes.push_back({{RecordKind::kHousehold, n}, PartitionSeq(0), EncodeHousehold(household)});
      fold.Apply(partition, PartitionSeq(n), drop);
      if (n <= 20) population.push_back({HouseholdId(n), PartitionSeq(n)});
    }
    draw.set_day(20'619);
    draw.set_seed("fenfen");
    draw.set_population(20);
    draw.set_population_sha256(PopulationDigest(population));
    for (const Candidate& taken : DrawSample("fenfen", population, 5)) {
      ledger::v1::SampledEntry& entry = *draw.add_sample();
      entry.set_household(taken.household.value());
      entry.set_entry(taken.entry.value());
    }
    for (int p = 0; p < kHouseholdPartitions; ++p) draw.add_last_sequences(100);
    draw.add_regions(77);
  }
  std::vector<std::string> Check() {
    Transaction transaction;
    transaction.kind = TransactionKind::kReinspection;
    ledger::v1::RiskRecord record;
    *record.mutable_draw() = draw;
    const uint64_t id = uint64_t{9} << 56 | uint64_t{1} << 55 | 5;
    transaction.changes.push_back({{RecordKind::kRiskCase, id}, PartitionSeq(0), record.SerializeAsString()});
    fold.Apply(PartitionId(9), PartitionSeq(500), transaction);
    SampleFold all;
    all.Merge(fold);
    EXPECT_EQ(all.drawn(), 1u);
    std::vector<std::string> wrong;
    all.Finish([&wrong](std::string what) { wrong.push_back(std::move(what)); });
    return wrong;
  }
  SampleFold fold;
  std::vector<Candidate> population;
  ledger::v1::ReinspectionDraw draw;
};

TEST_F(SampleFoldTest, TheSampleFollowsFromItsSeed) { EXPECT_THAT(Check(), IsEmpty()); }

TEST_F(SampleFoldTest, AnotherSeedWouldHaveGivenAnother) {
  draw.set_seed("fenfem");
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("does not follow from its seed")));
}

TEST_F(SampleFoldTest, ADropLeftOutIsFound) {
  draw.set_population(19);
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("was drawn from 19 drops, there are 20")));
}

TEST_F(SampleFoldTest, WhatCameLaterIsNotPartOfIt) {
  draw.set_last_sequences(static_cast<int>(PartitionOf(HouseholdId(20)).value()), 19);
  EXPECT_THAT(Check(), testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace fenfen::ctl
