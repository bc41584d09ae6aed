#include "ledger/points/game/reading.h"

#include "fenfen/v1/verification.pb.h"
#include "ledger/core/bytes.h"
#include "ledger/points/why.h"

namespace fenfen {

// docs/formats/records.md: the format's number, then the region, in every format.
std::optional<CatalogueId> RegionInHousehold(absl::string_view record) {
  ByteReader in(record);
  in.U8();
  const CatalogueId region(in.U64());
  if (in.failed()) return std::nullopt;
  return region;
}

namespace {

// How it was credited stands in it as a drop's why.
std::optional<std::pair<uint8_t, int64_t>> CountedRelease(absl::string_view why) {
  const absl::StatusOr<Why> read = DecodeWhy(TransactionKind::kRelease, why);
  if (!read.ok()) return std::nullopt;
  return CountedDrop(TransactionKind::kDrop, std::get<FactsWhy>(*read).facts.verification().pending().credit());
}

}  // namespace

// The beginning of a drop's why, up to the rule.
std::optional<std::pair<uint8_t, int64_t>> CountedDrop(TransactionKind kind, absl::string_view why) {
  if (kind == TransactionKind::kRelease) return CountedRelease(why);
  if (kind != TransactionKind::kDrop) return std::nullopt;
  ByteReader in(why);
  in.U8();      // format
  in.Varint();  // household
  in.Zigzag();  // reward and civic points after
  in.Zigzag();
  in.Varint();  // member
  const uint8_t category = in.U8();
  const auto grams = static_cast<int64_t>(in.Varint());
  in.Varint();  // grams counted
  in.U64();     // station
  in.Varint();  // code step
  in.Varint();  // rule version
  const absl::string_view rule = in.Bytes();
  if (in.failed() || rule.empty()) return std::nullopt;
  return std::make_pair(category, grams);
}

std::optional<bool> SortedRightly(TransactionKind kind, absl::string_view why) {
  if (kind != TransactionKind::kRelease && kind != TransactionKind::kRejection) return std::nullopt;
  const absl::StatusOr<Why> read = DecodeWhy(kind, why);
  if (!read.ok()) return std::nullopt;
  const ledger::v1::PendingDrop& drop = std::get<FactsWhy>(*read).facts.verification().pending().drop();
  if (kind == TransactionKind::kRelease) {
    if (!drop.has_found()) return std::nullopt;
    return drop.found().category() == drop.recorded().category();
  }
  switch (drop.rejection_reason()) {
    case v1::REJECTION_REASON_MIXED:
    case v1::REJECTION_REASON_WRONG_CATEGORY:
    case v1::REJECTION_REASON_EMPTY:
      return false;
    default:
      return std::nullopt;
  }
}

bool ReversesDrop(absl::string_view why) {
  const absl::StatusOr<Why> read = DecodeWhy(TransactionKind::kReversal, why);
  if (!read.ok()) return false;
  const auto kind = static_cast<TransactionKind>(std::get<FactsWhy>(*read).facts.correcting().reversal().kind());
  return kind == TransactionKind::kDrop || kind == TransactionKind::kRelease;
}

}  // namespace fenfen
