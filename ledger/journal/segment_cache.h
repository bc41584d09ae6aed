// SegmentCache: the segment files that are read from, opened when needed and only so many at once, since a journal has more segments than a
// process has file descriptors. Thread-safe; a file that was handed out stays open as long as it is held.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ledger/journal/file.h"
#include "ledger/journal/segment.h"

namespace fenfen {

struct OpenSegment {
  segment::Header header;
  std::string path;
  std::shared_ptr<File> file;
};

class SegmentCache {
 public:
  static constexpr size_t kOpenMax = 64;

  // `files` outlives the cache.
  SegmentCache(FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}

  // The segment, open for reading. NOT_FOUND where there is none; DATA_LOSS where its header does not hold.
  absl::StatusOr<OpenSegment> Get(uint32_t number);

 private:
  FileSystem& files_;
  const std::string directory_;
  absl::Mutex mutex_;
  std::list<OpenSegment> open_ ABSL_GUARDED_BY(mutex_);  // the latest used first
};

}  // namespace fenfen
