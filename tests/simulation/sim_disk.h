// SimDisk: a FileSystem in memory that behaves as badly as a machine's may. What is written and not synced lies apart, sector by sector;
// names that are not synced lie apart as well; the run decides what becomes of them.
//
//   disk.DieAfter(7);          // the seventh operation from now fails, and all after it: the program was killed there
//   … destroy the engine …
//   disk.CutPower();           // or RestartProcess(), which keeps what was written
//
// A failed sync leaves its sectors readable and marks them clean, as Linux does: a later sync does not write them, and they may be
// forgotten at any time (RestartProcess and CutPower do so by chance). Everything that is left to chance comes from the Random. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ledger/journal/file.h"
#include "tests/simulation/random.h"

namespace fenfen::sim {

class SimDisk final : public FileSystem {
 public:
  static constexpr size_t kSectorBytes = 512;

  explicit SimDisk(Random& random) : random_(random) {}

  absl::StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) override { return Open(path); }
  absl::StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path) override { return Open(path); }
  absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override;

  // --- Ends.

  // The `operations`th change from now fails, and everything after it; 0: from now on.
  void DieAfter(uint64_t operations);
  bool dead() const { return dead_; }
  // The program is gone, the machine runs on.
  void RestartProcess();
  // The machine was off: of what was not synced, chance has kept some sectors, and the first so many of the changes of names.
  void CutPower();

  // --- Faults.

  // No accident that was ordered and has not happened yet will.
  void Disarm();
  // The `syncs`th sync from now fails, or the `writes`th write; 0 for none.
  void FailSyncAfter(uint64_t syncs) { fail_sync_in_ = syncs; }
  void FailWriteAfter(uint64_t writes) { fail_write_in_ = writes; }
  // Whether one has failed since the last restart; and how many writes and syncs of segments were tried after one of a segment failed.
  bool failed() const { return failed_; }
  uint64_t tries_after_failure() const { return tries_after_failure_; }
  // All files together hold no more than now and `bytes`; FreeBytes promises `overpromise` more than there is.
  void LimitFreeBytes(uint64_t bytes, uint64_t overpromise);
  void LiftLimit() { capacity_ = kUnlimited; }
  bool limited() const { return capacity_ != kUnlimited; }
  // From now on a sync returns OK and does nothing: for the canary.
  void LieAboutSyncs() { syncs_lie_ = true; }

  // The next write goes to another place of another file, or of the same: all of it, or some of its sectors.
  void MisdirectNextWrite() { misdirect_next_ = true; }
  // Puts what was misdirected where it belongs, and back what lay where it went.
  void UndoMisdirection();
  bool misdirected() const { return !misdirection_.empty(); }

  // Turns one bit of a file over, also on the disk itself; the same call again turns it back.
  void FlipBit(const std::string& path, uint64_t offset, int bit);
  // 0 where there is no such file.
  char ByteAt(const std::string& path, uint64_t offset) const;
  // The files, and their sizes in bytes.
  std::vector<std::string> Paths() const;
  uint64_t SizeOf(const std::string& path) const;

 private:
  friend class SimFile;
  friend class SimFileLock;
  enum SectorState : uint8_t { kClean, kDirty, kForgotten };
  struct Content {
    bool segment = false;  // by its name
    std::string now;
    std::string durable;
    std::vector<uint8_t> sectors;  // a SectorState each
    std::vector<uint32_t> dirty;   // those that are kDirty
  };
  using Names = std::map<std::string, std::shared_ptr<Content>>;
  struct NameChange {
    std::string removed;  // empty for none
    std::string added;
    std::shared_ptr<Content> content;
  };
  struct Patch {
    std::shared_ptr<Content> content;
    uint64_t offset = 0;
    std::string bytes;
  };

  static constexpr uint64_t kUnlimited = ~uint64_t{0};

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path);
  // Counts an operation; an error where the program has ended, or ends with it.
  absl::Status Change();
  absl::Status Write(const std::shared_ptr<Content>& content, uint64_t offset, absl::string_view bytes);
  absl::Status Sync(Content& content);
  void Misdirect(const std::shared_ptr<Content>& content, uint64_t offset, absl::string_view bytes);
  absl::Status IoError(const Content& content);
  void ApplyNames(size_t count);
  void Put(Content& content, uint64_t offset, absl::string_view bytes);
  void PutPart(Content& content, uint64_t offset, absl::string_view bytes);
  static void PutDurably(Content& content, uint64_t offset, absl::string_view bytes);
  static void MakeDurable(Content& content, uint32_t sector);
  static void Forget(Content& content);
  uint64_t UsedBytes() const;

  Random& random_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> name_changes_;  // not synced
  std::set<std::string> locks_;

  bool dead_ = false;
  uint64_t die_in_ = 0;
  uint64_t fail_sync_in_ = 0;
  uint64_t fail_write_in_ = 0;
  bool failed_ = false;
  bool segment_failed_ = false;
  uint64_t tries_after_failure_ = 0;
  uint64_t capacity_ = kUnlimited;
  uint64_t overpromise_ = 0;
  bool syncs_lie_ = false;
  bool misdirect_next_ = false;
  std::vector<Patch> misdirection_;  // what puts it right
};

}  // namespace fenfen::sim
