// FileJournal: the Journal in files of one folder (docs/formats/journal.md).
//
//   Append → queue → [writer] one write and one fdatasync for everything queued → index → [teller] each `done`, in order
//   A lone entry of a caller that waits is written by that caller, where nobody else is writing and the disk was quick the last time.
//   [maker] keeps a zero-filled segment ready, so that the writer never waits for one and Admit knows the room
//   [keeper] writes the index of each full segment, compresses the older ones and archives the oldest (segment_keeper.h)
//
// Opening reads the heads of the index files and the segments behind them, one or two; memory holds three kilobytes a segment. A record is
// found by a binary search over the segments and one read of four bytes in an index file, however large the journal is.
//
// Batching adapts by itself: what arrives while one group is being synced is the next group; when idle, a lone entry goes at once.
//
// What it stands on: after a failed write or fdatasync nothing is written again until a restart, since the kernel may have dropped the
// pages; recovery (Open) reads what the disk holds and writes the last group anew. A full disk is no failure: Admit answers STORAGE_FULL
// while enough room is left for all that was admitted before, and OK again once another segment could be made.
//
//   auto journal = FileJournal::Open(files, {.directory = "data/journal"});
//
// Thread-safe. The destructor makes everything appended durable first.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/clock.h"
#include "ledger/core/limits.h"
#include "ledger/journal/file.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/journal_index.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/segment.h"
#include "ledger/journal/segment_cache.h"
#include "ledger/journal/segment_keeper.h"
#include "ledger/journal/teller.h"

namespace fenfen {

struct FileJournalOptions {
  std::string directory;  // made if need be
  // The limits; smaller only in tests. A segment holds at least three of the longest transactions.
  size_t segment_bytes = limits::kJournalSegmentBytes;
  size_t transaction_bytes_max = limits::kTransactionBytesMax;
  size_t group_bytes_max = limits::kJournalGroupBytesMax;
  size_t queue_bytes_max = limits::kJournalQueueBytesMax;
  // The newest so many full segments are not compressed; 0 = none ever is.
  size_t uncompressed_segments = 2;
  // A segment goes to the archive folder, which may lie in another file system, once it is compressed, all its entries are older than this
  // by `clock`, and no start needs it (Covered). Zero = none ever does. The folder is made when it is needed; moves that were interrupted
  // are finished also where the retention is zero.
  std::string archive_directory = {};
  absl::Duration retention = absl::ZeroDuration();
  const Clock* clock = nullptr;  // outlives the journal; with a retention
  // Decompressed blocks that are kept for reading.
  size_t block_cache_bytes = 16u << 20;
  // How often making a segment is tried again while the disk is full, and whatever else failed and stops nothing.
  absl::Duration room_retry_delay = absl::Milliseconds(500);
  // False where the journal shall have no threads of its own and the caller runs RunOnce: then everything happens in one order, as a
  // simulation needs it.
  bool own_threads = true;
  // The id of a journal that is made new; 0 for a random one.
  uint64_t new_journal_id = 0;
  // Told why, once, when writes stop for good, each time that the disk has become full, and when a full segment cannot be indexed,
  // compressed or archived. On the journal's threads; must be short.
  std::function<void(const absl::Status&)> report = [](const absl::Status&) {};
};

// What the journal did since it was opened, and how it is.
struct FileJournalMetrics {
  uint64_t groups = 0;
  uint64_t entries = 0;
  uint64_t bytes = 0;  // of groups
  uint64_t syncs = 0;
  uint64_t last_group_bytes = 0;
  uint64_t last_group_entries = 0;
  uint64_t queued_bytes = 0;  // in the queue or being written
  uint64_t segments = 0;      // with those that are not written to yet
  uint64_t segments_sealed = 0;
  uint64_t segments_compressed = 0;
  uint64_t segments_archived = 0;  // since it was opened
  uint64_t first_segment = 1;      // those before it are archived
  bool disk_full = false;
  bool failed = false;  // writes have stopped for good
};

class FileJournal final : public Journal {
 public:
  // Opens the journal, making it where the folder is empty. Cuts a group that a crash left unfinished. DATA_LOSS, naming file and offset,
  // for any other damage in the segments that have no index yet; what lies in the others is checked where it is read, by Replay or Read;
  // FAILED_PRECONDITION where it is open already, here or in another process; RESOURCE_EXHAUSTED where a new journal finds no room. `files`
  // outlives the journal.
  static absl::StatusOr<std::unique_ptr<FileJournal>> Open(FileSystem& files, FileJournalOptions options);
  ~FileJournal() override;

  // What the threads do: makes the spare segment, if it is missing, writes what is queued, seals, compresses and archives. Only without
  // threads of its own.
  void RunOnce();

  FileJournalMetrics Metrics() const;

  // A start can begin from that snapshot or a newer one, even if one of them is lost: what lies before it may be archived.
  void Covered(SnapshotCover cover) { keeper_.Covered(std::move(cover)); }

  absl::Status Admit() override;
  void AppendAll(std::vector<JournalEntry> entries, Done done) override;
  void AppendQuietly(std::vector<JournalEntry> entries, Done done) override;
  void Push() override;
  absl::Status Flush() override;
  absl::StatusOr<JournalEntry> Read(PartitionId partition, PartitionSeq seq) override;
  absl::StatusOr<JournalPlace> Locate(PartitionId partition, PartitionSeq seq) override;
  using Journal::Replay;
  absl::Status Replay(const SequenceVector& after, Visitor visitor) override;
  absl::Status ReplayBatches(const SequenceVector& after, BatchVisitor visitor) override;
  PartitionSeq LastDurable(PartitionId partition) const override;
  uint64_t Id() const override { return journal_id_; }

 private:
  // What one call of AppendAll gave.
  struct Pending {
    std::vector<JournalEntry> entries;
    Done done;
  };
  // A place among the entries of several Pendings.
  struct Cursor {
    size_t pending = 0;
    size_t entry = 0;
  };
  // One that is written, or will be.
  struct Segment {
    segment::Header header;
    std::unique_ptr<File> file;
  };
  // A record's bytes as stored, and what they say.
  struct Stored {
    std::string buffer;
    segment::Record record;
    uint32_t segment = 0;
  };

  FileJournal(FileSystem& files, FileJournalOptions options);

  absl::Status Recover();
  absl::Status MakeFirst();
  absl::Status TakeUpAt(const JournalEnd& tail);
  absl::StatusOr<Segment> OpenToWrite(uint32_t number);
  absl::StatusOr<Stored> ReadStored(PartitionId partition, PartitionSeq seq);
  absl::StatusOr<Stored> ReadAt(const JournalPosition& position, PartitionId partition, PartitionSeq seq);
  absl::Status Archived(PartitionId partition, PartitionSeq seq);
  absl::Status CheckNotArchived(const SequenceVector& after) const;

  void Queue(std::vector<JournalEntry> entries, Done done, bool quietly);

  // The writer: the thread of WriteLoop, or one in Push; whoever set writing_.
  void WriteLoop();
  void WriteQueued();
  void WriteBatch();
  bool TakeTurn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Cursor WriteGroup(std::vector<Pending>& batch, Cursor first);
  Cursor FillGroup(const std::vector<Pending>& batch, Cursor first);
  bool TakeNextSegment();
  absl::Status WriteDurably(absl::string_view group);
  void Publish();
  void Settle(std::vector<Pending>& batch, Cursor first, Cursor last, const absl::Status& status);
  bool Fits(size_t record_bytes) const;
  void Fail(const absl::Status& why);

  // The maker's thread.
  void MakeLoop();
  bool MakeSpare();

  uint64_t RoomBytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FileSystem& files_;
  const FileJournalOptions options_;
  std::unique_ptr<FileLock> lock_;
  uint64_t journal_id_ = 0;  // set once, by Recover

  // The writer's own.
  std::vector<Pending> batch_;
  Segment active_;
  uint64_t end_ = segment::kHeaderBytes;  // of the last group in active_
  uint64_t groups_ = 0;
  segment::GroupBuilder builder_;
  std::vector<IndexedRecord> records_;  // of the group

  mutable absl::Mutex mutex_;
  absl::CondVar work_ ABSL_GUARDED_BY(mutex_);    // for the writer: a queue, a spare segment, an end
  absl::CondVar making_ ABSL_GUARDED_BY(mutex_);  // for the maker: a spare was taken, an end
  std::vector<Pending> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // in the queue or being written
  uint64_t appended_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t written_ ABSL_GUARDED_BY(mutex_) = 0;  // of these, durable or failed
  std::array<uint64_t, kPartitions> last_appended_ ABSL_GUARDED_BY(mutex_){};
  std::deque<Segment> spares_ ABSL_GUARDED_BY(mutex_);
  uint64_t active_left_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint32_t last_segment_ ABSL_GUARDED_BY(mutex_) = 0;
  bool disk_full_ ABSL_GUARDED_BY(mutex_) = false;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;      // somebody is, and will look at the queue again
  absl::Duration last_sync_ ABSL_GUARDED_BY(mutex_);  // how long it took, with its write
  bool writer_gone_ ABSL_GUARDED_BY(mutex_) = false;
  FileJournalMetrics metrics_ ABSL_GUARDED_BY(mutex_);  // what is counted

  JournalIndex index_;
  SegmentCache to_read_;
  SegmentKeeper keeper_;
  Teller teller_;

  std::thread writer_;
  std::thread maker_;
};

}  // namespace fenfen
