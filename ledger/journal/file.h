// FileSystem and File: the few file operations that the journal stands on, so that tests and the simulation can let each of them fail.
// The real ones are in posix_file.h.
//
// Durability contract, POSIX's: written bytes survive a machine's crash only after Sync; a new or renamed name only after SyncDirectory of
// its folder. After a failed Sync nothing is known about what was written since the last good one, and another Sync does not help.
//
// A File may be read by several threads at once; writing is one thread's. A FileSystem is thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fenfen {

class File {
 public:
  virtual ~File() = default;
  // Reads `size` bytes at `offset` into `out`; fewer only where the file ends. Returns how many.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, char* out, size_t size) const = 0;
  // Writes all the bytes, or fails; then any of them may be there. RESOURCE_EXHAUSTED where there is no room.
  virtual absl::Status WriteAt(uint64_t offset, absl::string_view bytes) = 0;
  // fdatasync.
  virtual absl::Status Sync() = 0;
  virtual absl::StatusOr<uint64_t> Size() const = 0;
};

// Held as long as it lives.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // NOT_FOUND where there is no such file.
  virtual absl::StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) = 0;
  virtual absl::StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path) = 0;
  // A new, empty file for reading and writing; ALREADY_EXISTS where the name is taken.
  virtual absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;
  // Makes the folder with mode 0700; OK where it is there already.
  virtual absl::Status CreateDirectory(const std::string& path) = 0;
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  // The names in a folder, sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& directory) = 0;
  // Bytes that may still be written in the file system that holds the folder.
  virtual absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) = 0;
  // An exclusive lock on the file, which is made if need be. FAILED_PRECONDITION where someone holds it, in this process or another.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

}  // namespace fenfen
