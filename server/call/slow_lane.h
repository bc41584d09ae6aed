// SlowLane: a few threads for the rare work that takes seconds (imports, digests), so that it never holds up the threads that answer calls.
// Bounded. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen::server {

class SlowLane {
 public:
  using Job = absl::AnyInvocable<void() &&>;
  static constexpr size_t kThreads = 2;
  static constexpr size_t kWaitingMax = 16;

  SlowLane() {
    for (size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Run(); });
  }
  // Finishes the jobs that were taken.
  ~SlowLane() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // Takes a job, or answers OVERLOADED and does nothing with it.
  absl::Status Post(Job job) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_ || waiting_.size() >= kWaitingMax) return RefuseUntil(Reason::REASON_OVERLOADED, limits::kRetryDelayWhenBusy);
      waiting_.push_back(std::move(job));
    }
    wake_.notify_one();
    return absl::OkStatus();
  }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      Job job = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      std::move(job)();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> waiting_;  // guarded by mutex_
  bool stopping_ = false;    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace fenfen::server
