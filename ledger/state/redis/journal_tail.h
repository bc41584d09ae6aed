// JournalTail: what a Redis State needs of the journal, which is the truth that Redis has to catch up with. Whoever puts the two together
// implements it.
//
// Thread-safe. Everything but Id and LastDurable may block on the disk; it is called by the State's keeper thread alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/core/ids.h"

namespace fenfen {

class JournalTail {
 public:
  virtual ~JournalTail() = default;

  // What tells this journal from every other; never 0.
  virtual uint64_t Id() const = 0;

  // The partition's last durable sequence number, as far as is known without asking; 0 for none. The State drops from the outbox up to
  // there. Where this process alone writes, what it has told counts once it is durable itself. Where others write, their entries count as
  // well: what was committed under the present term is one history, whoever told it, and a Redis of an older term is begun anew whatever
  // its outbox says (docs/formats/redis.md, "Terms, joining, sweeping").
  virtual PartitionSeq LastDurable(PartitionId partition) const = 0;

  // Waits until every commit that the State has told (`done` has returned) is durable, and gives the last durable sequence number. While it
  // is called the State commits nothing in the partition. Only asked where there are no terms: elsewhere Claim settles what counts.
  virtual absl::StatusOr<PartitionSeq> Settle(PartitionId partition) = 0;

  // Begins a new term of the partition and tells what is durable: from then on what an older term committed, in a Redis that somebody still
  // takes for the right one, can no more be journaled (Journal::Claim).
  struct Head {
    uint64_t term = 0;
    PartitionSeq last;
  };
  virtual absl::StatusOr<Head> Claim(PartitionId partition) = 0;
  // The present term, and what is durable, whoever wrote it.
  virtual absl::StatusOr<Head> HeadOf(PartitionId partition) = 0;

  // The bytes of a durable transaction (EncodeTransaction's). FAILED_PRECONDITION where somebody has to bring it back first, saying how:
  // that is not waited for, unlike other errors.
  virtual absl::StatusOr<std::string> Read(PartitionId partition, PartitionSeq seq) = 0;

  // Appends transactions that Redis has committed under `term` and nobody has journaled, `first` being the one after the last durable, and
  // waits until they are durable, shown to projections and visible to readers, as if `done` had told them.
  virtual absl::Status Append(PartitionId partition, uint64_t term, PartitionSeq first, std::vector<std::string> transactions) = 0;
};

}  // namespace fenfen
