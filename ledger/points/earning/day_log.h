// The day log: what a household dropped on the days that are still open, as its record holds it (docs/formats/records.md). Each day is a
// blob with its length, so that a drop reads and writes the days it concerns and copies the others.
//
// A day's credit hangs together with that of the other days of its block: those of its rules' longest cap period whose rules have the same
// one. Blocks are kept and let go of whole. Plain data; functions are pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/core/request_key.h"

namespace fenfen {

// A drop that a rule pays for. What no cap that holds it asks for is left 0.
struct DayEvent {
  uint32_t id = 0;       // EventIdOf its request key
  int32_t minute = 0;    // since 00:00 UTC of the date that is its day's number; may be negative
  uint8_t category = 0;  // a v1::Category
  uint32_t rule = 0;     // place in its day's rule set
  uint32_t caps = 0;     // those of its day's rule set that hold it, a bit each
  uint16_t bonuses = 0;  // those it counts for, a bit each
  uint32_t member = 0;
  uint64_t station = 0;
  int64_t grams = 0;
  int64_t reward = 0;  // hundredths, before any cap
  int64_t civic = 0;

  friend bool operator==(const DayEvent&, const DayEvent&) = default;
};

struct OpenDay {
  int32_t day = 0;
  int64_t reward = 0;  // hundredths that the household was credited for the day; below zero only between a reversal and the next drop
  int64_t civic = 0;
  uint32_t pending = 0;  // drops that wait for a person; while there are any the day is kept
  uint32_t version = 0;  // of the rules that the day is judged by, from its first drop on
  absl::InlinedVector<DayEvent, 4> events;

  friend bool operator==(const OpenDay&, const OpenDay&) = default;
};

// Most rules look at one day alone.
using OpenDays = absl::InlinedVector<OpenDay, 1>;

// What tells a household's events of a day apart.
uint32_t EventIdOf(const RequestKey& key);

// The days from `first` to `last` that the log has, the earliest first. DATA_LOSS where it does not have its form.
absl::StatusOr<OpenDays> ReadDays(absl::string_view log, int32_t first, int32_t last);
// The log with the days from `first` to `last` replaced by `days`, and without the days before `first` for which `let_go` holds.
// `log` has its form, `days` are in order.
std::string ReplaceDays(absl::string_view log, int32_t first, int32_t last, const OpenDays& days,
                        absl::FunctionRef<bool(int32_t day)> let_go);

// What is there without reading events.
struct DayHead {
  int32_t day = 0;
  uint32_t pending = 0;
  uint32_t version = 0;
  uint32_t events = 0;
};
// False where the log does not have its form as far as this looks: days with their lengths, rising.
bool ForEachDay(absl::string_view log, absl::FunctionRef<void(const DayHead&)> visit);

}  // namespace fenfen
