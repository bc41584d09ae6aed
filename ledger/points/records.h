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

// A station code that the household has used.
struct UsedCode {
  CatalogueId station;
  uint64_t step = 0;

  friend bool operator==(const UsedCode&, const UsedCode&) = default;
};

// What a household reserved of an offer with limits, on one day; no longer there once no limit asks for it.
struct OfferUse {
  CatalogueId offer;
  int32_t day = 0;
  int64_t quantity = 0;  // more than zero

  friend bool operator==(const OfferUse&, const OfferUse&) = default;
};

// What a member is in the household. On disk, do not renumber.
enum class MemberRole : uint8_t {
  kAdult = 0,
  kHead = 1,      // may invite, let leave, move and merge
  kMinor = 2,     // under 14; owned by an adult
  kAssisted = 3,  // without a phone, served with their recorded consent
  kLeft = 4,      // no longer there; the number is not given again
};

struct Member {
  uint64_t subject_hash = 0;  // keyed WeChat subject hash; 0 for a card holder and for one who left
  MemberRole role = MemberRole::kAdult;

  friend bool operator==(const Member&, const Member&) = default;
};

struct HouseholdRecord {
  CatalogueId region;      // the estate
  uint64_t card_hash = 0;  // keyed hash of the printed card's code; 0 for none
  uint64_t door_hash = 0;  // keyed hash of the door; 0 for unknown
  absl::Time create_time;
  std::vector<Member> members;  // a member's number is the place in it, from 1
  VoucherId last_voucher;       // head of the list through VoucherRecord::previous; 0 for none
  std::vector<Lot> lots;
  Points debt;                  // what it owes, as its debt account has it with the other sign
  std::string days;             // the drops of the days still open, in their stored form (earning/day_log.h)
  std::vector<UsedCode> codes;  // the latest, at most kStationCodesKept
  std::vector<OfferUse> uses;   // by day, the earliest first
  HouseholdId merged_into;      // the household that has its points and members now; 0 for one that is open

  friend bool operator==(const HouseholdRecord&, const HouseholdRecord&) = default;
};

// Where a voucher stands. On disk, do not renumber. That its date has passed is not stored but seen from expire_time, until a job returns
// its points. It goes reserved → captured → refunded, or reserved → cancelled or expired; a void one never was anything else.
enum class VoucherState : uint8_t {
  kReserved = 1,
  kCaptured = 2,
  kCancelled = 3,
  kExpired = 4,
  kRefunded = 5,
  kVoid = 6,  // the number is taken so that no reservation under it comes to be any more: its stock was given back
};
inline constexpr VoucherState kLastVoucherState = VoucherState::kVoid;

struct VoucherRecord {
  HouseholdId household;
  CatalogueId offer;
  CatalogueId merchant;
  Points price;               // of all pieces together
  int64_t quantity = 1;       // pieces
  int64_t price_version = 0;  // of the offer's prices, from 1; 0 for the offer's own
  VoucherState state = VoucherState::kReserved;
  absl::Time reserve_time;
  absl::Time expire_time;
  absl::Time capture_time;   // the epoch until captured
  absl::Time close_time;     // when cancelled, expired, refunded or void; the epoch until then
  CatalogueId operator_id;   // who captured; 0 until then
  VoucherId previous;        // the household's voucher before this one
  uint64_t hold = 0;         // the offer's stock set aside for it, a kStockHold; 0 where the offer has no stock to count
  PartitionSeq captured_in;  // of a refunded one, the capture's transaction
  int64_t refund_days = 0;   // how many days after its capture's day it can be refunded
  std::vector<Lot> lots;     // what it was paid from, for its return
  std::string title_zh;      // the offer's, when reserved
  std::string title_en;

  friend bool operator==(const VoucherRecord&, const VoucherRecord&) = default;
};

// True for 0, a member not known, and for the number of one who is there.
// Nobody is in a household that was merged into another.
inline bool IsMember(const HouseholdRecord& household, uint32_t member) {
  if (household.merged_into != HouseholdId(0)) return false;
  return member == 0 || (member <= household.members.size() && household.members[member - 1].role != MemberRole::kLeft);
}

std::string EncodeHousehold(const HouseholdRecord& record);
std::string EncodeVoucher(const VoucherRecord& record);
// DATA_LOSS where the bytes do not have the form.
absl::StatusOr<HouseholdRecord> DecodeHousehold(absl::string_view bytes);
absl::StatusOr<VoucherRecord> DecodeVoucher(absl::string_view bytes);

// What a household is looked up by, as in its record; found in a fraction of the time that the whole takes.
struct HouseholdNames {
  uint64_t card_hash = 0;
  uint64_t door_hash = 0;
  std::vector<uint64_t> members;    // subject hashes
  std::vector<uint32_t> left = {};  // numbers of members who are no longer there
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
constexpr AccountId DebtAccount(HouseholdId household) { return {AccountKind::kDebt, Asset::kReward, household.value()}; }
constexpr AccountId HeldAccount(HouseholdId household) { return {AccountKind::kVoucherHeld, Asset::kReward, household.value()}; }

}  // namespace fenfen
