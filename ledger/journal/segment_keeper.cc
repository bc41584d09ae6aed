#include "ledger/journal/segment_keeper.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/journal/archiving.h"
#include "ledger/journal/sealing.h"

namespace fenfen {
namespace {

// How soon it is noticed that the worker is done, which tells nobody, since it must not hold a lock.
constexpr absl::Duration kLookDelay = absl::Milliseconds(20);
// How often it is looked whether a segment has become old.
constexpr absl::Duration kAgeLookDelay = absl::Hours(1);
// What fails is tried again less and less often, down to so many delays apart.
constexpr int kRetriesApart = 64;

// The segment is there, whole, and the one that the index is of.
absl::Status CheckSegment(FileSystem& files, const std::string& directory, const IndexHead& head) {
  const std::string path = SegmentPath(directory, head.start.segment);
  const absl::StatusOr<std::unique_ptr<File>> file = OpenSegmentFile(files, directory, head.start.segment, std::make_shared<BlockCache>(0));
  if (absl::IsNotFound(file.status())) return DamageError({path, 0, "the segment is missing"});
  if (!file.ok()) return file.status();
  const absl::StatusOr<segment::Header> header = ReadSegmentHeader(**file, path);
  if (!header.ok()) return header.status();
  if (header->number != head.start.segment || header->journal_id != head.start.journal_id) {
    return DamageError({path, 0, "the segment is not the one that its index is of"});
  }
  const absl::StatusOr<uint64_t> bytes = (*file)->Size();
  if (!bytes.ok()) return bytes.status();
  if (*bytes < head.end) return DamageError({path, *bytes, "the segment is cut off"});
  return absl::OkStatus();
}

}  // namespace

SegmentKeeper::SegmentKeeper(FileSystem& files, Options options, JournalIndex& index, SegmentCache& cache)
    : files_(files), options_(std::move(options)), index_(index), cache_(cache) {}

SegmentKeeper::~SegmentKeeper() {
  stop_ = true;
  Wake();
  if (thread_.joinable()) thread_.join();
  if (worker_.joinable()) worker_.join();
}

absl::Status SegmentKeeper::Open(const SegmentList& list) {
  plain_ = list.plain;
  last_at_open_ = list.last;
  leaving_ = list.leaving;
  if (list.beginning) index_.BeginAt(list.beginning->start);
  const uint32_t last_sealed = list.indexed.empty() ? 0 : *list.indexed.rbegin();
  for (uint32_t number = list.first; number <= last_sealed; ++number) {
    JournalStart expected = index_.End();
    absl::StatusOr<IndexHead> head = ReadIndexHead(files_, options_.directory, number);
    if (head.ok() && number == 1) expected.journal_id = head->start.journal_id;
    if (!head.ok() || head->start != expected) {
      // Made anew: it is made from the segment, and tells nothing that the segment does not.
      const absl::StatusOr<SegmentIndex> made = IndexSegment(files_, options_.directory, index_.End());
      if (!made.ok()) return made.status();
      // Where it cannot be written, on a full disk for example, this segment and the later ones are read whole, as open ones are.
      if (const absl::Status status = WriteIndex(files_, options_.directory, *made); !status.ok()) break;
      head = made->Head();
    }
    if (absl::Status status = CheckSegment(files_, options_.directory, *head); !status.ok()) return status;
    index_.AddSealed(*head);
    if (plain_.count(number) == 0) ++compressed_;
  }
  return absl::OkStatus();
}

void SegmentKeeper::Start() {
  own_thread_ = true;
  thread_ = std::thread([this] { Loop(); });
  Wake();
}

void SegmentKeeper::Wake() {
  absl::MutexLock held(&mutex_);
  work_ = true;
  wake_.Signal();
}

void SegmentKeeper::Covered(SnapshotCover cover) {
  auto shared = std::make_shared<const SnapshotCover>(std::move(cover));
  absl::MutexLock held(&mutex_);
  cover_ = std::move(shared);
  work_ = true;
  wake_.Signal();
}

void SegmentKeeper::Loop() {
  absl::Duration delay = options_.retry_delay;
  while (true) {
    {
      absl::MutexLock held(&mutex_);
      const bool working = job_ != Job::kNone;
      const bool archives = options_.retention > absl::ZeroDuration();
      while (!work_ && !working && !archives) wake_.Wait(&mutex_);
      if (!work_) wake_.WaitWithTimeout(&mutex_, working ? kLookDelay : kAgeLookDelay);
      work_ = false;
    }
    absl::StatusOr<bool> stepped = true;
    while (!stop_ && stepped.ok() && *stepped) {
      stepped = Step();
      if (!stepped.ok() || *stepped) Note(stepped.status());
      if (stepped.ok() && *stepped) delay = options_.retry_delay;
    }
    if (stop_) return;
    if (stepped.ok()) continue;
    absl::MutexLock held(&mutex_);
    if (!work_) wake_.WaitWithTimeout(&mutex_, delay);
    delay = std::min(2 * delay, kRetriesApart * options_.retry_delay);
    work_ = true;
  }
}

void SegmentKeeper::RunOnce() {
  absl::StatusOr<bool> stepped = true;
  while (stepped.ok() && *stepped) {
    stepped = Step();
    if (!stepped.ok() || *stepped) Note(stepped.status());
  }
}

void SegmentKeeper::Note(const absl::Status& status) {
  if (absl::IsCancelled(status) || absl::IsResourceExhausted(status)) return;
  const bool failed_before = std::exchange(failing_, !status.ok());
  if (!status.ok() && !failed_before) options_.report(status);
}

absl::StatusOr<bool> SegmentKeeper::Step() {
  if (const std::shared_ptr<const SegmentIndex> full = index_.NextToSeal()) {
    if (absl::Status status = SealOne(*full); !status.ok()) return status;
    return true;
  }
  if (job_ == Job::kNone) {
    const absl::StatusOr<bool> begun = BeginJob();
    if (!begun.ok() || !*begun || job_ == Job::kNone) return begun;
  }
  if (!worker_done_.load(std::memory_order_acquire)) return false;
  if (absl::Status status = EndJob(); !status.ok()) return status;
  return true;
}

absl::Status SegmentKeeper::SealOne(const SegmentIndex& index) {
  if (absl::Status status = WriteIndex(files_, options_.directory, index); !status.ok()) return status;
  // First forgotten, then sealed: whoever finds it sealed finds its index open.
  cache_.Forget(index.number());
  index_.Seal(index.Head());
  if (index.number() > last_at_open_) plain_.insert(index.number());
  return absl::OkStatus();
}

std::optional<IndexHead> SegmentKeeper::NextToCompress() {
  if (options_.uncompressed_segments == 0 || plain_.empty()) return std::nullopt;
  if (*plain_.begin() + uint64_t{options_.uncompressed_segments} > index_.LastSealed()) return std::nullopt;
  return index_.SealedHead(*plain_.begin());
}

std::optional<IndexHead> SegmentKeeper::NextToArchive(const SnapshotCover& cover) const {
  if (options_.retention == absl::ZeroDuration() || options_.archive.empty() || all_stay_) return std::nullopt;
  const std::optional<IndexHead> head = index_.Oldest();
  if (!head || plain_.count(head->start.segment) > 0) return std::nullopt;
  const JournalStart next = head->Next();
  for (uint16_t p = 0; p < kPartitions; ++p) {
    if (next.last[p] > cover.sequences[p]) return std::nullopt;
  }
  return head;
}

absl::StatusOr<bool> SegmentKeeper::BeginJob() {
  if (const std::optional<IndexHead> head = NextToCompress()) {
    RunJob(Job::kCompress, head->start.segment, [this, head] { return CompressSegment(files_, options_.directory, *head, stop_); });
    return true;
  }
  if (!leaving_.empty() && !options_.archive.empty() && !all_stay_) {
    if (absl::Status status = OpenArchive(); !status.ok()) return status;
    const uint32_t segment = *leaving_.begin();
    RunJob(Job::kMove, segment, [this, segment] { return MoveToArchive(files_, options_.directory, options_.archive, segment, stop_); });
    return true;
  }
  std::shared_ptr<const SnapshotCover> cover;
  {
    absl::MutexLock held(&mutex_);
    cover = cover_;
  }
  const std::optional<IndexHead> head = cover == nullptr ? std::nullopt : NextToArchive(*cover);
  if (!head) return false;
  if (age_.segment == head->start.segment) {
    if (age_.latest + options_.retention >= options_.clock->Now()) return false;
    if (absl::Status status = BeginBehind(*head, *cover); !status.ok()) return status;
    return true;
  }
  RunJob(Job::kFindAge, head->start.segment, [this, head]() -> absl::Status {
    const absl::StatusOr<absl::Time> latest = LatestRecordTime(files_, options_.directory, *head, stop_);
    if (latest.ok()) worker_latest_ = *latest;
    return latest.status();
  });
  return true;
}

absl::Status SegmentKeeper::OpenArchive() {
  if (archive_lock_ != nullptr) return absl::OkStatus();
  if (absl::Status status = files_.CreateDirectory(options_.archive); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<FileLock>> lock = files_.Lock(absl::StrCat(options_.archive, "/LOCK"));
  if (!lock.ok()) return lock.status();
  archive_lock_ = *std::move(lock);
  return absl::OkStatus();
}

// First on disk, then for readers: whoever still finds the segment's entries finds its files too, or asks anew.
absl::Status SegmentKeeper::BeginBehind(const IndexHead& head, const SnapshotCover& cover) {
  if (absl::Status status = OpenArchive(); !status.ok()) return status;
  if (absl::Status status = WriteBeginning(files_, options_.directory, {head.Next(), cover}); !status.ok()) return status;
  index_.DropOldest();
  cache_.Forget(head.start.segment);
  leaving_.insert(head.start.segment);
  return absl::OkStatus();
}

void SegmentKeeper::RunJob(Job job, uint32_t segment, std::function<absl::Status()> work) {
  job_ = job;
  job_segment_ = segment;
  worker_done_ = false;
  const auto run = [this, work = std::move(work)] {
    worker_status_ = work();
    worker_done_.store(true, std::memory_order_release);
  };
  if (!own_thread_) return run();
  // A new thread for each: a process without privileges cannot raise a priority again.
  worker_ = std::thread([run] {
    const sched_param parameters{};
    ::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &parameters);  // where it is not allowed, it runs as any other
    run();
  });
}

absl::Status SegmentKeeper::EndJob() {
  if (worker_.joinable()) worker_.join();
  const Job job = std::exchange(job_, Job::kNone);
  const bool done = worker_status_.ok();
  switch (job) {
    case Job::kNone:
      break;
    case Job::kCompress:
      cache_.Forget(job_segment_);
      // A damaged one stays as it is, for a person to look at.
      if (done || absl::IsDataLoss(worker_status_)) plain_.erase(job_segment_);
      if (done) ++compressed_;
      break;
    case Job::kFindAge:
      if (done) age_ = {job_segment_, worker_latest_};
      break;
    case Job::kMove:
      if (done) leaving_.erase(job_segment_);
      if (done) ++archived_;
      break;
  }
  if (job != Job::kCompress && absl::IsDataLoss(worker_status_)) all_stay_ = true;
  return worker_status_;
}

absl::StatusOr<bool> SegmentKeeper::MendIndex(uint32_t segment) {
  absl::MutexLock held(&mending_);
  const std::optional<IndexHead> head = index_.SealedHead(segment);
  if (!head) return false;
  const absl::StatusOr<bool> holds = IndexHolds(files_, options_.directory, *head);
  if (!holds.ok()) return holds.status();
  if (*holds) return false;
  const absl::StatusOr<SegmentIndex> made = IndexSegment(files_, options_.directory, head->start);
  if (!made.ok()) return made.status();
  if (absl::Status status = WriteIndex(files_, options_.directory, *made); !status.ok()) return status;
  cache_.Forget(segment);
  return true;
}

}  // namespace fenfen
