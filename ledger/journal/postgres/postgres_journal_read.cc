// The reading half of PostgresJournal.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger/core/crc32c.h"
#include "ledger/core/errors.h"
#include "ledger/journal/postgres/postgres_journal.h"

namespace fenfen {
namespace {

// Entries that one statement of a replay asks for, and the bytes of a batch.
constexpr int kReplayEntries = 4096;
constexpr size_t kBatchBytes = 1u << 20;

// By the index, so that an entry whose month is archived is told from one that never was.
constexpr char kRead[] =
    "SELECT i.month, m.archive, e.position, e.record_time, e.crc32c, e.bytes FROM fenfen.entry_index AS i"
    " LEFT JOIN fenfen.months AS m ON m.month = i.month"
    " LEFT JOIN fenfen.entries AS e ON e.partition = i.partition AND e.sequence = i.sequence AND e.month = i.month"
    " WHERE i.partition = $1::smallint AND i.sequence = $2::bigint";
constexpr char kReadHeads[] = "SELECT partition, sequence FROM fenfen.heads";
constexpr char kHead[] = "SELECT term, sequence FROM fenfen.heads WHERE partition = $1::smallint";
constexpr char kClaim[] = "UPDATE fenfen.heads SET term = term + 1 WHERE partition = $1::smallint RETURNING term, sequence";
constexpr char kLockTimeout[] = "55P03";  // SQLSTATE
constexpr char kReadRanges[] =
    "SELECT e.position, i.partition, i.sequence, i.month, e.record_time, e.crc32c, e.bytes"
    " FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS wanted (partition, sequence, place)"
    " JOIN fenfen.entry_index AS i USING (partition, sequence)"
    " JOIN fenfen.entries AS e ON e.partition = i.partition AND e.sequence = i.sequence AND e.month = i.month ORDER BY wanted.place";
// One range, where there is only one and it is long: half the work of looking each entry up.
constexpr char kReadRange[] =
    "SELECT position, partition, sequence, month, record_time, crc32c, bytes FROM fenfen.entries"
    " WHERE partition = $1::smallint AND sequence BETWEEN $2::bigint AND $3::bigint ORDER BY sequence";
constexpr uint64_t kLongRange = 32;
// The first archived month among those that the entries after the given ones lie in.
constexpr char kFirstArchived[] =
    "SELECT i.partition, i.sequence, m.archive, (SELECT count(*) FROM fenfen.months WHERE archive IS NOT NULL)"
    " FROM unnest($1::smallint[], $2::bigint[]) AS after (partition, sequence)"
    " JOIN fenfen.entry_index AS i ON i.partition = after.partition AND i.sequence = after.sequence + 1"
    " JOIN fenfen.months AS m ON m.month = i.month WHERE m.archive IS NOT NULL ORDER BY m.month, i.partition LIMIT 1";
// Where a replay begins: at the first of the entries that follow the given ones.
constexpr char kFirstPosition[] =
    "SELECT min(e.position) FROM unnest($1::smallint[], $2::bigint[]) AS after (partition, sequence)"
    " JOIN fenfen.entry_index AS i ON i.partition = after.partition AND i.sequence = after.sequence + 1"
    " JOIN fenfen.entries AS e ON e.partition = i.partition AND e.sequence = i.sequence AND e.month = i.month";
constexpr char kReplay[] =
    "SELECT position, partition, sequence, month, record_time, crc32c, bytes FROM fenfen.entries WHERE position >= $1::bigint"
    " ORDER BY position LIMIT $2::integer";

// "entries_2026_11", from days since 2000.
std::string TableOf(int64_t month) {
  return absl::StrCat("fenfen.entries_", absl::FormatTime("%Y_%m", absl::FromCivil(absl::CivilDay(2000, 1, 1) + month, absl::UTCTimeZone()),
                                                          absl::UTCTimeZone()));
}

std::string NameOf(PartitionId partition, PartitionSeq seq) {
  return absl::StrCat("transaction ", seq.value(), " of partition ", partition.value());
}

// Why what needs that entry cannot go on.
absl::Status ArchivedError(PartitionId partition, PartitionSeq seq, absl::string_view file, int64_t months) {
  const std::string more = months > 1 ? absl::StrCat("; ", months, " months are archived in all (fenfen.months)") : "";
  return absl::FailedPreconditionError(absl::StrCat(
      NameOf(partition, seq),
      " is in an archived month, and nothing that is here goes that far: ", "fenfenctl journal restore brings it back from ", file, more));
}

absl::Status DamagedAt(const JournalPlace& place, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("PostgreSQL: ", place.segment, ", position ", place.offset, ": ", what));
}

}  // namespace

absl::Status PostgresJournal::AsRefusal(const absl::Status& status) {
  if (absl::IsResourceExhausted(status)) return RefuseUntil(Reason::REASON_STORAGE_FULL, absl::Seconds(1));
  // Aborted: somebody else had the lock for too long.
  if (!absl::IsUnavailable(status) && !absl::IsAborted(status)) return status;
  return RefuseUntil(Reason::REASON_STORE_UNAVAILABLE, absl::Seconds(1));
}

absl::StatusOr<PostgresJournal::Stored> PostgresJournal::ReadStored(PartitionId partition, PartitionSeq seq) {
  const absl::Status missing = absl::NotFoundError(absl::StrCat("the journal has no ", NameOf(partition, seq)));
  if (seq.value() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return missing;
  const absl::StatusOr<PgResult> found = readers_.Query(kRead, {absl::StrCat(partition.value()), absl::StrCat(seq.value())});
  if (!found.ok()) return AsRefusal(found.status());
  if (found->rows() == 0) return missing;
  const std::string table = TableOf(found->Int(0, 0));
  if (found->IsNull(0, 2)) {
    if (found->IsNull(0, 1)) return absl::DataLossError(absl::StrCat("PostgreSQL: ", table, " lacks ", NameOf(partition, seq)));
    return Refuse(Reason::REASON_ENTRY_ARCHIVED, {{"file", std::string(found->Bytes(0, 1))}});
  }
  Stored stored{{partition, seq, found->Time(0, 3), std::string(found->Bytes(0, 5))},
                {table, static_cast<uint64_t>(found->Int(0, 2)), static_cast<uint32_t>(found->Int(0, 4))}};
  if (Crc32c(stored.entry.bytes) != stored.place.crc32c) return DamagedAt(stored.place, "the bytes do not have their checksum");
  return stored;
}

absl::StatusOr<JournalEntry> PostgresJournal::Read(PartitionId partition, PartitionSeq seq) {
  absl::StatusOr<Stored> stored = ReadStored(partition, seq);
  if (!stored.ok()) return stored.status();
  return std::move(stored->entry);
}

absl::StatusOr<JournalPlace> PostgresJournal::Locate(PartitionId partition, PartitionSeq seq) {
  absl::StatusOr<Stored> stored = ReadStored(partition, seq);
  if (!stored.ok()) return stored.status();
  return std::move(stored->place);
}

absl::StatusOr<SequenceVector> PostgresJournal::ReadHeads() {
  const absl::StatusOr<PgResult> found = readers_.Query(kReadHeads, {});
  if (!found.ok()) return AsRefusal(found.status());
  SequenceVector heads{};
  for (int row = 0; row < found->rows(); ++row) {
    const auto partition = static_cast<uint16_t>(found->Int(row, 0));
    heads[partition] = PartitionSeq(static_cast<uint64_t>(found->Int(row, 1)));
    LearnHead(partition, heads[partition].value());
  }
  return heads;
}

// --- What other servers do.

absl::StatusOr<Journal::Head> PostgresJournal::HeadFrom(PartitionId partition, const absl::StatusOr<PgResult>& found) {
  if (!found.ok()) return AsRefusal(found.status());
  if (found->rows() != 1) return absl::DataLossError(absl::StrCat("PostgreSQL: fenfen.heads lacks partition ", partition.value()));
  const Head head{static_cast<uint64_t>(found->Int(0, 0)), PartitionSeq(static_cast<uint64_t>(found->Int(0, 1)))};
  LearnHead(partition.value(), head.last.value());
  return head;
}

absl::StatusOr<Journal::Head> PostgresJournal::HeadOf(PartitionId partition) {
  return HeadFrom(partition, readers_.Query(kHead, {absl::StrCat(partition.value())}));
}

// Should an answer get lost and the statement be run twice, a term is left out; nobody minds. The writer need not meet who keeps a
// partition locked, since nothing is committed in a partition that cannot be claimed; so that is seen to here, too.
absl::StatusOr<Journal::Head> PostgresJournal::Claim(PartitionId partition) {
  const absl::StatusOr<PgResult> claimed = readers_.Query(kClaim, {absl::StrCat(partition.value())});
  if (Shared() && SqlStateOf(claimed.status()) == kLockTimeout) {
    const PgStatement end = EndSilentWriters("", kSilenceMax * options_.session.timeout);
    if (const absl::StatusOr<PgResult> ended = readers_.Query(end.sql, end.params); ended.ok()) ReportEnded(*ended);
  }
  return HeadFrom(partition, claimed);
}

absl::StatusOr<PgResult> PostgresJournal::QueryRanges(const std::vector<Range>& ranges) {
  if (ranges.size() == 1 && ranges[0].last.value() - ranges[0].first.value() >= kLongRange) {
    return readers_.Query(kReadRange, {absl::StrCat(ranges[0].partition.value()), absl::StrCat(ranges[0].first.value()),
                                       absl::StrCat(ranges[0].last.value())});
  }
  std::vector<int64_t> partitions, sequences;
  for (const Range& range : ranges) {
    for (uint64_t seq = range.first.value(); seq <= range.last.value(); ++seq) {
      partitions.push_back(range.partition.value());
      sequences.push_back(static_cast<int64_t>(seq));
    }
  }
  return readers_.Query(kReadRanges, {PgArray(partitions), PgArray(sequences)});
}

absl::Status PostgresJournal::ReadRanges(const std::vector<Range>& ranges, Visitor visitor) {
  const absl::StatusOr<PgResult> found = QueryRanges(ranges);
  if (!found.ok()) return AsRefusal(found.status());
  for (int row = 0; row < found->rows(); ++row) {
    const JournalPlace place{TableOf(found->Int(row, 3)), static_cast<uint64_t>(found->Int(row, 0)),
                             static_cast<uint32_t>(found->Int(row, 5))};
    JournalEntry entry{PartitionId(static_cast<uint16_t>(found->Int(row, 1))), PartitionSeq(static_cast<uint64_t>(found->Int(row, 2))),
                       found->Time(row, 4), std::string(found->Bytes(row, 6))};
    if (Crc32c(entry.bytes) != place.crc32c) return DamagedAt(place, "the bytes do not have their checksum");
    if (absl::Status status = visitor(std::move(entry)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// --- Replay.

// Visits in the order of the journal, up to how far each partition is now, with its numbers checked. What others write meanwhile is left
// out: it comes in an order of its own. The server reads ahead of us by itself, as far as the socket's buffers reach; memory here holds one
// entry.
absl::Status PostgresJournal::StreamAfter(const SequenceVector& after, EntryVisitor visitor) {
  const absl::StatusOr<SequenceVector> heads = ReadHeads();
  if (!heads.ok()) return heads.status();
  absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPostgresSession(options_.session);
  if (!session.ok()) return AsRefusal(session.status());
  std::vector<int64_t> partitions, sequences;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    partitions.push_back(p);
    sequences.push_back(static_cast<int64_t>(after[p].value()));
  }
  const absl::StatusOr<PgResult> archived = (*session)->Query(kFirstArchived, {PgArray(partitions), PgArray(sequences)});
  if (!archived.ok()) return AsRefusal(archived.status());
  if (archived->rows() > 0) {
    return ArchivedError(PartitionId(static_cast<uint16_t>(archived->Int(0, 0))), PartitionSeq(static_cast<uint64_t>(archived->Int(0, 1))),
                         archived->Bytes(0, 2), archived->Int(0, 3));
  }
  const absl::StatusOr<PgResult> first = (*session)->Query(kFirstPosition, {PgArray(partitions), PgArray(sequences)});
  if (!first.ok()) return AsRefusal(first.status());
  SequenceVector last = after;
  uint64_t left = 0;
  for (size_t p = 0; p < kPartitions; ++p) left += std::max((*heads)[p], after[p]).value() - after[p].value();
  for (int64_t position = first->IsNull(0, 0) ? -1 : first->Int(0, 0); position >= 0;) {
    int64_t next = -1;
    int rows = 0;
    const absl::Status status =
        (*session)->Stream(kReplay, {absl::StrCat(position), absl::StrCat(kReplayEntries)}, [&](const PgResult& row) {
          next = row.Int(0, 0) + 1;
          ++rows;
          const PartitionId partition(static_cast<uint16_t>(row.Int(0, 1)));
          const JournalEntryView entry{partition, PartitionSeq(static_cast<uint64_t>(row.Int(0, 2))), row.Time(0, 4), row.Bytes(0, 6)};
          if (entry.seq <= after[partition.value()] || entry.seq > (*heads)[partition.value()]) return absl::OkStatus();
          const JournalPlace place{TableOf(row.Int(0, 3)), static_cast<uint64_t>(row.Int(0, 0)), static_cast<uint32_t>(row.Int(0, 5))};
          PartitionSeq& seen = last[partition.value()];
          if (entry.seq <= seen) return DamagedAt(place, absl::StrCat(NameOf(partition, entry.seq), " is there twice"));
          if (entry.seq.value() != seen.value() + 1) return WhyMissing(partition, seen);
          if (Crc32c(entry.bytes) != place.crc32c) return DamagedAt(place, "the bytes do not have their checksum");
          seen = entry.seq;
          --left;
          return visitor(entry);
        });
    if (!status.ok()) return AsRefusal(status);
    position = rows < kReplayEntries || left == 0 ? -1 : next;
  }
  for (uint16_t p = 0; p < kPartitions; ++p) {
    if (last[p] < (*heads)[p]) return WhyMissing(PartitionId(p), last[p]);
  }
  return absl::OkStatus();
}

// Why the entry after `last` was not come by, though it should have been: archived, or lost.
absl::Status PostgresJournal::WhyMissing(PartitionId partition, PartitionSeq last) {
  const PartitionSeq missing(last.value() + 1);
  const absl::StatusOr<PgResult> found = readers_.Query(kRead, {absl::StrCat(partition.value()), absl::StrCat(missing.value())});
  if (!found.ok()) return AsRefusal(found.status());
  if (found->rows() > 0 && found->IsNull(0, 2) && !found->IsNull(0, 1)) return ArchivedError(partition, missing, found->Bytes(0, 1), 1);
  return absl::DataLossError(absl::StrCat("PostgreSQL: fenfen.entries lacks ", NameOf(partition, missing), ", or has it out of order"));
}

absl::Status PostgresJournal::Replay(const SequenceVector& after, Visitor visitor) {
  return StreamAfter(after, [&](const JournalEntryView& entry) {
    return visitor({entry.partition, entry.seq, entry.record_time, std::string(entry.bytes)});
  });
}

absl::Status PostgresJournal::ReplayBatches(const SequenceVector& after, BatchVisitor visitor) {
  auto batch = std::make_shared<JournalBatch>();
  std::vector<size_t> ends;
  const auto hand_over = [&]() -> absl::Status {
    if (batch->entries.empty()) return absl::OkStatus();
    // The views point into the bytes only now that these do not move any more.
    for (size_t n = 0, begin = 0; n < ends.size(); begin = ends[n++]) {
      batch->entries[n].bytes = absl::string_view(batch->bytes).substr(begin, ends[n] - begin);
    }
    ends.clear();
    return visitor(std::exchange(batch, std::make_shared<JournalBatch>()));
  };
  const absl::Status status = StreamAfter(after, [&](const JournalEntryView& entry) {
    batch->entries.push_back(entry);
    batch->bytes.append(entry.bytes.data(), entry.bytes.size());
    ends.push_back(batch->bytes.size());
    return batch->bytes.size() < kBatchBytes ? absl::OkStatus() : hand_over();
  });
  if (!status.ok()) return status;
  return hand_over();
}

}  // namespace fenfen
