#include "tests/faults/runner.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"

namespace fenfen::faults {
namespace {

class Runner {
 public:
  Runner(Ledger& ledger, const Script& script, const RunLimits& limits, absl::FunctionRef<void(int)> acknowledged)
      : ledger_(ledger), script_(script), limits_(limits), acknowledged_(acknowledged), settled_(script.size()) {
    FENFEN_CHECK(limits.in_flight >= 1 && limits.in_flight <= std::max(1, script.size() / 10));
    const auto size = static_cast<size_t>(script.size());
    result_.acknowledged.resize(size);
    result_.replayed.resize(size);
    next_ = lowest_ = limits.from;
  }

  RunResult Run() {
    while (const std::optional<Turn> turn = NextTurn()) {
      absl::SleepFor(turn->delay);
      TakeSnapshotBefore(*turn);
      ledger_.engine().Submit(script_.CommandOf(turn->step, ledger_.catalogue()),
                              [this, step = turn->step](absl::StatusOr<Outcome> outcome) { Take(step, std::move(outcome)); });
      absl::MutexLock lock(&mutex_);
      result_.waiting_most = std::max(result_.waiting_most, in_flight_);
    }
    absl::MutexLock lock(&mutex_);
    return result_;
  }

 private:
  struct Turn {
    int step;
    absl::Duration delay;
    bool again;
  };

  // Beside whatever is in flight.
  void TakeSnapshotBefore(const Turn& turn) {
    if (limits_.snapshot_every == 0 || turn.step == 0 || turn.step % limits_.snapshot_every != 0 || turn.again) return;
    const absl::Status status = ledger_.TakeSnapshot();
    absl::MutexLock lock(&mutex_);
    if (result_.snapshots.ok()) result_.snapshots = status;
  }

  // Waits for the next step to submit; nullopt once nothing is in flight and all is done or stopped.
  std::optional<Turn> NextTurn() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Runner::Ready));
    if (!MaySubmit()) return std::nullopt;
    Turn turn{next_, absl::ZeroDuration(), false};
    if (!again_.empty()) {
      turn = again_.front();
      again_.pop_front();
    } else {
      ++next_;
    }
    ++in_flight_;
    return turn;
  }
  bool Ready() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return MaySubmit() || in_flight_ == 0; }
  bool MaySubmit() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!result_.stopped.ok()) return false;
    if (!again_.empty()) return true;
    if (next_ == script_.size()) return false;
    // The catalogue and the enrolments go before all else.
    if (next_ == 1 || next_ == script_.independent_from()) return lowest_ == next_;
    return next_ - lowest_ < limits_.in_flight;
  }

  void Take(int step, absl::StatusOr<Outcome> outcome) {
    absl::MutexLock lock(&mutex_);
    --in_flight_;
    if (!outcome.ok()) return TakeRefusal(step, outcome.status());
    const CommittedTransaction& committed = outcome->committed;
    if (committed.seq != script_.SeqOf(step) || committed.transaction.key != script_.KeyOf(step)) {
      result_.stopped = absl::InternalError(absl::StrCat("step ", step, " was acknowledged with another's effect"));
      return;
    }
    acknowledged_(step);
    result_.acknowledged[static_cast<size_t>(step)] = true;
    result_.replayed[static_cast<size_t>(step)] = outcome->replayed;
    settled_[static_cast<size_t>(step)] = true;
    while (lowest_ < script_.size() && settled_[static_cast<size_t>(lowest_)]) ++lowest_;
  }

  void TakeRefusal(int step, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const Refusal refusal = RefusalOf(status);
    const bool full = refusal.reason == Reason::REASON_STORAGE_FULL;
    if (full) ++result_.storage_full;
    if (refusal.reason == Reason::REASON_OVERLOADED) ++result_.overloaded;
    const bool retryable = refusal.reason == Reason::REASON_OVERLOADED || full;
    if (retryable && refusal.retry_delay && !(full && limits_.stop_when_full)) {
      again_.push_back({step, *refusal.retry_delay, true});
    } else if (result_.stopped.ok()) {
      result_.stopped = status;
    }
  }

  Ledger& ledger_;
  const Script& script_;
  const RunLimits limits_;
  const absl::FunctionRef<void(int)> acknowledged_;

  absl::Mutex mutex_;
  RunResult result_ ABSL_GUARDED_BY(mutex_);
  std::vector<bool> settled_ ABSL_GUARDED_BY(mutex_);
  std::deque<Turn> again_ ABSL_GUARDED_BY(mutex_);  // refused, to be submitted again
  int next_ ABSL_GUARDED_BY(mutex_) = 0;            // never submitted yet
  int lowest_ ABSL_GUARDED_BY(mutex_) = 0;          // not settled yet
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

RunResult RunSteps(Ledger& ledger, const Script& script, const RunLimits& limits, absl::FunctionRef<void(int)> acknowledged) {
  return Runner(ledger, script, limits, acknowledged).Run();
}

}  // namespace fenfen::faults
