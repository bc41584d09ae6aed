// MemoryFileSystem: files in memory that keep apart what was written and what a crash of the machine would leave. Faults are switched on by
// the test. What a crash may leave of unsynced writes is chosen by the test, sector by sector.
//
//   MemoryFileSystem disk;
//   … write, no sync …
//   std::unique_ptr<MemoryFileSystem> after = disk.AfterCrash([](size_t sector) { return sector % 2 == 0; });
//
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "ledger/journal/file.h"

namespace fenfen {

class MemoryFileSystem final : public FileSystem {
 public:
  static constexpr size_t kSectorBytes = 512;

  absl::StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override;

  // Which names a crash leaves: those that were synced, or, since a file system may write them earlier, those that are there.
  enum class NamesKept { kSynced, kAll };
  // What would be there after the machine crashed now: what was synced, and of what was not, the sectors that `kept` says, counted from 0
  // over all unsynced ones; and the names.
  std::unique_ptr<MemoryFileSystem> AfterCrash(const std::function<bool(size_t)>& kept, NamesKept names = NamesKept::kSynced) const;
  // How many sectors are written and not synced.
  size_t UnsyncedSectors(NamesKept names = NamesKept::kSynced) const;
  // The same files, as they read now, all synced.
  std::unique_ptr<MemoryFileSystem> Copy() const;

  // A file's bytes as they read now; to be there is the test's concern.
  std::string Bytes(const std::string& path) const;
  // Puts a file there, synced.
  void Put(const std::string& path, std::string bytes);
  bool Exists(const std::string& path) const;

  // Faults. `fault` is asked before each operation ("create", "write", "sync", "rename", "remove", and the path; "read" where WatchReads)
  // and its error is returned instead. A sync that fails drops what was unsynced from what later syncs will sync, as Linux does.
  using Fault = std::function<absl::Status(absl::string_view operation, const std::string& path)>;
  void SetFault(Fault fault);
  void WatchReads();
  // All files together can hold this many bytes.
  void SetCapacity(uint64_t bytes);

 private:
  friend class MemoryFile;
  friend class MemoryFileLock;
  struct Content {
    std::string now;
    std::string durable;
    std::set<size_t> dirty;  // sectors
    std::string path;        // by its name now, for faults
  };
  using Names = std::map<std::string, std::shared_ptr<Content>>;

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path);
  absl::Status AskFault(absl::string_view operation, const std::string& path);
  uint64_t UsedBytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  Names names_ ABSL_GUARDED_BY(mutex_);
  Names durable_names_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> locks_ ABSL_GUARDED_BY(mutex_);
  Fault fault_ ABSL_GUARDED_BY(mutex_);
  bool watch_reads_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t capacity_ ABSL_GUARDED_BY(mutex_) = uint64_t{1} << 40;
};

}  // namespace fenfen
