// The memo of Players, and where it begins without one.
//
//   memo   := u8(2)  256 × { last:varint  n × team  n × player }
//   team   := number:u64  record:bytes
//   player := household:varint  region:u64  team:u64  hidden:u8  streak  ever  history
//   ever   := drops:varint  correct:varint  grams:varint; format 1 had none: it begins with what comes now
//   streak := newest:zigzag  marked:u64  kept:u64  before:varint  best_before:varint
#include "ledger/core/bytes.h"
#include "ledger/projections/players.h"

namespace fenfen {
namespace {

constexpr uint8_t kFormat = 2;  // on disk, do not renumber
constexpr uint8_t kFormatWithoutEver = 1;

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
  w.U8(kFormat);
  for (const Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    SaveShard(shard, w);
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

absl::Status Players::LoadMemo(absl::string_view memo) {
  if (memo.empty()) return absl::OkStatus();
  ByteReader in(memo);
  const uint8_t format = in.U8();
  if (format != kFormat && format != kFormatWithoutEver) return absl::DataLossError("the format is not known");
  for (Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    LoadShard(shard, in, format);
  }
  return in.Finished() ? absl::OkStatus() : absl::DataLossError("the memo does not have its form");
}

void Players::LoadShard(Shard& shard, ByteReader& in, uint8_t format) {
  shard.last = in.Varint();
  const size_t teams = in.Count();
  for (size_t n = 0; n < teams && !in.failed(); ++n) {
    const uint64_t team = in.U64();
    TakeTeam(shard, team, in.Bytes());
  }
  const size_t rows = in.Count();
  for (size_t n = 0; n < rows && !in.failed(); ++n) {
    const uint64_t household = in.Varint();
    const CatalogueId region(in.U64());
    const uint64_t team = in.U64();
    const uint8_t hidden = in.U8();
    const Streak streak = ReadStreak(in);
    Ever ever;
    if (format >= kFormat) {
      ever.drops = static_cast<uint32_t>(in.Varint());
      ever.correct = static_cast<uint32_t>(in.Varint());
      ever.grams = in.Varint();
    }
    History history = History::Load(in);
    if (in.failed() || shard.index.contains(household)) {
      in.Fail();
      return;
    }
    Row& row = RowOf(shard, household);
    SetRegion(row, region);
    SetTeam(row, team);
    SetHidden(row, hidden != 0);
    row.streak = streak;
    row.ever = ever;
    row.history = std::move(history);
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
