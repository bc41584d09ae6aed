#include "ledger/engine/durability.h"

#include <utility>

namespace fenfen {

template <typename Ready>
std::vector<Durability::Waiter> Durability::Take(Partition& partition, Ready ready) {
  std::vector<Waiter> taken;
  std::vector<Waiter>& waiters = partition.waiters;
  for (size_t i = 0; i < waiters.size();) {
    if (!ready(waiters[i])) {
      ++i;
      continue;
    }
    taken.push_back(std::move(waiters[i]));
    if (i + 1 != waiters.size()) waiters[i] = std::move(waiters.back());
    waiters.pop_back();
  }
  return taken;
}

void Durability::Mark(PartitionId partition, PartitionSeq seq) {
  Partition& of = partitions_[partition.value()];
  std::vector<Waiter> ready;
  {
    absl::MutexLock lock(&of.mutex);
    if (of.durable < seq) of.durable = seq;
    ready = Take(of, [seq](const Waiter& waiter) { return waiter.seq <= seq; });
  }
  for (Waiter& waiter : ready) std::move(waiter.done)(absl::OkStatus());
}

void Durability::Fail(PartitionId partition, const absl::Status& why) {
  Partition& of = partitions_[partition.value()];
  std::vector<Waiter> failed;
  {
    absl::MutexLock lock(&of.mutex);
    of.failure = why;
    failed.swap(of.waiters);
  }
  for (Waiter& waiter : failed) std::move(waiter.done)(why);
}

void Durability::FailFrom(PartitionId partition, PartitionSeq first, const absl::Status& why) {
  Partition& of = partitions_[partition.value()];
  std::vector<Waiter> failed;
  {
    absl::MutexLock lock(&of.mutex);
    failed = Take(of, [first](const Waiter& waiter) { return waiter.seq >= first; });
  }
  for (Waiter& waiter : failed) std::move(waiter.done)(why);
}

void Durability::EndOverdue(absl::Time now, const absl::Status& why) {
  for (Partition& of : partitions_) {
    std::vector<Waiter> failed;
    {
      absl::MutexLock lock(&of.mutex);
      failed = Take(of, [now](const Waiter& waiter) { return waiter.give_up <= now; });
    }
    for (Waiter& waiter : failed) std::move(waiter.done)(why);
  }
}

bool Durability::When(PartitionId partition, PartitionSeq seq, Done done, absl::Time give_up) {
  Partition& of = partitions_[partition.value()];
  absl::Status status;
  {
    absl::MutexLock lock(&of.mutex);
    if (of.durable < seq) {
      if (of.failure.ok()) {
        of.waiters.push_back({seq, give_up, std::move(done)});
        return true;
      }
      status = of.failure;
    }
  }
  std::move(done)(status);
  return false;
}

}  // namespace fenfen
