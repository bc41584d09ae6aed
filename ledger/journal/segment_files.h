// Making segment files, and clearing a journal's end after a crash. Both leave on disk what they return OK for.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/journal/file.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/segment.h"

namespace fenfen {

// The file of a segment in a journal's folder.
std::string SegmentPath(const std::string& directory, uint32_t number);

// A segment file's header; DATA_LOSS where it does not hold.
absl::StatusOr<segment::Header> ReadSegmentHeader(const File& file, const std::string& path);

// Makes a segment: written full of zeros under another name, synced, then renamed, so that under its own name it is always whole.
// RESOURCE_EXHAUSTED where there is no room; then nothing of it stays.
absl::StatusOr<std::unique_ptr<File>> MakeSegment(FileSystem& files, const std::string& directory, const segment::Header& header);

// Removes what an interrupted MakeSegment left.
absl::Status RemoveUnfinishedSegments(FileSystem& files, const std::string& directory);

// Zeroes what an unfinished group left behind the journal's end, and writes the last group once more: it was read back, but after a failed
// or missing fdatasync that says nothing about the disk. Synced before it returns.
absl::Status RepairTail(FileSystem& files, const std::string& directory, const JournalTail& tail);

}  // namespace fenfen
