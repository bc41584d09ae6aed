// Issued: how many reward points each town's programme issued on each day, by event time, less what it took back: what budgets are compared
// with. A projection of the postings from and to the programmes' accounts; what stands on such an account for a transfer between households
// is no town's and is left out. All of it is its memo, with how far each partition is, so that nothing counts twice.
//
// Bounded: a cell of some 40 bytes for each town and day, of the last kDaysKept days. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/projection.h"

namespace fenfen {

class Issued final : public Projection {
 public:
  static constexpr int32_t kDaysKept = 400;  // before the newest that has any

  // Days are days in `zone`.
  explicit Issued(absl::TimeZone zone) : zone_(zone) {}
  void Apply(const CommittedTransaction& committed) override;
  void ApplyAll(absl::Span<const CommittedTransaction* const> several) override;
  void Restore(const PartitionContents&) override {}  // the memo has it
  absl::string_view MemoName() const override { return "issued"; }
  std::string SaveMemo() const override;
  absl::Status LoadMemo(absl::string_view memo, InParallel) override;

  // Hundredths, on the days from `first` to `last`; below zero where more was taken back than given.
  int64_t OfDays(CatalogueId town, int32_t first, int32_t last) const;

 private:
  void Take(const CommittedTransaction& committed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Trim() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::TimeZone zone_;
  mutable absl::Mutex mutex_;
  std::array<uint64_t, kPartitions> last_ ABSL_GUARDED_BY(mutex_){};
  absl::flat_hash_map<std::pair<uint64_t, int32_t>, int64_t> cells_ ABSL_GUARDED_BY(mutex_);  // by town and day
  int32_t newest_ ABSL_GUARDED_BY(mutex_) = INT32_MIN;
};

}  // namespace fenfen
