// History: what a household did, as far as boards ask for it: each event of the last kDays days, and sums by month of what is older. Kept
// packed, some 10 bytes an event, so that hundreds of thousands of households cost little.
//
//   history.Add({.seq = …, .at_ms = …, .civic = 100, .day = …, .counted = true});
//   Score score = history.ScoreOf({first_day, last_day});
//
// Invariant: the sum of a period is exact for any period that lies within the last kDays days, and for any that is made of whole months of
// the last kMonths, in whatever order late events came. Days count back from the newest event's. Plain data; not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "ledger/core/bytes.h"
#include "ledger/core/prefetch.h"

namespace fenfen {

// Days, both included, as DayNumber gives them.
struct DaySpan {
  int32_t first = 0;
  int32_t last = 0;

  bool Contains(int32_t day) const { return day >= first && day <= last; }
  friend bool operator==(const DaySpan&, const DaySpan&) = default;
};

// What a household came to in a period. Each measure has the record time at which it got where it is, which decides ties.
struct Score {
  int64_t civic = 0;       // hundredths
  uint32_t drops = 0;      // that were credited
  uint32_t days = 0;       // with at least one of them
  uint32_t inspected = 0;  // that somebody looked at
  uint32_t correct = 0;    // of these
  int64_t civic_ms = 0;    // record time, milliseconds since 1970
  int64_t drops_ms = 0;
  int64_t days_ms = 0;
  int64_t inspected_ms = 0;

  void Add(const Score& other);
  friend bool operator==(const Score&, const Score&) = default;
};

class History {
 public:
  static constexpr int kDays = 45;           // a month, and two weeks in which its board is closed
  static constexpr int kMonths = 5;          // a season of three, and the same two weeks
  static constexpr size_t kBytesMax = 8192;  // some 600 events; where kDays days have more, the older days are kept as months alone

  enum class Inspection : uint8_t { kNone = 0, kCorrect = 1, kWrong = 2 };
  struct Event {
    uint64_t seq = 0;      // of the household's entry
    int64_t at_ms = 0;     // record time
    int64_t civic = 0;     // hundredths, signed
    int32_t day = 0;       // its own
    int64_t grams = 0;     // of a drop that counts, weighed
    uint8_t category = 0;  // a v1::Category, below 16; 0 where it is none's
    bool counted = false;  // as a drop
    Inspection inspection = Inspection::kNone;

    friend bool operator==(const Event&, const Event&) = default;
  };

  // Of one household, in the order of `seq`.
  void Add(const Event& event);

  // What lies in the period; `since_team`: of that, what came after BeginTeam.
  Score ScoreOf(DaySpan period, bool since_team = false) const;
  // The events that are kept, in the order in which they came.
  void Visit(absl::FunctionRef<void(const Event&)> visit) const;

  // The entry up to which its events are not its present team's; 0 while it was in none.
  uint64_t team_since() const { return team_since_; }
  // The household is in another team from its entry `seq` on, the last one so far.
  void BeginTeam(uint64_t seq);

  // history := since:varint newest:zigzag packed:bytes. Load marks `in` as failed where that is not its form.
  void Save(ByteWriter& out) const;
  static History Load(ByteReader& in);

  // Bytes of memory beside the object itself.
  size_t memory() const { return capacity_; }
  // Lets the bytes that Add will write come near.
  void Prefetch() const {
    if (size_ != 0) PrefetchForWrite(bytes_.get() + size_);
  }

 private:
  // What is older than the events, by month: year × 12 + month − 1.
  struct Sum {
    int32_t month = 0;
    bool in_team = false;  // of what came after BeginTeam alone
    Score score;
  };
  struct Parts {
    std::vector<Sum> sums;
    std::vector<Event> events;
  };
  template <typename OnSum, typename OnEvent>
  static bool Walk(absl::string_view packed, OnSum on_sum, OnEvent on_event);
  absl::string_view packed() const { return {bytes_.get(), size_}; }
  Parts Read() const;
  void Write(const Parts& parts);
  void Append(absl::string_view encoded);
  void Trim();
  void Fold(Parts& parts, int32_t first_kept_day) const;

  std::unique_ptr<char[]> bytes_;  // packed: n × sum, then events to the end
  uint16_t size_ = 0;
  uint16_t capacity_ = 0;
  int32_t newest_day_ = 0;
  int32_t oldest_day_ = 0;  // of the events, or earlier
  int32_t last_day_ = 0;    // the last event's, which the next one is packed as a difference to
  uint64_t last_seq_ = 0;
  int64_t last_ms_ = 0;
  uint64_t team_since_ = 0;
};

}  // namespace fenfen
