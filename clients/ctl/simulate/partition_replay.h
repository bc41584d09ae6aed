// PartitionReplay: the drops of one partition's households, judged and credited anew by the functions that the ledger itself uses
// (ledger/points/earning), entry by entry in the journal's order, and compared with what the journal says was given.
//
// Of a household its region and members are what the ledger's record said at the time; the drops of its open days are the simulation's own,
// from the first on. A reversal takes out of it what the simulation gave for the entry reversed. What a used-up budget cut stays cut.
// Everything else that gives or takes points (adjustments, awards, expiry, vouchers) is as it was.
//
// Memory: some 100 bytes and the open days of each household. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/ctl/simulate/catalogue_history.h"
#include "clients/ctl/simulate/simulation.h"
#include "ledger/journal/journal.h"
#include "ledger/points/drop.h"
#include "ledger/points/records.h"
#include "ledger/points/why.h"

namespace fenfen::ctl {

// Sequence numbers of entries that are taken back by a later one.
using TakenBack = absl::flat_hash_set<PartitionSeq>;

class PartitionReplay {
 public:
  // All outlive this.
  PartitionReplay(const SimulationTerms& terms, const CatalogueHistory& catalogues, const TakenBack& taken_back)
      : terms_(terms), catalogues_(catalogues), taken_back_(taken_back) {}

  // DATA_LOSS where an entry does not have its form, or is of a household that the journal does not begin.
  absl::Status Apply(const JournalEntryView& entry);

  // Every household with a drop in the period, by number.
  void ForEachHousehold(absl::FunctionRef<void(const HouseholdChange&)> visit) const;
  // But for the households' own figures.
  const SimulationReport& report() const { return report_; }

 private:
  struct Household {
    CatalogueId region;
    std::vector<Member> members;
    std::string days;  // the open ones, the simulation's
    Compared amounts;  // of the period
  };
  // One entry's amounts, here and there.
  struct Given {
    int category = 0;
    int32_t day = 0;
    uint32_t event_id = 0;
    bool released = false;  // it waited, so it is never too late
    Compared amounts;
  };

  absl::Status TakeDrop(const JournalEntryView& entry, const Transaction& transaction);
  // Judges and credits it anew. Of `given`, the event's id and the ledger's civic points are there.
  absl::Status Credit(const JournalEntryView& entry, const DropFacts& facts, const DropWhy& why, Household& household, Given& given);
  absl::Status TakePending(const JournalEntryView& entry, const Transaction& transaction);
  absl::Status Wait(const JournalEntryView& entry, const DropFacts& facts, Household& household, int change);
  absl::Status TakeReversal(const JournalEntryView& entry, const Transaction& transaction);
  absl::Status TakeRecords(const JournalEntryView& entry, const Transaction& transaction);
  absl::StatusOr<Household*> Find(const JournalEntryView& entry, HouseholdId household);
  void Count(const JournalEntryView& entry, const Transaction& transaction, Household& household, const Given& given, bool back);
  void CheckGiven(const JournalEntryView& entry, const Compared& amounts);
  void Differ(const JournalEntryView& entry, const std::string& what);
  void CountCosts(const Transaction& transaction);
  bool Reproduces() const { return !terms_.draft.has_value(); }
  bool InMonths(int32_t month) const;
  bool InPeriod(int32_t day) const { return terms_.first_day <= day && day <= terms_.last_day; }

  const SimulationTerms& terms_;
  const CatalogueHistory& catalogues_;
  const TakenBack& taken_back_;
  absl::flat_hash_map<uint64_t, Household> households_;
  absl::flat_hash_map<PartitionSeq, Given> given_;  // of entries that will be taken back
  SimulationReport report_;
};

}  // namespace fenfen::ctl
