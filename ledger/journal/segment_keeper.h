// SegmentKeeper: what happens to segments once they are full, behind the writer's back. It writes the index of each, compresses all but
// the newest, archives the oldest, and makes an index anew that is found damaged. Whatever fails here stops nothing: it is tried again
// later, and until then the offsets stay in memory and the segment as it is.
//
// Archiving, one segment at a time: the oldest is compressed, a start from the older of the two kept snapshots does not need it, all its
// records are older than the retention → the journal begins behind it, on disk and then for readers → its files are moved (archiving.h).
//
// Reading and writing whole segments is done by a worker that gets a core only when nobody else wants it, so that it costs the writer
// nothing. It takes no lock that others wait for, and sealing does not wait for it.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/clock.h"
#include "ledger/journal/beginning.h"
#include "ledger/journal/file.h"
#include "ledger/journal/journal_index.h"
#include "ledger/journal/segment_cache.h"
#include "ledger/journal/segment_files.h"

namespace fenfen {

class SegmentKeeper {
 public:
  struct Options {
    std::string directory;
    size_t uncompressed_segments = 0;  // the newest so many sealed ones stay as they are; 0 = all
    std::string archive;               // where the oldest ones go; empty = they stay
    absl::Duration retention;          // how old all in a segment is before it goes; 0 = it stays
    const Clock* clock = nullptr;      // with a retention
    absl::Duration retry_delay;
    std::function<void(const absl::Status&)> report;  // told why something fails, once until it works again; a full disk is not told
  };

  // All outlive the keeper.
  SegmentKeeper(FileSystem& files, Options options, JournalIndex& index, SegmentCache& cache);
  ~SegmentKeeper();

  // Puts the journal's beginning and the heads of the sealed segments into the index, making those anew that are missing or do not hold,
  // and looks whether their segments are there. Before anything else. DATA_LOSS where a segment is damaged or missing.
  absl::Status Open(const SegmentList& list);

  // Starts the keeper's own thread. Without it, RunOnce does all there is to do.
  void Start();
  void RunOnce();
  // A segment is full.
  void Wake();
  // A start can begin from that snapshot or a newer one, whatever happens to one of them.
  void Covered(SnapshotCover cover);

  // After an offset that led to no record: makes the segment's index anew if it is damaged, and returns true; false where it holds.
  absl::StatusOr<bool> MendIndex(uint32_t segment);

  uint64_t segments_compressed() const { return compressed_.load(std::memory_order_relaxed); }
  // Since the journal was opened, those included whose moving was interrupted before.
  uint64_t segments_archived() const { return archived_.load(std::memory_order_relaxed); }

 private:
  // What the worker does to a segment.
  enum class Job { kNone, kCompress, kFindAge, kMove };

  void Loop();
  // Seals a segment, or begins or ends a job. False where there is nothing more to do now.
  absl::StatusOr<bool> Step();
  absl::Status SealOne(const SegmentIndex& index);
  std::optional<IndexHead> NextToCompress();
  // The oldest segment, if a start from `cover` does not need it. Its age is not looked at.
  std::optional<IndexHead> NextToArchive(const SnapshotCover& cover) const;
  // Begins the next job, if there is one. True where something was done.
  absl::StatusOr<bool> BeginJob();
  // Makes the archive's folder if need be, and locks it: so that no two journals share it, and it is not the journal's own.
  absl::Status OpenArchive();
  absl::Status BeginBehind(const IndexHead& head, const SnapshotCover& cover);
  void RunJob(Job job, uint32_t segment, std::function<absl::Status()> work);
  absl::Status EndJob();
  void Note(const absl::Status& status);

  FileSystem& files_;
  const Options options_;
  JournalIndex& index_;
  SegmentCache& cache_;

  // Of the one thread that steps.
  std::set<uint32_t> plain_;    // sealed or open, not compressed
  std::set<uint32_t> leaving_;  // before the journal's beginning, and not moved yet
  struct Age {
    uint32_t segment = 0;
    absl::Time latest;  // record within
  };
  Age age_;                // of the oldest segment, once it is known
  bool all_stay_ = false;  // until the journal is opened again: a person must look at the oldest segment, or at the archive
  Job job_ = Job::kNone;   // the worker's
  uint32_t job_segment_ = 0;
  std::thread worker_;
  uint32_t last_at_open_ = 0;
  bool failing_ = false;
  std::unique_ptr<FileLock> archive_lock_;  // from the first time on that it is needed

  std::atomic<bool> stop_{false};
  absl::Status worker_status_;  // the worker's, until it is done, with worker_latest_
  absl::Time worker_latest_;
  std::atomic<bool> worker_done_{false};
  std::atomic<uint64_t> compressed_{0};
  std::atomic<uint64_t> archived_{0};
  absl::Mutex mending_;  // one index at a time
  absl::Mutex mutex_;
  absl::CondVar wake_ ABSL_GUARDED_BY(mutex_);
  bool work_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const SnapshotCover> cover_ ABSL_GUARDED_BY(mutex_);
  bool own_thread_ = false;  // set before there is one
  std::thread thread_;
};

}  // namespace fenfen
