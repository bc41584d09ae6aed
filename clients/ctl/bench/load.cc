#include "clients/ctl/bench/load.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "clients/ctl/bench/measure.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen::bench {
namespace {

constexpr uint32_t kAtOnce = 8000;

// Waits for the calls of one batch. Shared with their callbacks, so that the last one may still be in here when the waiter goes on.
class Calls {
 public:
  explicit Calls(size_t calls) : left_(calls) {}
  void Done(const std::vector<absl::StatusOr<Outcome>>& outcomes) {
    absl::Status status;
    size_t done = 0;
    for (const absl::StatusOr<Outcome>& outcome : outcomes) {
      status.Update(outcome.status());
      done += outcome.ok() ? 1 : 0;
    }
    absl::MutexLock lock(&mutex_);
    status_.Update(status);
    done_ += done;
    --left_;
  }
  // The first error of any.
  absl::Status Wait() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](size_t* left) { return *left == 0; }, &left_));
    return status_;
  }
  // After Wait.
  size_t done() {
    absl::MutexLock lock(&mutex_);
    return done_;
  }

 private:
  absl::Mutex mutex_;
  size_t left_ ABSL_GUARDED_BY(mutex_);
  size_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

void Submit(Engine& engine, std::vector<Command> commands, const std::shared_ptr<Calls>& calls) {
  engine.SubmitAll(std::move(commands), [calls](const std::vector<absl::StatusOr<Outcome>>& outcomes) { calls->Done(outcomes); });
}

}  // namespace

absl::Status SubmitAllAndWait(Engine& engine, std::vector<Command> commands) {
  if (commands.empty()) return absl::OkStatus();
  const auto calls = std::make_shared<Calls>((commands.size() + limits::kCommandsMax - 1) / limits::kCommandsMax);
  for (size_t first = 0; first < commands.size(); first += limits::kCommandsMax) {
    const size_t last = std::min(commands.size(), first + limits::kCommandsMax);
    std::vector<Command> some(std::make_move_iterator(commands.begin() + static_cast<std::ptrdiff_t>(first)),
                              std::make_move_iterator(commands.begin() + static_cast<std::ptrdiff_t>(last)));
    Submit(engine, std::move(some), calls);
  }
  return calls->Wait();
}

absl::Status SubmitForEach(Engine& engine, uint32_t accounts, absl::FunctionRef<Command(uint32_t account)> make) {
  for (uint32_t first = 0; first < accounts; first += kAtOnce) {
    const uint32_t last = std::min(accounts, first + kAtOnce);
    std::vector<Command> commands;
    commands.reserve(last - first);
    for (uint32_t account = first; account < last; ++account) commands.push_back(make(account));
    if (absl::Status status = SubmitAllAndWait(engine, std::move(commands)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<double> RunLoad(Engine& engine, const Load& load, MakeBatch make) {
  absl::Mutex mutex;
  uint64_t done = 0;
  absl::Status status;
  const double begin = MonotonicSeconds();
  const double end = begin + absl::ToDoubleSeconds(load.time);
  const auto client = [&](int number) {
    uint64_t mine = 0;
    absl::Status failed;
    do {
      const auto calls = std::make_shared<Calls>((load.batch + limits::kCommandsMax - 1) / limits::kCommandsMax);
      for (size_t left = load.batch; left > 0;) {
        const size_t count = std::min(left, limits::kCommandsMax);
        Submit(engine, make(number, count), calls);
        left -= count;
      }
      failed = calls->Wait();
      mine += calls->done();
      if (!failed.ok() && RefusalOf(failed).reason == Reason::REASON_OVERLOADED) {
        absl::SleepFor(limits::kRetryDelayWhenBusy);
        failed = absl::OkStatus();
      }
    } while (failed.ok() && MonotonicSeconds() < end);
    absl::MutexLock lock(&mutex);
    done += mine;
    status.Update(failed);
  };
  std::vector<std::thread> clients;
  for (int number = 1; number < load.clients; ++number) clients.emplace_back(client, number);
  client(0);
  for (std::thread& thread : clients) thread.join();
  if (!status.ok()) return status;
  return static_cast<double>(done) / (MonotonicSeconds() - begin);
}

}  // namespace fenfen::bench
