#include "ledger/journal/segment_keeper.h"

#include <pthread.h>
#include <sched.h>

#include <utility>

#include "absl/functional/function_ref.h"
#include "ledger/journal/sealing.h"

namespace fenfen {
namespace {

// Runs `work` in a thread that gets a core only when nobody else wants it, so that compressing costs the writer nothing. A thread of its
// own, since it must hold no lock that others wait for, and since a process without privileges cannot raise a priority again.
absl::Status RunWhenIdle(absl::FunctionRef<absl::Status()> work) {
  absl::Status status;
  std::thread worker([&] {
    const sched_param parameters{};
    ::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &parameters);  // where it is not allowed, it runs as any other
    status = work();
  });
  worker.join();
  return status;
}

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
  while (true) {
    {
      absl::MutexLock held(&mutex_);
      while (!work_) wake_.Wait(&mutex_);
      work_ = false;
    }
    absl::StatusOr<bool> stepped = true;
    while (!stop_ && stepped.ok() && *stepped) {
      stepped = Step();
      Note(stepped.status());
    }
    if (stop_) return;
    if (stepped.ok()) continue;
    absl::MutexLock held(&mutex_);
    if (!work_) wake_.WaitWithTimeout(&mutex_, options_.retry_delay);
    work_ = true;
  }
}

void SegmentKeeper::RunOnce() {
  absl::StatusOr<bool> stepped = true;
  while (stepped.ok() && *stepped) {
    stepped = Step();
    Note(stepped.status());
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
  const std::optional<IndexHead> head = NextToCompress();
  if (!head) return false;
  if (absl::Status status = CompressOne(*head); !status.ok()) return status;
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

absl::Status SegmentKeeper::CompressOne(const IndexHead& head) {
  const auto compress = [&] { return CompressSegment(files_, options_.directory, head, stop_); };
  absl::Status status = own_thread_ ? RunWhenIdle(compress) : compress();
  cache_.Forget(head.start.segment);
  // A damaged one stays as it is, for a person to look at.
  if (status.ok() || absl::IsDataLoss(status)) plain_.erase(head.start.segment);
  if (status.ok()) ++compressed_;
  return status;
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
