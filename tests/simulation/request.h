// Request: what a simulated client asks for, and asks for again until it knows what became of it. Plain data.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "fenfen/v1/catalogue.pb.h"
#include "ledger/core/ids.h"
#include "ledger/core/request_key.h"
#include "ledger/points/drop.h"
#include "ledger/points/enrolment.h"
#include "ledger/points/voucher.h"

namespace fenfen::sim {

struct Reservation {
  HouseholdId household;
  CatalogueId offer;
};

// What becomes of a drop that may wait.
struct Decision {
  enum class What { kRelease, kReject, kDue };
  HouseholdId household;
  RequestKey drop;  // its request's
  What what = What::kRelease;
  std::optional<int64_t> grams;  // found by an inspector, of a release
};

using Body = std::variant<v1::UpdateCatalogueRequest, EnrolmentFacts, DropFacts, Reservation, CaptureFacts, Decision>;

struct Request {
  uint64_t number = 0;  // in the run, for the trace
  PartitionId partition;
  RequestKey key;
  uint64_t fingerprint = 0;
  Body body;
};
using SharedRequest = std::shared_ptr<const Request>;

}  // namespace fenfen::sim
