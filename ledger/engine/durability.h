// Durability: how far each partition is durable and shown to the projections, and who waits for that.
//
//   durability.When(partition, seq, [](absl::Status status) { … });   // a reader that saw `seq`
//   durability.Mark(partition, seq);                                  // whoever learnt it from the journal
//
// Thread-safe. Each partition has a lock of its own, so that they do not disturb one another; what waits runs outside of it.
#pragma once

#include <array>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/ids.h"

namespace fenfen {

class Durability {
 public:
  using Done = absl::AnyInvocable<void(absl::Status) &&>;

  // The partition is durable up to `seq`: runs what waited for that. Never goes back.
  void Mark(PartitionId partition, PartitionSeq seq);
  // Nothing more becomes durable: fails all who wait in the partition, and who will wait for more than is.
  void Fail(PartitionId partition, const absl::Status& why);
  // Fails those who wait for `first` or more. Others may still come, and wait for them again.
  void FailFrom(PartitionId partition, PartitionSeq first, const absl::Status& why);
  // Fails those who were to give up by `now`, in all partitions.
  void EndOverdue(absl::Time now, const absl::Status& why);

  // Runs `done` once the partition is durable up to `seq`, or with an error where it will not be. True where it has to wait.
  bool When(PartitionId partition, PartitionSeq seq, Done done, absl::Time give_up = absl::InfiniteFuture());

 private:
  struct Waiter {
    PartitionSeq seq;
    absl::Time give_up;
    Done done;
  };
  struct Partition {
    absl::Mutex mutex;
    PartitionSeq durable ABSL_GUARDED_BY(mutex);
    absl::Status failure ABSL_GUARDED_BY(mutex);
    std::vector<Waiter> waiters ABSL_GUARDED_BY(mutex);
  };
  // Takes out those for whom `ready` holds.
  template <typename Ready>
  static std::vector<Waiter> Take(Partition& partition, Ready ready) ABSL_EXCLUSIVE_LOCKS_REQUIRED(partition.mutex);

  std::array<Partition, kPartitions> partitions_;
};

}  // namespace fenfen
