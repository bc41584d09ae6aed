// Awards as the checker sees them: what holds, and each way in which it does not.
#include "clients/ctl/verify/award_fold.h"

#include <gtest/gtest.h>

#include <vector>

#include "fenfen/ledger/v1/game.pb.h"
#include "ledger/points/why.h"

namespace fenfen::ctl {
namespace {

constexpr uint64_t kHousehold = 7;

struct Parts {
  const char* name = "quests/week";
  int64_t reward = 300;  // as the facts say
  int64_t posted = 300;
  AccountKind from = AccountKind::kProgramme;
  AccountKind to = AccountKind::kHousehold;
  const char* recorded = "quests/week";
};

Transaction Award(const Parts& parts = {}) {
  Transaction transaction;
  transaction.kind = TransactionKind::kAward;
  if (parts.posted != 0) {
    const uint64_t source = parts.from == AccountKind::kProgramme ? 3 : 8;
    transaction.postings.push_back({{parts.from, Asset::kReward, source}, Points(-parts.posted)});
    transaction.postings.push_back({{parts.to, Asset::kReward, kHousehold}, Points(parts.posted)});
  }
  FactsWhy why;
  why.after.household = HouseholdId(kHousehold);
  ledger::v1::GameFacts::Award& award = *why.facts.mutable_game()->mutable_award();
  award.set_name(parts.name);
  award.set_reward(parts.reward);
  transaction.why = EncodeWhy(why);
  ledger::v1::GameRecord stored;
  stored.add_reached()->set_what(CatalogueIdOf(parts.recorded).value());
  transaction.changes.push_back({{RecordKind::kGame, kHousehold}, PartitionSeq(0), stored.SerializeAsString()});
  return transaction;
}

Parts With(void (*change)(Parts&)) {
  Parts parts;
  change(parts);
  return parts;
}

// How many things are wrong with these.
size_t Wrong(const std::vector<Transaction>& transactions) {
  AwardFold fold;
  size_t wrong = 0;
  for (const Transaction& transaction : transactions) fold.Apply(transaction, [&](const std::string&) { ++wrong; });
  return wrong;
}

TEST(AwardFold, WhatHoldsIsTaken) {
  EXPECT_EQ(Wrong({Award()}), 0u);
  EXPECT_EQ(Wrong({Award(With([](Parts& p) { p.reward = p.posted = 0; }))}), 0u) << "without points";
  Parts other;
  other.name = other.recorded = "badges/ten";
  EXPECT_EQ(Wrong({Award(), Award(other)}), 0u);
}

TEST(AwardFold, WhatDoesNotIsTold) {
  EXPECT_EQ(Wrong({Award(), Award()}), 1u) << "twice";
  EXPECT_EQ(Wrong({Award(With([](Parts& p) { p.posted = 400; }))}), 1u);
  EXPECT_EQ(Wrong({Award(With([](Parts& p) { p.to = AccountKind::kDebt; }))}), 1u) << "repaid, and does not say so";
  EXPECT_EQ(Wrong({Award(With([](Parts& p) { p.recorded = "quests/other"; }))}), 1u);
  EXPECT_GE(Wrong({Award(With([](Parts& p) { p.from = AccountKind::kMerchant; }))}), 1u);
  Transaction mute = Award();
  mute.why = "";
  EXPECT_EQ(Wrong({mute}), 1u);
}

TEST(AwardFold, WhatAnEarlierJournalAwardedIsKnown) {
  PartitionOpening opening;
  opening.records[{RecordKind::kGame, kHousehold}] = {1, false, Award().changes[0].bytes};
  AwardFold fold;
  fold.Begin(opening);
  size_t wrong = 0;
  fold.Apply(Award(), [&](const std::string&) { ++wrong; });
  EXPECT_EQ(wrong, 1u);
}

}  // namespace
}  // namespace fenfen::ctl
