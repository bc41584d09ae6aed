// The memo of Players, and where it begins without one.
//
//   memo   := u8(3)  256 × { bytes of the partition's }
//   bytes  := last:varint  n × team  n × player
//   team   := number:u64  record:bytes
//   player := household:varint  region:u64  team:u64  hidden:u8  streak  ever  history
//   ever   := drops:varint  correct:varint  grams:varint
//   streak := newest:zigzag  marked:u64  kept:u64  before:varint  best_before:varint
#include <algorithm>
#include <array>

#include "ledger/core/bytes.h"
#include "ledger/projections/players.h"

namespace fenfen {
namespace {

constexpr uint8_t kMemoFormat = 3;      // on disk, do not renumber
constexpr size_t kPlayerBytesMin = 40;  // no player takes less

void WriteStreak(ByteWriter& w, const Streak& streak) {
  const Streak::Stored stored = streak.stored();
  w.Zigzag(stored.newest);
  w.U64(stored.marked);
  w.U64(stored.kept);
  w.Varint(stored.before);
  w.Varint(stored.best_before);
}

Streak ReadStreak(ByteReader& in) {
  Streak::Stored stored;
  stored.newest = static_cast<int32_t>(in.Zigzag());
  stored.marked = in.U64();
  stored.kept = in.U64();
  stored.before = static_cast<uint32_t>(in.Varint());
  stored.best_before = static_cast<uint32_t>(in.Varint());
  return Streak::FromStored(stored);
}

}  // namespace

// Each partition as it is when its turn comes: `last` says how far, and what comes again after a restart is left out.
std::string Players::SaveMemo() const {
  std::string memo;
  ByteWriter w(memo);
  w.U8(kMemoFormat);
  std::string part;
  for (const Shard& shard : shards_) {
    part.clear();
    ByteWriter out(part);
    absl::MutexLock lock(&shard.mutex);
    SaveShard(shard, out);
    w.Bytes(part);
  }
  return memo;
}

void Players::SaveShard(const Shard& shard, ByteWriter& out) const {
  TakeNotes(shard);
  out.Varint(shard.last);
  out.Varint(shard.teams.size());
  for (const auto& [team, record] : shard.teams) {
    out.U64(team);
    out.Bytes(record);
  }
  out.Varint(shard.rows.size());
  for (size_t i = 0; i < shard.rows.size(); ++i) {
    const Row& row = shard.rows[i];
    out.Varint(row.household);
    out.U64(row.region.value());
    out.U64(row.team);
    out.U8(row.hidden ? 1 : 0);
    WriteStreak(out, row.streak);
    out.Varint(row.ever.drops);
    out.Varint(row.ever.correct);
    out.Varint(row.ever.grams);
    row.history.Save(out);
  }
}

absl::Status Players::LoadMemo(absl::string_view memo, InParallel in_parallel) {
  if (memo.empty()) return absl::OkStatus();
  ByteReader in(memo);
  if (in.U8() != kMemoFormat) return absl::DataLossError("the format is not known");
  std::array<absl::string_view, kHouseholdPartitions> parts;
  for (absl::string_view& part : parts) part = in.Bytes();
  if (!in.Finished()) return absl::DataLossError("the memo does not have its form");
  return in_parallel(kHouseholdPartitions, [&](size_t partition) {
    Shard& shard = shards_[partition];
    absl::MutexLock lock(&shard.mutex);
    ByteReader part(parts[partition]);
    LoadShard(shard, part);
    return part.Finished() ? absl::OkStatus() : absl::DataLossError("the memo does not have its form");
  });
}

void Players::LoadShard(Shard& shard, ByteReader& in) {
  shard.last = in.Varint();
  const size_t teams = in.Count();
  for (size_t n = 0; n < teams && !in.failed(); ++n) {
    const uint64_t team = in.U64();
    TakeTeam(shard, team, in.Bytes());
  }
  const size_t rows = in.Count();
  // No more at first than what the bytes could hold: a forged count must not ask for memory.
  shard.index.reserve(std::min(rows, in.left() / kPlayerBytesMin));
  absl::flat_hash_map<CatalogueId, std::vector<uint64_t>> regions;
  for (size_t n = 0; n < rows && !in.failed(); ++n) {
    const uint64_t household = in.Varint();
    const size_t before = shard.rows.size();
    Row& row = RowOf(shard, household);
    if (shard.rows.size() == before) in.Fail();  // twice
    if (in.failed()) return;
    row.region = CatalogueId(in.U64());
    if (row.region != CatalogueId(0)) regions[row.region].push_back(household);
    SetTeam(row, in.U64());
    SetHidden(row, in.U8() != 0);
    row.streak = ReadStreak(in);
    row.ever.drops = static_cast<uint32_t>(in.Varint());
    row.ever.correct = static_cast<uint32_t>(in.Varint());
    row.ever.grams = in.Varint();
    row.history = History::Load(in);
  }
  absl::MutexLock lock(&regions_mutex_);
  for (const auto& [region, households] : regions) {
    std::vector<uint64_t>& there = regions_[region];
    there.insert(there.end(), households.begin(), households.end());
  }
}

void Players::Restore(const PartitionContents& contents) {
  if (contents.partition.value() >= kHouseholdPartitions) return;
  Shard& shard = shards_[contents.partition.value()];
  absl::MutexLock lock(&shard.mutex);
  if (shard.last >= contents.last.value()) return;  // the memo knows all of it
  shard.last = contents.last.value();
  for (const PartitionContents::Record& record : contents.records) TakeRecord(shard, record.key, record.bytes, record.version.value(), 0);
}

}  // namespace fenfen
