// Accounts: double entry within a partition. An account is named by its kind, its asset and its owner; it exists by being posted to.
#pragma once

#include <compare>
#include <cstdint>
#include <utility>

#include "ledger/core/points.h"

namespace fenfen {

// Whose the points are. On disk, do not renumber.
enum class AccountKind : uint8_t {
  kProgramme = 1,    // what the programme has issued, negative; owner: CatalogueId of the town
  kHousehold = 2,    // a household's points; owner: HouseholdId
  kVoucherHeld = 3,  // set aside for open vouchers; owner: HouseholdId
  kMerchant = 4,     // captured by a merchant, unsettled; owner: CatalogueId of the merchant
  kExpired = 5,      // let lapse by households; owner: CatalogueId of the town
  kSettled = 6,      // paid to a merchant by the bank; owner: CatalogueId of the merchant
  kInTransit = 7,    // on the way between two households; owner: the transfer's number (TransferId)
  kDebt = 8,         // what a household owes after a claw-back of spent points, negative; owner: HouseholdId
};

struct AccountId {
  AccountKind kind;
  Asset asset;
  uint64_t owner;

  friend constexpr auto operator<=>(const AccountId&, const AccountId&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const AccountId& id) {
    return H::combine(std::move(state), static_cast<uint8_t>(id.kind), static_cast<uint8_t>(id.asset), id.owner);
  }
};

inline constexpr AccountKind kLastAccountKind = AccountKind::kDebt;

// True for the kinds whose balance is never above zero: what a programme has issued and what a household owes.
constexpr bool OwesPoints(AccountKind kind) { return kind == AccountKind::kProgramme || kind == AccountKind::kDebt; }
// True if `balance` is allowed on an account of this kind. No account crosses zero.
constexpr bool WithinBound(AccountKind kind, Points balance) { return OwesPoints(kind) ? balance <= Points(0) : balance >= Points(0); }
// True for a kind and asset that a stored posting may have.
constexpr bool IsAccount(uint8_t kind, uint8_t asset) {
  return kind >= static_cast<uint8_t>(AccountKind::kProgramme) && kind <= static_cast<uint8_t>(kLastAccountKind) &&
         (asset == static_cast<uint8_t>(Asset::kReward) || asset == static_cast<uint8_t>(Asset::kCivic));
}

// One leg of a transaction.
struct Posting {
  AccountId account;
  Points amount;

  friend constexpr bool operator==(const Posting&, const Posting&) = default;
};

}  // namespace fenfen
