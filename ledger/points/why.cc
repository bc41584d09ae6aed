#include "ledger/points/why.h"

#include <type_traits>

#include "ledger/core/bytes.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

// On disk, do not renumber.
constexpr uint8_t kWhyFormat = 1;
constexpr uint8_t kDropFormat = 2;
// What a drop's reasons have at their end.
constexpr uint8_t kHasCap = 0x01;
constexpr uint8_t kHasPieces = 0x02;
constexpr uint8_t kHasMaterial = 0x04;
constexpr uint8_t kHasCampaigns = 0x08;
constexpr uint8_t kWhyHasBonuses = 0x10;
constexpr size_t kUsualBytes = 96;

template <typename Writer>
void Write(Writer& w, const HouseholdAfter& after) {
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

size_t NamesBytesMax(const std::vector<std::string>& names) {
  size_t bytes = BoundedWriter::kVarintMax;
  for (const std::string& name : names) bytes += BoundedWriter::kVarintMax + name.size();
  return bytes;
}

// How many bytes a drop's reasons take at most.
size_t EncodedBytesMax(const DropWhy& why) {
  constexpr size_t kFixed = 5 + sizeof(uint64_t) + 16 * BoundedWriter::kVarintMax;
  return kFixed + why.rule.size() + why.cap.size() + why.material.size() + NamesBytesMax(why.campaigns) + NamesBytesMax(why.bonuses);
}

void WriteNames(BoundedWriter& w, const std::vector<std::string>& names) {
  w.Varint(names.size());
  for (const std::string& name : names) w.Bytes(name);
}

std::vector<std::string> ReadNames(ByteReader& in) {
  std::vector<std::string> names;
  for (size_t n = in.Count(); n > 0 && !in.failed(); --n) names.emplace_back(in.Bytes());
  return names;
}

void Write(BoundedWriter& w, const DropWhy& why) {
  w.U8(kDropFormat);
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
  w.U8(why.verification);
  w.Zigzag(why.value_reward.hundredths());
  w.Zigzag(why.value_civic.hundredths());
  w.Zigzag(why.own_reward.hundredths());
  w.Zigzag(why.given_reward.hundredths());
  uint8_t has = 0;
  if (!why.cap.empty()) has |= kHasCap;
  if (why.pieces != 0) has |= kHasPieces;
  if (!why.material.empty()) has |= kHasMaterial;
  if (!why.campaigns.empty()) has |= kHasCampaigns;
  if (!why.bonuses.empty()) has |= kWhyHasBonuses;
  w.U8(has);
  if ((has & kHasCap) != 0) w.Bytes(why.cap);
  if ((has & kHasPieces) != 0) w.Varint(static_cast<uint64_t>(why.pieces));
  if ((has & kHasMaterial) != 0) w.Bytes(why.material);
  if ((has & kHasCampaigns) != 0) WriteNames(w, why.campaigns);
  if ((has & kWhyHasBonuses) != 0) WriteNames(w, why.bonuses);
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
  if (cut > static_cast<uint8_t>(Cut::kBudget)) in.Fail();
  why.cut = static_cast<Cut>(cut);
  why.verification = in.U8();
  why.value_reward = ReadPoints(in);
  why.value_civic = ReadPoints(in);
  why.own_reward = ReadPoints(in);
  why.given_reward = ReadPoints(in);
  const uint8_t has = in.U8();
  if ((has & kHasCap) != 0) why.cap = std::string(in.Bytes());
  if ((has & kHasPieces) != 0) why.pieces = static_cast<int64_t>(in.Varint());
  if ((has & kHasMaterial) != 0) why.material = std::string(in.Bytes());
  if ((has & kHasCampaigns) != 0) why.campaigns = ReadNames(in);
  if ((has & kWhyHasBonuses) != 0) why.bonuses = ReadNames(in);
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

void Write(ByteWriter& w, const FactsWhy& why) {
  Write(w, why.after);
  w.Bytes(SerialiseMessage(why.facts));
}

FactsWhy ReadFacts(ByteReader& in) {
  FactsWhy why;
  why.after = ReadAfter(in);
  const absl::string_view bytes = in.Bytes();
  if (!why.facts.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) in.Fail();
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
    default:
      return ReadFacts(in);
  }
}

}  // namespace

std::string EncodeWhy(const DropWhy& why) {
  std::string out;
  BoundedWriter w(out, EncodedBytesMax(why));
  Write(w, why);
  out.resize(w.written().size());
  return out;
}

std::string EncodeWhy(const Why& why) {
  if (const auto* drop = std::get_if<DropWhy>(&why)) return EncodeWhy(*drop);
  std::string out;
  out.reserve(kUsualBytes);
  ByteWriter w(out);
  w.U8(kWhyFormat);
  std::visit(
      [&w](const auto& facts) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(facts)>, DropWhy>) Write(w, facts);
      },
      why);
  return out;
}

absl::StatusOr<Why> DecodeWhy(TransactionKind kind, absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != (kind == TransactionKind::kDrop ? kDropFormat : kWhyFormat)) in.Fail();
  Why why = ReadWhy(kind, in);
  if (!in.Finished()) return absl::DataLossError("transaction's why: the stored bytes do not have its form");
  return why;
}

}  // namespace fenfen
