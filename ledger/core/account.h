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

// True if `balance` is allowed on an account of this kind: only a programme goes below zero, and it never goes above.
constexpr bool WithinBound(AccountKind kind, Points balance) {
  return kind == AccountKind::kProgramme ? balance <= Points(0) : balance >= Points(0);
}

// One leg of a transaction.
struct Posting {
  AccountId account;
  Points amount;

  friend constexpr bool operator==(const Posting&, const Posting&) = default;
};

}  // namespace fenfen
