#include "ledger/journal/segment_keeper.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <utility>

#include "ledger/journal/sealing.h"

namespace fenfen {
namespace {

// How soon it is noticed that the worker is done, which tells nobody, since it must not hold a lock.
constexpr absl::Duration kLookDelay = absl::Milliseconds(20);
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
  const uint32_t last_sealed = list.indexed.empty() ? 0 : *list.indexed.rbegin();
  for (uint32_t number = 1; number <= last_sealed; ++number) {
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

void SegmentKeeper::Loop() {
  absl::Duration delay = options_.retry_delay;
  while (true) {
    {
      absl::MutexLock held(&mutex_);
      while (!work_ && compressing_ == 0) wake_.Wait(&mutex_);
      if (!work_) wake_.WaitWithTimeout(&mutex_, kLookDelay);
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
  if (compressing_ == 0) {
    const std::optional<IndexHead> head = NextToCompress();
    if (!head) return false;
    BeginCompressing(*head);
  }
  if (!worker_done_.load(std::memory_order_acquire)) return false;
  if (absl::Status status = EndCompressing(); !status.ok()) return status;
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

void SegmentKeeper::BeginCompressing(const IndexHead& head) {
  compressing_ = head.start.segment;
  worker_done_ = false;
  const auto compress = [this, head] {
    worker_status_ = CompressSegment(files_, options_.directory, head, stop_);
    worker_done_.store(true, std::memory_order_release);
  };
  if (!own_thread_) return compress();
  // A new thread for each: a process without privileges cannot raise a priority again.
  worker_ = std::thread([compress] {
    const sched_param parameters{};
    ::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &parameters);  // where it is not allowed, it runs as any other
    compress();
  });
}

absl::Status SegmentKeeper::EndCompressing() {
  if (worker_.joinable()) worker_.join();
  const uint32_t segment = std::exchange(compressing_, 0);
  cache_.Forget(segment);
  // A damaged one stays as it is, for a person to look at.
  if (worker_status_.ok() || absl::IsDataLoss(worker_status_)) plain_.erase(segment);
  if (worker_status_.ok()) ++compressed_;
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
