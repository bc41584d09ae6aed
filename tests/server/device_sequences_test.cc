// Where a device's numbers took effect: whichever came first, and again from the memo.
#include "server/services/device_sequences.h"

#include <gtest/gtest.h>

namespace fenfen::server {
namespace {

constexpr CatalogueId kDevice{77};

CommittedTransaction Drop(uint64_t sequence, uint16_t partition) {
  CommittedTransaction committed{PartitionId(partition), PartitionSeq(1), absl::UnixEpoch(), {}};
  committed.transaction.kind = TransactionKind::kDrop;
  committed.transaction.key = DeviceEventKey(kDevice, sequence);
  return committed;
}

bool UsedElsewhere(const DeviceSequences& sequences, uint64_t sequence, uint16_t partition) {
  return sequences.UsedElsewhere(DeviceEventKey(kDevice, sequence), PartitionId(partition));
}

TEST(DeviceSequences, TheOrderDoesNotMatterAndTheMemoSaysAll) {
  const uint64_t late = uint64_t{1} << 61;
  const std::vector<CommittedTransaction> drops = {Drop(0, 0),      Drop(1, 200), Drop(5, 3), Drop(5 + DeviceSequences::kWindow, 4),
                                                   Drop(late, 255), Drop(9, 8),   Drop(9, 7)};
  DeviceSequences forwards, backwards, loaded;
  for (const CommittedTransaction& drop : drops) forwards.Apply(drop);
  for (auto drop = drops.rbegin(); drop != drops.rend(); ++drop) backwards.Apply(*drop);
  ASSERT_TRUE(loaded.LoadMemo(forwards.SaveMemo(), InTurn).ok());
  loaded.Apply(drops[2]);
  for (const DeviceSequences* sequences : {&forwards, &backwards, &loaded}) {
    EXPECT_TRUE(UsedElsewhere(*sequences, 1, 3));
    EXPECT_FALSE(UsedElsewhere(*sequences, 1, 200));
    EXPECT_FALSE(UsedElsewhere(*sequences, 2, 3)) << "never used";
    EXPECT_FALSE(UsedElsewhere(*sequences, 5, 9)) << "out of the window";
    EXPECT_TRUE(UsedElsewhere(*sequences, 5 + DeviceSequences::kWindow, 3));
    EXPECT_TRUE(UsedElsewhere(*sequences, late, 0));
    EXPECT_FALSE(UsedElsewhere(*sequences, late, 255));
    EXPECT_FALSE(UsedElsewhere(*sequences, 9, 7)) << "of two the lower";
  }
}

TEST(DeviceSequences, AMemoOfAnotherFormIsRefused) {
  DeviceSequences sequences;
  EXPECT_TRUE(sequences.LoadMemo("", InTurn).ok()) << "an older snapshot has none";
  sequences.Apply(Drop(5, 3));
  const std::string memo = sequences.SaveMemo();
  for (size_t size = 1; size < memo.size(); ++size) EXPECT_TRUE(absl::IsDataLoss(sequences.LoadMemo(memo.substr(0, size), InTurn))) << size;
  EXPECT_TRUE(absl::IsDataLoss(sequences.LoadMemo(memo + "x", InTurn)));
  EXPECT_TRUE(absl::IsDataLoss(sequences.LoadMemo("\x02", InTurn)));
}

}  // namespace
}  // namespace fenfen::server
