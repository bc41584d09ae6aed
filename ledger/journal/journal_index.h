// JournalIndex: where every record of the journal lies. Of a full segment whose index file is there it holds the head alone, three
// kilobytes; of the others, which are the last one or two, each record's offset, four bytes.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "ledger/core/ids.h"
#include "ledger/journal/segment.h"
#include "ledger/journal/segment_index.h"

namespace fenfen {

// Where a record lies. `value` is its offset in an open segment, its rank in a sealed segment's index.
struct JournalPosition {
  uint32_t segment = 0;
  bool sealed = false;
  uint32_t value = 0;
};

class JournalIndex {
 public:
  // Where the journal begins, if not with segment 1. Before anything else.
  void BeginAt(const JournalStart& start);
  // The next segment, which is sealed already. Only before the first AddGroup.
  void AddSealed(const IndexHead& head);
  // The next group, in the segment of the last one or one behind it. True if it begins a segment.
  bool AddGroup(const segment::Header& segment, absl::Span<const IndexedRecord> records, uint64_t end);

  std::optional<JournalPosition> Find(PartitionId partition, PartitionSeq seq) const;
  PartitionSeq Last(PartitionId partition) const;
  // Where reading must begin so as not to miss an entry behind `after`.
  JournalStart StartFor(const SequenceVector& after) const;
  JournalStart Begin() const;
  // True if there was such an entry, before the journal's beginning.
  bool IsBeforeBegin(PartitionId partition, PartitionSeq seq) const;
  // What comes behind all that was added: of AddSealed the next segment, of AddGroup the next group.
  JournalStart End() const;

  // The index of the oldest segment that is full and not sealed, immutable by now; nullptr for none.
  std::shared_ptr<const SegmentIndex> NextToSeal() const;
  // Its index file is there now.
  void Seal(const IndexHead& head);
  // The newest sealed segment's number; 0 for none.
  uint32_t LastSealed() const;
  std::optional<IndexHead> SealedHead(uint32_t segment) const;
  // The oldest sealed segment, unless it is the only one: then the journal might become empty.
  std::optional<IndexHead> Oldest() const;
  // The journal begins behind that segment now.
  void DropOldest();

 private:
  mutable absl::Mutex mutex_;
  std::deque<IndexHead> sealed_ ABSL_GUARDED_BY(mutex_);                    // without gap
  std::deque<std::shared_ptr<SegmentIndex>> open_ ABSL_GUARDED_BY(mutex_);  // behind them
  JournalStart begin_ ABSL_GUARDED_BY(mutex_);
  JournalStart end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
