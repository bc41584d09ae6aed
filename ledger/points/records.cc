#include "ledger/points/records.h"

#include "ledger/core/bytes.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/earning/day_log.h"

namespace fenfen {
namespace {

// On disk, do not renumber.
constexpr uint8_t kHouseholdFormat = 3;
constexpr uint8_t kVoucherFormat = 2;
constexpr size_t kMemberBytes = sizeof(uint64_t) + sizeof(MemberRole);

void WriteTime(ByteWriter& w, absl::Time time) { w.Zigzag(absl::ToUnixMicros(time)); }
absl::Time ReadTime(ByteReader& in) { return absl::FromUnixMicros(in.Zigzag()); }

Member ReadMember(ByteReader& in) {
  const uint64_t subject_hash = in.U64();
  const uint8_t role = in.U8();
  if (role > static_cast<uint8_t>(MemberRole::kLeft)) in.Fail();
  return {subject_hash, static_cast<MemberRole>(role)};
}

template <typename Writer>
void WriteLots(Writer& w, const std::vector<Lot>& lots) {
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

// How many bytes a household's record takes at most.
size_t EncodedBytesMax(const HouseholdRecord& record) {
  constexpr size_t kVarint = BoundedWriter::kVarintMax;
  constexpr size_t kHead = 1 + 4 * sizeof(uint64_t) + 8 * kVarint;
  constexpr size_t kLot = 2 * kVarint;
  constexpr size_t kCode = sizeof(uint64_t) + kVarint;
  constexpr size_t kUse = sizeof(uint64_t) + 2 * kVarint;
  return kHead + record.members.size() * kMemberBytes + record.lots.size() * kLot + record.days.size() + record.codes.size() * kCode +
         record.uses.size() * kUse;
}

}  // namespace

std::string EncodeHousehold(const HouseholdRecord& record) {
  std::string out;
  BoundedWriter w(out, EncodedBytesMax(record));
  w.U8(kHouseholdFormat);
  w.U64(record.region.value());
  w.U64(record.card_hash);
  w.U64(record.door_hash);
  w.Zigzag(absl::ToUnixMicros(record.create_time));
  w.Varint(record.members.size());
  for (const Member& member : record.members) {
    w.U64(member.subject_hash);
    w.U8(static_cast<uint8_t>(member.role));
  }
  w.U64(record.last_voucher.value());
  WriteLots(w, record.lots);
  w.Varint(static_cast<uint64_t>(record.debt.hundredths()));
  w.Bytes(record.days);
  w.Varint(record.codes.size());
  for (const UsedCode& code : record.codes) {
    w.U64(code.station.value());
    w.Varint(code.step);
  }
  w.Varint(record.uses.size());
  for (const OfferUse& use : record.uses) {
    w.U64(use.offer.value());
    w.Zigzag(use.day);
    w.Varint(static_cast<uint64_t>(use.quantity));
  }
  // Last and only where there is one, since there nearly never is.
  if (record.merged_into != HouseholdId(0)) w.Varint(record.merged_into.value());
  out.resize(w.written().size());
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
  for (size_t n = 0; n < members && !in.failed(); ++n) record.members.push_back(ReadMember(in));
  record.last_voucher = VoucherId(in.U64());
  record.lots = ReadLots(in);
  record.debt = ReadAmount(in);
  record.days = std::string(in.Bytes());
  if (!ForEachDay(record.days, [](const DayHead&) {})) in.Fail();
  const size_t codes = in.Count();
  for (size_t n = 0; n < codes && !in.failed(); ++n) {
    const CatalogueId station(in.U64());
    record.codes.push_back({station, in.Varint()});
  }
  const size_t uses = in.Count();
  for (size_t n = 0; n < uses && !in.failed(); ++n) {
    const CatalogueId offer(in.U64());
    const auto day = static_cast<int32_t>(in.Zigzag());
    record.uses.push_back({offer, day, static_cast<int64_t>(in.Varint())});
  }
  if (!in.failed() && in.left() > 0) {
    record.merged_into = HouseholdId(in.Varint());
    if (record.merged_into == HouseholdId(0)) in.Fail();
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
  if (members > in.left() / kMemberBytes) in.Fail();
  names.members.reserve(in.failed() ? 0 : members);
  for (size_t n = 0; n < members && !in.failed(); ++n) {
    const Member member = ReadMember(in);
    names.members.push_back(member.subject_hash);
    if (member.role == MemberRole::kLeft) names.left.push_back(static_cast<uint32_t>(n + 1));
  }
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
  w.Varint(static_cast<uint64_t>(record.quantity));
  w.Varint(static_cast<uint64_t>(record.price_version));
  w.U8(static_cast<uint8_t>(record.state));
  WriteTime(w, record.reserve_time);
  WriteTime(w, record.expire_time);
  WriteTime(w, record.capture_time);
  WriteTime(w, record.close_time);
  w.U64(record.operator_id.value());
  w.U64(record.previous.value());
  w.U64(record.hold);
  w.Varint(record.captured_in.value());
  w.Varint(static_cast<uint64_t>(record.refund_days));
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
  record.quantity = static_cast<int64_t>(in.Varint());
  record.price_version = static_cast<int64_t>(in.Varint());
  const uint8_t state = in.U8();
  if (state == 0 || state > static_cast<uint8_t>(kLastVoucherState)) in.Fail();
  record.state = static_cast<VoucherState>(state);
  record.reserve_time = ReadTime(in);
  record.expire_time = ReadTime(in);
  record.capture_time = ReadTime(in);
  record.close_time = ReadTime(in);
  record.operator_id = CatalogueId(in.U64());
  record.previous = VoucherId(in.U64());
  record.hold = in.U64();
  record.captured_in = PartitionSeq(in.Varint());
  record.refund_days = static_cast<int64_t>(in.Varint());
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
