// Teller: runs what waits for the journal's entries, in the order of the appends, on a thread of its own: an answer goes out through a
// socket, and the next group need not wait for that. What waits to be told is bounded: then the writer waits.
//
// Thread-safe; Tell is one thread's.
#pragma once

#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "ledger/journal/journal.h"

namespace fenfen {

class Teller {
 public:
  // Groups that may wait to be told.
  static constexpr size_t kGroupsMax = 16;

  Teller() = default;
  // Tells all that is left first.
  ~Teller() { Stop(); }

  // Without this there is no thread, and Tell tells at once.
  void Start();
  void Stop();

  // Tells `dones` the status; then `entries` more count as settled. `idle`: the caller has nothing better to do, so where nobody is being
  // told it does so itself, which saves waking a thread.
  void Tell(std::vector<Journal::Done> dones, absl::Status status, uint64_t entries, bool idle);
  // Waits until so many entries are settled since the beginning. Only with a thread.
  void AwaitSettled(uint64_t entries);

 private:
  struct Group {
    std::vector<Journal::Done> dones;
    absl::Status status;
    uint64_t entries = 0;
  };
  static void Run(Group& group);
  bool MustQueue(bool idle);
  void Loop();

  absl::Mutex mutex_;
  absl::CondVar changed_ ABSL_GUARDED_BY(mutex_);
  std::deque<Group> groups_ ABSL_GUARDED_BY(mutex_);
  uint64_t settled_ ABSL_GUARDED_BY(mutex_) = 0;
  bool telling_ ABSL_GUARDED_BY(mutex_) = false;  // the thread is
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace fenfen
