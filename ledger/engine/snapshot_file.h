// One snapshot in one file (docs/formats/snapshot.md): a section for each partition, one for the projections' memos, and at the end a table
// of them with their checksums. The table comes last, so a file that was not written to its end is none. On disk, do not change without
// another version.
//
// Neither the writer nor the reader is thread-safe, except that sections may be read by several threads at once.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/core/ids.h"
#include "ledger/journal/file.h"
#include "ledger/state/savable_state.h"

namespace fenfen {

// What a snapshot says of itself.
struct SnapshotHeader {
  uint64_t journal_id = 0;  // of the journal that it is a fold of
  uint64_t number = 0;      // 1, 2, 3…
  absl::Time time;          // when it was begun, to the microsecond

  friend bool operator==(const SnapshotHeader&, const SnapshotHeader&) = default;
};

// A projection's name and what it wants to know again.
using SnapshotMemos = std::vector<std::pair<std::string, std::string>>;

// The same as they were read: a large one is not to be copied.
struct StoredMemos {
  std::unique_ptr<const std::string> bytes;  // what the views point into
  std::vector<std::pair<absl::string_view, absl::string_view>> memos;

  // nullopt where there is none of this name.
  std::optional<absl::string_view> Find(absl::string_view name) const;
};

// Where a section lies, and of which state it is.
struct SnapshotSection {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  PartitionSeq seq;  // of the partition; 0 for the memos
  uint32_t crc32c = 0;
  std::string sha256;  // the state's digest; zeros for the memos
};
inline constexpr size_t kSnapshotSections = kPartitions + 1u;
inline constexpr size_t kMemosSection = kPartitions;
using SnapshotTable = std::array<SnapshotSection, kSnapshotSections>;

class SnapshotWriter {
 public:
  // Into a new file. Everything is made durable kSyncBytes at a time, so that the disk is never busy for long with what nobody waits for.
  SnapshotWriter(std::unique_ptr<File> file, const SnapshotHeader& header);

  // Partitions 0, 1, 2… in order, all of them; then the memos.
  absl::Status AddPartition(const SavedPartition& saved);
  absl::Status AddMemos(const SnapshotMemos& memos);
  // Completes the file and syncs it. Then it has only to get its name.
  absl::Status Finish();

  // Bytes so far.
  uint64_t bytes() const { return offset_; }

 private:
  static constexpr size_t kSyncBytes = 4u << 20;
  absl::Status AddSection(absl::string_view bytes, PartitionSeq seq, const std::string& sha256);
  absl::Status Put(absl::string_view bytes);
  absl::Status WriteBuffered();

  const std::unique_ptr<File> file_;
  const SnapshotHeader header_;
  SnapshotTable table_;
  size_t sections_ = 0;
  uint64_t offset_ = 0;  // of what is put next
  std::string buffer_;   // the last bytes before it, not yet written
};

class SnapshotReader {
 public:
  // Reads what the file says of itself. DATA_LOSS, naming file and offset, where that does not hold.
  static absl::StatusOr<std::unique_ptr<SnapshotReader>> Open(std::unique_ptr<File> file, std::string path);

  const SnapshotHeader& header() const { return header_; }
  const SnapshotTable& table() const { return table_; }
  const std::string& path() const { return path_; }

  // A section's bytes, in `buffer`, good until it is used again. DATA_LOSS, naming file and offset, where they are damaged.
  absl::StatusOr<absl::string_view> Read(size_t section, std::string& buffer) const;
  absl::StatusOr<StoredMemos> ReadMemos() const;
  // DATA_LOSS with a sentence naming the section's place.
  absl::Status DamageAt(size_t section, absl::string_view what) const;

 private:
  SnapshotReader(std::unique_ptr<File> file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  absl::Status ReadHeader();
  absl::Status ReadTable();
  absl::StatusOr<std::string> Bytes(uint64_t offset, size_t size) const;

  const std::unique_ptr<File> file_;
  const std::string path_;
  SnapshotHeader header_;
  SnapshotTable table_;
};

}  // namespace fenfen
