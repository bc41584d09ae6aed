// The memo of Issued:
//
//   memo := u8(1)  257 × last:varint  n:varint  n × { town:u64  day:zigzag  amount:zigzag }       by town and day
#include "ledger/projections/issued.h"

#include <algorithm>
#include <vector>

#include "ledger/core/bytes.h"
#include "ledger/core/clock.h"

namespace fenfen {
namespace {

constexpr uint8_t kIssuedFormat = 1;  // on disk, do not renumber

bool IsTransfer(TransactionKind kind) {
  return kind == TransactionKind::kTransferOut || kind == TransactionKind::kTransferIn || kind == TransactionKind::kTransferBack;
}

}  // namespace

void Issued::Apply(const CommittedTransaction& committed) {
  const CommittedTransaction* const one = &committed;
  ApplyAll({&one, 1});
}

void Issued::ApplyAll(absl::Span<const CommittedTransaction* const> several) {
  absl::MutexLock lock(&mutex_);
  for (const CommittedTransaction* committed : several) Take(*committed);
}

void Issued::Take(const CommittedTransaction& committed) {
  const Transaction& transaction = committed.transaction;
  uint64_t& last = last_[committed.partition.value()];
  if (committed.seq.value() <= last) return;
  last = committed.seq.value();
  if (IsTransfer(transaction.kind)) return;
  for (const Posting& posting : transaction.postings) {
    if (posting.account.kind != AccountKind::kProgramme || posting.account.asset != Asset::kReward) continue;
    const int32_t day = DayNumberOf(transaction.event_time, zone_);
    if (day > newest_) {
      newest_ = day;
      Trim();
    }
    if (day > newest_ - kDaysKept) cells_[{posting.account.owner, day}] -= posting.amount.hundredths();
  }
}

void Issued::Trim() {
  const int32_t oldest = newest_ - kDaysKept;
  absl::erase_if(cells_, [oldest](const auto& cell) { return cell.first.second <= oldest; });
}

int64_t Issued::OfDays(CatalogueId town, int32_t first, int32_t last) const {
  absl::ReaderMutexLock lock(&mutex_);
  int64_t sum = 0;
  for (int32_t day = std::max(first, newest_ == INT32_MIN ? first : newest_ - kDaysKept + 1); day <= std::min(last, newest_); ++day) {
    const auto cell = cells_.find({town.value(), day});
    if (cell != cells_.end()) sum += cell->second;
  }
  return sum;
}

std::string Issued::SaveMemo() const {
  std::string memo;
  ByteWriter w(memo);
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<std::pair<std::pair<uint64_t, int32_t>, int64_t>> cells(cells_.begin(), cells_.end());
  std::sort(cells.begin(), cells.end());
  w.U8(kIssuedFormat);
  for (const uint64_t last : last_) w.Varint(last);
  w.Varint(cells.size());
  for (const auto& [place, amount] : cells) {
    w.U64(place.first);
    w.Zigzag(place.second);
    w.Zigzag(amount);
  }
  return memo;
}

absl::Status Issued::LoadMemo(absl::string_view memo, InParallel) {
  if (memo.empty()) return absl::OkStatus();
  ByteReader in(memo);
  absl::MutexLock lock(&mutex_);
  if (in.U8() != kIssuedFormat) in.Fail();
  for (uint64_t& last : last_) last = in.Varint();
  for (size_t n = in.Count(); n > 0 && !in.failed(); --n) {
    const uint64_t town = in.U64();
    const auto day = static_cast<int32_t>(in.Zigzag());
    cells_[{town, day}] = in.Zigzag();
    newest_ = std::max(newest_, day);
  }
  return in.Finished() ? absl::OkStatus() : absl::DataLossError("what was issued does not have its form");
}

}  // namespace fenfen
