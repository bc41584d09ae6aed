// The memo of sightings.
//
//   memo    := u8(1)  256 × { last:varint  complete_from_ms:zigzag  unknown_before:u8  n × drop  n × joining }
//   drop    := record_ms:zigzag  household:varint  entry:varint  region:u64  station:u64  time_ms:zigzag  recorder:u64
//              code_step:varint  grams:varint  member:varint  category:u8
//   joining := subject:u64  household:varint  entry:varint  time_ms:zigzag
#include "ledger/points/trust/sightings.h"

#include <algorithm>
#include <tuple>
#include <variant>

#include "ledger/core/clock.h"
#include "ledger/points/game/reading.h"
#include "ledger/points/records.h"
#include "ledger/points/why.h"

namespace fenfen {
namespace {

constexpr uint8_t kSightingsFormat = 1;  // on disk, do not renumber
constexpr int64_t kMsKept = int64_t{Sightings::kDaysKept} * 24 * 3600 * 1000;

// The beginning of a drop's why, up to the code's step.
bool ReadDropWhy(absl::string_view why, Sighting& seen) {
  ByteReader in(why);
  in.U8();      // format
  in.Varint();  // household
  in.Zigzag();  // reward and civic points after
  in.Zigzag();
  seen.member = static_cast<uint32_t>(in.Varint());
  seen.category = in.U8();
  seen.grams = static_cast<int64_t>(in.Varint());
  in.Varint();  // counted grams
  seen.station = CatalogueId(in.U64());
  seen.code_step = in.Varint();
  return !in.failed();
}

bool ReadPendingWhy(TransactionKind kind, absl::string_view bytes, Sighting& seen) {
  const absl::StatusOr<Why> why = DecodeWhy(kind, bytes);
  const FactsWhy* facts = why.ok() ? std::get_if<FactsWhy>(&*why) : nullptr;
  if (facts == nullptr || !facts->facts.verification().has_pending()) return false;
  const ledger::v1::PendingDrop& drop = facts->facts.verification().pending().drop();
  seen.member = drop.member();
  seen.category = static_cast<uint8_t>(drop.recorded().category());
  seen.grams = drop.recorded().grams();
  seen.station = CatalogueId(drop.station());
  return true;
}

const RecordChange* HouseholdChange(const Transaction& transaction) {
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind == RecordKind::kHousehold) return &change;
  }
  return nullptr;
}

bool ChangesMembers(TransactionKind kind) { return kind == TransactionKind::kEnrolment || kind == TransactionKind::kMembership; }

}  // namespace

std::optional<Sighting> SightingIn(const CommittedTransaction& committed) {
  const Transaction& transaction = committed.transaction;
  const bool pending = transaction.kind == TransactionKind::kPendingDrop;
  if (transaction.kind != TransactionKind::kDrop && !pending) return std::nullopt;
  const RecordChange* household = HouseholdChange(transaction);
  if (household == nullptr) return std::nullopt;
  Sighting seen;
  const bool read = pending ? ReadPendingWhy(transaction.kind, transaction.why, seen) : ReadDropWhy(transaction.why, seen);
  if (!read) return std::nullopt;
  seen.household = HouseholdId(household->key.id);
  seen.entry = committed.seq;
  seen.region = RegionInHousehold(household->bytes).value_or(CatalogueId(0));
  seen.time_ms = absl::ToUnixMillis(transaction.event_time);
  seen.recorder = transaction.actor.kind == ActorKind::kStaff ? transaction.actor.id : 0;
  return seen;
}

void Sightings::Apply(const CommittedTransaction& committed) {
  const CommittedTransaction* const one = &committed;
  ApplyAll({&one, 1});
}

void Sightings::ApplyAll(absl::Span<const CommittedTransaction* const> several) {
  const uint16_t partition = several.front()->partition.value();
  if (partition >= kHouseholdPartitions) return;
  Shard& shard = shards_[partition];
  absl::MutexLock lock(&shard.mutex);
  for (const CommittedTransaction* committed : several) Take(shard, *committed);
}

void Sightings::Take(Shard& shard, const CommittedTransaction& committed) const {
  if (committed.seq.value() <= shard.last) return;  // the memo had it
  shard.last = committed.seq.value();
  const std::optional<Sighting> seen = SightingIn(committed);
  const int64_t record_ms = absl::ToUnixMillis(committed.record_time);
  if (shard.unknown_before) {
    shard.unknown_before = false;
    shard.complete_from_ms = record_ms;
  }
  if (seen) {
    shard.drops.push_back({*seen, record_ms});
    Prune(shard, record_ms);
  }
  if (!ChangesMembers(committed.transaction.kind)) return;
  const RecordChange* household = HouseholdChange(committed.transaction);
  if (household == nullptr) return;
  const absl::StatusOr<HouseholdNames> names = DecodeNames(household->bytes);
  if (!names.ok()) return;
  for (const uint64_t subject : names->members) {
    if (subject != 0) shard.joinings.push_back({subject, HouseholdId(household->key.id), committed.seq, record_ms});
  }
  Prune(shard, record_ms);
}

// A memo that knows all of the partition leaves nothing to do; without one, what was dropped before the start is not known.
void Sightings::Restore(const PartitionContents& contents) {
  if (contents.partition.value() >= kHouseholdPartitions) return;
  Shard& shard = shards_[contents.partition.value()];
  absl::MutexLock lock(&shard.mutex);
  if (shard.last >= contents.last.value()) return;
  shard.last = contents.last.value();
  shard.drops.clear();
  shard.joinings.clear();
  shard.unknown_before = true;
}

void Sightings::Prune(Shard& shard, int64_t now_ms) const {
  while (!shard.drops.empty() && (shard.drops.size() > drops_max_ || shard.drops.front().record_ms < now_ms - kMsKept)) {
    shard.complete_from_ms = std::max(shard.complete_from_ms, shard.drops.front().record_ms + 1);
    shard.drops.pop_front();
  }
  while (!shard.joinings.empty() && (shard.joinings.size() > kJoiningsMax || shard.joinings.front().time_ms < now_ms - kMsKept)) {
    shard.joinings.pop_front();
  }
}

Sightings::Reading Sightings::Read(absl::FunctionRef<bool(const Sighting&)> wanted) const {
  Reading reading;
  for (const Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    for (const Seen& seen : shard.drops) {
      if (wanted(seen.drop)) reading.drops.push_back(seen.drop);
    }
    reading.joinings.insert(reading.joinings.end(), shard.joinings.begin(), shard.joinings.end());
    reading.last_sequences.push_back(shard.last);
    reading.complete_from_ms = std::max(reading.complete_from_ms, shard.unknown_before ? INT64_MAX : shard.complete_from_ms);
  }
  std::sort(reading.drops.begin(), reading.drops.end(), [](const Sighting& a, const Sighting& b) {
    return std::tie(a.household, a.time_ms, a.entry) < std::tie(b.household, b.time_ms, b.entry);
  });
  std::sort(reading.joinings.begin(), reading.joinings.end(), [](const Joining& a, const Joining& b) {
    return std::tie(a.subject, a.household, a.entry) < std::tie(b.subject, b.household, b.entry);
  });
  return reading;
}

std::string Sightings::SaveMemo() const {
  std::string memo;
  ByteWriter w(memo);
  w.U8(kSightingsFormat);
  for (const Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    SaveShard(shard, w);
  }
  return memo;
}

void Sightings::SaveShard(const Shard& shard, ByteWriter& out) const {
  out.Varint(shard.last);
  out.Zigzag(shard.complete_from_ms);
  out.U8(shard.unknown_before ? 1 : 0);
  out.Varint(shard.drops.size());
  for (const auto& [seen, record_ms] : shard.drops) {
    out.Zigzag(record_ms);
    out.Varint(seen.household.value());
    out.Varint(seen.entry.value());
    out.U64(seen.region.value());
    out.U64(seen.station.value());
    out.Zigzag(seen.time_ms);
    out.U64(seen.recorder);
    out.Varint(seen.code_step);
    out.Varint(static_cast<uint64_t>(seen.grams));
    out.Varint(seen.member);
    out.U8(seen.category);
  }
  out.Varint(shard.joinings.size());
  for (const Joining& joining : shard.joinings) {
    out.U64(joining.subject);
    out.Varint(joining.household.value());
    out.Varint(joining.entry.value());
    out.Zigzag(joining.time_ms);
  }
}

absl::Status Sightings::LoadMemo(absl::string_view memo, InParallel) {
  if (memo.empty()) return absl::OkStatus();
  ByteReader in(memo);
  if (in.U8() != kSightingsFormat) return absl::DataLossError("the format is not known");
  for (Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    LoadShard(shard, in);
  }
  return in.Finished() ? absl::OkStatus() : absl::DataLossError("the memo does not have its form");
}

void Sightings::LoadShard(Shard& shard, ByteReader& in) {
  shard.last = in.Varint();
  shard.complete_from_ms = in.Zigzag();
  shard.unknown_before = in.U8() != 0;
  for (size_t n = in.Count(); n > 0 && !in.failed(); --n) {
    Seen& seen = shard.drops.emplace_back();
    seen.record_ms = in.Zigzag();
    seen.drop.household = HouseholdId(in.Varint());
    seen.drop.entry = PartitionSeq(in.Varint());
    seen.drop.region = CatalogueId(in.U64());
    seen.drop.station = CatalogueId(in.U64());
    seen.drop.time_ms = in.Zigzag();
    seen.drop.recorder = in.U64();
    seen.drop.code_step = in.Varint();
    seen.drop.grams = static_cast<int64_t>(in.Varint());
    seen.drop.member = static_cast<uint32_t>(in.Varint());
    seen.drop.category = in.U8();
  }
  for (size_t n = in.Count(); n > 0 && !in.failed(); --n) {
    Joining& joining = shard.joinings.emplace_back();
    joining.subject = in.U64();
    joining.household = HouseholdId(in.Varint());
    joining.entry = PartitionSeq(in.Varint());
    joining.time_ms = in.Zigzag();
  }
}

}  // namespace fenfen
