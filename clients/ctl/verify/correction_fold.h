// CorrectionFold: reversals, adjustments and appeals of one partition (docs/formats/records.md, "Corrections"): a reversal is the opposite
// of its entry, and the only one; an adjustment posts what one person proposed and another approved; an appeal is answered once. Written
// from the page, not from the engine's code.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "clients/ctl/verify/openings.h"
#include "fenfen/ledger/v1/correcting.pb.h"
#include "ledger/core/transaction.h"

namespace fenfen::ctl {

class CorrectionFold {
 public:
  using Report = absl::FunctionRef<void(std::string)>;

  // What the partition had where the journal begins. Of entries before it only that they were reversed is known.
  void Begin(const PartitionOpening& opening);
  void Apply(PartitionSeq seq, const Transaction& transaction, Report report);

 private:
  // What an entry gave its household, hundredths; and of the reward points a hash of the accounts that they came from or went to, times the
  // amount: an opposite has this below zero, however it is split.
  struct Effect {
    int64_t reward = 0;
    int64_t civic = 0;
    uint64_t accounts = 0;
  };
  // A proposal as it was left last.
  struct Proposal {
    uint64_t household = 0;
    int32_t asset = 0;
    int64_t amount = 0;
    uint64_t proposer = 0;
    bool open = false;
  };

  static Effect EffectOf(const Transaction& transaction);
  void CheckReversal(PartitionSeq seq, const Transaction& transaction, const Effect& effect, Report report);
  void CheckAdjustment(const Transaction& transaction, const Effect& effect, Report report);
  void CheckAppeal(const Transaction& transaction, Report report);
  void TakeProposal(uint64_t id, const ledger::v1::Proposal& stored);

  uint64_t before_ = 0;                     // the last sequence number that came before all this
  std::vector<Effect> effects_;             // of the entries since, by their place
  absl::flat_hash_set<uint64_t> reversed_;  // sequence numbers
  absl::flat_hash_map<uint64_t, Proposal> proposals_;
  absl::flat_hash_map<uint64_t, bool> open_appeals_;  // by the case's id
};

}  // namespace fenfen::ctl
