#include "ledger/projections/reservations.h"

namespace fenfen {

void Reservations::Apply(const CommittedTransaction& committed) {
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key.kind != RecordKind::kVoucher && change.key.kind != RecordKind::kStockHold) continue;
    absl::MutexLock lock(&mutex_);
    Take(change.key, change.bytes);
  }
}

void Reservations::Restore(const PartitionContents& contents) {
  absl::MutexLock lock(&mutex_);
  for (const PartitionContents::Record& record : contents.records) Take(record.key, record.bytes);
}

void Reservations::Take(const RecordKey& key, absl::string_view bytes) {
  const auto meet = [this](uint64_t hold, int way) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    int& sum = ended_[hold];
    sum += way;
    if (sum == 0) ended_.erase(hold);
  };
  if (key.kind == RecordKind::kVoucher) {
    const std::optional<Voucher> voucher = voucher_(bytes);
    if (!voucher) return;
    if (voucher->open) {
      open_.emplace(voucher->expire_time, key.id);
    } else {
      open_.erase({voucher->expire_time, key.id});
    }
    // An end is written once, and so is a return: each record has its last form here once.
    if (voucher->ended && voucher->hold != 0) meet(voucher->hold, 1);
  } else if (key.kind == RecordKind::kStockHold) {
    const std::optional<Hold> hold = hold_(bytes);
    if (!hold) return;
    if (hold->held) {
      held_[key.id] = hold->deadline;
    } else {
      held_.erase(key.id);
    }
    if (hold->given) meet(key.id, -1);
  }
}

std::vector<Reservations::Due> Reservations::VouchersDue(absl::Time now, size_t limit, std::optional<Due> after) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<Due> due;
  for (auto at = after ? open_.upper_bound(*after) : open_.begin(); at != open_.end() && at->first <= now && due.size() < limit; ++at) {
    due.push_back(*at);
  }
  return due;
}

std::vector<uint64_t> Reservations::HoldsDue(absl::Time now) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<uint64_t> due;
  for (const auto& [hold, deadline] : held_) {
    if (deadline <= now) due.push_back(hold);
  }
  for (const auto& [hold, sum] : ended_) {
    if (sum > 0) due.push_back(hold);
  }
  return due;
}

size_t Reservations::open_vouchers() const {
  absl::ReaderMutexLock lock(&mutex_);
  return open_.size();
}

}  // namespace fenfen
