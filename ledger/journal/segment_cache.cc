#include "ledger/journal/segment_cache.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "ledger/journal/segment_files.h"

namespace fenfen {
namespace {

constexpr size_t kOpenLeast = 16;
constexpr size_t kOpenMost = 512;

}  // namespace

size_t SegmentCache::OpenMax() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kOpenLeast;
  return std::clamp<size_t>(limit.rlim_cur / 8, kOpenLeast, kOpenMost);
}

absl::StatusOr<OpenSegment> SegmentCache::Get(uint32_t number) {
  absl::MutexLock held(&mutex_);
  for (auto at = open_.begin(); at != open_.end(); ++at) {
    if (at->header.number != number) continue;
    open_.splice(open_.begin(), open_, at);
    return open_.front();
  }
  OpenSegment opened;
  opened.path = SegmentPath(directory_, number);
  absl::StatusOr<std::unique_ptr<File>> file = OpenSegmentFile(files_, directory_, number, blocks_);
  if (!file.ok()) return file.status();
  opened.file = *std::move(file);
  // A compressed segment's head says the same and was checked when it was opened: to ask its first block would be another read from the
  // disk, for every segment that a statement goes through.
  if (const auto* compressed = dynamic_cast<const CompressedFile*>(opened.file.get()); compressed != nullptr) {
    opened.header = compressed->head().segment;
  } else {
    const absl::StatusOr<segment::Header> header = ReadSegmentHeader(*opened.file, opened.path);
    if (!header.ok()) return header.status();
    opened.header = *header;
  }
  absl::StatusOr<std::unique_ptr<File>> index = files_.OpenForRead(SegmentPath(directory_, number, segment::kIndexEnding));
  if (index.ok()) opened.index = *std::move(index);
  open_.push_front(std::move(opened));
  if (open_.size() > open_max_) open_.pop_back();
  return open_.front();
}

void SegmentCache::Forget(uint32_t number) {
  absl::MutexLock held(&mutex_);
  open_.remove_if([&](const OpenSegment& segment) { return segment.header.number == number; });
}

}  // namespace fenfen
