// CallLimit: how many calls of a kind the server works on at a time. One more is refused with OVERLOADED and a time to come again, before
// anything is done for it: so what waits for a slow disk is bounded in number and in memory, and who is let in is answered within the time
// that so many take.
//
//   CallLimit::Place place;
//   if (absl::Status status = limit.Enter(place); !status.ok()) return status;
//   …                    the place is given back when it goes
//
// What has not yet been read from the sockets is not counted here: that is bounded by the streams that a connection may have open. Refusing
// a call costs nearly as much as gRPC's own work for it, so a server that is short of processors rather than of its disk is kept from
// drowning by that bound, not by this one. Thread-safe; a place belongs to one call.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen::server {

class CallLimit {
 public:
  // A call that was let in, or nothing.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      GiveBack();
      limit_ = std::exchange(other.limit_, nullptr);
      return *this;
    }
    ~Place() { GiveBack(); }
    void GiveBack() {
      if (limit_ != nullptr) std::exchange(limit_, nullptr)->in_progress_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    friend class CallLimit;
    explicit Place(CallLimit* limit) : limit_(limit) {}
    CallLimit* limit_ = nullptr;
  };

  // `most`: at least 1.
  explicit CallLimit(int64_t most) : most_(most) {}
  CallLimit(const CallLimit&) = delete;
  CallLimit& operator=(const CallLimit&) = delete;

  // OVERLOADED with a retry delay where all places are taken; `place` is then as it was.
  absl::Status Enter(Place& place) {
    if (in_progress_.fetch_add(1, std::memory_order_relaxed) >= most_) {
      in_progress_.fetch_sub(1, std::memory_order_relaxed);
      return RefuseUntil(Reason::REASON_OVERLOADED, limits::kRetryDelayWhenBusy);
    }
    place = Place(this);
    return absl::OkStatus();
  }

  int64_t in_progress() const { return in_progress_.load(std::memory_order_relaxed); }

 private:
  const int64_t most_;
  std::atomic<int64_t> in_progress_{0};
};

// Counts what lives. `count` outlives it.
class Counted {
 public:
  explicit Counted(std::atomic<int64_t>& count) : count_(count) { count_.fetch_add(1, std::memory_order_relaxed); }
  ~Counted() { count_.fetch_sub(1, std::memory_order_release); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<int64_t>& count_;
};

// The server's limits.
struct CallLimits {
  CallLimits(int64_t changes_max, int64_t reads_max, int64_t batches_max) : changes(changes_max), reads(reads_max), batches(batches_max) {}
  CallLimit changes;              // unary calls that change something; each waits for the disk
  CallLimit reads;                // the other unary calls
  CallLimit batches;              // devices' batches, up to a thousand drops each
  std::atomic<int64_t> calls{0};  // of all kinds, from their beginning until their answer has left; not limited here
};

}  // namespace fenfen::server
