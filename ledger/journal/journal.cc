#include "ledger/journal/journal.h"

namespace fenfen {

absl::Status Journal::ReplayBatches(const SequenceVector& after, BatchVisitor visitor) {
  return Replay(after, [&](JournalEntry entry) {
    auto batch = std::make_shared<JournalBatch>();
    batch->bytes = std::move(entry.bytes);
    batch->entries.push_back({entry.partition, entry.seq, entry.record_time, batch->bytes});
    return visitor(std::move(batch));
  });
}

}  // namespace fenfen
