// Budgets' records as the ledger writes them, and each way in which one does not hold.
#include "clients/ctl/verify/budget_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fenfen/v1/budget.pb.h"

namespace fenfen::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::Budget UsedUp() {
  v1::Budget budget;
  budget.set_name("regions/t/budgets/2026-06");
  budget.set_limit(1000);
  budget.set_end(v1::Budget::END_STOP);
  budget.mutable_used_up_time()->set_seconds(1'781'524'800);
  budget.set_used_up_issued(1200);
  budget.set_stopped(true);
  return budget;
}

std::vector<std::string> Findings(const v1::Budget& budget, const std::string& name = "regions/t/budgets/2026-06") {
  std::vector<std::string> found;
  const RecordChange change{{RecordKind::kBudget, StableHash(name)}, PartitionSeq(0), budget.SerializeAsString()};
  CheckBudgetRecord(change, [&found](std::string what) { found.push_back(std::move(what)); });
  return found;
}

TEST(BudgetRecord, WhatTheLedgerWritesHolds) {
  EXPECT_THAT(Findings(UsedUp()), IsEmpty());
  v1::Budget warns = UsedUp();
  warns.set_end(v1::Budget::END_WARN);
  warns.set_stopped(false);
  EXPECT_THAT(Findings(warns), IsEmpty());
}

TEST(BudgetRecord, EachWayInWhichItDoesNotHold) {
  EXPECT_THAT(Findings(UsedUp(), "regions/t/budgets/2026-07"), ElementsAre(HasSubstr("its id")));
  v1::Budget budget = UsedUp();
  budget.set_stopped(false);
  EXPECT_THAT(Findings(budget), ElementsAre(HasSubstr("or does not where it is")));
  budget = UsedUp();
  budget.set_used_up_issued(999);
  EXPECT_THAT(Findings(budget), ElementsAre(HasSubstr("below its limit")));
  budget = UsedUp();
  budget.set_limit(0);
  EXPECT_THAT(Findings(budget), ElementsAre(HasSubstr("more than zero")));
  budget = UsedUp();
  budget.clear_used_up_time();
  budget.set_end(v1::Budget::END_UNSPECIFIED);
  EXPECT_THAT(Findings(budget), ElementsAre(HasSubstr("at its end"), HasSubstr("it stops where")));
  budget = UsedUp();
  budget.set_issued(5);
  EXPECT_THAT(Findings(budget), ElementsAre(HasSubstr("is stored")));
}

}  // namespace
}  // namespace fenfen::ctl
