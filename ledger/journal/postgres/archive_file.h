// An archived month as a file: zstd-compressed text, whose form is docs/formats/postgres.md, "Archived months". A file counts only with its
// last line, which holds the SHA-256 of all the text before it.
//
// One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "ledger/journal/file.h"

namespace fenfen {

// The tables of a month, in the order that they stand in a file and are written in.
struct ArchivedTable {
  const char* name;
  const char* columns;
};
inline constexpr std::array<ArchivedTable, 3> kArchivedTables = {{
    {"entries",
     "position, sequence, record_time, event_time, request_key, fingerprint, actor_id, actor_sub, crc32c, month, partition, kind, "
     "actor_kind, "
     "bytes"},
    {"postings", "sequence, owner, amount, month, number, partition, account_kind, asset"},
    {"record_changes", "sequence, record_id, previous, month, number, bytes_offset, bytes_size, partition, record_kind"},
}};

struct ArchiveHead {
  uint64_t journal_id = 0;
  absl::CivilMonth month;
};
struct ArchiveSummary {
  ArchiveHead head;
  std::array<uint64_t, kArchivedTables.size()> rows{};
  std::string sha256;  // 64 hexadecimal digits
};

class ArchiveWriter {
 public:
  // `file` is empty, and outlives this.
  ArchiveWriter(File& file, const ArchiveHead& head);
  ~ArchiveWriter();

  // The next table begins.
  absl::Status BeginTable();
  // One of its rows, with the end of its line, as COPY … TO STDOUT gives it.
  absl::Status Row(absl::string_view line);
  absl::Status EndTable();
  // Ends the file and syncs it.
  absl::StatusOr<ArchiveSummary> Finish();

 private:
  struct Streams;
  absl::Status Text(absl::string_view text);
  absl::Status Compress(absl::string_view text, bool last);

  File& file_;
  ArchiveSummary summary_;
  size_t table_ = 0;
  uint64_t offset_ = 0;
  std::unique_ptr<Streams> streams_;
};

// Reads a file from the beginning to its end. `row` is given each line, with its end, and the number of its table. DATA_LOSS, naming file
// and line, where it is not whole: then what `row` was given is not to be used.
absl::StatusOr<ArchiveSummary> ReadArchive(const File& file, const std::string& name,
                                           absl::FunctionRef<absl::Status(size_t table, absl::string_view line)> row);

}  // namespace fenfen
