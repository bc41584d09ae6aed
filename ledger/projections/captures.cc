#include "ledger/projections/captures.h"

#include <algorithm>
#include <tuple>

#include "ledger/core/clock.h"

namespace fenfen {

void Captures::Apply(const CommittedTransaction& committed) {
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key.kind == RecordKind::kVoucher) Add(committed.partition, committed.seq, change.bytes);
  }
}

// A captured voucher is written again by its refund alone, which says where the capture is: so its version is its capture's sequence
// number.
void Captures::Restore(const PartitionContents& contents) {
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key.kind == RecordKind::kVoucher) Add(contents.partition, record.version, record.bytes);
  }
}

void Captures::Add(PartitionId partition, PartitionSeq seq, absl::string_view record) {
  const std::optional<Captured> captured = extract_(record);
  if (!captured) return;
  const PartitionSeq capture = captured->refunded ? captured->captured_in : seq;
  const Timed timed{absl::ToUnixMicros(captured->time), {partition, capture, captured->amount, captured->refunded}};
  absl::MutexLock lock(&mutex_);
  Day& day = merchants_[captured->merchant][DayNumberOf(captured->time, zone_)];
  // Nearly always at the end.
  const auto at = std::lower_bound(day.captures.begin(), day.captures.end(), timed, Before);
  if (at == day.captures.end() || Before(timed, *at)) {
    day.captures.insert(at, timed);
    day.amount += captured->refunded ? 0 : captured->amount.hundredths();
  } else if (captured->refunded && !at->capture.refunded) {
    at->capture.refunded = true;
    day.amount -= captured->amount.hundredths();
  }
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

std::vector<Captures::Capture> Captures::OfDays(CatalogueId merchant, int32_t first, int32_t last) const {
  std::vector<Capture> all;
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto days = merchants_.find(merchant);
    if (days == merchants_.end()) return all;
    for (auto day = days->second.lower_bound(first); day != days->second.end() && day->first <= last; ++day) {
      for (const Timed& timed : day->second.captures) all.push_back(timed.capture);
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Capture& a, const Capture& b) { return std::tie(a.partition, a.seq) < std::tie(b.partition, b.seq); });
  return all;
}

std::optional<int32_t> Captures::FirstDay(CatalogueId merchant) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto days = merchants_.find(merchant);
  if (days == merchants_.end() || days->second.empty()) return std::nullopt;
  return days->second.begin()->first;
}

}  // namespace fenfen
