// Players: what boards, streaks, badges, quests and teams go by: of each household its streak, its history, its choices and its team. A
// projection of drops, releases, rejections and reversals, and of the records of choices and teams; all of it is its memo.
//
//   players.ScoreOf(household, {first_day, last_day})       players.Rank({.period = …, .measure = …, .regions = …})
//
// Order: a household's transactions all lie in one partition and come in their order, so what is kept of it is the same on every server
// and after every restart; what spans partitions (teams, rankings) is worked out when it is asked for.
//
// Memory: a household that ever took part costs some 155 bytes and 14 for each drop of its last 45 days.
// So 700 thousand households cost 290 MB with the demo district's load, 0.4 drops a day each, and 550 MB with a drop a day each; 10 million
// with that load 4.1 GB. The memo has about 70% of that.
//
// Apply only notes the event; notes are taken in together, so that the memory of many households comes near at once, and always before
// anything is read. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "fenfen/ledger/v1/game.pb.h"
#include "fenfen/v1/game_rules.pb.h"
#include "ledger/core/projection.h"
#include "ledger/projections/history.h"
#include "ledger/projections/streak.h"

namespace fenfen {

// One place of a ranking, the better first: by score, then `second`, then who got there first, then the lower number.
struct Standing {
  uint64_t entrant = 0;  // the household's or the team's number
  int64_t score = 0;
  int64_t second = 0;
  int64_t reached_ms = 0;

  friend bool operator==(const Standing&, const Standing&) = default;
};
bool IsBefore(const Standing& a, const Standing& b);

// Where an entrant stands in a ranking and who is next to it: places from 0, its own and two on each side. nullopt where it is not ranked.
struct PlacesAround {
  size_t own = 0;
  size_t first = 0;
  size_t end = 0;  // the one after the last
};
std::optional<PlacesAround> AroundOf(const std::vector<Standing>& places, uint64_t entrant);

class Players final : public Projection {
 public:
  // What others know how to read, given by them.
  struct Reading {
    // The region in a household's record.
    std::optional<CatalogueId> (*region)(absl::string_view household_record);
    // The category in the why of a drop or release that counts, 0 where it has none, and its grams, 0 where it was not weighed; nullopt
    // where it does not count. It must not depend on the order in which drops came.
    std::optional<std::pair<uint8_t, int64_t>> (*counted)(TransactionKind kind, absl::string_view why);
    // Whether a drop was sorted rightly, from the why of its release or rejection; nullopt where nobody can say.
    std::optional<bool> (*sorted_rightly)(TransactionKind kind, absl::string_view why);
    // Whether a reversal with this why takes back a drop or a release.
    bool (*reverses_drop)(absl::string_view why);
  };
  // Days are days in `zone`.
  Players(absl::TimeZone zone, Reading reading) : zone_(zone), reading_(reading) {}

  void Apply(const CommittedTransaction& committed) override;
  void ApplyAll(absl::Span<const CommittedTransaction* const> several) override;
  // Where the snapshot has no memo of this, choices and teams come from the records, and the rest begins with what comes now.
  void Restore(const PartitionContents& contents) override;
  absl::string_view MemoName() const override { return "players"; }
  std::string SaveMemo() const override;
  absl::Status LoadMemo(absl::string_view memo, InParallel in_parallel) override;

  struct Player {
    CatalogueId region;
    bool hidden = false;
    uint64_t team = 0;
    Streak streak;
  };
  // nullopt for a household that has neither dropped nor chosen anything.
  std::optional<Player> Find(HouseholdId household) const;
  Score ScoreOf(HouseholdId household, DaySpan period) const;

  struct Team {
    ledger::v1::TeamRecord record;
    std::vector<HouseholdId> members;  // in the order of their numbers
  };

  // What a household did, as badges and quests count it.
  struct Ever {
    uint32_t drops = 0;    // that count
    uint32_t correct = 0;  // that somebody inspected and found so
    uint64_t grams = 0;    // of those that count, weighed
  };
  struct Deeds {
    std::vector<History::Event> events;  // those that are kept; of a team's member, since it joined
    Streak streak;
    Ever ever;
  };
  Deeds DeedsOf(HouseholdId household, bool since_team = false) const;
  // Those of a partition for which something came at `since_ms` or later, by record time in milliseconds since 1970. What came before the
  // last start has no time: only 0 gives all of them.
  std::vector<HouseholdId> TouchedSince(PartitionId partition, int64_t since_ms) const;
  // nullopt where there never was one.
  std::optional<Team> FindTeam(uint64_t team) const;

  // The regions that the players' records name, in no order.
  std::vector<CatalogueId> Regions() const;

  struct Ranking {
    DaySpan period;
    v1::Board::Measure measure = v1::Board::MEASURE_CIVIC;
    v1::Board::Entrants entrants = v1::Board::ENTRANTS_HOUSEHOLDS;
    uint32_t inspected_min = 1;
    std::vector<CatalogueId> regions;  // as players' records name them
  };
  // Everybody with a score above zero who is not hidden, the best first. Takes some 0.2 ms for a thousand households.
  std::vector<Standing> Rank(const Ranking& ranking) const;
  // What one of them has, hidden or not; score 0 for nothing.
  Standing StandingOf(const Ranking& ranking, uint64_t entrant) const;
  // How many households Rank would look at, roughly.
  size_t PlayersIn(const std::vector<CatalogueId>& regions) const;

  // Counts the changes of who is hidden. Those who became so after the `since`th; nullopt where that is too long ago to tell.
  uint64_t hidings() const;
  std::optional<std::vector<HouseholdId>> HiddenSince(uint64_t since) const;

  // How many there are.
  size_t size() const;
  // The same with the bytes of memory that they take, roughly; looks at every one.
  struct Figures {
    size_t players = 0;
    size_t bytes = 0;
  };
  Figures figures() const;

 private:
  // Each drop comes to a row that no cache has: two lines of it, so that it lies in no third.
  struct alignas(64) Row {
    uint64_t household = 0;
    CatalogueId region;
    uint64_t team = 0;
    [[no_unique_address]] Streak streak;
    bool hidden = false;  // within what the streak leaves over
    Ever ever;
    int64_t touched_ms = 0;
    History history;
  };
  static_assert(sizeof(Row) == 128);
  // By number, from 0. A row stays where it is.
  class Rows {
   public:
    Row& operator[](size_t number) const { return (*chunks_[number / kChunk])[number % kChunk]; }
    Row& Add() {
      if (size_ % kChunk == 0) chunks_.push_back(std::make_unique<Chunk>());
      return (*this)[size_++];
    }
    size_t size() const { return size_; }

   private:
    static constexpr size_t kChunk = 32;
    using Chunk = std::array<Row, kChunk>;  // a page
    std::vector<std::unique_ptr<Chunk>> chunks_;
    size_t size_ = 0;
  };
  // An event on its way into its row.
  struct Note {
    uint64_t household = 0;
    CatalogueId region;
    History::Event event;
    bool is_move = false;  // there is no event, but the household lies elsewhere now
  };
  struct Shard {
    mutable absl::Mutex mutex;
    uint64_t last ABSL_GUARDED_BY(mutex) = 0;  // the partition's last transaction that was seen
    mutable std::vector<Note> notes ABSL_GUARDED_BY(mutex);
    mutable Rows rows ABSL_GUARDED_BY(mutex);
    mutable absl::flat_hash_map<uint64_t, uint32_t> index ABSL_GUARDED_BY(mutex);
    absl::flat_hash_map<uint64_t, std::string> teams ABSL_GUARDED_BY(mutex);  // the records of the partition's
  };
  static constexpr size_t kNotesMax = 64;
  static constexpr size_t kHidingsKept = 1024;

  void Take(Shard& shard, const CommittedTransaction& committed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  const Shard& ShardOf(HouseholdId household) const { return shards_[PartitionOf(household).value()]; }
  // What a transaction did to a household's history; false where that is nothing.
  bool Read(const CommittedTransaction& committed, Note& note) const;
  void TakeNotes(const Shard& shard) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  // In all shards, before what spans them is asked.
  void TakeAllNotes() const;
  void TakeNote(Row& row, const Note& note) const;
  void TakeRecord(Shard& shard, const RecordKey& key, absl::string_view bytes, uint64_t seq, int64_t at_ms)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void TakeChoices(Shard& shard, uint64_t household, absl::string_view bytes, uint64_t seq, int64_t at_ms)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void TakeTeam(Shard& shard, uint64_t team, absl::string_view bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  Row& RowOf(const Shard& shard, uint64_t household) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  const Row* FindRow(const Shard& shard, uint64_t household) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void SetRegion(Row& row, CatalogueId region) const;
  void SetHidden(Row& row, bool hidden);
  void SetTeam(Row& row, uint64_t team);

  void SaveShard(const Shard& shard, ByteWriter& out) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void LoadShard(Shard& shard, ByteReader& in) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  // Shows `visit` the row of each that has one, a partition at a time.
  void VisitRows(const std::vector<uint64_t>& households, absl::FunctionRef<void(const Row&)> visit) const;
  std::vector<uint64_t> HouseholdsIn(const std::vector<CatalogueId>& regions) const;
  std::vector<Standing> RankTeams(const Ranking& ranking) const;
  Score TeamScore(uint64_t team, const std::vector<uint64_t>& members, DaySpan period) const;

  const absl::TimeZone zone_;
  const Reading reading_;
  std::array<Shard, kHouseholdPartitions> shards_;

  // Taken within a shard's mutex, never around it.
  mutable absl::Mutex regions_mutex_;
  mutable absl::flat_hash_map<CatalogueId, std::vector<uint64_t>> regions_ ABSL_GUARDED_BY(regions_mutex_);
  mutable absl::Mutex teams_mutex_;
  struct TeamEntry {
    bool found = false;  // its record is here
    ledger::v1::TeamRecord record;
    std::vector<uint64_t> members;
  };
  absl::flat_hash_map<uint64_t, TeamEntry> teams_ ABSL_GUARDED_BY(teams_mutex_);
  mutable absl::Mutex hidings_mutex_;
  uint64_t hidings_ ABSL_GUARDED_BY(hidings_mutex_) = 0;
  std::deque<HouseholdId> hidden_last_ ABSL_GUARDED_BY(hidings_mutex_);  // by the last hidings, 0 where one was shown again
};

}  // namespace fenfen
