#include "ledger/core/clock.h"

#include <array>

namespace fenfen {
namespace {

// A civil day as a stretch of time: 23 to 25 hours, where a zone changes its offset.
struct DaySpan {
  absl::TimeZone zone;
  absl::Time begin = absl::InfiniteFuture();
  absl::Time end = absl::InfinitePast();
  int32_t day = 0;
};

}  // namespace

int32_t DayNumberOf(absl::Time time, absl::TimeZone zone) {
  thread_local std::array<DaySpan, 4> spans;
  thread_local size_t oldest = 0;
  for (const DaySpan& span : spans) {
    if (span.begin <= time && time < span.end && span.zone == zone) return span.day;
  }
  const absl::CivilDay day = absl::ToCivilDay(time, zone);
  // Where a midnight is skipped or comes twice the day is no plain stretch, so it is not remembered.
  const absl::TimeZone::TimeInfo begin = zone.At(absl::CivilSecond(day));
  const absl::TimeZone::TimeInfo end = zone.At(absl::CivilSecond(day + 1));
  if (begin.kind == absl::TimeZone::TimeInfo::UNIQUE && end.kind == absl::TimeZone::TimeInfo::UNIQUE) {
    spans[oldest] = {zone, begin.pre, end.pre, DayNumber(day)};
    oldest = (oldest + 1) % spans.size();
  }
  return DayNumber(day);
}

}  // namespace fenfen
