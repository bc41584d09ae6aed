// Risk cases: opened once, holding for a known time, decided by a person, and never moving a point.
#include "ledger/points/trust/cases.h"

#include "ledger/points/trust/risk_queue.h"
#include "tests/ledger/points/trust/trust_fixture.h"

namespace fenfen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Cases = TrustTest;

TEST_F(Cases, OneIsOpenedAndTheStatementSaysSoNeutrally) {
  EXPECT_OK(f.Enrol(1));
  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 800));
  const int64_t reward = f.Reward(1);
  EXPECT_OK(Open(Seen(1)));
  EXPECT_EQ(f.Reward(1), reward);
  EXPECT_TRUE(f.history.back().transaction.postings.empty());
  const v1::Entry entry = f.LastEntry();
  EXPECT_EQ(entry.kind(), v1::ENTRY_KIND_HOLD);
  EXPECT_EQ(entry.reward_after(), reward);
  EXPECT_EQ(entry.reason_zh(), "社区正在核对近期的投放记录，最迟到 2026-06-21；期间单次兑换最多 50 分，积分不变");
  EXPECT_THAT(entry.reason_en(), HasSubstr("until 2026-06-21 at the latest"));
  EXPECT_THAT(entry.reason_en(), Not(HasSubstr("fraud")));

  const ledger::v1::HouseholdRisk risk = Risk(1);
  ASSERT_EQ(risk.cases_size(), 1);
  EXPECT_EQ(risk.cases(0).number(), 1u);
  EXPECT_EQ(risk.cases(0).evidence().entries_size(), 16) << "the latest";
  EXPECT_EQ(risk.cases(0).evidence().entries(0), 5u);
  EXPECT_EQ(risk.cases(0).evidence().entry_count(), 20u);
}

TEST_F(Cases, TheSameIsOpenedOnce) {
  EXPECT_OK(f.Enrol(1));
  EXPECT_OK(Open(Seen(1)));
  const size_t transactions = f.history.size();
  EXPECT_OK(Open(Seen(1)));  // the key's second use
  EXPECT_EQ(f.history.size(), transactions);
  Days(1);
  EXPECT_EQ(ReasonOf(Open(Seen(1))), Reason::REASON_RISK_CASE_KNOWN);
  EXPECT_OK(Open(Seen(1, v1::RISK_SIGNAL_WEIGHT)));
  EXPECT_EQ(Risk(1).cases_size(), 2);
}

TEST_F(Cases, WhatWasDecidedLatelyIsQuiet) {
  EXPECT_OK(f.Enrol(1));
  EXPECT_OK(Open(Seen(1)));
  EXPECT_OK(Decide(1, 1, false));
  Days(14);
  EXPECT_EQ(ReasonOf(Open(Seen(1))), Reason::REASON_RISK_CASE_KNOWN);
  Days(1);
  EXPECT_OK(Open(Seen(1)));
  EXPECT_EQ(Risk(1).cases(1).number(), 2u);
}

TEST_F(Cases, AHouseholdHasAtMostEightOpen) {
  EXPECT_OK(f.Enrol(1));
  for (uint64_t subject = 1; subject <= 8; ++subject) {
    Signal signal = Seen(1, v1::RISK_SIGNAL_PAIR);
    signal.subject = subject;
    EXPECT_OK(Open(signal));
  }
  EXPECT_EQ(ReasonOf(Open(Seen(1))), Reason::REASON_RISK_CASES_TOO_MANY);
}

TEST_F(Cases, NobodyAndAMergedHousehold) { EXPECT_EQ(ReasonOf(Open(Seen(404))), Reason::REASON_HOUSEHOLD_UNKNOWN); }

TEST_F(Cases, ALargeReservationWaitsWhileItIsOpen) {
  EXPECT_OK(f.Enrol(1));
  Earn(1);
  EXPECT_OK(Open(Seen(1)));
  const int64_t reward = f.Reward(1);
  const absl::StatusOr<VoucherId> pan = f.Reserve(1, "offers/pan");
  EXPECT_EQ(ReasonOf(pan), Reason::REASON_RISK_HOLD);
  const Refusal refusal = RefusalOf(pan.status());
  EXPECT_THAT(refusal.zh, HasSubstr("最迟 2026-07-21 结束"));
  EXPECT_THAT(refusal.zh, HasSubstr("50 分"));
  EXPECT_EQ(f.Reward(1), reward);
  EXPECT_OK(f.Reserve(1, "offers/oil")) << "a small one goes on";
  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 800)) << "and so do drops";
  EXPECT_OK(Decide(1, 1, false));
  EXPECT_OK(f.Reserve(1, "offers/pan")) << "as soon as it is decided";
}

TEST_F(Cases, ItEndsByItself) {
  EXPECT_OK(f.Enrol(1));
  Earn(1);
  EXPECT_OK(Open(Seen(1)));
  Days(6);
  EXPECT_EQ(ReasonOf(f.Reserve(1, "offers/pan")), Reason::REASON_RISK_HOLD) << "on the last day";
  Days(1);
  EXPECT_OK(f.Reserve(1, "offers/pan")) << "though nobody decided";
}

TEST_F(Cases, HoldsDoNotFollowOneAnother) {
  EXPECT_OK(f.Enrol(1));
  EXPECT_OK(Open(Seen(1)));
  const int32_t last = Risk(1).cases(0).hold_last_day();
  Days(3);
  EXPECT_OK(Open(Seen(1, v1::RISK_SIGNAL_TRAVEL)));
  EXPECT_EQ(Risk(1).cases(1).hold_last_day(), last) << "no longer than the first";
  Days(7);
  EXPECT_OK(Open(Seen(1, v1::RISK_SIGNAL_TWO_PLACES)));
  EXPECT_EQ(Risk(1).cases(2).hold_last_day(), 0) << "in the queue, without a hold";
  Days(20);
  Signal signal = Seen(1, v1::RISK_SIGNAL_PAIR);
  EXPECT_OK(Open(signal));
  EXPECT_GT(Risk(1).cases(3).hold_last_day(), last);
}

TEST_F(Cases, OneThatFlagsHoldsNothing) {
  EXPECT_OK(f.Enrol(1));
  Earn(1);
  EXPECT_OK(Open(Seen(1, v1::RISK_SIGNAL_CLOSED_STATION)));
  EXPECT_THAT(f.LastSentence(), HasSubstr("不受影响"));
  EXPECT_OK(f.Reserve(1, "offers/pan"));
}

TEST_F(Cases, APersonDecidesWithAReason) {
  EXPECT_OK(f.Enrol(1));
  EXPECT_OK(Open(Seen(1)));
  EXPECT_EQ(ReasonOf(Decide(1, 1, true, "staff/ann", 0)), Reason::REASON_CORRECTION_REASON_UNKNOWN);
  EXPECT_EQ(ReasonOf(Decide(1, 2, true)), Reason::REASON_RISK_CASE_UNKNOWN);
  const int64_t reward = f.Reward(1);
  EXPECT_OK(Decide(1, 1, true, "staff/ann", v1::CORRECTION_REASON_AGAINST_RULES));
  EXPECT_EQ(f.Reward(1), reward) << "what follows is a correction of its own";
  EXPECT_EQ(f.LastEntry().kind(), v1::ENTRY_KIND_HOLD_END);
  EXPECT_THAT(f.LastSentence(), HasSubstr("与实际不符（违反积分规则）"));
  const ledger::v1::RiskCase one = Risk(1).cases(0);
  EXPECT_TRUE(one.confirmed());
  EXPECT_EQ(one.decider(), CatalogueIdOf("staff/ann").value());
  EXPECT_EQ(ReasonOf(Decide(1, 1, false)), Reason::REASON_RISK_CASE_CLOSED);
}

TEST_F(Cases, NobodyDecidesAboutThemselves) {
  EXPECT_OK(f.Enrol(1));
  Signal signal = Seen(1, v1::RISK_SIGNAL_PAIR);
  signal.subject_kind = v1::RISK_SUBJECT_KIND_ATTENDANT;
  signal.subject = CatalogueIdOf("staff/guide").value();
  EXPECT_OK(Open(signal));
  EXPECT_EQ(ReasonOf(Decide(1, 1, false, "staff/guide")), Reason::REASON_CHECKER_IS_MAKER);
  EXPECT_OK(Decide(1, 1, false, "staff/ann"));
}

TEST_F(Cases, TheRecordKeepsTheLast) {
  EXPECT_OK(f.Enrol(1));
  for (uint32_t n = 1; n <= 40; ++n) {
    Signal signal = Seen(1, v1::RISK_SIGNAL_PAIR);
    signal.subject = n;
    EXPECT_OK(Open(signal));
    if (n != 3) {
      EXPECT_OK(Decide(1, n, false));
    }
  }
  const ledger::v1::HouseholdRisk risk = Risk(1);
  EXPECT_EQ(risk.cases_size(), kCasesKept);
  EXPECT_EQ(risk.cases(0).number(), 3u) << "an open one stays";
  EXPECT_EQ(risk.cases(1).number(), 10u);
  EXPECT_EQ(risk.case_count(), 40u);
}

TEST_F(Cases, TheQueueHasTheMostPressingFirst) {
  EXPECT_OK(f.Enrol(1));
  EXPECT_OK(f.Enrol(2));
  EXPECT_OK(Open(Seen(1, v1::RISK_SIGNAL_CLOSED_STATION)));
  f.clock.Advance(absl::Minutes(1));
  EXPECT_OK(Open(Seen(1, v1::RISK_SIGNAL_VELOCITY)));
  f.clock.Advance(absl::Minutes(1));
  EXPECT_OK(Open(Seen(2, v1::RISK_SIGNAL_VELOCITY)));
  EXPECT_OK(Open(Seen(2, v1::RISK_SIGNAL_TWO_PLACES)));
  EXPECT_OK(Decide(1, 1, false));
  RiskQueue queue;
  for (const CommittedTransaction& committed : f.history) queue.Apply(committed);
  const auto open = [](const RiskQueue::Case& one) { return one.open; };
  const auto numbers = [](const std::vector<RiskQueue::Case>& cases) {
    std::vector<std::pair<uint64_t, uint32_t>> all;
    for (const RiskQueue::Case& one : cases) all.emplace_back(one.household.value(), one.number);
    return all;
  };
  using Number = std::pair<uint64_t, uint32_t>;
  const std::vector<RiskQueue::Case> all = queue.Find(open, nullptr, 10);
  EXPECT_THAT(numbers(all), ElementsAre(Number(2, 2), Number(1, 2), Number(2, 1)));
  EXPECT_EQ(queue.Count(open), 3u);
  EXPECT_THAT(numbers(queue.Find(open, &all[0], 1)), ElementsAre(Number(1, 2)));
  const std::optional<RiskQueue::Case> second = queue.AtPosition(RiskQueue::PositionOf(all[1]));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->household, HouseholdId(1));
  EXPECT_EQ(second->number, 2u);
  EXPECT_FALSE(queue.AtPosition(RiskQueue::PositionOf(all[1]) + 1).has_value());
}

TEST(RiskCaseName, ThereAndBack) {
  EXPECT_EQ(RiskCaseName(HouseholdId(7), 2), "households/7/riskCases/2");
  EXPECT_EQ(ParseRiskCaseName("households/7/riskCases/2"), std::make_pair(HouseholdId(7), 2u));
  for (const char* bad : {"households/7", "households/7/riskCases/", "households/7/riskCases/0", "households/7/riskCases/02",
                          "households/x/riskCases/1", "households/7/riskCases/1/x"}) {
    EXPECT_FALSE(ParseRiskCaseName(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace fenfen
