// Purse: a household's reward and civic points while a transaction is made: balances, lots and debt, kept in step with the postings. Every
// decision that gives or takes a household's points does it here, so that lots always add up to the balance (invariant 6), nothing goes
// below zero, and what is clawed back after it was spent becomes a debt that later earnings repay (invariant 2).
//
//   Purse purse(view, household, record, transaction);
//   purse.Earn(programme, award, expires_day);            // repays a debt first
//   transaction.changes.push_back(…EncodeHousehold(record)…);
//   why.after = purse.After();
//
// Lives as long as one decision; not thread-safe.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "ledger/points/decision.h"
#include "ledger/points/why.h"

namespace fenfen {

// The accounts that a decision which uses a purse must name in its ReadSet.
ReadSet::Accounts PurseAccounts(HouseholdId household);

class Purse {
 public:
  // All outlive the purse. `record` is changed along with the postings.
  Purse(const View& view, HouseholdId household, HouseholdRecord& record, Transaction& transaction);

  // Reward points from `source`, spendable up to `expires_day`; what the household owes is repaid first. `amount` ≥ 0. How much repaid
  // debt.
  Points Earn(const AccountId& source, Points amount, int32_t expires_day);
  // Lots from `source` as they are, each with its own day; no debt is repaid: they were the household's before.
  void Return(const AccountId& source, const std::vector<Lot>& lots);
  // Takes from the lots that can be spent on `today`, the earliest first. POINTS_INSUFFICIENT changes nothing.
  absl::StatusOr<std::vector<Lot>> Spend(const AccountId& to, Points amount, int32_t today);
  // Takes the lots whose last day is before `today`; what they came to.
  Points Expire(const AccountId& to, int32_t today);
  // Takes back `amount` ≥ 0, from the lot of `expires_day` first, then the earliest; what is not there any more becomes a debt. How much
  // did.
  Points ClawBack(const AccountId& to, Points amount, int32_t expires_day);
  // Civic points from or, where `amount` is below zero, back to `source`; never below zero: how much was moved.
  Points Civic(const AccountId& source, Points amount);

  HouseholdAfter After() const { return {household_, reward_, civic_}; }
  Points debt() const { return record_.debt; }

 private:
  void Move(const AccountId& from, const AccountId& to, Points amount);
  void TakeFrom(Lot& lot, int64_t& left, std::vector<Lot>& taken) const;

  const HouseholdId household_;
  HouseholdRecord& record_;
  Transaction& transaction_;
  Points reward_;
  Points civic_;
};

}  // namespace fenfen
