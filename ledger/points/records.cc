#include "ledger/points/records.h"

#include "ledger/core/bytes.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

// On disk, do not renumber.
constexpr uint8_t kHouseholdFormat = 1;
constexpr uint8_t kVoucherFormat = 1;
// More than most need.
constexpr size_t kUsualHouseholdBytes = 160;

void WriteTime(ByteWriter& w, absl::Time time) { w.Zigzag(absl::ToUnixMicros(time)); }
absl::Time ReadTime(ByteReader& in) { return absl::FromUnixMicros(in.Zigzag()); }

void WriteLots(ByteWriter& w, const std::vector<Lot>& lots) {
  w.Varint(lots.size());
  for (const Lot& lot : lots) {
    w.Zigzag(lot.expires_day);
    w.Varint(static_cast<uint64_t>(lot.amount.hundredths()));
  }
}

Points ReadAmount(ByteReader& in) {
  const uint64_t hundredths = in.Varint();
  if (hundredths > static_cast<uint64_t>(Points::kMax)) in.Fail();
  return in.failed() ? Points(0) : Points(static_cast<int64_t>(hundredths));
}

std::vector<Lot> ReadLots(ByteReader& in) {
  std::vector<Lot> lots;
  const size_t count = in.Count();
  for (size_t n = 0; n < count && !in.failed(); ++n) {
    const auto day = static_cast<int32_t>(in.Zigzag());
    lots.push_back({day, ReadAmount(in)});
  }
  return lots;
}

void WriteDays(ByteWriter& w, const std::vector<DayCount>& days) {
  w.Varint(days.size());
  for (const DayCount& day : days) {
    w.Zigzag(day.day);
    w.Varint(day.categories.size());
    for (const CategoryCount& count : day.categories) {
      w.U8(count.category);
      w.Varint(static_cast<uint64_t>(count.drops));
      w.Varint(static_cast<uint64_t>(count.reward.hundredths()));
    }
  }
}

std::vector<DayCount> ReadDays(ByteReader& in) {
  std::vector<DayCount> days;
  const size_t count = in.Count();
  for (size_t n = 0; n < count && !in.failed(); ++n) {
    DayCount day;
    day.day = static_cast<int32_t>(in.Zigzag());
    const size_t categories = in.Count();
    for (size_t m = 0; m < categories && !in.failed(); ++m) {
      const uint8_t category = in.U8();
      const auto drops = static_cast<int32_t>(in.Varint());
      day.categories.push_back({category, drops, ReadAmount(in)});
    }
    days.push_back(std::move(day));
  }
  return days;
}

}  // namespace

std::string EncodeHousehold(const HouseholdRecord& record) {
  std::string out;
  out.reserve(kUsualHouseholdBytes);
  ByteWriter w(out);
  w.U8(kHouseholdFormat);
  w.U64(record.region.value());
  w.U64(record.card_hash);
  w.U64(record.door_hash);
  WriteTime(w, record.create_time);
  w.Varint(record.members.size());
  for (const uint64_t subject_hash : record.members) w.U64(subject_hash);
  w.U64(record.last_voucher.value());
  WriteLots(w, record.lots);
  WriteDays(w, record.days);
  w.Varint(record.codes.size());
  for (const UsedCode& code : record.codes) {
    w.U64(code.station.value());
    w.Varint(code.step);
  }
  return out;
}

absl::StatusOr<HouseholdRecord> DecodeHousehold(absl::string_view bytes) {
  ByteReader in(bytes);
  HouseholdRecord record;
  if (in.U8() != kHouseholdFormat) in.Fail();
  record.region = CatalogueId(in.U64());
  record.card_hash = in.U64();
  record.door_hash = in.U64();
  record.create_time = ReadTime(in);
  const size_t members = in.Count();
  for (size_t n = 0; n < members && !in.failed(); ++n) record.members.push_back(in.U64());
  record.last_voucher = VoucherId(in.U64());
  record.lots = ReadLots(in);
  record.days = ReadDays(in);
  const size_t codes = in.Count();
  for (size_t n = 0; n < codes && !in.failed(); ++n) {
    const CatalogueId station(in.U64());
    record.codes.push_back({station, in.Varint()});
  }
  if (!in.Finished()) return absl::DataLossError("household record: the stored bytes do not have its form");
  return record;
}

absl::StatusOr<HouseholdNames> DecodeNames(absl::string_view household) {
  ByteReader in(household);
  HouseholdNames names;
  if (in.U8() != kHouseholdFormat) in.Fail();
  in.U64();
  names.card_hash = in.U64();
  names.door_hash = in.U64();
  ReadTime(in);
  const size_t members = in.Count();
  if (members > in.left() / sizeof(uint64_t)) in.Fail();
  names.members.reserve(in.failed() ? 0 : members);
  for (size_t n = 0; n < members && !in.failed(); ++n) names.members.push_back(in.U64());
  if (in.failed()) return absl::DataLossError("household record: the stored bytes do not have its form");
  return names;
}

std::string EncodeVoucher(const VoucherRecord& record) {
  std::string out;
  ByteWriter w(out);
  w.U8(kVoucherFormat);
  w.Varint(record.household.value());
  w.U64(record.offer.value());
  w.U64(record.merchant.value());
  w.Varint(static_cast<uint64_t>(record.price.hundredths()));
  w.U8(static_cast<uint8_t>(record.state));
  WriteTime(w, record.reserve_time);
  WriteTime(w, record.expire_time);
  WriteTime(w, record.capture_time);
  w.U64(record.operator_id.value());
  w.U64(record.previous.value());
  WriteLots(w, record.lots);
  w.Bytes(record.title_zh);
  w.Bytes(record.title_en);
  return out;
}

absl::StatusOr<VoucherRecord> DecodeVoucher(absl::string_view bytes) {
  ByteReader in(bytes);
  VoucherRecord record;
  if (in.U8() != kVoucherFormat) in.Fail();
  record.household = HouseholdId(in.Varint());
  record.offer = CatalogueId(in.U64());
  record.merchant = CatalogueId(in.U64());
  record.price = ReadAmount(in);
  const uint8_t state = in.U8();
  if (state != static_cast<uint8_t>(VoucherState::kReserved) && state != static_cast<uint8_t>(VoucherState::kCaptured)) in.Fail();
  record.state = static_cast<VoucherState>(state);
  record.reserve_time = ReadTime(in);
  record.expire_time = ReadTime(in);
  record.capture_time = ReadTime(in);
  record.operator_id = CatalogueId(in.U64());
  record.previous = VoucherId(in.U64());
  record.lots = ReadLots(in);
  record.title_zh = std::string(in.Bytes());
  record.title_en = std::string(in.Bytes());
  if (!in.Finished()) return absl::DataLossError("voucher record: the stored bytes do not have its form");
  return record;
}

absl::StatusOr<Versioned<HouseholdRecord>> ReadHousehold(const View& view, HouseholdId household) {
  const std::optional<RecordView> found = view.Record(KeyOf(household));
  if (!found) return Refuse(Reason::REASON_HOUSEHOLD_UNKNOWN);
  absl::StatusOr<HouseholdRecord> record = DecodeHousehold(found->bytes);
  if (!record.ok()) return record.status();
  return Versioned<HouseholdRecord>{found->version, *std::move(record)};
}

absl::StatusOr<Versioned<VoucherRecord>> ReadVoucher(const View& view, VoucherId voucher) {
  const std::optional<RecordView> found = view.Record(KeyOf(voucher));
  if (!found) return Refuse(Reason::REASON_VOUCHER_UNKNOWN);
  absl::StatusOr<VoucherRecord> record = DecodeVoucher(found->bytes);
  if (!record.ok()) return record.status();
  return Versioned<VoucherRecord>{found->version, *std::move(record)};
}

}  // namespace fenfen
