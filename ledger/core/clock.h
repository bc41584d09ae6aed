// Time, injected. The system clock may jump; order is by sequence number, never by time.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace fenfen {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The system's. Thread-safe.
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

// For tests: stands still until moved. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time now) : micros_(absl::ToUnixMicros(now)) {}
  absl::Time Now() const override { return absl::FromUnixMicros(micros_.load()); }
  void Set(absl::Time now) { micros_.store(absl::ToUnixMicros(now)); }
  void Advance(absl::Duration by) { micros_.fetch_add(absl::ToInt64Microseconds(by)); }

 private:
  std::atomic<int64_t> micros_;
};

// The civil day of an instant, counted from 1970-01-01, in the programme's time zone. Caps, streaks and expiry go by it.
inline int32_t DayNumber(absl::CivilDay day) { return static_cast<int32_t>(day - absl::CivilDay(1970, 1, 1)); }
inline absl::CivilDay CivilDayOf(int32_t number) { return absl::CivilDay(1970, 1, 1) + number; }
// Remembers the last days asked for, in each thread: civil time is slow, and nearly all events are of today.
int32_t DayNumberOf(absl::Time time, absl::TimeZone zone);

}  // namespace fenfen
