#include "ledger/points/why.h"

#include "ledger/core/bytes.h"

namespace fenfen {
namespace {

constexpr uint8_t kFormat = 1;  // on disk, do not renumber
constexpr size_t kUsualBytes = 64;

void Write(ByteWriter& w, const HouseholdAfter& after) {
  w.Varint(after.household.value());
  w.Zigzag(after.reward.hundredths());
  w.Zigzag(after.civic.hundredths());
}

Points ReadPoints(ByteReader& in) {
  const std::optional<Points> points = Points::Make(in.Zigzag());
  if (!points) in.Fail();
  return points.value_or(Points(0));
}

HouseholdAfter ReadAfter(ByteReader& in) {
  HouseholdAfter after;
  after.household = HouseholdId(in.Varint());
  after.reward = ReadPoints(in);
  after.civic = ReadPoints(in);
  return after;
}

void Write(ByteWriter& w, const EnrolmentWhy& why) {
  Write(w, why.after);
  w.Varint(why.members);
}

void Write(ByteWriter& w, const DropWhy& why) {
  Write(w, why.after);
  w.Varint(why.member);
  w.U8(why.category);
  w.Varint(static_cast<uint64_t>(why.grams));
  w.Varint(static_cast<uint64_t>(why.counted_grams));
  w.U64(why.station.value());
  w.Varint(why.code_step);
  w.Varint(why.rule_version);
  w.Bytes(why.rule);
  w.U8(static_cast<uint8_t>(why.cut));
}

void Write(ByteWriter& w, const VoucherWhy& why) {
  Write(w, why.after);
  w.U64(why.voucher.value());
  w.U64(why.offer.value());
  w.U64(why.merchant.value());
  w.Zigzag(why.price.hundredths());
  w.Bytes(why.title_zh);
  w.Bytes(why.title_en);
}

void Write(ByteWriter& w, const CatalogueWhy& why) {
  w.Varint(why.written);
  w.Varint(why.unchanged);
}

DropWhy ReadDrop(ByteReader& in) {
  DropWhy why;
  why.after = ReadAfter(in);
  why.member = static_cast<uint32_t>(in.Varint());
  why.category = in.U8();
  why.grams = static_cast<int64_t>(in.Varint());
  why.counted_grams = static_cast<int64_t>(in.Varint());
  why.station = CatalogueId(in.U64());
  why.code_step = in.Varint();
  why.rule_version = static_cast<uint32_t>(in.Varint());
  why.rule = std::string(in.Bytes());
  const uint8_t cut = in.U8();
  if (cut > static_cast<uint8_t>(Cut::kNoRule)) in.Fail();
  why.cut = static_cast<Cut>(cut);
  return why;
}

VoucherWhy ReadVoucherWhy(ByteReader& in) {
  VoucherWhy why;
  why.after = ReadAfter(in);
  why.voucher = VoucherId(in.U64());
  why.offer = CatalogueId(in.U64());
  why.merchant = CatalogueId(in.U64());
  why.price = ReadPoints(in);
  why.title_zh = std::string(in.Bytes());
  why.title_en = std::string(in.Bytes());
  return why;
}

Why ReadWhy(TransactionKind kind, ByteReader& in) {
  switch (kind) {
    case TransactionKind::kEnrolment: {
      EnrolmentWhy why;
      why.after = ReadAfter(in);
      why.members = static_cast<uint32_t>(in.Varint());
      return why;
    }
    case TransactionKind::kDrop:
      return ReadDrop(in);
    case TransactionKind::kReservation:
    case TransactionKind::kCapture:
      return ReadVoucherWhy(in);
    case TransactionKind::kCatalogueUpdate: {
      CatalogueWhy why;
      why.written = static_cast<uint32_t>(in.Varint());
      why.unchanged = static_cast<uint32_t>(in.Varint());
      return why;
    }
  }
  in.Fail();
  return CatalogueWhy{};
}

}  // namespace

std::string EncodeWhy(const Why& why) {
  std::string out;
  out.reserve(kUsualBytes);
  ByteWriter w(out);
  w.U8(kFormat);
  std::visit([&w](const auto& facts) { Write(w, facts); }, why);
  return out;
}

absl::StatusOr<Why> DecodeWhy(TransactionKind kind, absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kFormat) in.Fail();
  Why why = ReadWhy(kind, in);
  if (!in.Finished()) return absl::DataLossError("transaction's why: the stored bytes do not have its form");
  return why;
}

}  // namespace fenfen
