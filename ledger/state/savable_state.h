// SavableState: what a State that lives in this process alone can do beside being one: give its partitions to a snapshot and begin from
// one, so that a start need not replay the whole journal. A State that others keep (Redis) has no need of it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "ledger/core/partition_contents.h"

namespace fenfen {

// A partition as it was at one instant.
struct SavedPartition {
  PartitionSeq seq;    // the last transaction within
  std::string sha256;  // the digest of the state, 32 bytes
  std::string bytes;   // EncodePartition's
};

class SavableState {
 public:
  virtual ~SavableState() = default;

  // The partition with its request keys. Writers of the partition wait no longer than a copy in memory takes. Everything within has been
  // given to the journal, but need not be durable: that is for the caller to wait for.
  virtual SavedPartition Save(PartitionId partition) const = 0;

  // Begins the partition from `contents`, which DecodePartition gave; Apply goes on from there. FAILED_PRECONDITION where something has
  // happened in the partition already.
  virtual absl::Status Load(const PartitionContents& contents) = 0;
};

}  // namespace fenfen
