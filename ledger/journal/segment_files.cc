#include "ledger/journal/segment_files.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

constexpr char kUnfinishedSuffix[] = ".tmp";
constexpr uint64_t kChunkBytes = 1u << 20;
// No group is longer: one transaction, or several up to a smaller limit, and what is around them.
constexpr uint64_t kGroupBytesMax = limits::kTransactionBytesMax + kChunkBytes;
static_assert(limits::kJournalGroupBytesMax <= limits::kTransactionBytesMax);

absl::Status FillWithZeros(File& file, const segment::Header& header) {
  const std::string zeros(std::min<uint64_t>(kChunkBytes, header.bytes), '\0');
  for (uint64_t at = 0; at < header.bytes;) {
    const uint64_t size = std::min<uint64_t>(zeros.size(), header.bytes - at);
    if (absl::Status status = file.WriteAt(at, absl::string_view(zeros).substr(0, size)); !status.ok()) return status;
    at += size;
    if (at % kBytesPerSync != 0) continue;
    if (absl::Status status = file.Sync(); !status.ok()) return status;
  }
  if (absl::Status status = file.WriteAt(0, segment::EncodeHeader(header)); !status.ok()) return status;
  return file.Sync();
}

// Makes the file's bytes from `from` to `to` zero: up to `doubtful` in any case, behind it where they are not or are missing.
absl::Status ZeroRange(File& file, uint64_t from, uint64_t doubtful, uint64_t to) {
  std::string chunk;
  while (from < to) {
    chunk.resize(std::min(kChunkBytes, to - from));
    const absl::StatusOr<size_t> got = file.ReadAt(from, chunk.data(), chunk.size());
    if (!got.ok()) return got.status();
    if (from < doubtful || *got < chunk.size() || !segment::AllZero(chunk)) {
      chunk.assign(chunk.size(), '\0');
      if (absl::Status status = file.WriteAt(from, chunk); !status.ok()) return status;
    }
    from += chunk.size();
  }
  return absl::OkStatus();
}

// The segments from the beginning on; DATA_LOSS where one is missing.
absl::StatusOr<SegmentList> ListFrom(FileSystem& files, const std::string& directory, const std::optional<JournalBeginning>& beginning) {
  const absl::StatusOr<std::vector<std::string>> names = files.List(directory);
  if (!names.ok()) return names.status();
  SegmentList list;
  list.beginning = beginning;
  if (beginning) list.first = beginning->start.segment;
  std::set<uint32_t> all;
  for (const std::string& name : *names) {
    const std::optional<uint32_t> index = segment::NumberOf(name, segment::kIndexEnding);
    const std::optional<uint32_t> plain = segment::NumberOf(name);
    const std::optional<uint32_t> compressed = segment::NumberOf(name, segment::kCompressedEnding);
    const std::optional<uint32_t> number = index ? index : plain ? plain : compressed;
    if (!number) continue;
    if (*number < list.first) {
      list.leaving.insert(*number);
    } else if (index) {
      list.indexed.insert(*number);
    } else {
      all.insert(*number);
      if (plain) list.plain.insert(*number);
    }
  }
  // A journal that has a beginning has a segment there, so an empty one is not taken for a new journal.
  if (all.empty() && !beginning) return list;
  list.last = all.empty() ? list.first : *all.rbegin();
  for (uint32_t number = list.first; number <= list.last; ++number) {
    if (all.count(number) > 0) continue;
    // A folder that is changing while it is listed may hide a segment whose form changes.
    const absl::Status status = OpenSegmentFile(files, directory, number, std::make_shared<BlockCache>(0)).status();
    if (absl::IsNotFound(status)) return DamageError({SegmentPath(directory, number), 0, "the segment is missing"});
    if (!status.ok()) return status;
  }
  return list;
}

}  // namespace

absl::Status CheckGoesOn(const std::atomic<bool>& stop) {
  return stop.load(std::memory_order_relaxed) ? absl::CancelledError("the journal is closing") : absl::OkStatus();
}

std::string SegmentPath(const std::string& directory, uint32_t number, absl::string_view ending) {
  return absl::StrCat(directory, "/", segment::FileName(number, ending));
}

absl::StatusOr<SegmentList> ListSegments(FileSystem& files, const std::string& directory) {
  absl::StatusOr<std::optional<JournalBeginning>> beginning = ReadBeginning(files, directory);
  while (true) {
    if (!beginning.ok()) return beginning.status();
    absl::StatusOr<SegmentList> list = ListFrom(files, directory, *beginning);
    if (!absl::IsDataLoss(list.status())) return list;
    // Beside a server that archives segments: what is missing may lie before the beginning by now.
    absl::StatusOr<std::optional<JournalBeginning>> now = ReadBeginning(files, directory);
    if (now.ok() && *now == *beginning) return list;
    beginning = std::move(now);
  }
}

absl::StatusOr<std::unique_ptr<File>> OpenSegmentFile(FileSystem& files, const std::string& directory, uint32_t number,
                                                      const std::shared_ptr<BlockCache>& cache) {
  absl::StatusOr<std::unique_ptr<File>> plain = files.OpenForRead(SegmentPath(directory, number));
  if (!absl::IsNotFound(plain.status())) return plain;
  const std::string path = SegmentPath(directory, number, segment::kCompressedEnding);
  absl::StatusOr<std::unique_ptr<File>> file = files.OpenForRead(path);
  if (!file.ok()) return file.status();
  return CompressedFile::Open(*std::move(file), path, number, cache);
}

std::string UnfinishedPath(const std::string& path) { return absl::StrCat(path, kUnfinishedSuffix); }

absl::StatusOr<std::unique_ptr<File>> CreateUnfinished(FileSystem& files, const std::string& path) {
  const std::string unfinished = UnfinishedPath(path);
  absl::StatusOr<std::unique_ptr<File>> file = files.Create(unfinished);
  if (!absl::IsAlreadyExists(file.status())) return file;
  if (absl::Status status = files.Remove(unfinished); !status.ok()) return status;
  return files.Create(unfinished);
}

absl::Status WriteWholeFile(FileSystem& files, const std::string& directory, const std::string& path, absl::string_view bytes) {
  const std::string unfinished = UnfinishedPath(path);
  absl::StatusOr<std::unique_ptr<File>> file = CreateUnfinished(files, path);
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->WriteAt(0, bytes);
  if (status.ok()) status = (*file)->Sync();
  if (status.ok()) status = files.Rename(unfinished, path);
  if (!status.ok()) {
    files.Remove(unfinished).IgnoreError();  // the reason to tell is `status`
    return status;
  }
  return files.SyncDirectory(directory);
}

absl::StatusOr<segment::Header> ReadSegmentHeader(const File& file, const std::string& path) {
  std::string bytes(segment::kHeaderBytes, '\0');
  if (const absl::StatusOr<size_t> got = file.ReadAt(0, bytes.data(), bytes.size()); !got.ok()) return got.status();
  const std::optional<segment::Header> header = segment::DecodeHeader(bytes);
  if (!header) return DamageError({path, 0, "the segment header does not hold"});
  return *header;
}

absl::StatusOr<std::unique_ptr<File>> MakeSegment(FileSystem& files, const std::string& directory, const segment::Header& header) {
  // Asked first: to fill the disk to the brim and then give way again would hurt whoever else writes to it.
  const absl::StatusOr<uint64_t> free = files.FreeBytes(directory);
  if (!free.ok()) return free.status();
  if (*free < header.bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(directory, ": ", *free, " bytes are free, a segment needs ", header.bytes));
  }
  const std::string path = SegmentPath(directory, header.number);
  const std::string unfinished = UnfinishedPath(path);
  absl::StatusOr<std::unique_ptr<File>> file = CreateUnfinished(files, path);
  if (!file.ok()) return file.status();
  if (absl::Status status = FillWithZeros(**file, header); !status.ok()) {
    files.Remove(unfinished).IgnoreError();  // the reason to tell is `status`
    return status;
  }
  if (absl::Status status = files.Rename(unfinished, path); !status.ok()) return status;
  if (absl::Status status = files.SyncDirectory(directory); !status.ok()) return status;
  return file;
}

absl::Status RemoveUnfinishedFiles(FileSystem& files, const std::string& directory) {
  const absl::StatusOr<std::vector<std::string>> names = files.List(directory);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const bool ours = absl::StrContains(name, segment::kEnding) || absl::StrContains(name, segment::kIndexEnding) ||
                      absl::StartsWith(name, JournalBeginning::kFile);
    if (!ours || !absl::EndsWith(name, kUnfinishedSuffix)) continue;
    if (absl::Status status = files.Remove(absl::StrCat(directory, "/", name)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RepairTail(FileSystem& files, const std::string& directory, const JournalEnd& tail) {
  for (uint32_t number = tail.segment; number <= tail.last_segment; ++number) {
    const std::string path = SegmentPath(directory, number);
    absl::StatusOr<std::unique_ptr<File>> file = files.OpenForWrite(path);
    if (!file.ok()) return file.status();
    const absl::StatusOr<segment::Header> header = ReadSegmentHeader(**file, path);
    if (!header.ok()) return header.status();
    const uint64_t from = number == tail.segment ? tail.offset : segment::kHeaderBytes;
    // That zeros are read says nothing about the disk: an earlier start may have written them over an unfinished group, and its fdatasync
    // failed. Such a group begins here, or in the next segment where it does not fit here.
    const uint64_t doubtful = number <= tail.segment + 1 ? std::min<uint64_t>(from + kGroupBytesMax, header->bytes) : from;
    if (absl::Status status = ZeroRange(**file, from, doubtful, header->bytes); !status.ok()) return status;
    if (absl::Status status = (*file)->Sync(); !status.ok()) return status;
  }
  if (tail.group_segment == 0) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<File>> file = files.OpenForWrite(SegmentPath(directory, tail.group_segment));
  if (!file.ok()) return file.status();
  std::string group(tail.group_bytes, '\0');
  if (const absl::StatusOr<size_t> got = (*file)->ReadAt(tail.group_offset, group.data(), group.size()); !got.ok()) return got.status();
  if (absl::Status status = (*file)->WriteAt(tail.group_offset, group); !status.ok()) return status;
  return (*file)->Sync();
}

}  // namespace fenfen
