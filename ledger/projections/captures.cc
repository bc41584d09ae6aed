#include "ledger/projections/captures.h"

#include <algorithm>
#include <tuple>

#include "ledger/core/clock.h"

namespace fenfen {

void Captures::Apply(const CommittedTransaction& committed) {
  if (committed.transaction.kind != TransactionKind::kCapture) return;
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key.kind == RecordKind::kVoucher) Add(committed.partition, committed.seq, change.bytes);
  }
}

// A captured voucher is not written again, so its version is its capture's sequence number.
void Captures::Restore(const PartitionContents& contents) {
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key.kind == RecordKind::kVoucher) Add(contents.partition, record.version, record.bytes);
  }
}

void Captures::Add(PartitionId partition, PartitionSeq seq, absl::string_view record) {
  const std::optional<Captured> captured = extract_(record);
  if (!captured) return;
  const Timed timed{absl::ToUnixMicros(captured->time), {partition, seq, captured->amount}};
  absl::MutexLock lock(&mutex_);
  Day& day = merchants_[captured->merchant][DayNumberOf(captured->time, zone_)];
  // Nearly always at the end.
  day.captures.insert(std::upper_bound(day.captures.begin(), day.captures.end(), timed, Before), timed);
  day.amount += captured->amount.hundredths();
}

bool Captures::Before(const Timed& a, const Timed& b) {
  return std::tie(a.micros, a.capture.partition, a.capture.seq) < std::tie(b.micros, b.capture.partition, b.capture.seq);
}

Captures::Page Captures::OfDay(CatalogueId merchant, int32_t day, size_t skip, size_t limit) const {
  absl::ReaderMutexLock lock(&mutex_);
  Page page;
  const auto days = merchants_.find(merchant);
  if (days == merchants_.end()) return page;
  const auto found = days->second.find(day);
  if (found == days->second.end()) return page;
  const std::vector<Timed>& all = found->second.captures;
  page.day_count = all.size();
  page.day_amount = Points(found->second.amount);
  for (size_t i = skip; i < all.size() && page.captures.size() < limit; ++i) page.captures.push_back(all[all.size() - 1 - i].capture);
  return page;
}

}  // namespace fenfen
