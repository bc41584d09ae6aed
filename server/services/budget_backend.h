// What only budgets' service and job ask: the budgets themselves, and what was issued. Thread-safe.
#pragma once

#include "absl/time/time.h"
#include "ledger/points/budget/budget_store.h"
#include "ledger/projections/issued.h"

namespace fenfen::server {

struct BudgetBackend {
  explicit BudgetBackend(absl::TimeZone zone) : issued(zone) {}
  BudgetStore budgets;
  Issued issued;
};

}  // namespace fenfen::server
