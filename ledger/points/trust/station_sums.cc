// The memo of station sums.
//
//   memo    := u8(1)  256 × last:varint  n × station
//   station := id:u64  n × { day:zigzag  n × { category:u8  drops:varint  reward:zigzag  claimed_grams:varint } }
#include "ledger/points/trust/station_sums.h"

#include <algorithm>
#include <variant>

#include "ledger/core/bytes.h"
#include "ledger/core/clock.h"
#include "ledger/points/why.h"

namespace fenfen {
namespace {

constexpr uint8_t kStationSumsFormat = 1;  // on disk, do not renumber

}  // namespace

// A drop's why is read up to what its entry gave; every drop passes here.
bool StationSums::Read(const Transaction& transaction, Added& added) {
  if (transaction.kind == TransactionKind::kDrop) {
    ByteReader in(transaction.why);
    in.U8();      // format
    in.Varint();  // household
    in.Zigzag();  // reward and civic points after
    in.Zigzag();
    in.Varint();  // member
    added.category = in.U8();
    const auto grams = static_cast<int64_t>(in.Varint());
    const auto counted_grams = static_cast<int64_t>(in.Varint());
    added.station = CatalogueId(in.U64());
    in.Varint();  // code step
    in.Varint();  // rule version
    in.Bytes();   // rule
    in.U8();      // cut
    in.U8();      // verification
    in.Zigzag();  // value of reward and civic points, and its own
    in.Zigzag();
    in.Zigzag();
    added.sum = {1, in.Zigzag(), grams != 0 ? grams : counted_grams};
    return !in.failed();
  }
  if (transaction.kind != TransactionKind::kPendingDrop && transaction.kind != TransactionKind::kRelease) return false;
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  const FactsWhy* facts = why.ok() ? std::get_if<FactsWhy>(&*why) : nullptr;
  if (facts == nullptr || !facts->facts.verification().has_pending()) return false;
  const ledger::v1::PendingDropFacts& pending = facts->facts.verification().pending();
  const ledger::v1::PendingDrop& drop = pending.drop();
  const bool release = transaction.kind == TransactionKind::kRelease;
  // A bag that nobody scanned is first heard of at its inspection.
  const bool counts = !release || pending.pending_drop() == 0;
  const ledger::v1::DropSeen& seen = drop.has_found() && counts && release ? drop.found() : drop.recorded();
  added.station = CatalogueId(drop.station());
  added.category = static_cast<uint8_t>(seen.category());
  added.sum = {counts ? 1 : 0, release ? drop.reward() : 0, counts ? seen.grams() : 0};
  return true;
}

void StationSums::Apply(const CommittedTransaction& committed) {
  const CommittedTransaction* const one = &committed;
  ApplyAll({&one, 1});
}

void StationSums::ApplyAll(absl::Span<const CommittedTransaction* const> several) {
  if (several.front()->partition.value() >= kHouseholdPartitions) return;
  absl::MutexLock lock(&mutex_);
  for (const CommittedTransaction* committed : several) Take(*committed);
}

void StationSums::Take(const CommittedTransaction& committed) {
  uint64_t& last = last_[committed.partition.value()];
  if (committed.seq.value() > last) {  // the memo has the others
    last = committed.seq.value();
    Added added;
    if (Read(committed.transaction, added)) Add(DayNumberOf(committed.transaction.event_time, zone_), added);
  }
  if (committed.transaction.kind != TransactionKind::kCollection) return;
  for (const RecordChange& change : committed.transaction.changes) TakeCollections(change.key, change.bytes);
}

void StationSums::Restore(const PartitionContents& contents) {
  if (contents.partition.value() >= kHouseholdPartitions) return;
  absl::MutexLock lock(&mutex_);
  uint64_t& last = last_[contents.partition.value()];
  last = std::max(last, contents.last.value());
  for (const PartitionContents::Record& record : contents.records) TakeCollections(record.key, record.bytes);
}

StationSums::Day& StationSums::DayOf(CatalogueId station, int32_t day) {
  std::map<int32_t, Day>& days = stations_[station];
  Day& found = days[day];
  // What is asked for is found by its own day, so the oldest may go while a later one is here.
  while (days.begin()->first < days.rbegin()->first - kDaysKept && days.begin()->first != day) days.erase(days.begin());
  return found;
}

void StationSums::Add(int32_t day, const Added& added) {
  std::vector<Entry>& claimed = DayOf(added.station, day).claimed;
  auto at = std::find_if(claimed.begin(), claimed.end(), [&](const Entry& entry) { return entry.category == added.category; });
  if (at == claimed.end()) at = claimed.insert(claimed.end(), {added.category, {}});
  at->sum.drops += added.sum.drops;
  at->sum.reward += added.sum.reward;
  at->sum.claimed_grams += added.sum.claimed_grams;
}

// The record has all of its day.
void StationSums::TakeCollections(const RecordKey& key, absl::string_view bytes) {
  if (key.kind != RecordKind::kCollection) return;
  ledger::v1::StationCollections record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  std::map<uint8_t, int64_t>& collected = DayOf(CatalogueId(record.station()), record.day()).collected;
  collected.clear();
  for (const auto& weighing : record.weighings()) collected[static_cast<uint8_t>(weighing.category())] += weighing.grams();
}

StationSums::Report StationSums::Of(CatalogueId station, int32_t first, int32_t last) const {
  Report report;
  absl::ReaderMutexLock lock(&mutex_);
  const auto days = stations_.find(station);
  if (days == stations_.end()) return report;
  for (auto at = days->second.lower_bound(first); at != days->second.end() && at->first <= last; ++at) {
    for (const Entry& entry : at->second.claimed) {
      Sum& sum = report.claimed[entry.category];
      sum.drops += entry.sum.drops;
      sum.reward += entry.sum.reward;
      sum.claimed_grams += entry.sum.claimed_grams;
    }
    for (const auto& [category, grams] : at->second.collected) {
      report.collected[category] += grams;
      ++report.collected_days[category];
    }
    report.days_collected += at->second.collected.empty() ? 0 : 1;
  }
  return report;
}

std::string StationSums::SaveMemo() const {
  std::string memo;
  ByteWriter w(memo);
  w.U8(kStationSumsFormat);
  absl::ReaderMutexLock lock(&mutex_);
  for (const uint64_t last : last_) w.Varint(last);
  w.Varint(stations_.size());
  for (const auto& [station, days] : stations_) {
    w.U64(station.value());
    w.Varint(days.size());
    for (const auto& [day, sums] : days) {
      w.Zigzag(day);
      w.Varint(sums.claimed.size());
      for (const auto& [category, sum] : sums.claimed) {
        w.U8(category);
        w.Varint(static_cast<uint64_t>(sum.drops));
        w.Zigzag(sum.reward);
        w.Varint(static_cast<uint64_t>(sum.claimed_grams));
      }
    }
  }
  return memo;
}

absl::Status StationSums::LoadMemo(absl::string_view memo, InParallel) {
  if (memo.empty()) return absl::OkStatus();
  ByteReader in(memo);
  if (in.U8() != kStationSumsFormat) return absl::DataLossError("the format is not known");
  absl::MutexLock lock(&mutex_);
  for (uint64_t& last : last_) last = in.Varint();
  for (size_t stations = in.Count(); stations > 0 && !in.failed(); --stations) {
    const CatalogueId station(in.U64());
    for (size_t days = in.Count(); days > 0 && !in.failed(); --days) {
      std::vector<Entry>& claimed = stations_[station][static_cast<int32_t>(in.Zigzag())].claimed;
      for (size_t entries = in.Count(); entries > 0 && !in.failed(); --entries) {
        Entry& entry = claimed.emplace_back();
        entry.category = in.U8();
        entry.sum.drops = static_cast<int64_t>(in.Varint());
        entry.sum.reward = in.Zigzag();
        entry.sum.claimed_grams = static_cast<int64_t>(in.Varint());
      }
    }
  }
  return in.Finished() ? absl::OkStatus() : absl::DataLossError("the memo does not have its form");
}

}  // namespace fenfen
