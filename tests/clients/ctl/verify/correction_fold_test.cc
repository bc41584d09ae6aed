// Corrections as the checker sees them: what holds, and each way in which it does not.
#include "clients/ctl/verify/correction_fold.h"

#include <gtest/gtest.h>

#include "fenfen/ledger/v1/correcting.pb.h"
#include "ledger/points/why.h"

namespace fenfen::ctl {
namespace {

constexpr uint64_t kHousehold = 7;
constexpr uint64_t kPartition = 9;
constexpr uint64_t kProposal = kPartition << 56 | 5;

Transaction Moving(TransactionKind kind, int64_t reward, int64_t civic) {
  Transaction transaction;
  transaction.kind = kind;
  const auto move = [&](Asset asset, int64_t amount) {
    if (amount == 0) return;
    transaction.postings.push_back({{AccountKind::kProgramme, asset, 3}, Points(-amount)});
    transaction.postings.push_back({{AccountKind::kHousehold, asset, kHousehold}, Points(amount)});
  };
  move(Asset::kReward, reward);
  move(Asset::kCivic, civic);
  return transaction;
}

Transaction Drop() { return Moving(TransactionKind::kDrop, 200, 100); }

// Of entry 1, a drop.
Transaction Reversal(int64_t reward = -200, int64_t civic = -100) {
  Transaction transaction = Moving(TransactionKind::kReversal, reward, civic);
  FactsWhy why;
  why.after.household = HouseholdId(kHousehold);
  why.facts.mutable_correcting()->mutable_reversal()->set_entry(1);
  transaction.why = EncodeWhy(why);
  ledger::v1::EntryCase stored;
  stored.set_household(kHousehold);
  stored.set_reversed_micros(1);
  transaction.changes.push_back({{RecordKind::kAppeal, kPartition << 56 | 1}, PartitionSeq(0), stored.SerializeAsString()});
  return transaction;
}

Transaction OfProposal(TransactionKind kind, uint64_t actor, int64_t posted, uint64_t decider) {
  Transaction transaction = Moving(kind, posted, 0);
  transaction.actor = {ActorKind::kStaff, actor, 0};
  ledger::v1::Proposal stored;
  stored.set_household(kHousehold);
  stored.set_asset(1);
  stored.set_amount(500);
  stored.set_proposer(21);
  if (decider != 0) {
    stored.set_decide_micros(1);
    stored.set_decider(decider);
    stored.set_approved(kind == TransactionKind::kAdjustment);
  }
  transaction.changes.push_back({{RecordKind::kProposal, kProposal}, PartitionSeq(0), stored.SerializeAsString()});
  return transaction;
}
Transaction Proposed() { return OfProposal(TransactionKind::kProposal, 21, 0, 0); }
Transaction Approved(uint64_t by = 22, int64_t posted = 500) { return OfProposal(TransactionKind::kAdjustment, by, posted, by); }

Transaction OfAppeal(TransactionKind kind, bool answered) {
  Transaction transaction;
  transaction.kind = kind;
  ledger::v1::EntryCase stored;
  stored.set_household(kHousehold);
  stored.add_appeals()->set_answer_micros(answered ? 1 : 0);
  transaction.changes.push_back({{RecordKind::kAppeal, kPartition << 56 | 1}, PartitionSeq(0), stored.SerializeAsString()});
  return transaction;
}
Transaction Appeal() { return OfAppeal(TransactionKind::kAppeal, false); }
Transaction Answer() { return OfAppeal(TransactionKind::kAppealAnswer, true); }

// How many things are wrong with these, as a partition's entries from 1 on.
size_t Wrong(const std::vector<Transaction>& transactions) {
  CorrectionFold fold;
  size_t wrong = 0;
  uint64_t seq = 0;
  for (const Transaction& transaction : transactions) {
    fold.Apply(PartitionSeq(++seq), transaction, [&wrong](const std::string&) { ++wrong; });
  }
  return wrong;
}

TEST(CorrectionFold, AReversalIsTheOppositeAndTheOnlyOne) {
  EXPECT_EQ(Wrong({Drop(), Reversal()}), 0u);
  EXPECT_GT(Wrong({Drop(), Reversal(-200, -40)}), 0u) << "not all civic points";
  EXPECT_GT(Wrong({Drop(), Reversal(-199)}), 0u);
  EXPECT_GT(Wrong({Drop(), Reversal(-200, 100)}), 0u);
  EXPECT_GT(Wrong({Drop(), Reversal(), Reversal()}), 0u) << "again";
  EXPECT_GT(Wrong({Reversal()}), 0u) << "of itself";
  Transaction elsewhere = Reversal();
  elsewhere.postings[0].account.owner = 4;
  EXPECT_GT(Wrong({Drop(), elsewhere}), 0u) << "to another programme";
  Transaction unmarked = Reversal();
  unmarked.changes.clear();
  EXPECT_GT(Wrong({Drop(), unmarked}), 0u);
  Transaction unexplained = Reversal();
  unexplained.why.clear();
  EXPECT_GT(Wrong({Drop(), unexplained}), 0u);
}

TEST(CorrectionFold, WhatWasSpentIsOwed) {
  Transaction owed = Reversal();
  owed.postings[1] = {{AccountKind::kHousehold, Asset::kReward, kHousehold}, Points(-50)};
  owed.postings.push_back({{AccountKind::kDebt, Asset::kReward, kHousehold}, Points(-150)});
  EXPECT_EQ(Wrong({Drop(), owed}), 0u);
}

TEST(CorrectionFold, AnAdjustmentHasTwoActors) {
  EXPECT_EQ(Wrong({Proposed(), Approved()}), 0u);
  EXPECT_EQ(Wrong({Proposed(), OfProposal(TransactionKind::kDismissal, 22, 0, 22)}), 0u);
  EXPECT_GT(Wrong({Proposed(), Approved(21)}), 0u) << "by who proposed it";
  EXPECT_GT(Wrong({Proposed(), Approved(22, 501)}), 0u) << "another amount";
  EXPECT_GT(Wrong({Proposed(), Approved(), Approved()}), 0u) << "twice";
  EXPECT_GT(Wrong({OfProposal(TransactionKind::kProposal, 21, 500, 0)}), 0u) << "a proposal posts nothing";
  EXPECT_GT(Wrong({Proposed(), OfProposal(TransactionKind::kDismissal, 22, 500, 22)}), 0u) << "nor does a dismissal";
}

TEST(CorrectionFold, AnAppealIsAnsweredOnce) {
  EXPECT_EQ(Wrong({Appeal(), Answer(), Appeal(), Answer()}), 0u);
  EXPECT_GT(Wrong({Appeal(), Appeal()}), 0u);
  EXPECT_GT(Wrong({Appeal(), Answer(), Answer()}), 0u);
  EXPECT_GT(Wrong({OfAppeal(TransactionKind::kAppeal, true)}), 0u);
}

}  // namespace
}  // namespace fenfen::ctl
