// Openings: what each partition was where the journal begins, for a journal whose oldest segments are archived and not at hand. They are
// derived backwards: a snapshot's balances, less all that the journal's entries from its beginning up to the snapshot posted. Folding those
// entries forward again (partition_fold.h) then checks each of them as if the whole were there, and must end in the snapshot's digests.
//
// What this cannot show is that the openings are what the archived entries come to.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "clients/ctl/verify/stored_snapshot.h"
#include "ledger/core/transaction.h"
#include "ledger/journal/journal_reader.h"

namespace fenfen::ctl {

struct PartitionOpening {
  struct Record {
    uint64_t version = 0;
    bool written_since = false;  // then `bytes` are later ones, which the journal writes
    std::string bytes;           // as the snapshot has them
  };
  PartitionSeq last;
  absl::flat_hash_map<AccountId, int64_t> balances;  // hundredths of a point
  absl::flat_hash_map<RecordKey, Record> records;
  std::vector<std::string> wrong;  // what does not fit between the snapshot and the journal
};
using Openings = std::array<PartitionOpening, kPartitions>;

// Reads the journal from its beginning on until all of the snapshot is passed. What is damaged in the journal ends it without an error: who
// reads it anew finds that. DATA_LOSS for a snapshot that does not have its form.
absl::Status DeriveOpenings(JournalReader& journal, const JournalBeginning& beginning, const StoredSnapshot& snapshot, Openings& openings);

}  // namespace fenfen::ctl
