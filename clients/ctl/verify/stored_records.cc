#include "clients/ctl/verify/stored_records.h"

#include "ledger/core/bytes.h"
#include "ledger/core/points.h"

namespace fenfen::ctl {
namespace {

constexpr uint8_t kHouseholdVersion = 4;
constexpr uint8_t kVoucherVersion = 2;

// The sum of n × { expires:day amount:varint }.
int64_t ReadLots(ByteReader& in) {
  int64_t sum = 0;
  int64_t day_before = INT64_MIN;
  for (size_t n = in.Count(); n > 0 && !in.failed(); --n) {
    const int64_t day = in.Zigzag();
    const uint64_t amount = in.Varint();
    if (day <= day_before || amount == 0 || amount > static_cast<uint64_t>(Points::kMax - sum)) in.Fail();
    day_before = day;
    if (!in.failed()) sum += static_cast<int64_t>(amount);
  }
  return sum;
}

// Whether n × { day:day blob:bytes }, the earliest first, is what the page says.
bool AreDays(absl::string_view log) {
  ByteReader in(log);
  int64_t day_before = INT64_MIN;
  while (in.left() > 0) {
    const int64_t day = in.Zigzag();
    ByteReader blob(in.Bytes());
    if (in.failed() || day <= day_before || day < INT32_MIN || day > INT32_MAX) return false;
    day_before = day;
    for (int number = 0; number < 2; ++number) {  // pending, version
      if (blob.Varint() > UINT32_MAX) return false;
    }
    size_t events = blob.Count();
    blob.Zigzag();  // reward
    blob.Zigzag();  // civic
    for (; events > 0 && !blob.failed(); --events) {
      const uint8_t head = blob.U8();
      for (int byte = 0; byte < 4; ++byte) blob.U8();            // id
      blob.Zigzag();                                             // minute
      for (int number = 0; number < 3; ++number) blob.Varint();  // rule, reward, civic
      if ((head & 0x08) != 0) blob.Varint();                     // member
      if ((head & 0x10) != 0) blob.U64();                        // station
      if ((head & 0x20) != 0) blob.Varint();                     // grams
      if ((head & 0x40) != 0) blob.Varint();                     // caps
      if ((head & 0x80) != 0) blob.Varint();                     // bonuses
    }
    if (!blob.Finished()) return false;
  }
  return true;
}

}  // namespace

std::optional<StoredHousehold> ParseHousehold(absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kHouseholdVersion) return std::nullopt;
  in.U64();  // region
  const uint8_t parts = in.U8();
  const auto has = [parts](uint8_t part) { return (parts & part) != 0; };
  for (const uint8_t name : {0x01, 0x02}) {  // card, door
    if (has(name) && in.U64() == 0) in.Fail();
  }
  in.Zigzag();  // create_time
  bool all_adults = true;
  for (size_t members = in.Count(); members > 0 && !in.failed(); --members) {
    in.U64();  // subject
    const uint8_t role = has(0x04) ? in.U8() : uint8_t{0};
    if (role > 4) in.Fail();
    all_adults = all_adults && role == 0;
  }
  if (has(0x04) == all_adults) in.Fail();
  StoredHousehold household;
  if (has(0x08) && (household.last_voucher = in.U64()) == 0) in.Fail();
  household.lots_sum = ReadLots(in);
  const uint64_t debt = has(0x10) ? in.Varint() : 0;
  if (debt > static_cast<uint64_t>(Points::kMax) || has(0x10) != (debt != 0)) in.Fail();
  household.debt = in.failed() ? 0 : static_cast<int64_t>(debt);
  const bool days = AreDays(in.Bytes());
  size_t codes = has(0x20) ? in.Count() : 0;
  if (has(0x20) != (codes != 0)) in.Fail();
  for (; codes > 0 && !in.failed(); --codes) {
    in.U64();
    in.Varint();
  }
  size_t uses = has(0x40) ? in.Count() : 0;
  if (has(0x40) != (uses != 0)) in.Fail();
  for (; uses > 0 && !in.failed(); --uses) {
    in.U64();     // offer
    in.Zigzag();  // day
    in.Varint();  // quantity
  }
  if (has(0x80) && (household.merged_into = in.Varint()) == 0) in.Fail();
  if (!in.Finished() || !days) return std::nullopt;
  return household;
}

std::optional<StoredVoucher> ParseVoucher(absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kVoucherVersion) return std::nullopt;
  StoredVoucher voucher;
  voucher.household = in.Varint();
  voucher.offer = in.U64();
  voucher.merchant = in.U64();
  const uint64_t price = in.Varint();
  in.Varint();  // quantity
  in.Varint();  // the price's version
  const uint8_t state = in.U8();
  for (int time = 0; time < 4; ++time) in.Zigzag();  // reserved, expires, captured, closed
  for (int id = 0; id < 3; ++id) in.U64();           // operator, previous, hold
  in.Varint();                                       // captured in
  in.Varint();                                       // days for a refund
  voucher.lots_sum = ReadLots(in);
  in.Bytes();
  in.Bytes();
  if (!in.Finished() || price > static_cast<uint64_t>(Points::kMax)) return std::nullopt;
  if (state == 0 || state > static_cast<uint8_t>(StoredVoucherState::kVoid)) return std::nullopt;
  voucher.price = static_cast<int64_t>(price);
  voucher.state = static_cast<StoredVoucherState>(state);
  return voucher;
}

}  // namespace fenfen::ctl
