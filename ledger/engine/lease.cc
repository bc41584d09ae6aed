#include "ledger/engine/lease.h"

namespace fenfen {

bool Lease::Held() const {
  if (lost_) return false;
  if (stopping_.load()) {
    lost_ = true;
    return false;
  }
  const absl::Time now = clock_.Now();
  if (now < renew_) return true;
  lost_ = !Renew(now);
  return !lost_;
}

// Also where it has run out: if nobody has had it since, it is granted under the same number.
bool Lease::Renew(absl::Time now) const {
  const absl::StatusOr<Journal::LeaseAnswer> answer = journal_.TakeLease(name_, time_);
  if (answer.ok()) {
    if (!answer->granted || answer->fence != fence_) return false;
    until_ = now + time_;
    renew_ = now + time_ / 3;
    return true;
  }
  // A journal that is away for a moment takes nothing from us before the time is over.
  renew_ = now + time_ / 10;
  return clock_.Now() < until_;
}

}  // namespace fenfen
