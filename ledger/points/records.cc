#include "ledger/points/records.h"

#include <algorithm>
#include <utility>

#include "ledger/core/bytes.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/earning/day_log.h"

namespace fenfen {
namespace {

// On disk, do not renumber.
constexpr uint8_t kHouseholdFormat = 4;
constexpr uint8_t kVoucherFormat = 2;
constexpr size_t kMemberBytes = sizeof(uint64_t) + sizeof(MemberRole);
constexpr size_t kLotBytesMin = 2;

// What a household's record has beside what all have: most have little of it. On disk, do not renumber.
constexpr uint8_t kHasCard = 0x01;
constexpr uint8_t kHasDoor = 0x02;
constexpr uint8_t kHasRoles = 0x04;  // not all its members are adults
constexpr uint8_t kHasVoucher = 0x08;
constexpr uint8_t kHasDebt = 0x10;
constexpr uint8_t kHasCodes = 0x20;
constexpr uint8_t kHasUses = 0x40;
constexpr uint8_t kIsMerged = 0x80;

void WriteTime(ByteWriter& w, absl::Time time) { w.Zigzag(absl::ToUnixMicros(time)); }
absl::Time ReadTime(ByteReader& in) { return absl::FromUnixMicros(in.Zigzag()); }

uint8_t PartsOf(const HouseholdRecord& record) {
  uint8_t parts = 0;
  if (record.card_hash != 0) parts |= kHasCard;
  if (record.door_hash != 0) parts |= kHasDoor;
  for (const Member& member : record.members) {
    if (member.role != MemberRole::kAdult) parts |= kHasRoles;
  }
  if (record.last_voucher != VoucherId(0)) parts |= kHasVoucher;
  if (record.debt != Points(0)) parts |= kHasDebt;
  if (!record.codes.empty()) parts |= kHasCodes;
  if (!record.uses.empty()) parts |= kHasUses;
  if (record.merged_into != HouseholdId(0)) parts |= kIsMerged;
  return parts;
}

// What is said to be there is not zero: one record, one form.
template <typename T>
T NotZero(ByteReader& in, T value) {
  if (value == T{}) in.Fail();
  return value;
}

// The head of a household's record, up to its members.
struct HouseholdHead {
  uint8_t parts = 0;
  CatalogueId region;
  uint64_t card_hash = 0;
  uint64_t door_hash = 0;
  absl::Time create_time;
  size_t members = 0;
};
HouseholdHead ReadHead(ByteReader& in) {
  HouseholdHead head;
  if (in.U8() != kHouseholdFormat) in.Fail();
  head.region = CatalogueId(in.U64());
  head.parts = in.U8();
  if ((head.parts & kHasCard) != 0) head.card_hash = NotZero(in, in.U64());
  if ((head.parts & kHasDoor) != 0) head.door_hash = NotZero(in, in.U64());
  head.create_time = ReadTime(in);
  head.members = in.Count();
  return head;
}

// Shows `visit` each member; fails where a role is none, or all are those that need not be said.
template <typename Visit>
void ReadMembers(ByteReader& in, const HouseholdHead& head, Visit visit) {
  const bool has_roles = (head.parts & kHasRoles) != 0;
  bool needs_roles = false;
  for (size_t n = 0; n < head.members && !in.failed(); ++n) {
    const uint64_t subject_hash = in.U64();
    const uint8_t role = has_roles ? in.U8() : uint8_t{0};
    if (role > static_cast<uint8_t>(MemberRole::kLeft)) in.Fail();
    needs_roles = needs_roles || role != static_cast<uint8_t>(MemberRole::kAdult);
    visit(Member{subject_hash, static_cast<MemberRole>(role)});
  }
  if (has_roles != needs_roles) in.Fail();
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
  lots.reserve(std::min(count, in.left() / kLotBytesMin));
  for (size_t n = 0; n < count && !in.failed(); ++n) {
    const auto day = static_cast<int32_t>(in.Zigzag());
    lots.push_back({day, ReadAmount(in)});
  }
  return lots;
}

// How many bytes a household's record takes at most.
size_t EncodedBytesMax(const HouseholdRecord& record) {
  constexpr size_t kVarint = BoundedWriter::kVarintMax;
  constexpr size_t kHead = 2 + 4 * sizeof(uint64_t) + 8 * kVarint;
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
  const uint8_t parts = PartsOf(record);
  w.U8(kHouseholdFormat);
  w.U64(record.region.value());
  w.U8(parts);
  if ((parts & kHasCard) != 0) w.U64(record.card_hash);
  if ((parts & kHasDoor) != 0) w.U64(record.door_hash);
  w.Zigzag(absl::ToUnixMicros(record.create_time));
  w.Varint(record.members.size());
  for (const Member& member : record.members) {
    w.U64(member.subject_hash);
    if ((parts & kHasRoles) != 0) w.U8(static_cast<uint8_t>(member.role));
  }
  if ((parts & kHasVoucher) != 0) w.U64(record.last_voucher.value());
  WriteLots(w, record.lots);
  if ((parts & kHasDebt) != 0) w.Varint(static_cast<uint64_t>(record.debt.hundredths()));
  w.Bytes(record.days);
  if ((parts & kHasCodes) != 0) {
    w.Varint(record.codes.size());
    for (const UsedCode& code : record.codes) {
      w.U64(code.station.value());
      w.Varint(code.step);
    }
  }
  if ((parts & kHasUses) != 0) {
    w.Varint(record.uses.size());
    for (const OfferUse& use : record.uses) {
      w.U64(use.offer.value());
      w.Zigzag(use.day);
      w.Varint(static_cast<uint64_t>(use.quantity));
    }
  }
  if ((parts & kIsMerged) != 0) w.Varint(record.merged_into.value());
  out.resize(w.written().size());
  return out;
}

namespace {

// Into a fresh record, where it is to stay: it is large to move.
absl::Status DecodeInto(absl::string_view bytes, HouseholdRecord& record) {
  ByteReader in(bytes);
  const HouseholdHead head = ReadHead(in);
  record.region = head.region;
  record.card_hash = head.card_hash;
  record.door_hash = head.door_hash;
  record.create_time = head.create_time;
  record.members.reserve(std::min(head.members, in.left() / sizeof(uint64_t)));
  ReadMembers(in, head, [&record](const Member& member) { record.members.push_back(member); });
  if ((head.parts & kHasVoucher) != 0) record.last_voucher = VoucherId(NotZero(in, in.U64()));
  record.lots = ReadLots(in);
  if ((head.parts & kHasDebt) != 0) record.debt = NotZero(in, ReadAmount(in));
  record.days = std::string(in.Bytes());
  if (!ForEachDay(record.days, [](const DayHead&) {})) in.Fail();
  if ((head.parts & kHasCodes) != 0) {
    for (size_t left = NotZero(in, in.Count()); left > 0 && !in.failed(); --left) {
      const CatalogueId station(in.U64());
      record.codes.push_back({station, in.Varint()});
    }
  }
  if ((head.parts & kHasUses) != 0) {
    for (size_t left = NotZero(in, in.Count()); left > 0 && !in.failed(); --left) {
      const CatalogueId offer(in.U64());
      const auto day = static_cast<int32_t>(in.Zigzag());
      record.uses.push_back({offer, day, static_cast<int64_t>(in.Varint())});
    }
  }
  if ((head.parts & kIsMerged) != 0) record.merged_into = HouseholdId(NotZero(in, in.Varint()));
  if (!in.Finished()) return absl::DataLossError("household record: the stored bytes do not have its form");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HouseholdRecord> DecodeHousehold(absl::string_view bytes) {
  absl::StatusOr<HouseholdRecord> record(absl::in_place);
  if (absl::Status status = DecodeInto(bytes, *record); !status.ok()) record = std::move(status);
  return record;
}

absl::StatusOr<HouseholdNames> DecodeNames(absl::string_view household) {
  ByteReader in(household);
  const HouseholdHead head = ReadHead(in);
  HouseholdNames names;
  names.card_hash = head.card_hash;
  names.door_hash = head.door_hash;
  if (head.members > in.left() / sizeof(uint64_t)) in.Fail();
  names.members.reserve(in.failed() ? 0 : head.members);
  ReadMembers(in, head, [&names](const Member& member) {
    names.members.push_back(member.subject_hash);
    if (member.role == MemberRole::kLeft) names.left.push_back(static_cast<uint32_t>(names.members.size()));
  });
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
  absl::StatusOr<Versioned<HouseholdRecord>> read(absl::in_place);
  read->version = found->version;
  if (absl::Status status = DecodeInto(found->bytes, read->record); !status.ok()) read = std::move(status);
  return read;
}

absl::StatusOr<Versioned<VoucherRecord>> ReadVoucher(const View& view, VoucherId voucher) {
  const std::optional<RecordView> found = view.Record(KeyOf(voucher));
  if (!found) return Refuse(Reason::REASON_VOUCHER_UNKNOWN);
  absl::StatusOr<VoucherRecord> record = DecodeVoucher(found->bytes);
  if (!record.ok()) return record.status();
  return Versioned<VoucherRecord>{found->version, *std::move(record)};
}

}  // namespace fenfen
