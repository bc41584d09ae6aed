// SegmentCache: the segment files that are read from and their indexes, opened when needed and only so many at once, since a journal has
// more segments than a process has file descriptors. Thread-safe; a file that was handed out stays open as long as it is held.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ledger/journal/compressed_file.h"
#include "ledger/journal/file.h"
#include "ledger/journal/segment.h"

namespace fenfen {

struct OpenSegment {
  segment::Header header;
  std::string path;             // of the segment as it was written
  std::shared_ptr<File> file;   // reads as it was written, also where it is compressed now
  std::shared_ptr<File> index;  // nullptr where it is not there
};

class SegmentCache {
 public:
  // Two files each: at most a quarter of those that the process may have open, and no more than 512. Where a journal has more segments, a
  // statement that goes far back opens and looks up again what it had, two reads from the disk more for an entry.
  static size_t OpenMax();

  // `files` outlives the cache. Of compressed segments it keeps decompressed blocks of so many bytes.
  SegmentCache(FileSystem& files, std::string directory, size_t block_cache_bytes)
      : files_(files), open_max_(OpenMax()), directory_(std::move(directory)), blocks_(std::make_shared<BlockCache>(block_cache_bytes)) {}

  // The segment, open for reading. NOT_FOUND where there is none; DATA_LOSS where its header does not hold.
  absl::StatusOr<OpenSegment> Get(uint32_t number);
  // The segment's files have changed: the next Get opens them again.
  void Forget(uint32_t number);

 private:
  FileSystem& files_;
  const size_t open_max_;
  const std::string directory_;
  const std::shared_ptr<BlockCache> blocks_;
  absl::Mutex mutex_;
  std::list<OpenSegment> open_ ABSL_GUARDED_BY(mutex_);  // the latest used first
};

}  // namespace fenfen
