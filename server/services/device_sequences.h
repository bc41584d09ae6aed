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
    if (committed.transaction.kind != TransactionKind::kDrop || !IsDeviceEventKey(key)) return;
    Add(CatalogueId(key.high), {SequenceOf(key), committed.partition});
  }
  void Restore(const PartitionContents&) override {}

  absl::string_view MemoName() const override { return "device_sequences"; }
  std::string SaveMemo() const override;
  absl::Status LoadMemo(absl::string_view memo) override;

  // True if the number took effect in another partition than this one.
  bool UsedElsewhere(const RequestKey& key, PartitionId partition) const {
    const uint64_t sequence = SequenceOf(key);
    const Shard& shard = shards_[key.high % kShards];
    absl::ReaderMutexLock lock(&shard.mutex);
    const auto found = shard.devices.find(CatalogueId(key.high));
    const size_t slot = sequence % kWindow;
    if (found == shard.devices.end() || found->second.size() <= slot) return false;
    const Used& used = found->second[slot];
    return used.taken() && used.sequence == sequence && used.partition != partition;
  }

 private:
  static constexpr size_t kShards = 16;
  struct Used {
    uint64_t sequence = 0;
    PartitionId partition{kPartitions};  // none
    bool taken() const { return partition.value() < kPartitions; }
  };
  struct Shard {
    mutable absl::Mutex mutex;
    absl::flat_hash_map<CatalogueId, std::vector<Used>> devices ABSL_GUARDED_BY(mutex);
  };
  // The latest number of a slot stays; of two partitions with one number the lower, so that the order in which they come does not matter.
  void Add(CatalogueId device, Used used) {
    Shard& shard = shards_[device.value() % kShards];
    absl::MutexLock lock(&shard.mutex);
    std::vector<Used>& ring = shard.devices[device];
    const size_t slot = used.sequence % kWindow;
    // A young device needs only as much as it has used.
    if (ring.size() <= slot) ring.resize(slot + 1);
    Used& there = ring[slot];
    if (!there.taken() || used.sequence > there.sequence || (used.sequence == there.sequence && used.partition < there.partition))
      there = used;
  }
  static uint64_t SequenceOf(const RequestKey& key) { return key.low & ((uint64_t{1} << 62) - 1); }

  std::array<Shard, kShards> shards_;
};

}  // namespace fenfen::server
