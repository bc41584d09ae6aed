// SegmentKeeper: what happens to segments once they are full, behind the writer's back. It writes the index of each, compresses all but
// the newest, and makes an index anew that is found damaged. Whatever fails here stops nothing: it is tried again later, and until then
// the offsets stay in memory and the segment as it is.
//
// Compressing is done by a worker that gets a core only when nobody else wants it, so that it costs the writer nothing. It takes no lock
// that others wait for, and sealing does not wait for it.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
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
    absl::Duration retry_delay;
    std::function<void(const absl::Status&)> report;  // told why something fails, once until it works again; a full disk is not told
  };

  // All outlive the keeper.
  SegmentKeeper(FileSystem& files, Options options, JournalIndex& index, SegmentCache& cache);
  ~SegmentKeeper();

  // Puts the heads of the sealed segments into the index, making those anew that are missing or do not hold, and looks whether their
  // segments are there. Before anything else. DATA_LOSS where a segment is damaged or missing.
  absl::Status Open(const SegmentList& list);

  // Starts the keeper's own thread. Without it, RunOnce does all there is to do.
  void Start();
  void RunOnce();
  // A segment is full.
  void Wake();

  // After an offset that led to no record: makes the segment's index anew if it is damaged, and returns true; false where it holds.
  absl::StatusOr<bool> MendIndex(uint32_t segment);

  uint64_t segments_compressed() const { return compressed_.load(std::memory_order_relaxed); }

 private:
  void Loop();
  // Seals or compresses one segment, or begins to. False where there is nothing more to do now.
  absl::StatusOr<bool> Step();
  absl::Status SealOne(const SegmentIndex& index);
  void BeginCompressing(const IndexHead& head);
  absl::Status EndCompressing();
  std::optional<IndexHead> NextToCompress();
  void Note(const absl::Status& status);

  FileSystem& files_;
  const Options options_;
  JournalIndex& index_;
  SegmentCache& cache_;

  // Of the one thread that steps.
  std::set<uint32_t> plain_;  // sealed or open, not compressed
  uint32_t compressing_ = 0;  // that the worker has; 0 = none
  std::thread worker_;
  uint32_t last_at_open_ = 0;
  bool failing_ = false;

  std::atomic<bool> stop_{false};
  absl::Status worker_status_;  // the worker's, until it is done
  std::atomic<bool> worker_done_{false};
  std::atomic<uint64_t> compressed_{0};
  absl::Mutex mending_;  // one index at a time
  absl::Mutex mutex_;
  absl::CondVar wake_ ABSL_GUARDED_BY(mutex_);
  bool work_ ABSL_GUARDED_BY(mutex_) = false;
  bool own_thread_ = false;  // set before there is one
  std::thread thread_;
};

}  // namespace fenfen
