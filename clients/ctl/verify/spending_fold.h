// SpendingFold: the checker's own count of offers' stock and of settlements in one partition (docs/formats/records.md, "Stock and
// settlement"). An offer's stock is the sum of its holds, a hold goes its way once, and what a settlement entered is what was posted.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "clients/ctl/verify/openings.h"
#include "ledger/core/transaction.h"

namespace fenfen::ctl {

class SpendingFold {
 public:
  using Report = absl::FunctionRef<void(std::string)>;

  // Begins not from nothing but from this. What is checked of a record that was written since is only what it becomes.
  void Begin(const PartitionOpening& opening, Report report);
  void Apply(const Transaction& transaction, Report report);

 private:
  struct Stock {
    int64_t held = 0;
    int64_t taken = 0;
    friend bool operator==(const Stock&, const Stock&) = default;
  };
  struct Hold {
    uint64_t offer = 0;
    int64_t quantity = 0;
    int state = 0;  // as the message numbers it
  };
  void ApplyHold(uint64_t id, const std::string& bytes, Report report);
  void ApplyPeriod(const std::string& bytes, const Transaction& transaction, Report report);
  static void Count(Stock& stock, const Hold& hold, int64_t sign);

  bool whole_ = true;  // all holds are known, from the first on
  absl::flat_hash_map<uint64_t, Hold> holds_;
  absl::flat_hash_map<uint64_t, Stock> sums_;  // by offer, over the holds
};

}  // namespace fenfen::ctl
