// OpenTransfers: what has left one household and neither arrived at the other nor come back, so that a job can see it through. A projection
// of the transfers' records, which lie in two partitions: the second may come first. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/projection.h"

namespace fenfen {

class OpenTransfers final : public Projection {
 public:
  enum class Stage { kSent, kArrived, kReturned };
  struct Step {
    uint64_t number = 0;  // the transfer's
    Stage stage = Stage::kSent;
  };
  // What is taken from a transfer's record; given by whoever knows its form. nullopt for one that says nothing of it: a refusal waits for
  // the return.
  using Extract = std::optional<Step> (*)(absl::string_view transfer_record);
  explicit OpenTransfers(Extract extract) : extract_(extract) {}

  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

  // The numbers of those that are open, at most `limit`, in no order.
  std::vector<uint64_t> List(size_t limit) const;
  size_t size() const;

 private:
  void Note(absl::string_view record);

  const Extract extract_;
  mutable absl::Mutex mutex_;
  // True for one that was sent; false for one that arrived and whose sending has not come yet.
  absl::flat_hash_map<uint64_t, bool> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
