// Lease: a name that this server has, for as long as a run of some work takes (Journal::TakeLease). Whoever does the work asks it between
// partitions:
//
//   for (uint16_t p = 0; p < kHouseholdPartitions; ++p) {
//     if (!lease.Held()) return absl::AbortedError("the lease is another's");
//     …
//   }
//
// It is kept by being asked: once a third of its time is over, Held takes it for longer. One that was lost stays lost. It is no lock: a
// process may be paused between Held and what it does next. What is done under it must come to the same if two do it.
//
// One thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "ledger/core/clock.h"
#include "ledger/journal/journal.h"

namespace fenfen {

class Lease {
 public:
  // Granted under `fence` to one who asked at `asked` by `clock`, for `time`. All that is given outlives it; with `stopping` nothing is
  // held.
  Lease(Journal& journal, std::string name, absl::Duration time, uint64_t fence, const Clock& clock, absl::Time asked,
        const std::atomic<bool>& stopping)
      : journal_(journal),
        name_(std::move(name)),
        time_(time),
        fence_(fence),
        clock_(clock),
        stopping_(stopping),
        until_(asked + time),
        renew_(asked + time / 3) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  // Whether to go on. May ask the journal, and wait for it.
  bool Held() const;
  // Whether Held has said no.
  bool lost() const { return lost_; }

  const std::string& name() const { return name_; }
  // Counts the name's holders; for people.
  uint64_t fence() const { return fence_; }

 private:
  bool Renew(absl::Time now) const;

  Journal& journal_;
  const std::string name_;
  const absl::Duration time_;
  const uint64_t fence_;
  const Clock& clock_;
  const std::atomic<bool>& stopping_;
  // What is known of it, which asking does not change.
  mutable absl::Time until_;
  mutable absl::Time renew_;
  mutable bool lost_ = false;
};

}  // namespace fenfen
