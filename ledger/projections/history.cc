#include "ledger/projections/history.h"

#include <algorithm>
#include <bitset>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "ledger/core/check.h"
#include "ledger/core/clock.h"

namespace fenfen {
namespace {

// On disk, in projections' memos: do not renumber.
constexpr uint8_t kCategoryMask = 0x0f;
constexpr uint8_t kCountedBit = 0x10;
constexpr int kInspectionShift = 5;
constexpr uint8_t kInspectionMask = 0x03;
constexpr uint8_t kGramsBit = 0x80;  // its grams follow
// Of an event: its head and five numbers.
constexpr size_t kEventBytesMax = 1 + 5 * BoundedWriter::kVarintMax;
constexpr size_t kGrowBytes = 16;  // an event, nearly; and the allocator's steps
// Trimming is worth a walk through all of it once there is a week to trim.
constexpr int kTrimDays = 7;

int32_t MonthOf(int32_t day) {
  const absl::CivilDay civil = CivilDayOf(day);
  return static_cast<int32_t>(civil.year() * 12 + civil.month() - 1);
}
DaySpan DaysOfMonth(int32_t month) {
  const absl::CivilMonth civil(month / 12, month % 12 + 1);
  return {DayNumber(absl::CivilDay(civil)), DayNumber(absl::CivilDay(civil + 1)) - 1};
}

// Sums up events, one after another. Days are told apart as far as the longest season reaches.
class Counter {
 public:
  explicit Counter(DaySpan period) : period_(period) {}

  void Add(const History::Event& event) {
    if (event.civic != 0) {
      score.civic += event.civic;
      score.civic_ms = std::max(score.civic_ms, event.at_ms);
    }
    if (event.counted) {
      ++score.drops;
      score.drops_ms = std::max(score.drops_ms, event.at_ms);
      const size_t day = static_cast<size_t>(event.day - period_.first);
      if (day < seen_.size() && !seen_[day]) {
        seen_.set(day);
        ++score.days;
        score.days_ms = std::max(score.days_ms, event.at_ms);
      }
    }
    if (event.inspection != History::Inspection::kNone) {
      ++score.inspected;
      if (event.inspection == History::Inspection::kCorrect) ++score.correct;
      score.inspected_ms = std::max(score.inspected_ms, event.at_ms);
    }
  }

  Score score;

 private:
  const DaySpan period_;
  std::bitset<128> seen_;
};

void WriteScore(ByteWriter& w, const Score& score) {
  w.Zigzag(score.civic);
  w.Varint(score.drops);
  w.Varint(score.days);
  w.Varint(score.inspected);
  w.Varint(score.correct);
  w.Zigzag(score.drops_ms);
  w.Zigzag(score.drops_ms - score.civic_ms);
  w.Zigzag(score.drops_ms - score.days_ms);
  if (score.inspected != 0) w.Zigzag(score.drops_ms - score.inspected_ms);
}
Score ReadScore(ByteReader& in) {
  Score score;
  score.civic = in.Zigzag();
  score.drops = static_cast<uint32_t>(in.Varint());
  score.days = static_cast<uint32_t>(in.Varint());
  score.inspected = static_cast<uint32_t>(in.Varint());
  score.correct = static_cast<uint32_t>(in.Varint());
  score.drops_ms = in.Zigzag();
  score.civic_ms = score.drops_ms - in.Zigzag();
  score.days_ms = score.drops_ms - in.Zigzag();
  if (score.inspected != 0) score.inspected_ms = score.drops_ms - in.Zigzag();
  return score;
}

// Events are packed as differences to the one before.
struct Last {
  int32_t day = 0;
  uint64_t seq = 0;
  int64_t ms = 0;
};
template <typename Writer>
void WriteEvent(Writer& w, const History::Event& event, Last& last) {
  w.U8(static_cast<uint8_t>((event.category & kCategoryMask) | (event.counted ? kCountedBit : 0) | (event.grams > 0 ? kGramsBit : 0) |
                            static_cast<uint8_t>(event.inspection) << kInspectionShift));
  w.Zigzag(int64_t{event.day} - last.day);
  w.Zigzag(event.civic);
  w.Zigzag(event.at_ms - last.ms);
  w.Varint(event.seq - last.seq);
  if (event.grams > 0) w.Varint(static_cast<uint64_t>(event.grams));
  last = {event.day, event.seq, event.at_ms};
}
History::Event ReadEvent(ByteReader& in, Last& last) {
  History::Event event;
  const uint8_t head = in.U8();
  event.category = head & kCategoryMask;
  event.counted = (head & kCountedBit) != 0;
  const int inspection = head >> kInspectionShift & kInspectionMask;
  if (inspection > static_cast<int>(History::Inspection::kWrong)) in.Fail();
  event.inspection = static_cast<History::Inspection>(inspection);
  event.day = static_cast<int32_t>(last.day + in.Zigzag());
  event.civic = in.Zigzag();
  event.at_ms = last.ms + in.Zigzag();
  event.seq = last.seq + in.Varint();
  if ((head & kGramsBit) != 0) event.grams = static_cast<int64_t>(in.Varint());
  last = {event.day, event.seq, event.at_ms};
  return event;
}

}  // namespace

void Score::Add(const Score& other) {
  civic += other.civic;
  drops += other.drops;
  days += other.days;
  inspected += other.inspected;
  correct += other.correct;
  civic_ms = std::max(civic_ms, other.civic_ms);
  drops_ms = std::max(drops_ms, other.drops_ms);
  days_ms = std::max(days_ms, other.days_ms);
  inspected_ms = std::max(inspected_ms, other.inspected_ms);
}

void History::Add(const Event& event) {
  if (size_ == 0) newest_day_ = oldest_day_ = event.day;
  newest_day_ = std::max(newest_day_, event.day);
  oldest_day_ = std::min(oldest_day_, event.day);
  Last last{last_day_, last_seq_, last_ms_};
  char raw[1 + kEventBytesMax];
  const auto pack = [&] {
    BoundedWriter w(raw, sizeof raw);
    if (size_ == 0) w.Varint(0);  // no sums
    WriteEvent(w, event, last);
    return w.written();
  };
  absl::string_view packed = pack();
  if (size_ + packed.size() > capacity_ && (oldest_day_ <= newest_day_ - kDays - kTrimDays || size_ + packed.size() > kBytesMax)) {
    Trim();
    last = {last_day_, last_seq_, last_ms_};
    packed = pack();
  }
  Append(packed);
  last_day_ = last.day;
  last_seq_ = last.seq;
  last_ms_ = last.ms;
}

void History::Append(absl::string_view encoded) {
  const size_t size = size_ + encoded.size();
  if (size > capacity_) {
    const size_t capacity = (size + size / 4 + kGrowBytes - 1) / kGrowBytes * kGrowBytes;
    FENFEN_CHECK(capacity <= std::numeric_limits<uint16_t>::max());  // Trim leaves room enough
    std::unique_ptr<char[]> grown(new char[capacity]);
    if (size_ != 0) std::memcpy(grown.get(), bytes_.get(), size_);
    bytes_ = std::move(grown);
    capacity_ = static_cast<uint16_t>(capacity);
  }
  std::memcpy(bytes_.get() + size_, encoded.data(), encoded.size());
  size_ = static_cast<uint16_t>(size);
}

// Shows sums and events in their order; false where `packed` does not have its form.
template <typename OnSum, typename OnEvent>
bool History::Walk(absl::string_view packed, OnSum on_sum, OnEvent on_event) {
  ByteReader in(packed);
  if (packed.empty()) return true;
  for (size_t left = in.Count(); left > 0 && !in.failed(); --left) {
    const auto month = static_cast<int32_t>(in.Varint());
    const bool in_team = in.U8() != 0;
    on_sum(Sum{month, in_team, ReadScore(in)});
  }
  Last last;
  while (!in.failed() && in.left() != 0) on_event(ReadEvent(in, last));
  return in.Finished();
}

History::Parts History::Read() const {
  Parts parts;
  FENFEN_CHECK(Walk(
      packed(), [&](const Sum& sum) { parts.sums.push_back(sum); }, [&](const Event& event) { parts.events.push_back(event); }));
  return parts;
}

void History::Write(const Parts& parts) {
  std::string packed;
  ByteWriter w(packed);
  w.Varint(parts.sums.size());
  for (const Sum& sum : parts.sums) {
    w.Varint(static_cast<uint64_t>(sum.month));
    w.U8(sum.in_team ? 1 : 0);
    WriteScore(w, sum.score);
  }
  Last last;
  oldest_day_ = newest_day_;
  for (const Event& event : parts.events) {
    WriteEvent(w, event, last);
    oldest_day_ = std::min(oldest_day_, event.day);
  }
  last_day_ = last.day;
  last_seq_ = last.seq;
  last_ms_ = last.ms;
  size_ = capacity_ = 0;
  bytes_.reset();
  Append(packed);
}

// Sums up the events of days before `first_kept_day`, and lets go of sums that nobody asks for any more.
void History::Fold(Parts& parts, int32_t first_kept_day) const {
  for (const bool in_team : {false, true}) {
    std::vector<int32_t> months;
    if (in_team && team_since_ == 0) continue;
    const auto is_folded = [&](const Event& event) { return event.day < first_kept_day && (!in_team || event.seq > team_since_); };
    for (const Event& event : parts.events) {
      if (is_folded(event)) months.push_back(MonthOf(event.day));
    }
    std::sort(months.begin(), months.end());
    months.erase(std::unique(months.begin(), months.end()), months.end());
    for (const int32_t month : months) {
      const DaySpan days = DaysOfMonth(month);
      Counter counter(days);
      for (const Event& event : parts.events) {
        if (is_folded(event) && days.Contains(event.day)) counter.Add(event);
      }
      const auto same = [&](const Sum& sum) { return sum.month == month && sum.in_team == in_team; };
      auto at = std::find_if(parts.sums.begin(), parts.sums.end(), same);
      if (at == parts.sums.end()) at = parts.sums.insert(at, {month, in_team, {}});
      at->score.Add(counter.score);
    }
  }
  const auto is_old = [&](const Event& event) { return event.day < first_kept_day; };
  parts.events.erase(std::remove_if(parts.events.begin(), parts.events.end(), is_old), parts.events.end());
  const int32_t oldest_month = MonthOf(newest_day_) - kMonths + 1;
  const auto is_gone = [&](const Sum& sum) { return sum.month < oldest_month; };
  parts.sums.erase(std::remove_if(parts.sums.begin(), parts.sums.end(), is_gone), parts.sums.end());
}

// What is older than kDays; and where that leaves too much, all but the newest day, and then that too.
void History::Trim() {
  Parts parts = Read();
  for (const int32_t first_kept : {newest_day_ - kDays + 1, newest_day_, newest_day_ + 1}) {
    Fold(parts, first_kept);
    Write(parts);
    if (size_ <= kBytesMax / 2) return;
  }
}

void History::Visit(absl::FunctionRef<void(const Event&)> visit) const {
  FENFEN_CHECK(Walk(
      packed(), [](const Sum&) {}, visit));
}

Score History::ScoreOf(DaySpan period, bool since_team) const {
  if (size_ == 0) return {};
  since_team = since_team && team_since_ != 0;
  Score sums;
  Counter counter(period);
  const auto add_sum = [&](const Sum& sum) {
    const DaySpan days = DaysOfMonth(sum.month);
    if (period.Contains(days.first) && period.Contains(days.last) && sum.in_team == since_team) sums.Add(sum.score);
  };
  FENFEN_CHECK(Walk(packed(), add_sum, [&](const Event& event) {
    if (period.Contains(event.day) && (!since_team || event.seq > team_since_)) counter.Add(event);
  }));
  // A day is either summed or kept, so it is not counted twice.
  counter.score.Add(sums);
  return counter.score;
}

void History::BeginTeam(uint64_t seq) {
  team_since_ = seq;
  if (size_ == 0) return;
  Parts parts = Read();
  const auto is_teams = [](const Sum& sum) { return sum.in_team; };
  parts.sums.erase(std::remove_if(parts.sums.begin(), parts.sums.end(), is_teams), parts.sums.end());
  Write(parts);
}

void History::Save(ByteWriter& out) const {
  out.Varint(team_since_);
  out.Zigzag(newest_day_);
  out.Bytes(packed());
}

History History::Load(ByteReader& in) {
  History history;
  history.team_since_ = in.Varint();
  history.newest_day_ = static_cast<int32_t>(in.Zigzag());
  const absl::string_view packed = in.Bytes();
  if (packed.empty()) return history;
  history.oldest_day_ = history.newest_day_;
  Event last;
  const auto note = [&](const Event& event) {
    history.oldest_day_ = std::min(history.oldest_day_, event.day);
    last = event;
  };
  if (packed.size() > std::numeric_limits<uint16_t>::max() / 2 || !Walk(
                                                                      packed, [](const Sum&) {}, note)) {
    in.Fail();
    return {};
  }
  history.last_day_ = last.day;
  history.last_seq_ = last.seq;
  history.last_ms_ = last.at_ms;
  history.Append(packed);
  return history;
}

}  // namespace fenfen
