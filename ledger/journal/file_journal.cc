#include "ledger/journal/file_journal.h"

#include <sys/random.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/segment_files.h"

namespace fenfen {
namespace {

constexpr char kLockFile[] = "LOCK";
constexpr size_t kSparesAhead = 2;
// Calls that the writer answers by itself where nothing waits to be written.
constexpr size_t kToldByWriterMax = 2;
// Push writes so many calls' entries itself, where the last write and sync took no longer than this.
constexpr size_t kPushedMax = 2;
constexpr absl::Duration kQuickSync = absl::Milliseconds(2);
constexpr absl::Duration kRetryDelayWhenFull = absl::Seconds(1);
constexpr size_t kGroupOverheadBytes = segment::kGroupHeaderBytes + segment::kGroupTrailerBytes;

absl::StatusOr<uint64_t> RandomId() {
  uint64_t id = 0;
  while (id == 0) {
    if (::getrandom(&id, sizeof id, 0) != sizeof id) return absl::ErrnoToStatus(errno, "getrandom");
  }
  return id;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileJournal>> FileJournal::Open(FileSystem& files, FileJournalOptions options) {
  const size_t longest = segment::RecordBytes(options.transaction_bytes_max) + kGroupOverheadBytes;
  FENFEN_CHECK(options.segment_bytes % segment::kSectorBytes == 0 && options.segment_bytes >= segment::kHeaderBytes + 3 * longest);
  FENFEN_CHECK(options.retention == absl::ZeroDuration() || (options.clock != nullptr && !options.archive_directory.empty()));
  std::unique_ptr<FileJournal> journal(new FileJournal(files, std::move(options)));
  if (absl::Status status = journal->Recover(); !status.ok()) return status;
  if (!journal->options_.own_threads) return journal;
  journal->teller_.Start();
  journal->writer_ = std::thread([j = journal.get()] { j->WriteLoop(); });
  journal->maker_ = std::thread([j = journal.get()] { j->MakeLoop(); });
  journal->keeper_.Start();
  return journal;
}

FileJournal::FileJournal(FileSystem& files, FileJournalOptions options)
    : files_(files),
      options_(std::move(options)),
      to_read_(files, options_.directory, options_.block_cache_bytes),
      keeper_(files,
              {options_.directory, options_.uncompressed_segments, options_.archive_directory, options_.retention, options_.clock,
               options_.room_retry_delay, options_.report},
              index_, to_read_) {}

FileJournal::~FileJournal() {
  {
    absl::MutexLock held(&mutex_);
    stopping_ = true;
    work_.SignalAll();
    making_.SignalAll();
  }
  if (!options_.own_threads) WriteQueued();
  if (writer_.joinable()) writer_.join();
  teller_.Stop();
  {
    // The maker goes last: the writer may still need a segment.
    absl::MutexLock held(&mutex_);
    writer_gone_ = true;
    making_.SignalAll();
  }
  if (maker_.joinable()) maker_.join();
}

// --- Opening.

absl::Status FileJournal::Recover() {
  if (absl::Status status = files_.CreateDirectory(options_.directory); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<FileLock>> lock = files_.Lock(absl::StrCat(options_.directory, "/", kLockFile));
  if (!lock.ok()) return lock.status();
  lock_ = *std::move(lock);
  if (absl::Status status = RemoveUnfinishedFiles(files_, options_.directory); !status.ok()) return status;
  // A segment may have its name from a rename that nobody synced: the program ended right after it, or the sync failed. What is written to
  // it from now on must not go with that name.
  if (absl::Status status = files_.SyncDirectory(options_.directory); !status.ok()) return status;

  const absl::StatusOr<SegmentList> list = ListSegments(files_, options_.directory);
  if (!list.ok()) return list.status();
  if (list->last == 0) return MakeFirst();
  if (absl::Status status = keeper_.Open(*list); !status.ok()) return status;
  const absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(files_, options_.directory, {.from = index_.End()});
  if (!reader.ok()) return reader.status();
  while (true) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    if (!group.ok()) return group.status();
    if (*group == nullptr) break;
    records_.clear();
    for (const segment::Record& record : (*group)->records) {
      records_.push_back({record.partition, record.seq, static_cast<uint32_t>(record.offset)});
    }
    index_.AddGroup((*reader)->header(), records_, (*group)->offset + (*group)->bytes);
  }
  const JournalEnd& tail = (*reader)->tail();
  if (list->plain.count(tail.segment) == 0) {
    return DamageError({SegmentPath(options_.directory, tail.segment, segment::kCompressedEnding), 0,
                        "the journal ends in a compressed segment, so others are missing behind it"});
  }
  if (absl::Status status = RepairTail(files_, options_.directory, tail); !status.ok()) return status;
  return TakeUpAt(tail);
}

// Opens what is to be written from the journal's end on.
absl::Status FileJournal::TakeUpAt(const JournalEnd& tail) {
  absl::MutexLock held(&mutex_);
  for (uint32_t number = tail.segment; number <= tail.last_segment; ++number) {
    absl::StatusOr<Segment> segment = OpenToWrite(number);
    if (!segment.ok()) return segment.status();
    if (number == tail.segment) {
      active_ = *std::move(segment);
    } else {
      spares_.push_back(*std::move(segment));
    }
  }
  journal_id_ = active_.header.journal_id;
  end_ = tail.offset;
  groups_ = tail.groups;
  last_segment_ = tail.last_segment;
  active_left_bytes_ = active_.header.bytes - end_;
  for (uint16_t p = 0; p < kPartitions; ++p) last_appended_[p] = index_.Last(PartitionId(p)).value();
  return absl::OkStatus();
}

absl::Status FileJournal::MakeFirst() {
  absl::StatusOr<uint64_t> id = options_.new_journal_id;
  if (*id == 0) id = RandomId();
  if (!id.ok()) return id.status();
  const segment::Header header{*id, 1, static_cast<uint32_t>(options_.segment_bytes)};
  absl::StatusOr<std::unique_ptr<File>> file = MakeSegment(files_, options_.directory, header);
  if (!file.ok()) return file.status();
  absl::MutexLock held(&mutex_);
  journal_id_ = header.journal_id;
  active_ = {header, *std::move(file)};
  last_segment_ = 1;
  active_left_bytes_ = active_.header.bytes - end_;
  return absl::OkStatus();
}

absl::StatusOr<FileJournal::Segment> FileJournal::OpenToWrite(uint32_t number) {
  const std::string path = SegmentPath(options_.directory, number);
  absl::StatusOr<std::unique_ptr<File>> file = files_.OpenForWrite(path);
  if (!file.ok()) return file.status();
  const absl::StatusOr<segment::Header> header = ReadSegmentHeader(**file, path);
  if (!header.ok()) return header.status();
  return Segment{*header, *std::move(file)};
}

// --- Taking entries.

uint64_t FileJournal::RoomBytes() const {
  uint64_t room = active_left_bytes_;
  for (const Segment& spare : spares_) room += spare.header.bytes - segment::kHeaderBytes;
  return room;
}

absl::Status FileJournal::Admit() {
  absl::MutexLock held(&mutex_);
  if (failed_) return Refuse(Reason::REASON_JOURNAL_FAILED);
  if (stopping_) return Refuse(Reason::REASON_SHUTTING_DOWN);
  if (queued_bytes_ >= options_.queue_bytes_max) return RefuseUntil(Reason::REASON_OVERLOADED, limits::kRetryDelayWhenBusy);
  // One longest transaction for the caller, and one for what is lost at a segment's end.
  const uint64_t reserve = 2 * (segment::RecordBytes(options_.transaction_bytes_max) + kGroupOverheadBytes);
  if (RoomBytes() >= queued_bytes_ + reserve) return absl::OkStatus();
  if (disk_full_) return RefuseUntil(Reason::REASON_STORAGE_FULL, kRetryDelayWhenFull);
  return RefuseUntil(Reason::REASON_OVERLOADED, limits::kRetryDelayWhenBusy);
}

void FileJournal::AppendAll(std::vector<JournalEntry> entries, Done done) { Queue(std::move(entries), std::move(done), /*quietly=*/false); }

void FileJournal::AppendQuietly(std::vector<JournalEntry> entries, Done done) {
  Queue(std::move(entries), std::move(done), /*quietly=*/true);
}

void FileJournal::Queue(std::vector<JournalEntry> entries, Done done, bool quietly) {
  FENFEN_CHECK(!entries.empty());
  size_t bytes = 0;
  for (const JournalEntry& entry : entries) {
    FENFEN_CHECK(entry.partition.value() < kPartitions && entry.bytes.size() <= options_.transaction_bytes_max);
    bytes += segment::RecordBytes(entry.bytes.size());
  }
  absl::MutexLock held(&mutex_);
  FENFEN_CHECK(!stopping_);
  for (const JournalEntry& entry : entries) FENFEN_CHECK(entry.seq.value() == ++last_appended_[entry.partition.value()]);
  appended_ += entries.size();
  queued_bytes_ += bytes;
  queue_.push_back({std::move(entries), std::move(done)});
  if (queue_.size() == 1 && !writing_ && !quietly) work_.Signal();
}

void FileJournal::Push() {
  {
    absl::MutexLock held(&mutex_);
    if (queue_.empty() || writing_ || !options_.own_threads) return;
    // Only where no wait for a segment or a slow disk is to be feared: the caller may have others to serve.
    const bool room = active_left_bytes_ >= queued_bytes_ + kGroupOverheadBytes + segment::kSectorBytes;
    if (!room || queue_.size() > kPushedMax || last_sync_ > kQuickSync) return work_.Signal();
    writing_ = TakeTurn();
  }
  WriteBatch();
}

absl::Status FileJournal::Flush() {
  uint64_t target = 0;
  {
    absl::MutexLock held(&mutex_);
    target = appended_;
  }
  if (options_.own_threads) {
    teller_.AwaitSettled(target);
  } else {
    WriteQueued();
  }
  absl::MutexLock held(&mutex_);
  return failed_ ? Refuse(Reason::REASON_JOURNAL_FAILED) : absl::OkStatus();
}

// --- The writer.

void FileJournal::WriteLoop() {
  while (true) {
    {
      absl::MutexLock held(&mutex_);
      while (writing_ || (queue_.empty() && !stopping_)) work_.Wait(&mutex_);
      if (queue_.empty()) return;
      writing_ = TakeTurn();
    }
    WriteBatch();
  }
}

void FileJournal::WriteQueued() {
  {
    absl::MutexLock held(&mutex_);
    writing_ = TakeTurn();
  }
  WriteBatch();
}

bool FileJournal::TakeTurn() {
  FENFEN_CHECK(!writing_);
  batch_.swap(queue_);
  return true;
}

void FileJournal::WriteBatch() {
  for (Cursor first; first.pending < batch_.size();) first = WriteGroup(batch_, first);
  batch_.clear();
  absl::MutexLock held(&mutex_);
  writing_ = false;
  // Not to WriteLoop's own thread, which looks by itself.
  if (!queue_.empty() || stopping_) work_.Signal();
}

void FileJournal::RunOnce() {
  FENFEN_CHECK(!options_.own_threads);
  bool spare_missing = false;
  {
    absl::MutexLock held(&mutex_);
    spare_missing = spares_.size() < kSparesAhead && !failed_;
  }
  if (spare_missing) MakeSpare();
  WriteQueued();
  keeper_.RunOnce();
}

bool FileJournal::Fits(size_t record_bytes) const {
  return segment::GroupStart(end_) + kGroupOverheadBytes + record_bytes <= active_.header.bytes;
}

// Makes one group of the batch's entries from `first` on, as many as fit, durable, and tells them. Returns the first entry left.
FileJournal::Cursor FileJournal::WriteGroup(std::vector<Pending>& batch, Cursor first) {
  const Cursor end{batch.size(), 0};
  if (!Fits(segment::RecordBytes(batch[first.pending].entries[first.entry].bytes.size())) && !TakeNextSegment()) {
    Fail(absl::ResourceExhaustedError("the journal was closed while the disk was full"));
    Settle(batch, first, end, Refuse(Reason::REASON_JOURNAL_FAILED));
    return end;
  }
  const Cursor last = FillGroup(batch, first);
  if (!WriteDurably(builder_.Finish()).ok()) {
    Settle(batch, first, end, Refuse(Reason::REASON_JOURNAL_FAILED));
    return end;
  }
  Publish();
  Settle(batch, first, last, absl::OkStatus());
  return last;
}

// Puts the entries from `first` on into a group, at least one and as many as fit. Returns the first entry left.
FileJournal::Cursor FileJournal::FillGroup(const std::vector<Pending>& batch, Cursor first) {
  builder_.Begin(active_.header, segment::GroupStart(end_), groups_ + 1);
  records_.clear();
  for (Cursor at = first; at.pending < batch.size(); at = {at.pending + 1, 0}) {
    const std::vector<JournalEntry>& entries = batch[at.pending].entries;
    for (; at.entry < entries.size(); ++at.entry) {
      const size_t bytes = builder_.bytes() + segment::RecordBytes(entries[at.entry].bytes.size());
      const bool room = segment::GroupStart(end_) + bytes <= active_.header.bytes;
      if (!records_.empty() && (!room || bytes > options_.group_bytes_max)) return at;
      const uint64_t offset = builder_.Add(entries[at.entry]);
      records_.push_back({entries[at.entry].partition, entries[at.entry].seq, static_cast<uint32_t>(offset)});
    }
  }
  return {batch.size(), 0};
}

absl::Status FileJournal::WriteDurably(absl::string_view group) {
  {
    absl::MutexLock held(&mutex_);
    if (failed_) return absl::AbortedError("writes have stopped");
  }
  const auto begin = std::chrono::steady_clock::now();
  absl::Status status = active_.file->WriteAt(segment::GroupStart(end_), group);
  if (status.ok()) status = active_.file->Sync();
  const absl::Duration took = absl::FromChrono(std::chrono::steady_clock::now() - begin);
  if (!status.ok()) {
    Fail(status);
    return status;
  }
  end_ = segment::GroupStart(end_) + group.size();
  ++groups_;
  absl::MutexLock held(&mutex_);
  last_sync_ = took;
  ++metrics_.groups;
  ++metrics_.syncs;
  metrics_.entries += records_.size();
  metrics_.bytes += group.size();
  metrics_.last_group_bytes = group.size();
  metrics_.last_group_entries = records_.size();
  return status;
}

// Lets readers find the group that was just made durable.
void FileJournal::Publish() {
  if (index_.AddGroup(active_.header, records_, end_)) keeper_.Wake();
}

// Gives the room of the entries from `first` up to `last` back, and tells those calls whose entries are all settled, in order.
void FileJournal::Settle(std::vector<Pending>& batch, Cursor first, Cursor last, const absl::Status& status) {
  size_t bytes = 0;
  size_t entries = 0;
  std::vector<Done> dones;
  for (Cursor at = first; at.pending < last.pending || (at.pending == last.pending && at.entry < last.entry); at = {at.pending + 1, 0}) {
    Pending& pending = batch[at.pending];
    const size_t stop = at.pending == last.pending ? last.entry : pending.entries.size();
    entries += stop - at.entry;
    for (; at.entry < stop; ++at.entry) bytes += segment::RecordBytes(pending.entries[at.entry].bytes.size());
    if (stop == pending.entries.size()) dones.push_back(std::move(pending.done));
  }
  bool idle = false;
  {
    absl::MutexLock held(&mutex_);
    idle = queue_.empty() && last.pending == batch.size() && dones.size() <= kToldByWriterMax;
    queued_bytes_ -= bytes;
    written_ += entries;
    active_left_bytes_ = active_.header.bytes - end_;
  }
  teller_.Tell(std::move(dones), status, entries, idle);
}

// Goes on to the next segment; waits for it where the disk is full. False where writes have stopped or the journal ends without room.
bool FileJournal::TakeNextSegment() {
  absl::MutexLock held(&mutex_);
  if (spares_.empty() && !failed_ && !options_.own_threads) {
    mutex_.Unlock();
    MakeSpare();
    mutex_.Lock();
  }
  while (options_.own_threads && spares_.empty() && !failed_ && !(stopping_ && disk_full_)) work_.Wait(&mutex_);
  if (failed_ || spares_.empty()) return false;
  active_ = std::move(spares_.front());
  spares_.pop_front();
  end_ = segment::kHeaderBytes;
  active_left_bytes_ = active_.header.bytes - end_;
  making_.Signal();
  return true;
}

void FileJournal::Fail(const absl::Status& why) {
  {
    absl::MutexLock held(&mutex_);
    if (failed_) return;
    failed_ = true;
    work_.SignalAll();
    making_.SignalAll();
  }
  options_.report(why);
}

// --- The maker.

void FileJournal::MakeLoop() {
  while (true) {
    {
      absl::MutexLock held(&mutex_);
      while (spares_.size() >= kSparesAhead && !writer_gone_ && !failed_) making_.Wait(&mutex_);
      if (writer_gone_ || failed_ || (stopping_ && queue_.empty() && written_ == appended_)) return;
    }
    if (MakeSpare()) continue;
    absl::MutexLock held(&mutex_);
    if (!writer_gone_ && !failed_) making_.WaitWithTimeout(&mutex_, options_.room_retry_delay);
  }
}

// Makes another segment. False where the disk is full, or writes have stopped.
bool FileJournal::MakeSpare() {
  segment::Header header;
  {
    absl::MutexLock held(&mutex_);
    header = {active_.header.journal_id, last_segment_ + 1, static_cast<uint32_t>(options_.segment_bytes)};
  }
  absl::StatusOr<std::unique_ptr<File>> file = MakeSegment(files_, options_.directory, header);
  if (file.ok()) {
    absl::MutexLock held(&mutex_);
    spares_.push_back({header, *std::move(file)});
    last_segment_ = header.number;
    disk_full_ = false;
    work_.SignalAll();
    return true;
  }
  if (!absl::IsResourceExhausted(file.status())) {
    Fail(file.status());
    return false;
  }
  bool first_notice = false;
  {
    absl::MutexLock held(&mutex_);
    first_notice = !std::exchange(disk_full_, true);
    work_.SignalAll();
  }
  if (first_notice) options_.report(file.status());
  return false;
}

FileJournalMetrics FileJournal::Metrics() const {
  absl::MutexLock held(&mutex_);
  FileJournalMetrics metrics = metrics_;
  metrics.queued_bytes = queued_bytes_;
  metrics.segments = last_segment_;
  metrics.segments_sealed = index_.LastSealed();
  metrics.segments_compressed = keeper_.segments_compressed();
  metrics.segments_archived = keeper_.segments_archived();
  metrics.first_segment = index_.Begin().segment;
  metrics.disk_full = disk_full_;
  metrics.failed = failed_;
  return metrics;
}

}  // namespace fenfen
