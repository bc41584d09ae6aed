// Snapshotter: writes snapshots while the engine serves, one partition after another, from a thread of its own with low priority.
//
//   copy a partition in memory, under its lock → encode, write, sync, outside every lock → … → wait until the journal holds all that
//   was copied → the projections' memos → table, sync → the file gets its name → older ones go
//
// A crash leaves, at any step, either the snapshots that were there or those and a new whole one. An error leaves them too; it is reported
// and the next one is tried later. A snapshot is never ahead of the journal: the file gets its name only when all within is durable.
//
// Where old parts of the journal may be archived, it tells the journal how far back a start may ever need it (TellCover).
//
// Thread-safe. Everything given outlives it.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/clock.h"
#include "ledger/core/projection.h"
#include "ledger/engine/snapshot_folder.h"
#include "ledger/journal/beginning.h"
#include "ledger/journal/journal.h"
#include "ledger/state/savable_state.h"

namespace fenfen {

struct SnapshotterOptions {
  // How often one is written, if so many transactions came since the last.
  absl::Duration interval = absl::Minutes(10);
  uint64_t transactions_min = 50'000;
  // How fast, so that the disk has time for the journal.
  uint64_t bytes_per_second_max = 64u << 20;
  // What is left free for the journal; below it none is written.
  uint64_t free_bytes_min = 512u << 20;
  // Told of each one that failed. On the snapshotter's thread.
  std::function<void(const absl::Status&)> report = [](const absl::Status&) {};
  // Told by TellCover. On the snapshotter's thread; empty = it is not looked.
  std::function<void(SnapshotCover)> covered = nullptr;
};

// What became of the snapshots so far.
struct SnapshotStats {
  uint64_t taken = 0;
  uint64_t failed = 0;
  // Of the last that was taken; 0 where there is none, nor was one started from.
  uint64_t number = 0;
  uint64_t bytes = 0;
  absl::Time time = absl::UnixEpoch();
  absl::Duration duration;
};

class Snapshotter {
 public:
  // `last` is the snapshot that the engine started from, and how far it went; 0 and zeros for none.
  struct Start {
    uint64_t number = 0;
    SequenceVector sequences{};
  };
  Snapshotter(const SavableState& state, Journal& journal, std::vector<Projection*> projections, SnapshotFolder& folder, const Clock& clock,
              SnapshotterOptions options, const Start& start);
  // Ends the thread, if there is one; a snapshot that it is writing is abandoned.
  ~Snapshotter();

  // Begins to write snapshots by itself.
  void Run();
  // Ends that.
  void Halt();

  // Writes one now, at full speed, unless that takes longer than `time_max`: then DEADLINE_EXCEEDED.
  absl::Status Take(absl::Duration time_max = absl::InfiniteDuration());
  // Looks which snapshot every start can begin from, even if a newer one is lost: the older of the kept two, which is read whole for that;
  // and tells it, if it is another than before. Its thread does so when it begins and after each snapshot.
  void TellCover();
  // Whether enough has happened for another one.
  bool IsDue() const;
  SnapshotStats stats() const;

 private:
  // Decides, while one is written, whether to go on: called after each partition with the bytes so far.
  using Pace = std::function<absl::Status(uint64_t bytes)>;

  void Loop();
  absl::Status TakeAt(const Pace& pace);
  absl::Status Write(uint64_t number, absl::Time time, const Pace& pace, SequenceVector& sequences, uint64_t& bytes);
  absl::Status WriteSections(SnapshotWriter& writer, const Pace& pace, SequenceVector& sequences);
  absl::Status CheckRoom() const;
  absl::StatusOr<SnapshotCover> ReadCover(uint64_t number) const;
  // Sleeps until `time`, or less where it is to end; then ABORTED.
  absl::Status SleepUntil(absl::Time time);

  const SavableState& state_;
  Journal& journal_;
  const std::vector<Projection*> projections_;
  SnapshotFolder& folder_;
  const Clock& clock_;
  const SnapshotterOptions options_;

  absl::Mutex taking_;       // one at a time; guards folder_
  uint64_t told_cover_ = 0;  // likewise

  mutable absl::Mutex mutex_;
  uint64_t last_transactions_ ABSL_GUARDED_BY(mutex_) = 0;  // in the last snapshot, all partitions together
  SnapshotStats stats_ ABSL_GUARDED_BY(mutex_);
  bool halted_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace fenfen
