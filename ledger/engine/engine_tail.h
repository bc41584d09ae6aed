// EngineTail: the journal as a State sees it that outlives this process (Redis): what is durable, and a way for what only the State still
// has, left by a server that was killed between the commit and the journal, to become part of the books as if it had been told.
//
//   EngineTail tail(journal);
//   RedisState state(options, tail);
//   Engine engine(state, journal, clock, projections);
//   engine.Start();          // the projections alone
//   tail.Attach(engine);     // from here on partitions are opened
//
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "ledger/engine/engine.h"
#include "ledger/engine/read_ahead.h"
#include "ledger/journal/journal.h"
#include "ledger/state/redis/journal_tail.h"

namespace fenfen {

class EngineTail final : public JournalTail {
 public:
  // The journal outlives this.
  explicit EngineTail(Journal& journal) : journal_(journal), entries_(journal) {}
  // `engine` has started and outlives whoever uses this. Until then Settle, Claim, HeadOf and Append are UNAVAILABLE.
  void Attach(Engine& engine);

  uint64_t Id() const override { return journal_.Id(); }
  PartitionSeq LastDurable(PartitionId partition) const override { return journal_.LastDurable(partition); }
  absl::StatusOr<PartitionSeq> Settle(PartitionId partition) override;
  absl::StatusOr<Head> Claim(PartitionId partition) override;
  absl::StatusOr<Head> HeadOf(PartitionId partition) override;
  absl::StatusOr<std::string> Read(PartitionId partition, PartitionSeq seq) override;
  absl::Status Append(PartitionId partition, uint64_t term, PartitionSeq first, std::vector<std::string> transactions) override;

 private:
  absl::StatusOr<Engine*> Attached() const;

  Journal& journal_;
  ReadAhead entries_;  // a State that has lost what it had reads one after another
  mutable absl::Mutex mutex_;
  Engine* engine_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace fenfen
