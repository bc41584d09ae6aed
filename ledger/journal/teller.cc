#include "ledger/journal/teller.h"

#include <utility>

namespace fenfen {

void Teller::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Teller::Stop() {
  {
    absl::MutexLock held(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

bool Teller::MustQueue(bool idle) {
  if (!thread_.joinable()) return false;
  absl::MutexLock held(&mutex_);
  return !idle || telling_ || !groups_.empty();
}

void Teller::Tell(std::vector<Journal::Done> dones, absl::Status status, uint64_t entries, bool idle) {
  Group group{std::move(dones), std::move(status), entries};
  if (!MustQueue(idle)) {
    // Nobody else can begin meanwhile: groups come from this thread alone.
    Run(group);
    absl::MutexLock held(&mutex_);
    settled_ += entries;
    return changed_.SignalAll();
  }
  absl::MutexLock held(&mutex_);
  while (groups_.size() >= kGroupsMax) changed_.Wait(&mutex_);
  groups_.push_back(std::move(group));
  changed_.SignalAll();
}

void Teller::AwaitSettled(uint64_t entries) {
  absl::MutexLock held(&mutex_);
  while (settled_ < entries) changed_.Wait(&mutex_);
}

void Teller::Run(Group& group) {
  for (Journal::Done& done : group.dones) std::move(done)(group.status);
}

void Teller::Loop() {
  std::deque<Group> telling;
  while (true) {
    {
      absl::MutexLock held(&mutex_);
      while (groups_.empty() && !stopping_) changed_.Wait(&mutex_);
      if (groups_.empty()) return;
      telling.swap(groups_);
      telling_ = true;
      changed_.SignalAll();
    }
    uint64_t entries = 0;
    for (Group& group : telling) {
      Run(group);
      entries += group.entries;
    }
    telling.clear();
    absl::MutexLock held(&mutex_);
    settled_ += entries;
    telling_ = false;
    changed_.SignalAll();
  }
}

}  // namespace fenfen
