// Timers: what the ledger does by itself, again and again: lots and vouchers that expire, credits that are released, boards and periods
// that close. Several servers have the same jobs; a lease for each (Journal::TakeLease) lets one of them do it.
//
//   Timers timers(journal, steady_clock, options);
//   timers.Add({"expire-lots", absl::Hours(1), [&](const Lease& lease) { return ExpireLots(engine, clock, lease); }});
//   timers.Start();
//
//   a job is due → take its lease ─► another has it, or has just done it: again when that is over
//                                └─► run(lease), which stops where lease.Held() says no → give the lease back, done or not
//
// Invariant: the lease saves work, it guards nothing. A holder may be paused and go on when another has the lease, a killed one has done
// half, a store's clock may jump. So a job's effects are transactions of the engine whose request keys follow from what they do (the lot
// and its day, the voucher, the period), never from who does it or when: then each effect comes once, whoever does it and however often,
// and a job may begin anew at any time.
//
// One thread runs all jobs, one after another; so one that takes long delays the others and must ask lease.Held() at least every few
// seconds. Its period counts from the end of one run to the beginning of the next; after a run that failed it is tried again sooner.
// Nothing is kept here that has to survive: after a start every job is due, and the lease tells when it was last done.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/clock.h"
#include "ledger/engine/lease.h"
#include "ledger/journal/journal.h"

namespace fenfen {

// Time that neither jumps nor goes back, for what is due and what is over; from some beginning, so never to be shown or stored.
class SteadyClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); }
};

struct TimerJob {
  std::string name;  // the lease's, 1 to 64 of a-z, 0-9 and '-'; the same on all servers
  absl::Duration period;
  // OK where all there was to do is done. Called on one thread at a time.
  std::function<absl::Status(const Lease&)> run;
};

// What became of a run, for logs.
struct TimerReport {
  std::string name;
  absl::Status status;
  absl::Duration duration;
};

struct TimersOptions {
  // How long a server that is gone keeps a job from the others; a job that asks Held more often than every two thirds of it does not lose
  // it.
  absl::Duration lease = absl::Minutes(1);
  // How soon after a run that failed the next is tried; doubled each time, up to the job's period.
  absl::Duration retry = absl::Seconds(10);
  // Told of every run, and of a lease that cannot be asked for, once until that changes. On the thread that runs; must be short.
  std::function<void(const TimerReport&)> report = [](const TimerReport&) {};
};

class Timers {
 public:
  static constexpr size_t kJobsMax = 64;

  // `clock` must not jump: SteadyClock, another in tests. Both outlive this.
  Timers(Journal& journal, const Clock& clock, TimersOptions options = {})
      : journal_(journal), clock_(clock), options_(std::move(options)) {}
  ~Timers() { Stop(); }
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  // Before Start. It is due at once.
  void Add(TimerJob job);
  // Begins to run what is due, in a thread of its own.
  void Start();
  // Ends that: a run under way is told that its lease is not held, and waited for. Nothing is run after it.
  void Stop();

  // Runs on the caller's thread what is due, in the order in which it was added.
  void RunDue();
  // Runs one, due or not, for an operator or a test; waits for a run that is under way. OK, or what the job says; NOT_FOUND for no such
  // job; FAILED_PRECONDITION, naming him, while another server has the lease; STORE_UNAVAILABLE where the journal cannot be asked;
  // ABORTED where the lease was lost; SHUTTING_DOWN.
  absl::Status RunNow(absl::string_view name);

  // What became of each job, in the order in which they were added. Times are durations, up to now.
  struct Figures {
    std::string name;
    absl::Duration period;
    uint64_t runs = 0;                                     // that were done, here
    uint64_t failures = 0;                                 // that were not, with those whose lease was lost
    bool running = false;                                  // here, now
    absl::Duration since_done = absl::InfiniteDuration();  // on whichever server, as far as is known here; infinite for never
    absl::Duration last_duration;                          // of the last run here
    absl::Status last;                                     // of the last attempt here; OK where it was another's turn
    std::string holder;                                    // the other server that had the lease when it was last asked for
  };
  std::vector<Figures> figures() const;

 private:
  struct Job {
    TimerJob job;
    absl::Time due;
    absl::Time done = absl::InfinitePast();
    absl::Duration retry;
    absl::Status trouble;  // with the lease, as reported last
    Figures figures;
  };

  absl::Status Run(Job& job, bool due_only);
  absl::StatusOr<bool> MayRun(Job& job, const absl::StatusOr<Journal::LeaseAnswer>& answer, absl::Time asked, bool due_only);
  void Finish(Job& job, absl::Time begun, const absl::Status& status);
  void NoteTrouble(Job& job, const absl::Status& status);
  bool IsDue(const Job& job) const;
  absl::Duration Pause() const;
  void Loop();

  Journal& journal_;
  const Clock& clock_;
  const TimersOptions options_;
  std::atomic<bool> stopping_{false};

  absl::Mutex running_ ABSL_ACQUIRED_BEFORE(mutex_);  // held while a job runs
  mutable absl::Mutex mutex_;
  std::vector<std::unique_ptr<Job>> jobs_;  // fixed from Start on; what changes in a job is guarded by mutex_
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace fenfen
