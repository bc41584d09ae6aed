// Pending drops and bags, as the checker sees them: what holds, and each way in which it does not.
#include "clients/ctl/verify/verification_fold.h"

#include <gtest/gtest.h>

#include <vector>

namespace fenfen::ctl {
namespace {

using ledger::v1::Bag;
using ledger::v1::PendingDrop;

constexpr uint64_t kDrop = 0x0100000000000007;
constexpr uint64_t kBag = 0x0100000000000008;
constexpr uint64_t kCounter = 0x0100000000000009;

Transaction Entry(TransactionKind kind, int64_t reward = 0) {
  Transaction transaction;
  transaction.kind = kind;
  if (reward != 0) {
    transaction.postings = {{{AccountKind::kProgramme, Asset::kReward, 5}, Points(-reward)},
                            {{AccountKind::kHousehold, Asset::kReward, 1}, Points(reward)}};
  }
  return transaction;
}

Transaction With(Transaction transaction, PendingDrop::State state, int64_t reward = 0, uint64_t bag = 0) {
  PendingDrop drop;
  drop.set_household(1);
  drop.set_state(state);
  drop.set_reward(reward);
  drop.set_bag(bag);
  transaction.changes.push_back({{RecordKind::kPendingDrop, kDrop}, PartitionSeq(0), drop.SerializeAsString()});
  return transaction;
}

Transaction WithBag(Transaction transaction, Bag::State state, int32_t issued = 0, uint64_t id = kBag) {
  Bag bag;
  bag.set_household(1);
  bag.set_state(state);
  bag.set_issued(issued);
  transaction.changes.push_back({{RecordKind::kBag, id}, PartitionSeq(0), bag.SerializeAsString()});
  return transaction;
}

Transaction Recorded() { return With(Entry(TransactionKind::kPendingDrop), PendingDrop::STATE_WAITING); }
Transaction Released(int64_t posted = 120) { return With(Entry(TransactionKind::kRelease, posted), PendingDrop::STATE_RELEASED, 120); }
Transaction Rejected() { return With(Entry(TransactionKind::kRejection), PendingDrop::STATE_REJECTED); }
Transaction Issued(int32_t counted = 1) {
  return WithBag(WithBag(Entry(TransactionKind::kBagIssue), Bag::STATE_ISSUED), Bag::STATE_COUNTER, counted, kCounter);
}

size_t Wrong(const std::vector<Transaction>& transactions) {
  size_t wrong = 0;
  VerificationFold fold;
  for (const Transaction& transaction : transactions) fold.Apply(transaction, [&wrong](const std::string&) { ++wrong; });
  return wrong;
}

TEST(VerificationFold, WhatHolds) {
  EXPECT_EQ(Wrong({Recorded()}), 0u);
  EXPECT_EQ(Wrong({Recorded(), Released()}), 0u);
  EXPECT_EQ(Wrong({Recorded(), Rejected()}), 0u);
  EXPECT_EQ(Wrong({Issued(), WithBag(Entry(TransactionKind::kBagIssue), Bag::STATE_REVOKED)}), 0u);
  EXPECT_EQ(Wrong({Issued(), WithBag(Entry(TransactionKind::kRelease, 120), Bag::STATE_DONE)}), 0u);
  EXPECT_EQ(Wrong({Issued(), WithBag(With(Entry(TransactionKind::kPendingDrop), PendingDrop::STATE_WAITING, 0, kBag), Bag::STATE_PUT_IN),
                   WithBag(With(Entry(TransactionKind::kRejection), PendingDrop::STATE_REJECTED, 0, kBag), Bag::STATE_DONE)}),
            0u);
}

TEST(VerificationFold, WhatDoesNot) {
  EXPECT_GT(Wrong({Released()}), 0u) << "it was never recorded";
  EXPECT_GT(Wrong({Recorded(), Recorded()}), 0u) << "it is recorded twice";
  EXPECT_GT(Wrong({Recorded(), Released(), Released()}), 0u) << "it is released twice";
  EXPECT_GT(Wrong({Recorded(), Released(), Rejected()}), 0u) << "it is released and rejected";
  EXPECT_GT(Wrong({Recorded(), Released(130)}), 0u) << "it gives more than its record says";
  EXPECT_GT(Wrong({With(Entry(TransactionKind::kPendingDrop, 120), PendingDrop::STATE_WAITING)}), 0u) << "it earns before it is released";
  EXPECT_GT(Wrong({Recorded(), With(Entry(TransactionKind::kRejection, 120), PendingDrop::STATE_REJECTED)}), 0u) << "rejected, it earns";
  EXPECT_GT(Wrong({Recorded(), With(Entry(TransactionKind::kRejection), PendingDrop::STATE_RELEASED)}), 0u) << "it says something else";
  EXPECT_GT(Wrong({With(Entry(TransactionKind::kDrop), PendingDrop::STATE_WAITING)}), 0u) << "a drop of another kind writes it";
}

TEST(VerificationFold, BagsAreUsedOnceAndCounted) {
  const Transaction used = WithBag(Entry(TransactionKind::kRelease, 120), Bag::STATE_DONE);
  EXPECT_GT(Wrong({used}), 0u) << "nobody got it";
  EXPECT_GT(Wrong({Issued(), used, used}), 0u) << "it is used twice";
  EXPECT_GT(Wrong({Issued(), WithBag(Entry(TransactionKind::kBagIssue), Bag::STATE_REVOKED), used}), 0u) << "it was revoked";
  EXPECT_GT(Wrong({Issued(2)}), 0u) << "one is counted as two";
  EXPECT_GT(Wrong({WithBag(Entry(TransactionKind::kBagIssue), Bag::STATE_ISSUED)}), 0u) << "it is not counted";
  EXPECT_GT(Wrong({With(Entry(TransactionKind::kPendingDrop), PendingDrop::STATE_WAITING, 0, kBag)}), 0u) << "the bag is not put in";
}

}  // namespace
}  // namespace fenfen::ctl
