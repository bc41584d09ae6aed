// FoldShare: every n-th partition's folds, in a thread of their own, so that a check takes as many processors as there are. Partitions have
// nothing to do with each other, so the shares need not know of one another; what they find is put in the journal's order at the end.
//
//   for each sheaf of records: every share gets it and takes its own partitions' records out of it
//
// Give, Finish and what follows are one thread's.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "clients/ctl/verify/partition_fold.h"
#include "clients/ctl/verify/sample_fold.h"
#include "clients/ctl/verify/transfer_fold.h"
#include "clients/ctl/verify/verify_journal.h"
#include "ledger/core/transaction.h"
#include "ledger/journal/segment_reader.h"

namespace fenfen::ctl {

// Some records of one segment, one after another, and the bytes that they point into. Immutable once shared.
struct Sheaf {
  uint64_t first = 0;  // how many records of the journal come before
  std::string path;    // of the segment
  std::string bytes;
  std::vector<segment::Record> records;
};

// What is claimed of each partition's state, by sequence number.
using Claims = std::vector<std::vector<ClaimedDigest>>;

class FoldShare {
 public:
  // Takes the partitions p for which p mod `shares` is `share`. `claims` and `openings` outlive this; nullptr where all begin from nothing.
  FoldShare(size_t share, size_t shares, const Claims& claims, const Openings* openings);
  ~FoldShare() { Finish(); }

  // Waits while too many are not yet done.
  void Give(std::shared_ptr<const Sheaf> sheaf);
  // Waits until all is done.
  void Finish();

  // After Finish. Adds what this share counted and found; `findings` come with the number of their record, and are not in order.
  using Numbered = std::pair<uint64_t, Finding>;
  void AddTo(VerifyReport& report, std::vector<Numbered>& findings) const;
  const TransferFold& transfers() const { return transfers_; }
  const SampleFold& samples() const { return samples_; }
  const PartitionFold& FoldOf(PartitionId partition) const { return *folds_[partition.value() / shares_]; }

 private:
  static constexpr size_t kSheavesMax = 4;

  bool HasRoom() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return sheaves_.size() < kSheavesMax; }
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !sheaves_.empty() || finished_; }
  void Loop();
  void Begin(const Openings* openings);
  struct Decoded {
    uint64_t number;  // of the record in the journal, from 1
    const segment::Record* record;
    absl::StatusOr<Transaction> transaction;
  };
  void Apply(const Sheaf& sheaf);
  void ApplyOne(const std::string& path, const Decoded& decoded);
  // Compares the partition's state with what is claimed of it, once it is as far as that. `number` is the record's.
  void CompareDigests(PartitionId partition, uint64_t number);
  void Note(uint64_t number, Finding finding);

  const size_t share_;
  const size_t shares_;
  const Claims& claims_;

  // The thread's own until Finish.
  std::vector<std::unique_ptr<PartitionFold>> folds_;
  TransferFold transfers_;           // of all of them
  SampleFold samples_;               // likewise
  std::vector<size_t> next_claims_;  // of each of them
  std::vector<Numbered> findings_;   // the first of them
  uint64_t findings_total_ = 0;
  uint64_t transactions_ = 0;
  uint64_t postings_ = 0;
  uint64_t digests_equal_ = 0;
  uint64_t redis_digests_equal_ = 0;
  uint64_t stored_digests_equal_ = 0;

  absl::Mutex mutex_;
  std::deque<std::shared_ptr<const Sheaf>> sheaves_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace fenfen::ctl
