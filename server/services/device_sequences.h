// DeviceSequences: in which partition each device's latest event numbers took effect. The request key of an event is looked up in its
// household's partition; a device that forked (a restored backup, a clone) may use a number again for a household of another partition,
// which that look-up cannot see. Keeps the last kWindow numbers of each device. A projection of the drops; no record says what it holds, so
// all of it is its memo. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/projection.h"
#include "ledger/core/request_key.h"

namespace fenfen::server {

class DeviceSequences final : public Projection {
 public:
  static constexpr size_t kWindow = 2048;  // two of the longest batches

  void Apply(const CommittedTransaction& committed) override {
    const RequestKey& key = committed.transaction.key;
    const TransactionKind kind = committed.transaction.kind;
    if ((kind != TransactionKind::kDrop && kind != TransactionKind::kPendingDrop) || !IsDeviceEventKey(key)) return;
    Add(CatalogueId(key.high), SequenceOf(key), committed.partition);
  }
  void Restore(const PartitionContents&) override {}

  absl::string_view MemoName() const override { return "device_sequences"; }
  std::string SaveMemo() const override;
  absl::Status LoadMemo(absl::string_view memo, InParallel) override;

  // True if the number took effect in another partition than this one.
  bool UsedElsewhere(const RequestKey& key, PartitionId partition) const {
    const uint64_t sequence = SequenceOf(key);
    const Shard& shard = shards_[key.high % kShards];
    absl::ReaderMutexLock lock(&shard.mutex);
    const auto found = shard.devices.find(CatalogueId(key.high));
    const size_t slot = sequence % kWindow;
    if (found == shard.devices.end() || found->second.size() <= slot) return false;
    const Used used = found->second[slot];
    return used.taken() && used.SequenceAt(slot) == sequence && used.partition() != partition;
  }

 private:
  static constexpr size_t kShards = 16;
  // Which number of those that share a slot was the latest, and its partition, in 8 bytes.
  class Used {
   public:
    Used() = default;
    Used(uint64_t sequence, PartitionId partition) : bits_(sequence / kWindow << 9 | (partition.value() + 1u)) {}
    bool taken() const { return bits_ != 0; }
    uint64_t SequenceAt(size_t slot) const { return (bits_ >> 9) * kWindow + slot; }
    PartitionId partition() const { return PartitionId(static_cast<uint16_t>((bits_ & 511) - 1)); }

   private:
    uint64_t bits_ = 0;
  };
  struct Shard {
    mutable absl::Mutex mutex;
    absl::flat_hash_map<CatalogueId, std::vector<Used>> devices ABSL_GUARDED_BY(mutex);
  };
  // The latest number of a slot stays; of two partitions with one number the lower, so that the order in which they come does not matter.
  void Add(CatalogueId device, uint64_t sequence, PartitionId partition) {
    Shard& shard = shards_[device.value() % kShards];
    absl::MutexLock lock(&shard.mutex);
    std::vector<Used>& ring = shard.devices[device];
    const size_t slot = sequence % kWindow;
    // A young device needs only as much as it has used.
    if (ring.size() <= slot) ring.resize(slot + 1);
    Used& there = ring[slot];
    const bool older = sequence < there.SequenceAt(slot) || (sequence == there.SequenceAt(slot) && there.partition() < partition);
    if (!there.taken() || !older) there = Used(sequence, partition);
  }
  static uint64_t SequenceOf(const RequestKey& key) { return key.low & ((uint64_t{1} << 62) - 1); }

  std::array<Shard, kShards> shards_;
};

}  // namespace fenfen::server
