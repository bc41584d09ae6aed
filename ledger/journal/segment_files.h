// The files of a journal's folder: which there are, opening and making them, and clearing a journal's end after a crash. What makes or
// changes one leaves it on disk once it returns OK.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/journal/beginning.h"
#include "ledger/journal/compressed_file.h"
#include "ledger/journal/file.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/segment.h"

namespace fenfen {

// Files of many are synced in portions, so that the groups' own syncs never wait behind a whole segment.
inline constexpr uint64_t kBytesPerSync = 8u << 20;

// CANCELLED once `stop` is set, by which the journal's closing ends long work on its files.
absl::Status CheckGoesOn(const std::atomic<bool>& stop);

// The file of a segment in a journal's folder, and of what belongs to it.
std::string SegmentPath(const std::string& directory, uint32_t number, absl::string_view ending = segment::kEnding);

// The segments of a folder.
struct SegmentList {
  std::optional<JournalBeginning> beginning;  // where those before `first` were archived
  uint32_t first = 1;
  uint32_t last = 0;         // they are first to last; 0 for none
  std::set<uint32_t> plain;  // not, or not only, there in compressed form
  std::set<uint32_t> indexed;
  std::set<uint32_t> leaving;  // of those before `first`: something is here still, since moving it was interrupted
};
// DATA_LOSS where one is missing, or the beginning does not hold.
absl::StatusOr<SegmentList> ListSegments(FileSystem& files, const std::string& directory);

// A segment, open for reading in whatever form it is there: the plain one where it is there in both, since then compressing it was
// interrupted. NOT_FOUND where there is none.
absl::StatusOr<std::unique_ptr<File>> OpenSegmentFile(FileSystem& files, const std::string& directory, uint32_t number,
                                                      const std::shared_ptr<BlockCache>& cache);

// Makes a file, or makes it anew: under another name first, so that under its own it is always whole.
absl::Status WriteWholeFile(FileSystem& files, const std::string& directory, const std::string& path, absl::string_view bytes);

// A segment file's header; DATA_LOSS where it does not hold.
absl::StatusOr<segment::Header> ReadSegmentHeader(const File& file, const std::string& path);

// Makes a segment: written full of zeros under another name, synced, then renamed, so that under its own name it is always whole.
// RESOURCE_EXHAUSTED where there is no room; then nothing of it stays.
absl::StatusOr<std::unique_ptr<File>> MakeSegment(FileSystem& files, const std::string& directory, const segment::Header& header);

// Where a file is written before it gets its name; and such a file, new, also where an earlier try could not remove its own.
std::string UnfinishedPath(const std::string& path);
absl::StatusOr<std::unique_ptr<File>> CreateUnfinished(FileSystem& files, const std::string& path);
// Removes what was being made when the process ended.
absl::Status RemoveUnfinishedFiles(FileSystem& files, const std::string& directory);

// Writes zeros over what an unfinished group may have left behind the journal's end, and the last group once more: it was read back, but
// after a failed or missing fdatasync what is read says nothing about the disk. Synced before it returns.
absl::Status RepairTail(FileSystem& files, const std::string& directory, const JournalEnd& tail);

}  // namespace fenfen
