// What goes between two households, as the checker sees it: what holds, and each way in which it does not.
#include "clients/ctl/verify/transfer_fold.h"

#include <gtest/gtest.h>

#include "fenfen/ledger/v1/transfer.pb.h"

namespace fenfen::ctl {
namespace {

using Stored = ledger::v1::Transfer;

constexpr uint64_t kNumber = 0x0100000000000007;

// A half of the transfer of 1.20 from household 1 to household 2, with its postings.
Transaction Half(TransactionKind kind, Stored::State state, int64_t posted, int64_t amount = 120) {
  Transaction transaction;
  transaction.kind = kind;
  const bool second = kind == TransactionKind::kTransferIn;
  const AccountId account{second ? AccountKind::kProgramme : AccountKind::kInTransit, Asset::kReward, kNumber};
  const AccountId household{AccountKind::kHousehold, Asset::kReward, second ? uint64_t{2} : uint64_t{1}};
  if (posted != 0) transaction.postings = {{account, Points(posted)}, {household, Points(-posted)}};
  Stored stored;
  stored.set_number(kNumber);
  stored.set_state(state);
  stored.set_from(1);
  stored.set_to(2);
  stored.add_lots()->set_amount(amount);
  transaction.changes = {{{RecordKind::kTransfer, second ? kNumber + 1 : kNumber}, PartitionSeq(0), stored.SerializeAsString()}};
  return transaction;
}
Transaction Out() { return Half(TransactionKind::kTransferOut, Stored::STATE_SENT, 120); }
Transaction In() { return Half(TransactionKind::kTransferIn, Stored::STATE_ARRIVED, -120); }
Transaction Refused() { return Half(TransactionKind::kTransferIn, Stored::STATE_REFUSED, 0); }
Transaction Back() { return Half(TransactionKind::kTransferBack, Stored::STATE_RETURNED, -120); }

// How many things are wrong with these, each in a fold of its own, as partitions may be.
size_t Wrong(const std::vector<Transaction>& first, const std::vector<Transaction>& second) {
  size_t wrong = 0;
  const auto count = [&wrong](const std::string&) { ++wrong; };
  TransferFold here, there, all;
  for (const Transaction& transaction : first) here.Apply(transaction, count);
  for (const Transaction& transaction : second) there.Apply(transaction, count);
  all.Merge(there);
  all.Merge(here);
  all.Finish(true, count);
  return wrong;
}

TEST(TransferFold, WhatArrivesComesBackOrIsOnItsWay) {
  EXPECT_EQ(Wrong({Out()}, {}), 0u);
  EXPECT_EQ(Wrong({Out()}, {In()}), 0u);
  EXPECT_EQ(Wrong({Out()}, {Refused()}), 0u);
  EXPECT_EQ(Wrong({Out(), Back()}, {Refused()}), 0u);
}

TEST(TransferFold, WhatDoesNotAddUp) {
  EXPECT_GT(Wrong({}, {In()}), 0u) << "nobody sent it";
  EXPECT_GT(Wrong({Out()}, {In(), In()}), 0u) << "it arrives twice";
  EXPECT_GT(Wrong({Out(), Back()}, {In()}), 0u) << "it is in both places";
  EXPECT_GT(Wrong({Out(), Back()}, {}), 0u) << "nobody refused it";
  EXPECT_GT(Wrong({Out(), Back(), Back()}, {Refused()}), 0u) << "it comes back twice";
  EXPECT_GT(Wrong({Out()}, {Half(TransactionKind::kTransferIn, Stored::STATE_ARRIVED, -130, 130)}), 0u) << "more arrives than left";
  EXPECT_GT(Wrong({Half(TransactionKind::kTransferOut, Stored::STATE_SENT, 100)}, {}), 0u) << "the record says 120";
}

TEST(TransferFold, NothingElseIsInTransit) {
  Transaction drop = Out();
  drop.kind = TransactionKind::kDrop;
  EXPECT_GT(Wrong({drop}, {}), 0u);
  TransferFold fold;
  fold.Apply(Out(), [](const std::string&) {});
  EXPECT_EQ(fold.open(), 1u);
  EXPECT_TRUE(fold.IsOnItsWay({AccountKind::kProgramme, Asset::kReward, kNumber}));
  EXPECT_FALSE(fold.IsOnItsWay({AccountKind::kProgramme, Asset::kReward, 5}));
}

}  // namespace
}  // namespace fenfen::ctl
