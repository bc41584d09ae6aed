// BatchReader: gathers a journal's entries into batches, in a thread of its own that reads and checks some batches ahead of who takes them.
//
//   BatchReader batches(**journal_reader, after, BatchReader::kAheadMax);
//   while (true) {
//     absl::StatusOr<std::shared_ptr<const JournalBatch>> batch = batches.Next();
//     if (!batch.ok()) return batch.status();
//     if (*batch == nullptr) break;  // the end
//   }
//
// One thread takes. The destructor stops reading.
#pragma once

#include <deque>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/journal_reader.h"

namespace fenfen {

class BatchReader {
 public:
  // A batch is full once it has so many bytes, and so many full ones wait at most. A group is never divided.
  static constexpr size_t kBatchBytes = 1u << 20;
  static constexpr size_t kAheadMax = 4;

  // Gives the entries behind `after`. The reader outlives this. With nothing `ahead` there is no thread.
  BatchReader(JournalReader& reader, const SequenceVector& after, size_t ahead);
  ~BatchReader();

  // The next batch; nullptr at the end. After an error or the end there is nothing more.
  absl::StatusOr<std::shared_ptr<const JournalBatch>> Next();

 private:
  using Batch = absl::StatusOr<std::shared_ptr<const JournalBatch>>;

  void Loop();
  Batch Read();

  JournalReader& reader_;
  const SequenceVector after_;
  const size_t ahead_;
  absl::Mutex mutex_;
  absl::CondVar changed_ ABSL_GUARDED_BY(mutex_);
  std::deque<Batch> ready_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace fenfen
