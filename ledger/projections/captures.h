// Captures: what each merchant captured, by day, newest first, and which of it was refunded. A projection of the vouchers' records as
// captures and refunds leave them. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/projection.h"

namespace fenfen {

class Captures final : public Projection {
 public:
  // Where a capture's transaction is found, and what it is owed.
  struct Capture {
    PartitionId partition;
    PartitionSeq seq;
    Points amount;
    bool refunded = false;

    friend bool operator==(const Capture&, const Capture&) = default;
  };
  struct Page {
    std::vector<Capture> captures;  // newest first
    size_t day_count = 0;           // refunded ones among them
    Points day_amount;              // without the refunded ones
  };

  // What is taken from a voucher's record; given by whoever knows its form, nullopt for a voucher that was never captured.
  struct Captured {
    CatalogueId merchant;
    absl::Time time;
    Points amount;
    bool refunded = false;
    PartitionSeq captured_in{};  // of a refunded one: the capture's transaction
  };
  using Extract = std::optional<Captured> (*)(absl::string_view voucher_record);

  // Days are days in `zone`.
  Captures(absl::TimeZone zone, Extract extract) : zone_(zone), extract_(extract) {}
  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

  // A merchant's captures of one day, from the `skip`th newest on.
  Page OfDay(CatalogueId merchant, int32_t day, size_t skip, size_t limit) const;
  // Those of the days from `first` to `last`, in the order of partitions and sequence numbers.
  std::vector<Capture> OfDays(CatalogueId merchant, int32_t first, int32_t last) const;
  // The day of a merchant's first capture, refunded or not.
  std::optional<int32_t> FirstDay(CatalogueId merchant) const;

 private:
  struct Timed {
    int64_t micros;  // since 1970-01-01 UTC
    Capture capture;
  };
  struct Day {
    std::vector<Timed> captures;  // by time, partition and sequence number: the order does not depend on which came first
    int64_t amount = 0;           // without refunded ones
  };
  static bool Before(const Timed& a, const Timed& b);
  void Add(PartitionId partition, PartitionSeq seq, absl::string_view record);

  const absl::TimeZone zone_;
  const Extract extract_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<CatalogueId, std::map<int32_t, Day>> merchants_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
