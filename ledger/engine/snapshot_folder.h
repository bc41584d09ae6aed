// SnapshotFolder: the snapshots of one journal, "00000007.snap" in a folder of their own. The newest two are kept: the one before is there
// in case that the newest is damaged. A name ending in .tmp is one in the making and means nothing.
//
// Not thread-safe: recovery uses it first, then the snapshotter alone.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/engine/snapshot_file.h"
#include "ledger/journal/file.h"

namespace fenfen {

class SnapshotFolder {
 public:
  static constexpr size_t kKept = 2;

  // `files` outlives it.
  SnapshotFolder(FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}

  // Makes the folder if need be and removes what was not finished.
  absl::Status Open();

  // The numbers there are, newest first.
  absl::StatusOr<std::vector<uint64_t>> Numbers() const;
  // The newest kKept of those that can be used, newest first; fewer where there are no more.
  absl::StatusOr<std::vector<uint64_t>> Kept() const;
  // DATA_LOSS where the file is no whole snapshot.
  absl::StatusOr<std::unique_ptr<SnapshotReader>> Read(uint64_t number) const;
  // Remembers that a snapshot cannot be used, so that it does not count among those to keep.
  void Refuse(uint64_t number) { refused_.insert(number); }

  // A file for the next snapshot, under a name that means nothing yet.
  absl::StatusOr<std::unique_ptr<File>> Begin(uint64_t number);
  // Gives the finished file its name, for good, and removes those no longer needed.
  absl::Status Publish(uint64_t number);
  // Removes the unfinished file.
  void Abandon(uint64_t number);
  // Bytes that may still be written.
  absl::StatusOr<uint64_t> FreeBytes() const { return files_.FreeBytes(directory_); }

 private:
  std::string PathOf(uint64_t number) const;
  std::string DraftOf(uint64_t number) const;
  absl::Status Prune();

  FileSystem& files_;
  const std::string directory_;
  std::set<uint64_t> refused_;
};

}  // namespace fenfen
