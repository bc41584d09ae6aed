#include "ledger/points/purse.h"

#include <algorithm>

#include "ledger/core/check.h"
#include "ledger/points/lots.h"

namespace fenfen {
namespace {

void DropEmptyLots(std::vector<Lot>& lots) {
  lots.erase(std::remove_if(lots.begin(), lots.end(), [](const Lot& lot) { return lot.amount == Points(0); }), lots.end());
}

Points Sum(Points a, Points b) {
  const std::optional<Points> sum = Add(a, b);
  FENFEN_CHECK(sum.has_value());  // amounts are bounded where they come in, far below what an account may hold
  return *sum;
}

}  // namespace

ReadSet::Accounts PurseAccounts(HouseholdId household) { return {RewardAccount(household), CivicAccount(household)}; }

Purse::Purse(const View& view, HouseholdId household, HouseholdRecord& record, Transaction& transaction)
    : household_(household),
      record_(record),
      transaction_(transaction),
      reward_(view.Balance(RewardAccount(household))),
      civic_(view.Balance(CivicAccount(household))) {}

void Purse::Move(const AccountId& from, const AccountId& to, Points amount) {
  Transfer(transaction_, from, to, amount);
  if (from == RewardAccount(household_)) reward_ = Sum(reward_, -amount);
  if (to == RewardAccount(household_)) reward_ = Sum(reward_, amount);
}

Points Purse::Earn(const AccountId& source, Points amount, int32_t expires_day) {
  FENFEN_CHECK(amount >= Points(0));
  const Points repaid = std::min(amount, record_.debt);
  const Points kept = Sum(amount, -repaid);
  if (repaid > Points(0)) {
    Transfer(transaction_, source, DebtAccount(household_), repaid);
    record_.debt = Sum(record_.debt, -repaid);
  }
  Move(source, RewardAccount(household_), kept);
  AddToLot(record_.lots, expires_day, kept);
  return repaid;
}

void Purse::Return(const AccountId& source, const std::vector<Lot>& lots) {
  Points sum(0);
  for (const Lot& lot : lots) {
    AddToLot(record_.lots, lot.expires_day, lot.amount);
    sum = Sum(sum, lot.amount);
  }
  Move(source, RewardAccount(household_), sum);
}

absl::StatusOr<std::vector<Lot>> Purse::Spend(const AccountId& to, Points amount, int32_t today) {
  absl::StatusOr<std::vector<Lot>> taken = TakeFromLots(record_.lots, amount, today);
  if (taken.ok()) Move(RewardAccount(household_), to, amount);
  return taken;
}

Points Purse::Expire(const AccountId& to, int32_t today) {
  Points sum(0);
  for (Lot& lot : record_.lots) {
    if (lot.expires_day >= today) break;  // lots are kept by day
    sum = Sum(sum, lot.amount);
    lot.amount = Points(0);
  }
  DropEmptyLots(record_.lots);
  Move(RewardAccount(household_), to, sum);
  return sum;
}

void Purse::TakeFrom(Lot& lot, int64_t& left, std::vector<Lot>& taken) const {
  const int64_t part = std::min(left, lot.amount.hundredths());
  if (part == 0) return;
  lot.amount = Points(lot.amount.hundredths() - part);
  taken.push_back({lot.expires_day, Points(part)});
  left -= part;
}

Points Purse::ClawBack(const AccountId& to, Points amount, int32_t expires_day) {
  FENFEN_CHECK(amount >= Points(0));
  int64_t left = amount.hundredths();
  std::vector<Lot> taken;
  for (Lot& lot : record_.lots) {
    if (lot.expires_day == expires_day) TakeFrom(lot, left, taken);
  }
  for (Lot& lot : record_.lots) TakeFrom(lot, left, taken);
  DropEmptyLots(record_.lots);
  const Points owed(left);
  Move(RewardAccount(household_), to, Sum(amount, -owed));
  if (owed > Points(0)) {
    Transfer(transaction_, DebtAccount(household_), to, owed);
    record_.debt = Sum(record_.debt, owed);
  }
  return owed;
}

Points Purse::Civic(const AccountId& source, Points amount) {
  if (amount < Points(0) && -amount > civic_) amount = -civic_;
  Transfer(transaction_, source, CivicAccount(household_), amount);
  civic_ = Sum(civic_, amount);
  return amount;
}

}  // namespace fenfen
