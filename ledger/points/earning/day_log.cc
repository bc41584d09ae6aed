#include "ledger/points/earning/day_log.h"

#include <limits>
#include <memory>

#include "ledger/core/bytes.h"
#include "ledger/core/ids.h"
#include "ledger/core/points.h"

namespace fenfen {
namespace {

// An event's first byte: its category in the low three bits, and what follows. On disk, do not renumber.
constexpr uint8_t kCategoryMask = 0x07;
constexpr uint8_t kHasMember = 0x08;
constexpr uint8_t kHasStation = 0x10;
constexpr uint8_t kHasGrams = 0x20;
constexpr uint8_t kHasCaps = 0x40;
constexpr uint8_t kHasBonuses = 0x80;

// An event's head and id, a station, and eight numbers.
constexpr size_t kEventBytesMax = 1 + sizeof(uint32_t) + sizeof(uint64_t) + 8 * BoundedWriter::kVarintMax;
constexpr size_t kUsualBlobBytes = 1024;  // more than most days may take
constexpr size_t kDayHeadBytesMax = 5 * BoundedWriter::kVarintMax;

// What a day with a drop more takes beyond what is there, nearly always.
constexpr size_t kUsualDayBytes = 48;

void Write(BoundedWriter& w, const DayEvent& event) {
  uint8_t head = event.category & kCategoryMask;
  if (event.member != 0) head |= kHasMember;
  if (event.station != 0) head |= kHasStation;
  if (event.grams != 0) head |= kHasGrams;
  if (event.caps != 0) head |= kHasCaps;
  if (event.bonuses != 0) head |= kHasBonuses;
  w.U8(head);
  w.U32(event.id);
  w.Zigzag(event.minute);
  w.Varint(event.rule);
  w.Varint(static_cast<uint64_t>(event.reward));
  w.Varint(static_cast<uint64_t>(event.civic));
  if (event.member != 0) w.Varint(event.member);
  if (event.station != 0) w.U64(event.station);
  if (event.grams != 0) w.Varint(static_cast<uint64_t>(event.grams));
  if (event.caps != 0) w.Varint(event.caps);
  if (event.bonuses != 0) w.Varint(event.bonuses);
}

// A number that the field holds; the log is read by code that trusts it.
template <typename T>
T ReadNumber(ByteReader& in, uint64_t max) {
  const uint64_t value = in.Varint();
  if (value > max) in.Fail();
  return in.failed() ? T{0} : static_cast<T>(value);
}

void ReadEvent(ByteReader& in, DayEvent& event) {
  constexpr auto kAmountMax = static_cast<uint64_t>(Points::kMax);
  constexpr uint64_t kU32Max = std::numeric_limits<uint32_t>::max();
  constexpr int64_t kMinuteMax = 1 << 14;
  const uint8_t head = in.U8();
  event.category = head & kCategoryMask;
  event.id = in.U32();
  const int64_t minute = in.Zigzag();
  if (minute < -kMinuteMax || minute > kMinuteMax) in.Fail();
  event.minute = static_cast<int32_t>(minute);
  event.rule = ReadNumber<uint32_t>(in, kU32Max);
  event.reward = ReadNumber<int64_t>(in, kAmountMax);
  event.civic = ReadNumber<int64_t>(in, kAmountMax);
  if ((head & kHasMember) != 0) event.member = ReadNumber<uint32_t>(in, kU32Max);
  if ((head & kHasStation) != 0) event.station = in.U64();
  if ((head & kHasGrams) != 0) event.grams = ReadNumber<int64_t>(in, kAmountMax);
  if ((head & kHasCaps) != 0) event.caps = ReadNumber<uint32_t>(in, kU32Max);
  if ((head & kHasBonuses) != 0) event.bonuses = ReadNumber<uint16_t>(in, std::numeric_limits<uint16_t>::max());
}

int32_t ReadDayNumber(ByteReader& in) {
  const int64_t day = in.Zigzag();
  if (day < std::numeric_limits<int32_t>::min() || day > std::numeric_limits<int32_t>::max()) in.Fail();
  return static_cast<int32_t>(day);
}

absl::Status BadForm() { return absl::DataLossError("household record: its days do not have their form"); }

// Reads into a fresh day; false where the blob does not have its form.
bool ReadDay(absl::string_view blob, OpenDay& day) {
  ByteReader in(blob);
  day.pending = ReadNumber<uint32_t>(in, std::numeric_limits<uint32_t>::max());
  day.version = ReadNumber<uint32_t>(in, std::numeric_limits<uint32_t>::max());
  const size_t events = in.Count();
  day.reward = in.Zigzag();
  day.civic = in.Zigzag();
  if (day.reward > Points::kMax || day.reward < -Points::kMax || day.civic > Points::kMax || day.civic < -Points::kMax) in.Fail();
  for (size_t n = 0; n < events && !in.failed(); ++n) ReadEvent(in, day.events.emplace_back());
  return in.Finished();
}

size_t BytesMax(const OpenDay& day) { return kDayHeadBytesMax + day.events.size() * kEventBytesMax; }

void Write(std::string& out, const OpenDay& day) {
  char usual[kUsualBlobBytes];
  const size_t bound = BytesMax(day);
  const std::unique_ptr<char[]> large(bound > sizeof usual ? new char[bound] : nullptr);
  BoundedWriter blob(large ? large.get() : usual, bound);
  blob.Varint(day.pending);
  blob.Varint(day.version);
  blob.Varint(day.events.size());
  blob.Zigzag(day.reward);
  blob.Zigzag(day.civic);
  for (const DayEvent& event : day.events) Write(blob, event);
  ByteWriter w(out);
  w.Zigzag(day.day);
  w.Bytes(blob.written());
}

}  // namespace

uint32_t EventIdOf(const RequestKey& key) { return static_cast<uint32_t>(MixBits(key.high ^ MixBits(key.low))); }

absl::StatusOr<OpenDays> ReadDays(absl::string_view log, int32_t first, int32_t last) {
  absl::StatusOr<OpenDays> days(absl::in_place);  // a day is large to move
  ByteReader in(log);
  while (in.left() > 0) {
    const int32_t day = ReadDayNumber(in);
    const absl::string_view blob = in.Bytes();
    if (in.failed()) return BadForm();
    if (day < first || day > last) continue;
    OpenDay& open = days->emplace_back();
    open.day = day;
    if (!ReadDay(blob, open)) return BadForm();
  }
  return days;
}

std::string ReplaceDays(absl::string_view log, int32_t first, int32_t last, const OpenDays& days,
                        absl::FunctionRef<bool(int32_t day)> let_go) {
  std::string out;
  out.reserve(log.size() + kUsualDayBytes);
  bool written = false;
  const auto write_days = [&] {
    for (const OpenDay& day : days) Write(out, day);
    written = true;
  };
  ByteReader in(log);
  while (in.left() > 0) {
    const absl::string_view rest = log.substr(log.size() - in.left());
    const int32_t day = ReadDayNumber(in);
    in.Bytes();
    if (in.failed()) break;
    if (day >= first && !written) write_days();
    if ((day >= first && day <= last) || (day < first && let_go(day))) continue;
    out.append(rest.data(), rest.size() - in.left());
  }
  if (!written) write_days();
  return out;
}

bool ForEachDay(absl::string_view log, absl::FunctionRef<void(const DayHead&)> visit) {
  ByteReader in(log);
  int64_t before = std::numeric_limits<int64_t>::min();
  while (in.left() > 0) {
    DayHead head;
    head.day = ReadDayNumber(in);
    ByteReader blob(in.Bytes());
    head.pending = ReadNumber<uint32_t>(blob, std::numeric_limits<uint32_t>::max());
    head.version = ReadNumber<uint32_t>(blob, std::numeric_limits<uint32_t>::max());
    head.events = static_cast<uint32_t>(blob.Count());
    if (in.failed() || blob.failed() || head.day <= before) return false;
    before = head.day;
    visit(head);
  }
  return !in.failed();
}

}  // namespace fenfen
