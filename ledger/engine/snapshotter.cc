#include "ledger/engine/snapshotter.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace fenfen {
namespace {

constexpr int kNiceness = 10;

uint64_t Sum(const SequenceVector& sequences) {
  return std::accumulate(sequences.begin(), sequences.end(), uint64_t{0}, [](uint64_t sum, PartitionSeq seq) { return sum + seq.value(); });
}

}  // namespace

Snapshotter::Snapshotter(const SavableState& state, Journal& journal, std::vector<Projection*> projections, SnapshotFolder& folder,
                         const Clock& clock, SnapshotterOptions options, const Start& start)
    : state_(state),
      journal_(journal),
      projections_(std::move(projections)),
      folder_(folder),
      clock_(clock),
      options_(std::move(options)),
      last_transactions_(Sum(start.sequences)) {
  stats_.number = start.number;
}

Snapshotter::~Snapshotter() { Halt(); }

void Snapshotter::Run() {
  thread_ = std::thread([this] { Loop(); });
}

void Snapshotter::Halt() {
  {
    absl::MutexLock held(&mutex_);
    halted_ = true;
  }
  if (thread_.joinable()) thread_.join();
  absl::MutexLock held(&mutex_);
  halted_ = false;
}

bool Snapshotter::IsDue() const {
  uint64_t durable = 0;
  for (uint16_t p = 0; p < kPartitions; ++p) durable += journal_.LastDurable(PartitionId(p)).value();
  absl::MutexLock held(&mutex_);
  return durable >= last_transactions_ + options_.transactions_min;
}

SnapshotStats Snapshotter::stats() const {
  absl::MutexLock held(&mutex_);
  return stats_;
}

absl::Status Snapshotter::SleepUntil(absl::Time time) {
  absl::MutexLock held(&mutex_);
  const bool halted = mutex_.AwaitWithDeadline(absl::Condition(&halted_), time);
  return halted ? absl::AbortedError("the snapshotter was halted") : absl::OkStatus();
}

void Snapshotter::Loop() {
  // Of this thread alone; what is asked of it first gives way to what serves.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness);
  TellCover();
  while (SleepUntil(absl::Now() + options_.interval).ok()) {
    if (!IsDue()) continue;
    const absl::Time begin = absl::Now();
    const double rate = static_cast<double>(options_.bytes_per_second_max);
    const absl::Status status =
        TakeAt([&](uint64_t bytes) { return SleepUntil(begin + absl::Seconds(static_cast<double>(bytes) / rate)); });
    if (!status.ok() && !absl::IsAborted(status)) options_.report(status);
    if (status.ok()) TellCover();
  }
}

void Snapshotter::TellCover() {
  if (!options_.covered) return;
  absl::MutexLock taking(&taking_);
  const absl::StatusOr<std::vector<uint64_t>> kept = folder_.Kept();
  if (!kept.ok()) return options_.report(kept.status());
  if (kept->size() < SnapshotFolder::kKept || kept->back() == told_cover_) return;
  absl::StatusOr<SnapshotCover> cover = ReadCover(kept->back());
  if (absl::IsAborted(cover.status())) return;
  if (!cover.ok()) {
    // A damaged one is none of those that are kept; the next snapshot makes two again.
    if (absl::IsDataLoss(cover.status()) || absl::IsFailedPrecondition(cover.status())) folder_.Refuse(kept->back());
    return options_.report(cover.status());
  }
  told_cover_ = cover->number;
  options_.covered(*std::move(cover));
}

// Of a snapshot that is whole: every checksum is looked at.
absl::StatusOr<SnapshotCover> Snapshotter::ReadCover(uint64_t number) const {
  const absl::StatusOr<std::unique_ptr<SnapshotReader>> snapshot = folder_.Read(number);
  if (!snapshot.ok()) return snapshot.status();
  if ((*snapshot)->header().journal_id != journal_.Id()) {
    return absl::FailedPreconditionError(absl::StrCat((*snapshot)->path(), ": this is another journal's snapshot"));
  }
  SnapshotCover cover;
  cover.number = number;
  std::string buffer;
  for (size_t section = 0; section < kSnapshotSections; ++section) {
    {
      absl::MutexLock held(&mutex_);
      if (halted_) return absl::AbortedError("the snapshotter was halted");
    }
    if (absl::Status status = (*snapshot)->Read(section, buffer).status(); !status.ok()) return status;
    if (section == kMemosSection) continue;
    cover.sequences[section] = (*snapshot)->table()[section].seq;
    cover.sha256[section] = (*snapshot)->table()[section].sha256;
  }
  return cover;
}

absl::Status Snapshotter::Take(absl::Duration time_max) {
  const absl::Time deadline = absl::Now() + time_max;
  return TakeAt([deadline](uint64_t) {
    return absl::Now() < deadline ? absl::OkStatus() : absl::DeadlineExceededError("the snapshot took longer than there was time");
  });
}

absl::Status Snapshotter::TakeAt(const Pace& pace) {
  absl::MutexLock taking(&taking_);
  const absl::Time begin = absl::Now();
  const absl::Time time = clock_.Now();
  SequenceVector sequences{};
  uint64_t bytes = 0;
  absl::Status status = CheckRoom();
  uint64_t number = 0;
  if (status.ok()) {
    const absl::StatusOr<std::vector<uint64_t>> numbers = folder_.Numbers();
    status = numbers.status();
    if (status.ok()) number = numbers->empty() ? 1 : numbers->front() + 1;
  }
  if (status.ok()) status = Write(number, time, pace, sequences, bytes);
  absl::MutexLock held(&mutex_);
  if (!status.ok()) {
    ++stats_.failed;
    return status;
  }
  last_transactions_ = Sum(sequences);
  stats_ = {stats_.taken + 1, stats_.failed, number, bytes, time, absl::Now() - begin};
  return absl::OkStatus();
}

// A snapshot must not take the room that the journal needs.
absl::Status Snapshotter::CheckRoom() const {
  const absl::StatusOr<uint64_t> free = folder_.FreeBytes();
  if (!free.ok()) return free.status();
  const uint64_t needed = options_.free_bytes_min + stats().bytes;
  if (*free >= needed) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("no snapshot: ", *free, " bytes are free, ", needed, " are wanted"));
}

absl::Status Snapshotter::Write(uint64_t number, absl::Time time, const Pace& pace, SequenceVector& sequences, uint64_t& bytes) {
  absl::StatusOr<std::unique_ptr<File>> file = folder_.Begin(number);
  if (!file.ok()) return file.status();
  absl::Status status;
  {
    SnapshotWriter writer(*std::move(file), {journal_.Id(), number, time});
    status = WriteSections(writer, pace, sequences);
    bytes = writer.bytes();
  }
  if (status.ok()) status = folder_.Publish(number);
  if (!status.ok()) folder_.Abandon(number);
  return status;
}

absl::Status Snapshotter::WriteSections(SnapshotWriter& writer, const Pace& pace, SequenceVector& sequences) {
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const SavedPartition saved = state_.Save(PartitionId(p));
    sequences[p] = saved.seq;
    if (absl::Status status = writer.AddPartition(saved); !status.ok()) return status;
    if (absl::Status status = pace(writer.bytes()); !status.ok()) return status;
  }
  // What was copied may still be on its way to the disk. The journal tells its writers, and so the projections, before it says that all is
  // done: the memos lack nothing that the partitions hold.
  if (absl::Status status = journal_.Flush(); !status.ok()) return status;
  SnapshotMemos memos;
  for (const Projection* projection : projections_) {
    if (!projection->MemoName().empty()) memos.emplace_back(projection->MemoName(), projection->SaveMemo());
  }
  if (absl::Status status = writer.AddMemos(memos); !status.ok()) return status;
  return writer.Finish();
}

}  // namespace fenfen
