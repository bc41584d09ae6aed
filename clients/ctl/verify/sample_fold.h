// SampleFold: the samples of re-inspections drawn again from their seeds (docs/formats/reinspection.md), out of the drops of all
// partitions. Written from the page, not from the engine's code. Holds 32 bytes a drop of the last 60 days, and each draw.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "fenfen/ledger/v1/trust.pb.h"
#include "ledger/core/transaction.h"

namespace fenfen::ctl {

class SampleFold {
 public:
  using Report = absl::FunctionRef<void(std::string)>;

  void Apply(PartitionId partition, PartitionSeq seq, const Transaction& transaction);
  void Merge(const SampleFold& other);
  // Draws every sample again whose day's drops are at hand: those of the last 50 days. Only where all entries were read.
  void Finish(Report report) const;

  // How many were drawn again, for tests.
  size_t drawn() const;

 private:
  struct Drop {
    int32_t day = 0;
    uint64_t seq = 0;
    uint64_t household = 0;
    uint64_t region = 0;
  };
  bool IsAtHand(const ledger::v1::ReinspectionDraw& draw) const;
  void Check(const ledger::v1::ReinspectionDraw& draw, Report report) const;

  std::array<std::deque<Drop>, kHouseholdPartitions> drops_;
  int32_t newest_ = 0;  // day of all of them
  std::vector<ledger::v1::ReinspectionDraw> draws_;
};

}  // namespace fenfen::ctl
