// Script: a fixed sequence of commits for the fault tests: one catalogue, then households that are enrolled, drop, reserve vouchers and
// have them captured. Every run makes the same transactions under the same request keys, so that after any fault one can say exactly what
// must be there. Immutable, thread-safe.
//
//   const Script script(200);
//   engine.SubmitAndWait(script.CommandOf(7, *catalogue.Snapshot()))
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger/engine/engine.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"

namespace fenfen::faults {

class Script {
 public:
  static constexpr int kCommitsMax = 100'000;

  // `commits` 1 to kCommitsMax, of a tenth as many households. Steps a household's count apart or more touch the same one; those between do
  // not depend on each other, once all households are enrolled.
  explicit Script(int commits);

  int size() const { return commits_; }
  // Steps up to here must each be finished before the next is submitted.
  int independent_from() const { return 1 + households_; }

  // A step, 0 to size() − 1. Under the catalogue of step 0, which itself needs none, it always commits.
  Command CommandOf(int step, std::shared_ptr<const Catalogue> catalogue) const;
  RequestKey KeyOf(int step) const;
  PartitionId PartitionOfStep(int step) const;

  // The steps of each partition, in order: the sequence number of steps[i] is i + 1.
  const std::vector<int>& StepsOf(PartitionId partition) const { return steps_[partition.value()]; }
  // The step's sequence number in its partition.
  PartitionSeq SeqOf(int step) const { return seqs_[static_cast<size_t>(step)]; }

 private:
  enum class Kind { kCatalogue, kEnrolment, kDrop, kReservation, kCapture };
  Kind KindOf(int step) const;
  HouseholdId HouseholdOf(int step) const;
  DecisionContext ContextOf(int step) const;
  VoucherId VoucherOfReservation(int step) const;

  const int commits_;
  const int households_;
  std::vector<std::vector<int>> steps_;
  std::vector<PartitionSeq> seqs_;
};

}  // namespace fenfen::faults
