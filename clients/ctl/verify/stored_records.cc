#include "clients/ctl/verify/stored_records.h"

#include "ledger/core/bytes.h"
#include "ledger/core/points.h"

namespace fenfen::ctl {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kReserved = 1;
constexpr uint8_t kCaptured = 2;

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

void SkipDays(ByteReader& in) {
  for (size_t days = in.Count(); days > 0 && !in.failed(); --days) {
    in.Zigzag();
    for (size_t categories = in.Count(); categories > 0 && !in.failed(); --categories) {
      in.U8();
      in.Varint();
      in.Varint();
    }
  }
}

}  // namespace

std::optional<StoredHousehold> ParseHousehold(absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kVersion) return std::nullopt;
  for (int hash = 0; hash < 3; ++hash) in.U64();  // region, card, door
  in.Zigzag();                                    // create_time
  for (size_t members = in.Count(); members > 0 && !in.failed(); --members) in.U64();
  StoredHousehold household;
  household.last_voucher = in.U64();
  household.lots_sum = ReadLots(in);
  SkipDays(in);
  for (size_t codes = in.Count(); codes > 0 && !in.failed(); --codes) {
    in.U64();
    in.Varint();
  }
  if (!in.Finished()) return std::nullopt;
  return household;
}

std::optional<StoredVoucher> ParseVoucher(absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kVersion) return std::nullopt;
  StoredVoucher voucher;
  voucher.household = in.Varint();
  voucher.offer = in.U64();
  voucher.merchant = in.U64();
  const uint64_t price = in.Varint();
  const uint8_t state = in.U8();
  for (int time = 0; time < 3; ++time) in.Zigzag();  // reserved, expires, captured
  in.U64();                                          // operator
  in.U64();                                          // previous
  voucher.lots_sum = ReadLots(in);
  in.Bytes();
  in.Bytes();
  if (!in.Finished() || price > static_cast<uint64_t>(Points::kMax) || (state != kReserved && state != kCaptured)) return std::nullopt;
  voucher.price = static_cast<int64_t>(price);
  voucher.captured = state == kCaptured;
  return voucher;
}

}  // namespace fenfen::ctl
