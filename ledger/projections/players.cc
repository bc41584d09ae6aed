#include "ledger/projections/players.h"

#include <algorithm>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "ledger/core/clock.h"
#include "ledger/core/prefetch.h"

namespace fenfen {
namespace {

// What takes part in a household's history. Adjustments and points from other households change its level and nothing here.
bool IsEvent(TransactionKind kind) {
  return kind == TransactionKind::kDrop || kind == TransactionKind::kRelease || kind == TransactionKind::kRejection ||
         kind == TransactionKind::kReversal;
}

History::Inspection InspectionOf(std::optional<bool> sorted_rightly) {
  if (!sorted_rightly) return History::Inspection::kNone;
  return *sorted_rightly ? History::Inspection::kCorrect : History::Inspection::kWrong;
}

Standing StandingFor(uint64_t entrant, const Score& score, const Players::Ranking& ranking) {
  switch (ranking.measure) {
    case v1::Board::MEASURE_CIVIC:
      return {entrant, std::max<int64_t>(0, score.civic), 0, score.civic_ms};
    case v1::Board::MEASURE_DROPS:
      return {entrant, score.drops, 0, score.drops_ms};
    case v1::Board::MEASURE_DAYS:
      return {entrant, score.days, 0, score.days_ms};
    case v1::Board::MEASURE_ACCURACY:
      if (score.inspected == 0 || score.inspected < ranking.inspected_min) return {entrant, 0, 0, 0};
      return {entrant, int64_t{1'000'000} * score.correct / score.inspected, score.inspected, score.inspected_ms};
    default:
      return {entrant, 0, 0, 0};
  }
}

}  // namespace

bool IsBefore(const Standing& a, const Standing& b) {
  return std::tie(b.score, b.second, a.reached_ms, a.entrant) < std::tie(a.score, a.second, b.reached_ms, b.entrant);
}

std::optional<PlacesAround> AroundOf(const std::vector<Standing>& places, uint64_t entrant) {
  constexpr size_t kEachSide = 2;
  const auto at = std::find_if(places.begin(), places.end(), [entrant](const Standing& place) { return place.entrant == entrant; });
  if (at == places.end()) return std::nullopt;
  const auto own = static_cast<size_t>(at - places.begin());
  return PlacesAround{own, own - std::min(own, kEachSide), std::min(places.size(), own + kEachSide + 1)};
}

// --- Taking in.

void Players::Apply(const CommittedTransaction& committed) {
  const CommittedTransaction* const one = &committed;
  ApplyAll({&one, 1});
}

void Players::ApplyAll(absl::Span<const CommittedTransaction* const> several) {
  const uint16_t partition = several.front()->partition.value();
  if (partition >= kHouseholdPartitions) return;
  Shard& shard = shards_[partition];
  absl::MutexLock lock(&shard.mutex);
  for (const CommittedTransaction* committed : several) Take(shard, *committed);
}

void Players::Take(Shard& shard, const CommittedTransaction& committed) {
  if (committed.seq.value() <= shard.last) return;  // the memo had it
  shard.last = committed.seq.value();
  Note note;
  const bool noted = Read(committed, note);
  if (noted) {
    shard.notes.push_back(note);
    if (shard.notes.size() >= kNotesMax) TakeNotes(shard);
  }
  if (committed.transaction.kind == TransactionKind::kDrop) return;
  const int64_t at_ms = absl::ToUnixMillis(committed.record_time);
  for (const RecordChange& change : committed.transaction.changes) {
    TakeRecord(shard, change.key, change.bytes, committed.seq.value(), at_ms);
  }
}

bool Players::Read(const CommittedTransaction& committed, Note& note) const {
  const Transaction& transaction = committed.transaction;
  note.is_move = transaction.kind == TransactionKind::kMove;
  if (!note.is_move && !IsEvent(transaction.kind)) return false;
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind != RecordKind::kHousehold) continue;
    note.household = change.key.id;
    note.region = reading_.region(change.bytes).value_or(CatalogueId(0));
  }
  if (note.household == 0) return false;
  if (note.is_move) return true;
  // What is taken back of anything else was never counted here.
  if (transaction.kind == TransactionKind::kReversal && !reading_.reverses_drop(transaction.why)) return false;
  History::Event& event = note.event;
  for (const Posting& posting : transaction.postings) {
    const AccountId& account = posting.account;
    if (account.kind != AccountKind::kHousehold || account.asset != Asset::kCivic || account.owner != note.household) continue;
    event.civic += posting.amount.hundredths();
  }
  const std::optional<std::pair<uint8_t, int64_t>> counted = reading_.counted(transaction.kind, transaction.why);
  event.counted = counted.has_value();
  if (counted) std::tie(event.category, event.grams) = *counted;
  if (transaction.kind != TransactionKind::kDrop) {
    event.inspection = InspectionOf(reading_.sorted_rightly(transaction.kind, transaction.why));
  }
  if (!event.counted && event.civic == 0 && event.inspection == History::Inspection::kNone) return false;
  event.seq = committed.seq.value();
  event.at_ms = absl::ToUnixMillis(committed.record_time);
  event.day = DayNumberOf(transaction.event_time, zone_);
  return true;
}

// The memory of all of them comes near together: first where their rows are said to be, then the rows, then their histories.
void Players::TakeNotes(const Shard& shard) const {
  std::array<Row*, kNotesMax> rows;  // null for a move of a household that has none
  for (const Note& note : shard.notes) shard.index.prefetch(note.household);
  for (size_t n = 0; n < shard.notes.size(); ++n) {
    const Note& note = shard.notes[n];
    const auto at = note.is_move ? shard.index.find(note.household) : shard.index.end();
    Row*& row = rows[n];
    row = !note.is_move ? &RowOf(shard, note.household) : at != shard.index.end() ? &shard.rows[at->second] : nullptr;
    if (row == nullptr) continue;
    PrefetchForWrite(row);
    PrefetchForWrite(&row->history);
  }
  for (size_t n = 0; n < shard.notes.size(); ++n) {
    if (rows[n] != nullptr) rows[n]->history.Prefetch();
  }
  for (size_t n = 0; n < shard.notes.size(); ++n) {
    if (rows[n] != nullptr) TakeNote(*rows[n], shard.notes[n]);
  }
  shard.notes.clear();
}

void Players::TakeAllNotes() const {
  for (const Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    TakeNotes(shard);
  }
}

void Players::TakeNote(Row& row, const Note& note) const {
  if (note.is_move) return SetRegion(row, note.region);
  if (row.region != note.region) SetRegion(row, note.region);
  row.history.Add(note.event);
  row.touched_ms = note.event.at_ms;
  if (note.event.inspection == History::Inspection::kCorrect) ++row.ever.correct;
  if (!note.event.counted) return;
  row.streak.Mark(note.event.day);
  ++row.ever.drops;
  row.ever.grams += static_cast<uint64_t>(note.event.grams);
}

void Players::TakeRecord(Shard& shard, const RecordKey& key, absl::string_view bytes, uint64_t seq, int64_t at_ms) {
  if (key.kind == RecordKind::kGame) TakeChoices(shard, key.id, bytes, seq, at_ms);
  if (key.kind == RecordKind::kTeam) TakeTeam(shard, key.id, bytes);
}

void Players::TakeChoices(Shard& shard, uint64_t household, absl::string_view bytes, uint64_t seq, int64_t at_ms) {
  ledger::v1::GameRecord record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  TakeNotes(shard);
  Row& row = RowOf(shard, household);
  row.touched_ms = at_ms;
  for (const int32_t day : record.frozen_days()) row.streak.Keep(day);
  SetHidden(row, record.hidden());
  if (record.team() != row.team) {
    SetTeam(row, record.team());
    row.history.BeginTeam(seq);
  }
}

void Players::TakeTeam(Shard& shard, uint64_t team, absl::string_view bytes) {
  ledger::v1::TeamRecord record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  shard.teams[team] = std::string(bytes);
  absl::MutexLock lock(&teams_mutex_);
  TeamEntry& entry = teams_[team];
  entry.found = true;
  entry.record = std::move(record);
}

Players::Row& Players::RowOf(const Shard& shard, uint64_t household) const {
  const auto [at, is_new] = shard.index.try_emplace(household, static_cast<uint32_t>(shard.rows.size()));
  if (is_new) shard.rows.Add().household = household;
  return shard.rows[at->second];
}

const Players::Row* Players::FindRow(const Shard& shard, uint64_t household) const {
  TakeNotes(shard);
  const auto at = shard.index.find(household);
  return at == shard.index.end() ? nullptr : &shard.rows[at->second];
}

void Players::SetRegion(Row& row, CatalogueId region) const {
  absl::MutexLock lock(&regions_mutex_);
  if (row.region != CatalogueId(0)) {
    std::vector<uint64_t>& there = regions_[row.region];
    const auto at = std::find(there.begin(), there.end(), row.household);
    if (at != there.end()) {
      *at = there.back();
      there.pop_back();
    }
    if (there.empty()) regions_.erase(row.region);
  }
  row.region = region;
  if (region != CatalogueId(0)) regions_[region].push_back(row.household);
}

void Players::SetHidden(Row& row, bool hidden) {
  if (row.hidden == hidden) return;
  row.hidden = hidden;
  absl::MutexLock lock(&hidings_mutex_);
  ++hidings_;
  hidden_last_.push_back(HouseholdId(hidden ? row.household : 0));
  if (hidden_last_.size() > kHidingsKept) hidden_last_.pop_front();
}

void Players::SetTeam(Row& row, uint64_t team) {
  if (row.team == team) return;
  absl::MutexLock lock(&teams_mutex_);
  if (row.team != 0) {
    std::vector<uint64_t>& members = teams_[row.team].members;
    members.erase(std::remove(members.begin(), members.end(), row.household), members.end());
  }
  row.team = team;
  if (team != 0) teams_[team].members.push_back(row.household);
}

// --- Asking one.

std::optional<Players::Player> Players::Find(HouseholdId household) const {
  const Shard& shard = ShardOf(household);
  absl::MutexLock lock(&shard.mutex);
  const Row* row = FindRow(shard, household.value());
  if (row == nullptr) return std::nullopt;
  return Player{row->region, row->hidden, row->team, row->streak};
}

Score Players::ScoreOf(HouseholdId household, DaySpan period) const {
  const Shard& shard = ShardOf(household);
  absl::MutexLock lock(&shard.mutex);
  const Row* row = FindRow(shard, household.value());
  return row == nullptr ? Score() : row->history.ScoreOf(period);
}

Players::Deeds Players::DeedsOf(HouseholdId household, bool since_team) const {
  const Shard& shard = ShardOf(household);
  absl::MutexLock lock(&shard.mutex);
  const Row* row = FindRow(shard, household.value());
  if (row == nullptr) return {};
  Deeds deeds{{}, row->streak, row->ever};
  const uint64_t after = since_team ? row->history.team_since() : 0;
  row->history.Visit([&](const History::Event& event) {
    if (event.seq > after) deeds.events.push_back(event);
  });
  return deeds;
}

std::vector<HouseholdId> Players::TouchedSince(PartitionId partition, int64_t since_ms) const {
  const Shard& shard = shards_[partition.value()];
  absl::MutexLock lock(&shard.mutex);
  TakeNotes(shard);
  std::vector<HouseholdId> households;
  for (size_t i = 0; i < shard.rows.size(); ++i) {
    const Row& row = shard.rows[i];
    if (row.touched_ms >= since_ms) households.emplace_back(row.household);
  }
  return households;
}

std::optional<Players::Team> Players::FindTeam(uint64_t team) const {
  absl::MutexLock lock(&teams_mutex_);
  const auto at = teams_.find(team);
  if (at == teams_.end() || !at->second.found) return std::nullopt;
  Team found{at->second.record, {}};
  for (const uint64_t member : at->second.members) found.members.emplace_back(member);
  std::sort(found.members.begin(), found.members.end());
  return found;
}

uint64_t Players::hidings() const {
  absl::MutexLock lock(&hidings_mutex_);
  return hidings_;
}

std::optional<std::vector<HouseholdId>> Players::HiddenSince(uint64_t since) const {
  absl::MutexLock lock(&hidings_mutex_);
  const uint64_t missed = hidings_ - since;
  if (missed > hidden_last_.size()) return std::nullopt;
  return std::vector<HouseholdId>(hidden_last_.end() - static_cast<std::ptrdiff_t>(missed), hidden_last_.end());
}

size_t Players::size() const {
  size_t count = 0;
  for (const Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    TakeNotes(shard);
    count += shard.rows.size();
  }
  return count;
}

Players::Figures Players::figures() const {
  Figures figures;
  for (const Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    TakeNotes(shard);
    figures.players += shard.rows.size();
    figures.bytes += shard.rows.size() * sizeof(Row) + shard.index.capacity() * (sizeof(uint64_t) * 2 + 1);
    for (size_t i = 0; i < shard.rows.size(); ++i) figures.bytes += shard.rows[i].history.memory();
  }
  return figures;
}

// --- Ranking.

std::vector<CatalogueId> Players::Regions() const {
  TakeAllNotes();
  absl::flat_hash_set<CatalogueId> regions;
  {
    absl::MutexLock lock(&regions_mutex_);
    for (const auto& [region, households] : regions_) regions.insert(region);
  }
  absl::MutexLock lock(&teams_mutex_);
  for (const auto& [team, entry] : teams_) regions.insert(CatalogueId(entry.record.region()));
  return {regions.begin(), regions.end()};
}

std::vector<uint64_t> Players::HouseholdsIn(const std::vector<CatalogueId>& regions) const {
  std::vector<uint64_t> households;
  absl::MutexLock lock(&regions_mutex_);
  for (const CatalogueId region : regions) {
    const auto at = regions_.find(region);
    if (at != regions_.end()) households.insert(households.end(), at->second.begin(), at->second.end());
  }
  return households;
}

size_t Players::PlayersIn(const std::vector<CatalogueId>& regions) const {
  size_t count = 0;
  absl::MutexLock lock(&regions_mutex_);
  for (const CatalogueId region : regions) {
    const auto at = regions_.find(region);
    if (at != regions_.end()) count += at->second.size();
  }
  return count;
}

void Players::VisitRows(const std::vector<uint64_t>& households, absl::FunctionRef<void(const Row&)> visit) const {
  std::vector<std::vector<uint64_t>> by_shard(kHouseholdPartitions);
  for (const uint64_t household : households) by_shard[PartitionOf(HouseholdId(household)).value()].push_back(household);
  for (size_t p = 0; p < kHouseholdPartitions; ++p) {
    if (by_shard[p].empty()) continue;
    const Shard& shard = shards_[p];
    absl::MutexLock lock(&shard.mutex);
    for (const uint64_t household : by_shard[p]) {
      const Row* row = FindRow(shard, household);
      if (row != nullptr) visit(*row);
    }
  }
}

std::vector<Standing> Players::Rank(const Ranking& ranking) const {
  TakeAllNotes();
  std::vector<Standing> standings;
  if (ranking.entrants == v1::Board::ENTRANTS_TEAMS) {
    standings = RankTeams(ranking);
  } else {
    const absl::flat_hash_set<CatalogueId> regions(ranking.regions.begin(), ranking.regions.end());
    VisitRows(HouseholdsIn(ranking.regions), [&](const Row& row) {
      // It may have moved since it was listed.
      if (row.hidden || !regions.contains(row.region)) return;
      const Standing standing = StandingFor(row.household, row.history.ScoreOf(ranking.period), ranking);
      if (standing.score > 0) standings.push_back(standing);
    });
  }
  std::sort(standings.begin(), standings.end(), IsBefore);
  return standings;
}

std::vector<Standing> Players::RankTeams(const Ranking& ranking) const {
  const absl::flat_hash_set<CatalogueId> regions(ranking.regions.begin(), ranking.regions.end());
  std::vector<std::pair<uint64_t, std::vector<uint64_t>>> teams;
  {
    absl::MutexLock lock(&teams_mutex_);
    for (const auto& [team, entry] : teams_) {
      if (!entry.found || entry.record.dissolved() || !regions.contains(CatalogueId(entry.record.region()))) continue;
      teams.emplace_back(team, entry.members);
    }
  }
  std::vector<Standing> standings;
  for (const auto& [team, members] : teams) {
    const Standing standing = StandingFor(team, TeamScore(team, members, ranking.period), ranking);
    if (standing.score > 0) standings.push_back(standing);
  }
  return standings;
}

Score Players::TeamScore(uint64_t team, const std::vector<uint64_t>& members, DaySpan period) const {
  Score score;
  VisitRows(members, [&](const Row& row) {
    if (row.team == team) score.Add(row.history.ScoreOf(period, true));
  });
  return score;
}

Standing Players::StandingOf(const Ranking& ranking, uint64_t entrant) const {
  if (ranking.entrants != v1::Board::ENTRANTS_TEAMS) {
    return StandingFor(entrant, ScoreOf(HouseholdId(entrant), ranking.period), ranking);
  }
  std::vector<uint64_t> members;
  {
    absl::MutexLock lock(&teams_mutex_);
    const auto at = teams_.find(entrant);
    if (at != teams_.end()) members = at->second.members;
  }
  return StandingFor(entrant, TeamScore(entrant, members, ranking.period), ranking);
}

}  // namespace fenfen
