// Changing the catalogue: a set of items, all or none, as one transaction of the catalogue's partition.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "fenfen/v1/catalogue.pb.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// What a request would do.
struct CatalogueChange {
  std::vector<v1::RowError> errors;  // the first 100; `transaction` means nothing where there is any
  Transaction transaction;
  int written = 0;
  int unchanged = 0;
};

// The items named, and what they refer to.
ReadSet CatalogueReads(const v1::UpdateCatalogueRequest& request);

// Checks every item: its name's form, its fields, and that what it refers to is there or comes in the same request. `errors` names the list
// and field, such as "stations.region", with the position in that list from 1.
CatalogueChange PlanCatalogueUpdate(const View& view, const v1::UpdateCatalogueRequest& request, const DecisionContext& context);

// The same as a decision: ROW_INVALID for the first error.
absl::StatusOr<Transaction> DecideCatalogueUpdate(const View& view, const v1::UpdateCatalogueRequest& request,
                                                  const DecisionContext& context);

}  // namespace fenfen
