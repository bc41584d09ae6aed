// Projection: something computed from the journal, afterwards, and thrown away at will: the catalogue, look-ups, boards.
//
// Each partition's transactions come in sequence order, once. Across partitions no order is promised: after a restart they come another way
// round than before, from several threads. So what a projection tells must not depend on it.
//
// A start from a snapshot gives a projection first its memo, then what each partition held at the snapshot, then the transactions since.
// The result must be the same as if all transactions had come.
#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ledger/core/check.h"
#include "ledger/core/partition_contents.h"
#include "ledger/core/transaction.h"

namespace fenfen {

// Runs work(0) to work(count − 1), several at once; gives an error of theirs.
using InParallel = absl::FunctionRef<absl::Status(size_t count, absl::FunctionRef<absl::Status(size_t item)> work)>;
// The same, one after another.
inline absl::Status InTurn(size_t count, absl::FunctionRef<absl::Status(size_t item)> work) {
  absl::Status status;
  for (size_t item = 0; item < count && status.ok(); ++item) status = work(item);
  return status;
}

class Projection {
 public:
  virtual ~Projection() = default;
  // Takes one durable transaction. Called on a thread of the journal's, one at a time, or during replay: short, no blocking. Readers of a
  // projection may run at the same time, so it guards itself.
  virtual void Apply(const CommittedTransaction& committed) = 0;
  // Takes several of one partition, in their order.
  virtual void ApplyAll(absl::Span<const CommittedTransaction* const> several) {
    for (const CommittedTransaction* committed : several) Apply(*committed);
  }

  // Takes what the records of a partition say, in place of all the transactions up to contents.last. Several partitions come at once.
  // One that does not override this cannot be used with snapshots.
  virtual void Restore(const PartitionContents&) { FENFEN_CHECK(false); }

  // The memo is what no record says and a restart must still know. It may be some transactions ahead of the partitions in the snapshot,
  // which will come again. `MemoName` tells it from other projections', for ever; empty where there is no memo.
  virtual absl::string_view MemoName() const { return {}; }
  virtual std::string SaveMemo() const { return {}; }
  // Takes what SaveMemo gave; empty where the snapshot has none of this name. DATA_LOSS where the memo does not have its form.
  // A large one is read in parts that `in_parallel` runs.
  virtual absl::Status LoadMemo(absl::string_view, InParallel) { return absl::OkStatus(); }
};

}  // namespace fenfen
