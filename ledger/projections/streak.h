// Streak: how many days in a row a household took part, by its events' own days. A day that a freeze keeps joins what lies on its two
// sides and is not counted itself.
//
//   streak.Mark(day);  streak.Keep(other_day);  streak.LengthOn(today)
//
// Invariant: whatever the order in which days within kWindow of the newest arrive, the outcome is the same; for late events come at most
// 30 days late (RuleSet.late_days_max). An older one is ignored. Plain data; not thread-safe.
#pragma once

#include <cstdint>

namespace fenfen {

class Streak {
 public:
  static constexpr int kWindow = 64;  // days

  // An event of this day; again for the same day changes nothing. Days as DayNumber gives them.
  void Mark(int32_t day);
  // A freeze for this day.
  void Keep(int32_t day);

  // The days in a row up to `today`, or up to yesterday where nothing has come today yet: the day is not over.
  uint32_t LengthOn(int32_t today) const;
  // The longest there ever was.
  uint32_t Best() const;
  // Whether there was an event, and whether a freeze; false beyond the window.
  bool IsMarked(int32_t day) const { return Bit(marked_, day); }
  bool IsKept(int32_t day) const { return Bit(kept_, day); }

  // For the stored form.
  struct Stored {
    int32_t newest = 0;
    uint64_t marked = 0;
    uint64_t kept = 0;
    uint32_t before = 0;
    uint32_t best_before = 0;
  };
  Stored stored() const { return {newest_, marked_, kept_, before_, best_before_}; }
  static Streak FromStored(const Stored& stored);

 private:
  // True where the window reaches the day, moved on if need be.
  bool Reach(int32_t day);
  bool Bit(uint64_t bits, int32_t day) const {
    const int64_t age = int64_t{newest_} - day;
    return age >= 0 && age < kWindow && (bits >> age & 1) != 0;
  }

  uint64_t marked_ = 0;       // bit n: newest_ − n
  uint64_t kept_ = 0;         // likewise
  int32_t newest_ = 0;        // the window's last day; there is none while both bitmaps are empty
  uint32_t before_ = 0;       // length of the run that reached the day before the window
  uint32_t best_before_ = 0;  // the longest up to there
};

}  // namespace fenfen
