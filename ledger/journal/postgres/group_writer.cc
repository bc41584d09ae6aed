#include "ledger/journal/postgres/group_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "ledger/journal/postgres/copy_rows.h"

namespace fenfen {
namespace {

// Months made ahead of the newest one that is written to.
constexpr int kMonthsAhead = 2;

constexpr char kBegin[] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
// In one order by all, so that two servers never wait for each other.
constexpr char kLockHeads[] =
    "SELECT partition, sequence, term FROM fenfen.heads WHERE partition = ANY ($1::smallint[]) ORDER BY partition FOR UPDATE";
constexpr char kReadStored[] =
    "SELECT i.partition, i.sequence, e.bytes, e.record_time FROM unnest($1::smallint[], $2::bigint[]) AS wanted (partition, sequence)"
    " JOIN fenfen.entry_index AS i USING (partition, sequence)"
    " JOIN fenfen.entries AS e ON e.partition = i.partition AND e.sequence = i.sequence AND e.month = i.month";
constexpr char kSetHeads[] =
    "UPDATE fenfen.heads SET sequence = now.sequence FROM unnest($1::smallint[], $2::bigint[]) AS now (partition, sequence)"
    " WHERE heads.partition = now.partition";
constexpr char kFindKeys[] =
    "SELECT wanted.place, i.sequence FROM unnest($1::smallint[], $2::bigint[], $3::uuid[]) WITH ORDINALITY"
    " AS wanted (partition, sequence, request_key, place)"
    " JOIN fenfen.entry_index AS i USING (partition, request_key) WHERE i.sequence <> wanted.sequence";

std::string UuidText(const RequestKey& key) { return absl::StrFormat("%016x%016x", key.high, key.low); }

std::string NameOf(const JournalEntry& entry) {
  return absl::StrCat("transaction ", entry.seq.value(), " of partition ", entry.partition.value());
}

}  // namespace

// --- Months.

absl::Status GroupWriter::Prepare() {
  // A writer that is cut off while it has the heads' locks must not keep the other servers out for long. Where that happens in the middle
  // of a statement, they end its session: EndSilentWriters.
  const absl::StatusOr<PgResult> set = session_.Query("SELECT set_config('idle_in_transaction_session_timeout', $1, false)",
                                                      {absl::StrCat(absl::ToInt64Milliseconds(session_.timeout()))});
  if (!set.ok()) return set.status();
  const absl::StatusOr<PgResult> found = session_.Query("SELECT month, archive IS NULL FROM fenfen.months");
  if (!found.ok()) return found.status();
  for (int row = 0; row < found->rows(); ++row) {
    months_[absl::CivilMonth(absl::CivilDay(2000, 1, 1) + found->Int(row, 0))] = found->Int(row, 1) != 0;
  }
  const absl::StatusOr<PgResult> now = session_.Query("SELECT now()");
  if (!now.ok()) return now.status();
  return MonthFor(now->Time(0, 0)).status();
}

absl::Status GroupWriter::MakeMonth(absl::CivilMonth month) {
  if (!months_.emplace(month, true).second) return absl::OkStatus();
  return session_.Query("SELECT fenfen.make_month($1::date)", {absl::FormatCivilTime(absl::CivilDay(month))}).status();
}

// Where an entry is filed: under the month of its record time, or, if that is archived (a clock was put back), under the first one after it
// that is not.
absl::StatusOr<absl::CivilMonth> GroupWriter::MonthFor(absl::Time record_time) {
  absl::CivilMonth month = absl::ToCivilMonth(record_time, absl::UTCTimeZone());
  for (auto found = months_.find(month); found != months_.end() && !found->second; found = months_.find(month)) ++month;
  const absl::CivilMonth newest = months_.empty() ? month - 1 : months_.rbegin()->first;
  for (absl::CivilMonth each = month; each <= month + kMonthsAhead; ++each) {
    if (each != month && each <= newest) continue;
    if (absl::Status status = MakeMonth(each); !status.ok()) return status;
  }
  return month;
}

// --- The transaction.

absl::StatusOr<std::vector<EntryFate>> GroupWriter::Write(absl::Span<const JournalEntry* const> entries) {
  // A month is made before the transaction, which would otherwise hold its locks until the commit.
  for (const JournalEntry* entry : entries) {
    if (const auto month = MonthFor(entry->record_time); !month.ok()) return month.status();
  }
  session_.TakeWarned();
  Group group;
  group.entries = entries;
  if (absl::Status status = LockHeads(group); !status.ok()) return status;
  if (absl::Status status = ReadStored(group); !status.ok()) return status;
  Judge(group);
  absl::Status status = CopyFresh(group);
  if (status.ok()) status = Commit(group);
  if (!status.ok()) return status;
  return std::move(group.fates);
}

absl::Status GroupWriter::LockHeads(Group& group) {
  std::vector<int64_t> partitions;
  for (const JournalEntry* entry : group.entries) {
    if (group.heads.emplace(entry->partition.value(), 0).second) partitions.push_back(entry->partition.value());
  }
  const absl::StatusOr<std::vector<PgResult>> results = session_.Pipeline({{kBegin, {}}, {kLockHeads, {PgArray(partitions)}}});
  if (!results.ok()) return results.status();
  const PgResult& heads = results->back();
  if (heads.rows() != static_cast<int>(partitions.size())) return absl::DataLossError("PostgreSQL: fenfen.heads lacks a partition");
  for (int row = 0; row < heads.rows(); ++row) {
    const auto partition = static_cast<uint16_t>(heads.Int(row, 0));
    group.heads[partition] = static_cast<uint64_t>(heads.Int(row, 1));
    group.terms[partition] = static_cast<uint64_t>(heads.Int(row, 2));
  }
  return absl::OkStatus();
}

// What should be there already: another server took it from the outbox, or a commit of ours came through and its answer did not.
absl::Status GroupWriter::ReadStored(Group& group) {
  std::vector<int64_t> partitions, sequences;
  for (const JournalEntry* entry : group.entries) {
    if (entry->seq.value() > group.heads[entry->partition.value()]) continue;
    partitions.push_back(entry->partition.value());
    sequences.push_back(static_cast<int64_t>(entry->seq.value()));
  }
  if (partitions.empty()) return absl::OkStatus();
  const absl::StatusOr<PgResult> found = session_.Query(kReadStored, {PgArray(partitions), PgArray(sequences)});
  if (!found.ok()) return found.status();
  for (int row = 0; row < found->rows(); ++row) {
    const Place place{static_cast<uint16_t>(found->Int(row, 0)), static_cast<uint64_t>(found->Int(row, 1))};
    group.stored[place] = {std::string(found->Bytes(row, 2)), found->Time(row, 3)};
  }
  return absl::OkStatus();
}

void GroupWriter::Judge(Group& group) {
  for (const JournalEntry* entry : group.entries) {
    EntryFate fate;
    if (const auto refused = group.refused.find(entry->partition.value()); refused != group.refused.end()) {
      fate = {EntryFate::Kind::kRefused, refused->second};
    } else {
      fate = JudgeOne(group, *entry);
    }
    if (fate.kind == EntryFate::Kind::kRefused) group.refused[entry->partition.value()] = fate.why;
    group.fates.push_back(std::move(fate));
  }
}

EntryFate GroupWriter::JudgeOne(Group& group, const JournalEntry& entry) {
  const Place place{entry.partition.value(), entry.seq.value()};
  uint64_t& head = group.heads[entry.partition.value()];
  const uint64_t term = group.terms[entry.partition.value()];
  EntryFate stale;
  if (terms_ && entry.term != term) {
    stale = {EntryFate::Kind::kStale,
             absl::StrCat("a term that is over: ", NameOf(entry), " was committed under term ", entry.term, ", the present one is ", term)};
  }
  const bool is_stale = stale.kind == EntryFate::Kind::kStale;
  if (entry.seq.value() > head && is_stale) return stale;
  if (entry.seq.value() > head + 1) {
    return {EntryFate::Kind::kWaits, absl::StrCat("a gap: ", NameOf(entry), " came, the journal ends with ", head)};
  }
  if (entry.seq.value() == head + 1) {
    absl::StatusOr<Transaction> transaction = DecodeTransaction(entry.bytes);
    if (!transaction.ok()) return {EntryFate::Kind::kRefused, absl::StrCat(NameOf(entry), ": ", transaction.status().message())};
    group.fresh.push_back({&entry, *std::move(transaction)});
    group.fresh_places[place] = &entry;
    ++head;
    return {};
  }
  absl::string_view stored;
  absl::Time record_time;
  if (const auto fresh = group.fresh_places.find(place); fresh != group.fresh_places.end()) {
    stored = fresh->second->bytes;
    record_time = fresh->second->record_time;
  } else if (const auto found = group.stored.find(place); found != group.stored.end()) {
    stored = found->second.bytes;
    record_time = found->second.record_time;
  } else {
    return {EntryFate::Kind::kWaits, absl::StrCat(NameOf(entry), " is in an archived month, so it cannot be compared; restore the month")};
  }
  if (stored == entry.bytes) {
    EntryFate fate;
    fate.earlier = absl::ToUnixMicros(record_time) != absl::ToUnixMicros(entry.record_time);
    return fate;
  }
  if (is_stale) return stale;
  return {EntryFate::Kind::kRefused, absl::StrCat("second history: ", NameOf(entry), " is there already, with other bytes")};
}

absl::Status GroupWriter::CopyFresh(Group& group) {
  if (group.fresh.empty()) return absl::OkStatus();
  CopyRows rows;
  for (const New& fresh : group.fresh) {
    const absl::StatusOr<absl::CivilMonth> month = MonthFor(fresh.entry->record_time);
    if (!month.ok()) return month.status();
    rows.Add(*fresh.entry, fresh.transaction, *month);
  }
  for (const CopyRows::Table& table : rows.Finish()) {
    if (absl::Status status = session_.CopyIn(table.copy, table.data); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Heads are written even where they stay: what was found there may have been committed by a server that died before its standby had it. The
// commit of a later change waits for all before it, so after this one even that is durable.
absl::Status GroupWriter::Commit(const Group& group) {
  if (group.fresh.empty() && group.stored.empty()) return session_.Query("ROLLBACK").status();
  std::vector<int64_t> partitions, sequences;
  for (const auto& [partition, head] : group.heads) {
    partitions.push_back(partition);
    sequences.push_back(static_cast<int64_t>(head));
  }
  const absl::StatusOr<std::vector<PgResult>> results =
      session_.Pipeline({{kSetHeads, {PgArray(partitions), PgArray(sequences)}}, {"COMMIT", {}}});
  if (!results.ok()) return results.status();
  if (results->back().tag() != "COMMIT") return absl::UnavailableError("PostgreSQL: the transaction was rolled back");
  // "canceling wait for synchronous replication": the commit is on one machine, and whether on the other is not known.
  if (session_.TakeWarned()) return absl::UnavailableError(absl::StrCat("PostgreSQL: ", session_.last_warning()));
  return absl::OkStatus();
}

// --- After a unique constraint refused the group.

absl::StatusOr<std::map<size_t, std::string>> GroupWriter::FindReusedKeys(absl::Span<const JournalEntry* const> entries) {
  std::vector<int64_t> partitions, sequences;
  std::string keys;
  std::vector<size_t> places;
  std::map<size_t, std::string> reused;
  std::map<std::pair<uint16_t, RequestKey>, uint64_t> here;
  for (size_t n = 0; n < entries.size(); ++n) {
    const absl::StatusOr<Transaction> transaction = DecodeTransaction(entries[n]->bytes);
    if (!transaction.ok()) continue;
    const auto [first, fresh] = here.emplace(std::pair(entries[n]->partition.value(), transaction->key), entries[n]->seq.value());
    if (!fresh && first->second != entries[n]->seq.value()) {
      reused[n] = absl::StrCat("second history: ", NameOf(*entries[n]), " has the request key of ", first->second);
    }
    partitions.push_back(entries[n]->partition.value());
    sequences.push_back(static_cast<int64_t>(entries[n]->seq.value()));
    absl::StrAppend(&keys, keys.empty() ? "" : ",", UuidText(transaction->key));
    places.push_back(n);
  }
  const absl::StatusOr<PgResult> found = session_.Query(kFindKeys, {PgArray(partitions), PgArray(sequences), absl::StrCat("{", keys, "}")});
  if (!found.ok()) return found.status();
  for (int row = 0; row < found->rows(); ++row) {
    const size_t place = places[static_cast<size_t>(found->Int(row, 0)) - 1];
    reused[place] = absl::StrCat("second history: ", NameOf(*entries[place]), " has the request key of ", found->Int(row, 1));
  }
  return reused;
}

}  // namespace fenfen
