// The two records of a household's partition and their stored forms (docs/formats/records.md). Plain data: decisions read them from a View,
// change a copy, and hand it back in their transaction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/core/ids.h"
#include "ledger/core/points.h"
#include "ledger/core/record.h"

namespace fenfen {

// Reward points that expire on one day. Lots are kept by day, the earliest first.
struct Lot {
  int32_t expires_day = 0;  // the last day they can be spent, see DayNumber
  Points amount;            // more than zero

  friend bool operator==(const Lot&, const Lot&) = default;
};

// What a household was credited for one category on one day.
struct CategoryCount {
  uint8_t category = 0;  // a v1::Category
  int32_t drops = 0;     // credited ones
  Points reward;

  friend bool operator==(const CategoryCount&, const CategoryCount&) = default;
};

// One day's counters, by the event's own day.
struct DayCount {
  int32_t day = 0;
  std::vector<CategoryCount> categories;

  friend bool operator==(const DayCount&, const DayCount&) = default;
};

// A station code that the household has used.
struct UsedCode {
  CatalogueId station;
  uint64_t step = 0;

  friend bool operator==(const UsedCode&, const UsedCode&) = default;
};

struct HouseholdRecord {
  CatalogueId region;      // the estate
  uint64_t card_hash = 0;  // keyed hash of the printed card's code; 0 for none
  uint64_t door_hash = 0;  // keyed hash of the door; 0 for unknown
  absl::Time create_time;
  std::vector<uint64_t> members;  // each member's keyed WeChat subject hash; 0 for a card holder
  VoucherId last_voucher;         // head of the list through VoucherRecord::previous; 0 for none
  std::vector<Lot> lots;
  std::vector<DayCount> days;   // the days still open for late events
  std::vector<UsedCode> codes;  // the latest, at most kStationCodesKept

  friend bool operator==(const HouseholdRecord&, const HouseholdRecord&) = default;
};

// Where a voucher stands. On disk, do not renumber. That its date has passed is not stored but seen from expire_time.
enum class VoucherState : uint8_t { kReserved = 1, kCaptured = 2 };

struct VoucherRecord {
  HouseholdId household;
  CatalogueId offer;
  CatalogueId merchant;
  Points price;
  VoucherState state = VoucherState::kReserved;
  absl::Time reserve_time;
  absl::Time expire_time;
  absl::Time capture_time;  // the epoch until captured
  CatalogueId operator_id;  // who captured; 0 until then
  VoucherId previous;       // the household's voucher before this one
  std::vector<Lot> lots;    // what it was paid from, for a refund
  std::string title_zh;     // the offer's, when reserved
  std::string title_en;

  friend bool operator==(const VoucherRecord&, const VoucherRecord&) = default;
};

std::string EncodeHousehold(const HouseholdRecord& record);
std::string EncodeVoucher(const VoucherRecord& record);
// DATA_LOSS where the bytes do not have the form.
absl::StatusOr<HouseholdRecord> DecodeHousehold(absl::string_view bytes);
absl::StatusOr<VoucherRecord> DecodeVoucher(absl::string_view bytes);

// What a household is looked up by, as in its record; found in a fraction of the time that the whole takes.
struct HouseholdNames {
  uint64_t card_hash = 0;
  uint64_t door_hash = 0;
  std::vector<uint64_t> members;
};
absl::StatusOr<HouseholdNames> DecodeNames(absl::string_view household);

// A record out of a view, with its version. HOUSEHOLD_UNKNOWN or VOUCHER_UNKNOWN where there is none.
template <typename Record>
struct Versioned {
  PartitionSeq version;
  Record record;
};
absl::StatusOr<Versioned<HouseholdRecord>> ReadHousehold(const View& view, HouseholdId household);
absl::StatusOr<Versioned<VoucherRecord>> ReadVoucher(const View& view, VoucherId voucher);

constexpr RecordKey KeyOf(HouseholdId household) { return {RecordKind::kHousehold, household.value()}; }
constexpr RecordKey KeyOf(VoucherId voucher) { return {RecordKind::kVoucher, voucher.value()}; }
constexpr AccountId RewardAccount(HouseholdId household) { return {AccountKind::kHousehold, Asset::kReward, household.value()}; }
constexpr AccountId CivicAccount(HouseholdId household) { return {AccountKind::kHousehold, Asset::kCivic, household.value()}; }
constexpr AccountId HeldAccount(HouseholdId household) { return {AccountKind::kVoucherHeld, Asset::kReward, household.value()}; }

}  // namespace fenfen
