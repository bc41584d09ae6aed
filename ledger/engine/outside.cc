#include "ledger/engine/outside.h"

#include <utility>

namespace fenfen {

Outside::Outside() : thread_([this] { Loop(); }) {}

Outside::~Outside() {
  {
    absl::MutexLock held(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void Outside::Run(Task task) {
  absl::MutexLock held(&mutex_);
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) changed_.SignalAll();
}

void Outside::Loop() {
  std::deque<Task> running;
  while (true) {
    {
      absl::MutexLock held(&mutex_);
      while (tasks_.empty() && !stopping_) changed_.Wait(&mutex_);
      if (tasks_.empty()) return;
      running.swap(tasks_);
    }
    for (Task& task : running) std::move(task)();
    running.clear();
  }
}

}  // namespace fenfen
