// Outside: runs what must not run where a State answers, on a thread of its own, in order. A State that answers later (Redis) does so with
// its partition's lock held, and whoever gets the answer to a command may send the next one, to another partition or to the same: two of
// these the other way around would wait for each other for ever.
//
// What waits here is bounded by what the State lets wait. Thread-safe.
#pragma once

#include <deque>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace fenfen {

class Outside {
 public:
  using Task = absl::AnyInvocable<void() &&>;

  Outside();
  // Runs all that is left first.
  ~Outside();

  void Run(Task task);

 private:
  void Loop();

  absl::Mutex mutex_;
  absl::CondVar changed_ ABSL_GUARDED_BY(mutex_);
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace fenfen
