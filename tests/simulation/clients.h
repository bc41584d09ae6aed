// Clients: residents, attendants, merchants and station devices of a small town, as one source of requests. They send, wait, send again
// what they got no answer to, send twice, out of order and late, and sometimes something else under a key that was used. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/simulation/model.h"
#include "tests/simulation/random.h"
#include "tests/simulation/request.h"

namespace fenfen::sim {

class Clients {
 public:
  // `model` is asked for the newest catalogue alone.
  Clients(Random& random, const Model& model);

  // The first request: the town's catalogue.
  SharedRequest Catalogue(absl::Time now);
  // Opens the accounts of most households.
  std::vector<SharedRequest> Enrolments(absl::Time now);
  // What is sent next: one request, or a device's batch.
  std::vector<SharedRequest> Next(absl::Time now);

  // The client has its answer; or none, and will ask again.
  void Answered(const SharedRequest& request);
  void Unanswered(const SharedRequest& request);

  const std::vector<HouseholdId>& households() const { return households_; }

 private:
  struct Device {
    CatalogueId id;
    uint64_t next = 1;
  };

  SharedRequest Make(RequestKey key, Body body);
  RequestKey NewKey(absl::Time now);
  SharedRequest Repeat();
  SharedRequest SameKeyOtherBody(const Request& former);
  DropFacts Drop(absl::Time now);
  SharedRequest ClientDrop(absl::Time now);
  SharedRequest DeviceDrop(absl::Time now);
  std::vector<SharedRequest> Batch(absl::Time now);
  SharedRequest Enrolment(HouseholdId household, absl::Time now);
  SharedRequest Reserve(absl::Time now);
  SharedRequest Capture(absl::Time now);
  SharedRequest Decide(absl::Time now);
  SharedRequest CatalogueUpdate(absl::Time now);
  void ChangeRules(v1::RuleSet& rules, int version);
  void AddCaps(v1::RuleSet& rules);
  void AddExtras(v1::RuleSet& rules);
  void AddPolicies(v1::RuleSet& rules);
  v1::Offer ChangedOffer(int number);

  Random& random_;
  const Model& model_;
  std::vector<HouseholdId> households_;
  std::vector<Device> devices_;
  uint64_t requests_ = 0;
  std::vector<SharedRequest> delayed_;  // on their way
  std::vector<SharedRequest> unanswered_;
  std::deque<SharedRequest> answered_;                      // the last ones
  std::deque<std::pair<HouseholdId, VoucherId>> vouchers_;  // that may be there
  std::deque<std::pair<HouseholdId, RequestKey>> drops_;    // that may wait
};

}  // namespace fenfen::sim
