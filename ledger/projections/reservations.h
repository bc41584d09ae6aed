// Reservations: what of vouchers and stock waits for somebody, in order of time: open vouchers by the instant they expire, and stock holds
// that are not yet what their voucher is. A projection of the vouchers' and holds' records; the jobs that finish them look here. What it
// tells may be done by the time it is acted on, so whoever acts asks the records again. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/projection.h"

namespace fenfen {

class Reservations final : public Projection {
 public:
  // What is taken from a voucher's record; given by whoever knows its form, nullopt where the bytes do not have it.
  struct Voucher {
    bool open = false;   // reserved
    bool ended = false;  // its stock goes back: cancelled, expired, refunded or void
    absl::Time expire_time;
    uint64_t hold = 0;  // its StockHold; 0 for none
  };
  using ExtractVoucher = std::optional<Voucher> (*)(absl::string_view record);
  // The same of a StockHold.
  struct Hold {
    bool held = false;   // the reservation is under way
    bool given = false;  // nothing will become of it any more
    absl::Time deadline;
  };
  using ExtractHold = std::optional<Hold> (*)(absl::string_view record);

  Reservations(ExtractVoucher voucher, ExtractHold hold) : voucher_(voucher), hold_(hold) {}
  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

  // Open vouchers that expire at `now` or before, the earliest first, at most `limit`, from `after` on where that is given.
  using Due = std::pair<absl::Time, uint64_t>;  // when, and the record's id
  std::vector<Due> VouchersDue(absl::Time now, size_t limit, std::optional<Due> after = std::nullopt) const;
  // Holds whose deadline has passed and whose reservation has not been settled, and those whose voucher ended.
  std::vector<uint64_t> HoldsDue(absl::Time now) const;
  size_t open_vouchers() const;

 private:
  void Take(const RecordKey& key, absl::string_view bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ExtractVoucher voucher_;
  const ExtractHold hold_;
  mutable absl::Mutex mutex_;
  std::set<Due> open_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, absl::Time> held_ ABSL_GUARDED_BY(mutex_);  // holds by id, with their deadlines
  // Partitions come in any order, so a voucher's end and its hold's return meet here, whichever is first: +1 for the end, −1 for the
  // return.
  absl::flat_hash_map<uint64_t, int> ended_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
