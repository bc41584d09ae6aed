// ReadAhead: entries of a journal one by one, in order, as fast as the journal gives them in ranges. Who reads entry after entry of a
// partition, as the restoring of a Redis does, would otherwise wait for the store once an entry.
//
//   Read(7, 1) from the journal; Read(7, 2): in order, so 2 to 65 are read at once, and a thread reads on while these are taken.
//
// What is durable never changes, so nothing here goes stale. Memory holds two ranges, each of about kRangeBytes, since a range's length
// follows from how long the entries of the one before were.
//
// Thread-safe; meant for one reader, others get in its way.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ledger/journal/journal.h"

namespace fenfen {

class ReadAhead {
 public:
  static constexpr uint64_t kRangeEntriesMax = 1024;
  static constexpr size_t kRangeBytes = 1u << 20;

  // The journal outlives this.
  explicit ReadAhead(Journal& journal) : journal_(journal) {}
  // Waits for a range that is being read.
  ~ReadAhead();

  // As Journal::Read says, of the bytes.
  absl::StatusOr<std::string> Read(PartitionId partition, PartitionSeq seq);

 private:
  // Entries of one partition that follow one another, the first being `first`; or what is to be read.
  struct Stretch {
    PartitionId partition;
    uint64_t first = 0;
    std::deque<std::string> entries;
    bool Holds(PartitionId of, uint64_t seq) const { return of == partition && seq >= first && seq < first + entries.size(); }
  };

  absl::StatusOr<std::string> ReadOne(PartitionId partition, PartitionSeq seq);
  Stretch Fetch(PartitionId partition, uint64_t first, uint64_t count);
  void Order() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Learn(const Stretch& stretch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<std::string> TakePresent(PartitionId partition, uint64_t seq) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Loop();

  Journal& journal_;
  absl::Mutex mutex_;
  PartitionId last_partition_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;        // that was read
  uint64_t next_count_ ABSL_GUARDED_BY(mutex_) = 0;  // of the next range
  Stretch present_ ABSL_GUARDED_BY(mutex_);
  std::optional<Stretch> ahead_ ABSL_GUARDED_BY(mutex_);           // what the thread has read
  std::optional<Journal::Range> ordered_ ABSL_GUARDED_BY(mutex_);  // what it is to read, or reading
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
