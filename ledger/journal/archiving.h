// What happens to the oldest segments of a journal: their files are moved to an archive folder, which may lie in another file system. Each
// is copied, synced, read back and compared, named, and only then removed from the journal's folder; so there is always one whole copy, and
// what a crash interrupts is done again from the start. Nothing in an archive is ever written over.
//
// Thread-safe as far as the FileSystem is, for different segments.
#pragma once

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/journal/file.h"
#include "ledger/journal/segment_index.h"

namespace fenfen {

// The latest record time in a sealed segment, which is read as a whole for that: clocks jump, so none of its records can answer for the
// others. DATA_LOSS where the segment is damaged, so that nothing damaged is put away; CANCELLED once `stop` is set.
absl::StatusOr<absl::Time> LatestRecordTime(FileSystem& files, const std::string& directory, const IndexHead& head,
                                            const std::atomic<bool>& stop);

// Moves what there is of the segment in the journal's folder, its index too, to the archive, which is another folder. OK where there is
// nothing more to move. DATA_LOSS where the archive holds another file of that name; CANCELLED once `stop` is set. After an error
// everything is there still, in one place or in both.
absl::Status MoveToArchive(FileSystem& files, const std::string& directory, const std::string& archive, uint32_t number,
                           const std::atomic<bool>& stop);

// The archived segment that holds an entry; `first` is the journal's first, so the archived ones lie before it. NOT_FOUND where the
// archive's indexes do not tell.
absl::StatusOr<uint32_t> FindInArchive(FileSystem& files, const std::string& archive, uint32_t first, PartitionId partition,
                                       PartitionSeq seq);

}  // namespace fenfen
