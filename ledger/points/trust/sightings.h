// Sightings: the drops of the last days, as small as signals and samples need them, and which people joined households. A projection; what
// it holds is its memo, since no record tells it.
//
//   const Sightings::Reading week = sightings.Read([&](const Sighting& seen) { return seen.time_ms >= begin; });
//
// Order: each partition's come in their order; who spans partitions sorts what it takes, so that the result is the same on every server.
//
// Memory: 80 bytes a drop. The demo district's 78 thousand drops a day are 90 MB for 15 days. No partition holds more than 32,768 drops,
// so all never hold more than 700 MB; the oldest leave first, and no sample is drawn of the days that they leave.
//
// Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/bytes.h"
#include "ledger/core/projection.h"

namespace fenfen {

// A drop as it was recorded, whether or not it was credited.
struct Sighting {
  HouseholdId household;
  PartitionSeq entry;  // in the household's partition
  CatalogueId region;  // where the household lay
  CatalogueId station;
  int64_t time_ms = 0;     // when it was dropped, since 1970
  uint64_t recorder = 0;   // of an attendant: the hash of the staff's name; 0 for others
  uint64_t code_step = 0;  // of the station code scanned; 0 where none was
  int64_t grams = 0;       // weighed; 0 where nothing was
  uint32_t member = 0;     // 0 if not known
  uint8_t category = 0;    // a v1::Category

  friend bool operator==(const Sighting&, const Sighting&) = default;
};

// A person who became or was a member of a household when its members changed.
struct Joining {
  uint64_t subject = 0;  // keyed hash
  HouseholdId household;
  PartitionSeq entry;
  int64_t time_ms = 0;

  friend bool operator==(const Joining&, const Joining&) = default;
};

// The drop that a transaction records; nullopt where it records none.
std::optional<Sighting> SightingIn(const CommittedTransaction& committed);

class Sightings final : public Projection {
 public:
  // How many days are kept, by record time.
  static constexpr int kDaysKept = 16;
  static constexpr size_t kDropsMax = 32'768;     // a partition
  static constexpr size_t kJoiningsMax = 16'384;  // a partition

  // `drops_max`: for tests.
  explicit Sightings(size_t drops_max = kDropsMax) : drops_max_(drops_max) {}

  void Apply(const CommittedTransaction& committed) override;
  void ApplyAll(absl::Span<const CommittedTransaction* const> several) override;
  void Restore(const PartitionContents& contents) override;
  absl::string_view MemoName() const override { return "sightings"; }
  std::string SaveMemo() const override;
  absl::Status LoadMemo(absl::string_view memo, InParallel) override;

  struct Reading {
    std::vector<Sighting> drops;           // by household, time and entry
    std::vector<Joining> joinings;         // all that are kept, by subject, household and entry
    std::vector<uint64_t> last_sequences;  // of each household partition: how far it had come
    int64_t complete_from_ms = 0;          // drops recorded from this instant on are all kept
  };
  // The drops for which `wanted` holds, and what else is kept. Looks at all: some milliseconds for a hundred thousand.
  Reading Read(absl::FunctionRef<bool(const Sighting&)> wanted) const;

 private:
  struct Seen {
    Sighting drop;
    int64_t record_ms = 0;
  };
  struct Shard {
    mutable absl::Mutex mutex;
    uint64_t last ABSL_GUARDED_BY(mutex) = 0;             // the partition's last transaction that was seen
    int64_t complete_from_ms ABSL_GUARDED_BY(mutex) = 0;  // by record time
    bool unknown_before ABSL_GUARDED_BY(mutex) = false;   // what came before the next transaction is not known
    std::deque<Seen> drops ABSL_GUARDED_BY(mutex);
    std::deque<Joining> joinings ABSL_GUARDED_BY(mutex);
  };
  void Take(Shard& shard, const CommittedTransaction& committed) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void Prune(Shard& shard, int64_t now_ms) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void SaveShard(const Shard& shard, ByteWriter& out) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void LoadShard(Shard& shard, ByteReader& in) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  const size_t drops_max_;
  std::array<Shard, kHouseholdPartitions> shards_;
};

}  // namespace fenfen
