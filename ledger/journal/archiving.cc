#include "ledger/journal/archiving.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "ledger/journal/sealing.h"
#include "ledger/journal/segment_files.h"
#include "ledger/journal/segment_reader.h"

namespace fenfen {
namespace {

constexpr uint64_t kArchivedChunkBytes = 1u << 20;

// Calls `visit` with the file's bytes, a chunk at a time.
template <typename Visit>
absl::Status ForEachChunk(const File& file, uint64_t size, const std::atomic<bool>& stop, Visit visit) {
  std::string chunk;
  for (uint64_t at = 0; at < size; at += chunk.size()) {
    if (absl::Status status = CheckGoesOn(stop); !status.ok()) return status;
    chunk.resize(std::min(kArchivedChunkBytes, size - at));
    const absl::StatusOr<size_t> got = file.ReadAt(at, chunk.data(), chunk.size());
    if (!got.ok()) return got.status();
    if (*got < chunk.size()) return absl::UnavailableError(absl::StrCat("a file became shorter while it was read, at byte ", at + *got));
    if (absl::Status status = visit(at, chunk); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Copy(const File& from, uint64_t size, File& to, const std::atomic<bool>& stop) {
  const absl::Status status = ForEachChunk(from, size, stop, [&](uint64_t at, const std::string& chunk) -> absl::Status {
    if (absl::Status written = to.WriteAt(at, chunk); !written.ok()) return written;
    return (at + chunk.size()) % kBytesPerSync == 0 ? to.Sync() : absl::OkStatus();
  });
  return status.ok() ? to.Sync() : status;
}

// OK where both files have the same bytes; DATA_LOSS, naming the file at `path`, which is `copy`, where not.
absl::Status CheckEqual(const File& from, uint64_t size, const File& copy, const std::string& path, const std::atomic<bool>& stop) {
  const absl::StatusOr<uint64_t> copy_size = copy.Size();
  if (!copy_size.ok()) return copy_size.status();
  if (*copy_size != size) return DamageError({path, std::min(size, *copy_size), "the archive's file is not the journal's: another size"});
  std::string other;
  return ForEachChunk(from, size, stop, [&](uint64_t at, const std::string& chunk) -> absl::Status {
    other.resize(chunk.size());
    const absl::StatusOr<size_t> got = copy.ReadAt(at, other.data(), other.size());
    if (!got.ok()) return got.status();
    if (*got == other.size() && other == chunk) return absl::OkStatus();
    const auto differs = std::mismatch(chunk.begin(), chunk.end(), other.begin()).first - chunk.begin();
    return DamageError({path, at + static_cast<uint64_t>(differs), "the archive's file is not the journal's"});
  });
}

// Puts an equal file of that name into the archive, if there is none; true where this made it. It has its name only once it is whole and on
// disk; that the name is on disk is for the caller to see to.
absl::StatusOr<bool> CopyToArchive(FileSystem& files, const File& from, const std::string& archive, const std::string& path,
                                   const std::atomic<bool>& stop) {
  const absl::StatusOr<uint64_t> size = from.Size();
  if (!size.ok()) return size.status();
  const absl::StatusOr<std::unique_ptr<File>> there = files.OpenForRead(path);
  if (there.ok()) {
    if (absl::Status status = CheckEqual(from, *size, **there, path, stop); !status.ok()) return status;
    return false;
  }
  if (!absl::IsNotFound(there.status())) return there.status();
  const absl::StatusOr<uint64_t> free = files.FreeBytes(archive);
  if (!free.ok()) return free.status();
  if (*free < *size) return absl::ResourceExhaustedError(absl::StrCat(archive, ": no room to archive a segment"));
  const std::string unfinished = UnfinishedPath(path);
  const absl::StatusOr<std::unique_ptr<File>> to = CreateUnfinished(files, path);
  if (!to.ok()) return to.status();
  absl::Cleanup remove = [&] { files.Remove(unfinished).IgnoreError(); };  // the reason to tell is what is returned
  if (absl::Status status = Copy(from, *size, **to, stop); !status.ok()) return status;
  const absl::StatusOr<std::unique_ptr<File>> written = files.OpenForRead(unfinished);
  if (!written.ok()) return written.status();
  const absl::Status equal = CheckEqual(from, *size, **written, unfinished, stop);
  // What was just written and reads otherwise is the archive's disk's fault, and is tried again.
  if (absl::IsDataLoss(equal)) return absl::UnavailableError(equal.message());
  if (!equal.ok()) return equal;
  if (absl::Status status = files.Rename(unfinished, path); !status.ok()) return status;
  std::move(remove).Cancel();
  return true;
}

absl::Status MoveFile(FileSystem& files, const std::string& directory, const std::string& archive, uint32_t number, const char* ending,
                      const std::atomic<bool>& stop) {
  const std::string path = SegmentPath(directory, number, ending);
  const absl::StatusOr<std::unique_ptr<File>> from = files.OpenForRead(path);
  if (absl::IsNotFound(from.status())) return absl::OkStatus();
  if (!from.ok()) return from.status();
  const std::string to = SegmentPath(archive, number, ending);
  const absl::StatusOr<bool> made = CopyToArchive(files, **from, archive, to, stop);
  if (!made.ok()) return made.status();
  // Also where the file was there already: its name may be from a rename that nobody synced.
  if (absl::Status status = files.SyncDirectory(archive); !status.ok()) {
    // Another sync would not tell what became of this one: the next try makes the file anew.
    if (*made) files.Remove(to).IgnoreError();
    return status;
  }
  // That the old one is gone need not be on disk: if it is there again after a crash, this begins anew and finds its equal.
  return files.Remove(path);
}

}  // namespace

absl::StatusOr<absl::Time> LatestRecordTime(FileSystem& files, const std::string& directory, const IndexHead& head,
                                            const std::atomic<bool>& stop) {
  const uint32_t number = head.start.segment;
  const std::string path = SegmentPath(directory, number);
  absl::StatusOr<std::unique_ptr<File>> file = OpenSegmentFile(files, directory, number, std::make_shared<BlockCache>(0));
  if (!file.ok()) return file.status();
  const absl::StatusOr<std::unique_ptr<SegmentReader>> reader = SegmentReader::Open(*std::move(file), path, number);
  if (!reader.ok()) return reader.status();
  absl::Time latest = absl::InfinitePast();
  for (uint64_t group_number = head.start.groups + 1;; ++group_number) {
    if (absl::Status status = CheckGoesOn(stop); !status.ok()) return status;
    const absl::StatusOr<const Group*> group = (*reader)->Next(group_number);
    if (!group.ok()) return group.status();
    if (*group == nullptr) {
      if (group_number == head.start.groups + head.groups + 1 && !(*reader)->unfinished()) return latest;
      return DamageError({path, (*reader)->end(), "groups are missing at the segment's end"});
    }
    for (const segment::Record& record : (*group)->records) latest = std::max(latest, record.record_time);
  }
}

absl::Status MoveToArchive(FileSystem& files, const std::string& directory, const std::string& archive, uint32_t number,
                           const std::atomic<bool>& stop) {
  // The index first: where there is an index, the segment may be asked for.
  for (const char* ending : {segment::kIndexEnding, segment::kCompressedEnding, segment::kEnding}) {
    if (absl::Status status = MoveFile(files, directory, archive, number, ending, stop); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> FindInArchive(FileSystem& files, const std::string& archive, uint32_t first, PartitionId partition,
                                       PartitionSeq seq) {
  // The last segment with something of the partition before `seq` holds it.
  uint32_t low = 1;
  uint32_t high = first;  // in segments low to high - 1
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const absl::StatusOr<IndexHead> head = ReadIndexHead(files, archive, middle);
    if (!head.ok()) return absl::NotFoundError(head.status().message());
    if (head->start.last[partition.value()] >= seq) {
      high = middle;
    } else if (head->Rank(partition, seq)) {
      return middle;
    } else {
      low = middle + 1;
    }
  }
  return absl::NotFoundError(absl::StrCat(archive, ": no archived segment holds the entry"));
}

}  // namespace fenfen
