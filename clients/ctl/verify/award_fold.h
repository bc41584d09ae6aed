// AwardFold: badges and quests of one partition (docs/formats/records.md, "Awards"): an award posts what it says, from a programme, and a
// household gets each but once. Written from the page, not from the engine's code.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "clients/ctl/verify/openings.h"
#include "ledger/core/transaction.h"

namespace fenfen::ctl {

class AwardFold {
 public:
  using Report = absl::FunctionRef<void(std::string)>;

  // What the partition had where the journal begins. Of records that were written since nothing is known.
  void Begin(const PartitionOpening& opening);
  void Apply(const Transaction& transaction, Report report);

 private:
  // By the household: the hashes of what it was awarded.
  absl::flat_hash_map<uint64_t, absl::flat_hash_set<uint64_t>> awarded_;
};

}  // namespace fenfen::ctl
