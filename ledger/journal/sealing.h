// What is made from a full segment: its index, and its compressed form. Both are made whole under another name first, so a crash leaves
// either nothing of them or all; and the segment itself goes only once its compressed form was read back and found equal.
#pragma once

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/journal/file.h"
#include "ledger/journal/segment_index.h"

namespace fenfen {

// The head of a segment's index file. NOT_FOUND where there is none, DATA_LOSS where it does not hold.
absl::StatusOr<IndexHead> ReadIndexHead(FileSystem& files, const std::string& directory, uint32_t number);

// True if the whole index file holds and begins with `head`.
absl::StatusOr<bool> IndexHolds(FileSystem& files, const std::string& directory, const IndexHead& head);

// Reads the segment `start.segment`, which is full, and makes its index. DATA_LOSS where the segment is damaged.
absl::StatusOr<SegmentIndex> IndexSegment(FileSystem& files, const std::string& directory, const JournalStart& start);

absl::Status WriteIndex(FileSystem& files, const std::string& directory, const SegmentIndex& index);

// Puts the compressed form of a sealed segment in its place. DATA_LOSS where the segment is damaged; CANCELLED once `stop` is set. After an
// error the segment is as it was.
absl::Status CompressSegment(FileSystem& files, const std::string& directory, const IndexHead& head, const std::atomic<bool>& stop);

}  // namespace fenfen
