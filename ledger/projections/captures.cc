#include "ledger/projections/captures.h"

#include "ledger/core/clock.h"

namespace fenfen {

void Captures::Apply(const CommittedTransaction& committed) {
  if (committed.transaction.kind != TransactionKind::kCapture) return;
  for (const Posting& posting : committed.transaction.postings) {
    if (posting.account.kind != AccountKind::kMerchant) continue;
    absl::MutexLock lock(&mutex_);
    Day& day = merchants_[CatalogueId(posting.account.owner)][DayNumberOf(committed.transaction.event_time, zone_)];
    day.captures.push_back({committed.partition, committed.seq, posting.amount});
    day.amount += posting.amount.hundredths();
  }
}

Captures::Page Captures::OfDay(CatalogueId merchant, int32_t day, size_t skip, size_t limit) const {
  absl::ReaderMutexLock lock(&mutex_);
  Page page;
  const auto days = merchants_.find(merchant);
  if (days == merchants_.end()) return page;
  const auto found = days->second.find(day);
  if (found == days->second.end()) return page;
  const std::vector<Capture>& all = found->second.captures;
  page.day_count = all.size();
  page.day_amount = Points(found->second.amount);
  for (size_t i = skip; i < all.size() && page.captures.size() < limit; ++i) page.captures.push_back(all[all.size() - 1 - i]);
  return page;
}

}  // namespace fenfen
