#include "ledger/engine/timers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

constexpr size_t kNameBytesMax = 64;
// How often the thread looks what is due, at least and at most.
constexpr absl::Duration kPauseMin = absl::Milliseconds(10);
constexpr absl::Duration kPauseMax = absl::Seconds(1);
// How soon a lease that another has is asked for again, at the earliest.
constexpr absl::Duration kTimerAgainMin = absl::Seconds(1);

bool IsJobName(absl::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), fits);
}

absl::Status ShuttingDown() { return RefuseUntil(Reason::REASON_SHUTTING_DOWN, limits::kRetryDelayWhenBusy); }

}  // namespace

void Timers::Add(TimerJob job) {
  FENFEN_CHECK(IsJobName(job.name) && job.period > absl::ZeroDuration() && job.run != nullptr);
  FENFEN_CHECK(!thread_.joinable() && jobs_.size() < kJobsMax);
  for (const auto& other : jobs_) FENFEN_CHECK(other->job.name != job.name);
  auto added = std::make_unique<Job>();
  added->due = clock_.Now();
  added->retry = options_.retry;
  added->figures.name = job.name;
  added->figures.period = job.period;
  added->job = std::move(job);
  jobs_.push_back(std::move(added));
}

void Timers::Start() {
  FENFEN_CHECK(!thread_.joinable());
  thread_ = std::thread([this] { Loop(); });
}

void Timers::Stop() {
  stopping_.store(true);
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  if (thread_.joinable()) thread_.join();
  // Who runs a job on a thread of his own is waited for, too.
  absl::MutexLock running(&running_);
}

void Timers::Loop() {
  while (true) {
    RunDue();
    const absl::Duration pause = Pause();
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopped_), pause)) return;
  }
}

absl::Duration Timers::Pause() const {
  absl::Time next = absl::InfiniteFuture();
  absl::MutexLock lock(&mutex_);
  for (const auto& job : jobs_) next = std::min(next, job->due);
  return std::clamp(next - clock_.Now(), kPauseMin, kPauseMax);
}

bool Timers::IsDue(const Job& job) const {
  absl::MutexLock lock(&mutex_);
  return job.due <= clock_.Now();
}

void Timers::RunDue() {
  for (const auto& job : jobs_) {
    if (stopping_.load()) return;
    if (IsDue(*job)) Run(*job, /*due_only=*/true).IgnoreError();
  }
}

absl::Status Timers::RunNow(absl::string_view name) {
  for (const auto& job : jobs_) {
    if (job->job.name == name) return Run(*job, /*due_only=*/false);
  }
  return absl::NotFoundError(absl::StrCat("there is no job ", name));
}

// A crash at any place leaves a lease that passes on after its time, and a job that is begun anew.
absl::Status Timers::Run(Job& job, bool due_only) {
  absl::MutexLock running(&running_);
  if (stopping_.load()) return ShuttingDown();
  // Somebody may have run it while this one waited for its turn.
  if (due_only && !IsDue(job)) return absl::OkStatus();
  const absl::Time asked = clock_.Now();
  const absl::StatusOr<Journal::LeaseAnswer> answer = journal_.TakeLease(job.job.name, options_.lease);
  const absl::StatusOr<bool> may = MayRun(job, answer, asked, due_only);
  if (!may.ok()) return may.status();
  absl::Status status;
  if (*may) {
    const Lease lease(journal_, job.job.name, options_.lease, answer->fence, clock_, asked, stopping_);
    const absl::Time begun = clock_.Now();
    status = job.job.run(lease);
    // Whatever it says: it was told to stop before it was through.
    if (lease.lost()) status = stopping_.load() ? ShuttingDown() : absl::AbortedError("the lease was lost while it ran");
    Finish(job, begun, status);
  }
  // What cannot be given back passes on after its time.
  journal_.GiveBackLease(job.job.name, /*done=*/*may && status.ok()).IgnoreError();
  return status;
}

// Whether it is this server's turn; when it may be, where it is not.
absl::StatusOr<bool> Timers::MayRun(Job& job, const absl::StatusOr<Journal::LeaseAnswer>& answer, absl::Time asked, bool due_only) {
  if (!answer.ok()) {
    NoteTrouble(job, answer.status());
    return answer.status();
  }
  NoteTrouble(job, absl::OkStatus());
  absl::MutexLock lock(&mutex_);
  job.done = std::max(job.done, asked - answer->since_done);
  job.figures.holder = answer->granted ? "" : answer->holder;
  if (!answer->granted) {
    // He finishes, and then it is not due for a period, or he is gone, and it passes on.
    job.due = clock_.Now() + std::clamp(answer->left, std::min(kTimerAgainMin, job.job.period), job.job.period);
    return absl::FailedPreconditionError(absl::StrCat("another server has the lease of ", job.job.name, ": ", answer->holder));
  }
  if (due_only && answer->since_done < job.job.period) {
    job.due = asked + job.job.period - answer->since_done;
    return false;
  }
  job.figures.running = true;
  return true;
}

void Timers::NoteTrouble(Job& job, const absl::Status& status) {
  bool changed = false;
  {
    absl::MutexLock lock(&mutex_);
    changed = !status.ok() && job.trouble != status;
    job.trouble = status;
    if (status.ok()) {
      job.figures.last = absl::OkStatus();
    } else {
      job.figures.last = status;
      job.due = clock_.Now() + std::min(options_.retry, job.job.period);
    }
  }
  if (changed) options_.report({job.job.name, status, absl::ZeroDuration()});
}

void Timers::Finish(Job& job, absl::Time begun, const absl::Status& status) {
  const absl::Time ended = clock_.Now();
  {
    absl::MutexLock lock(&mutex_);
    job.figures.running = false;
    job.figures.last = status;
    job.figures.last_duration = ended - begun;
    if (status.ok()) {
      ++job.figures.runs;
      job.done = ended;
      job.due = ended + job.job.period;
      job.retry = options_.retry;
    } else {
      ++job.figures.failures;
      job.due = ended + std::min(job.retry, job.job.period);
      job.retry = std::min(2 * job.retry, std::max(job.job.period, options_.retry));
    }
  }
  options_.report({job.job.name, status, ended - begun});
}

std::vector<Timers::Figures> Timers::figures() const {
  std::vector<Figures> all;
  const absl::Time now = clock_.Now();
  absl::MutexLock lock(&mutex_);
  for (const auto& job : jobs_) {
    all.push_back(job->figures);
    all.back().since_done = now - job->done;
  }
  return all;
}

}  // namespace fenfen
