// VerificationFold: drops that wait and tagged bags of one partition (docs/formats/records.md, "Pending drops and bags"): each is decided
// at most once, what waits and what is rejected earns nothing, a release gives what its record says, and a bag is used once. Written from
// the page, not from the engine's code.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "clients/ctl/verify/openings.h"
#include "fenfen/ledger/v1/verification.pb.h"
#include "ledger/core/transaction.h"

namespace fenfen::ctl {

class VerificationFold {
 public:
  using Report = absl::FunctionRef<void(std::string)>;

  void Begin(const PartitionOpening& opening);
  void Apply(const Transaction& transaction, Report report);

 private:
  // What a transaction writes of them.
  struct Written {
    int drops = 0;
    ledger::v1::PendingDrop drop;  // where there is one
    uint64_t drop_id = 0;
    int bags_issued = 0;
    int bags_ended = 0;
    int bags_put_in = 0;
    int bags_revoked = 0;
    std::optional<ledger::v1::Bag> counter;
    uint64_t counter_id = 0;
  };
  struct Counter {
    int32_t month = 0;
    int32_t issued = 0;
  };

  Written Read(const Transaction& transaction, Report report);
  void TakeDrop(uint64_t id, const ledger::v1::PendingDrop& drop, Report report);
  void TakeBag(uint64_t id, const ledger::v1::Bag& bag, Written& written, Report report);
  void CheckCounter(const Written& written, Report report);

  // Where each stands; nothing where the journal begins after the record did, and tells only by its next step where it stood.
  absl::flat_hash_map<uint64_t, std::optional<int>> drops_;
  absl::flat_hash_map<uint64_t, std::optional<int>> bags_;
  absl::flat_hash_map<uint64_t, std::optional<Counter>> counters_;
};

}  // namespace fenfen::ctl
