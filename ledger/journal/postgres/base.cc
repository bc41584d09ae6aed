#include "ledger/journal/postgres/base.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace fenfen {
namespace {

constexpr size_t kBasePieceBytes = 1u << 20;
// How many are kept: the one before is there in case that the newest is damaged.
constexpr char kDropOlder[] = "DELETE FROM fenfen.bases WHERE number NOT IN (SELECT number FROM fenfen.bases ORDER BY number DESC LIMIT 2)";
constexpr char kNewest[] =
    "SELECT b.number, b.size, s.place, s.sequence FROM (SELECT * FROM fenfen.bases ORDER BY number DESC LIMIT 1) AS b,"
    " unnest(b.sequences) WITH ORDINALITY AS s (sequence, place) ORDER BY s.place";
constexpr char kUncovered[] =
    "SELECT e.partition, e.sequence FROM fenfen.entries AS e"
    " JOIN unnest($2::bigint[]) WITH ORDINALITY AS base (sequence, place) ON e.partition = base.place - 1"
    " WHERE e.month = $1::date AND e.sequence > base.sequence ORDER BY e.partition, e.sequence LIMIT 1";

std::string ArrayOf(const SequenceVector& sequences) {
  std::vector<int64_t> values;
  for (const PartitionSeq seq : sequences) values.push_back(static_cast<int64_t>(seq.value()));
  return PgArray(values);
}

}  // namespace

absl::StatusOr<std::optional<BaseInfo>> NewestBase(const PostgresSessionOptions& options) {
  const absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPostgresSession(options);
  if (!session.ok()) return session.status();
  const absl::StatusOr<PgResult> found = (*session)->Query(kNewest);
  if (!found.ok()) return found.status();
  if (found->rows() != kPartitions) return std::nullopt;
  BaseInfo base{static_cast<uint64_t>(found->Int(0, 0)), static_cast<uint64_t>(found->Int(0, 1)), {}};
  for (int row = 0; row < found->rows(); ++row)
    base.sequences[static_cast<size_t>(row)] = PartitionSeq(static_cast<uint64_t>(found->Int(row, 3)));
  return base;
}

absl::Status StoreBase(const PostgresSessionOptions& options, const File& file, const BaseInfo& base) {
  const absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPostgresSession(options);
  if (!session.ok()) return session.status();
  const std::string number = absl::StrCat(base.number);
  absl::StatusOr<PgResult> step = (*session)->Query("BEGIN");
  if (step.ok()) {
    step = (*session)->Query("INSERT INTO fenfen.bases (number, size, sequences) VALUES ($1::bigint, $2::bigint, $3::bigint[])",
                             {number, absl::StrCat(base.bytes), ArrayOf(base.sequences)});
  }
  if (!step.ok()) return step.status();
  std::string piece(kBasePieceBytes, '\0');
  for (uint64_t offset = 0, n = 0; offset < base.bytes; offset += kBasePieceBytes, ++n) {
    const size_t size = static_cast<size_t>(std::min<uint64_t>(kBasePieceBytes, base.bytes - offset));
    const absl::StatusOr<size_t> got = file.ReadAt(offset, piece.data(), size);
    if (!got.ok()) return got.status();
    if (*got != size) return absl::DataLossError("the snapshot is shorter than it was");
    step = (*session)->Query("INSERT INTO fenfen.base_pieces (number, piece, bytes) VALUES ($1::bigint, $2::integer, decode($3, 'hex'))",
                             {number, absl::StrCat(n), absl::BytesToHexString(absl::string_view(piece).substr(0, size))});
    if (!step.ok()) return step.status();
  }
  if (step = (*session)->Query(kDropOlder); !step.ok()) return step.status();
  (*session)->TakeWarned();
  if (step = (*session)->Query("COMMIT"); !step.ok()) return step.status();
  // Its standby has not confirmed it: then a failover might forget what a month is about to be archived for.
  return (*session)->TakeWarned() ? absl::UnavailableError(absl::StrCat("PostgreSQL: ", (*session)->last_warning())) : absl::OkStatus();
}

absl::Status FetchBase(const PostgresSessionOptions& options, const BaseInfo& base, File& file) {
  const absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPostgresSession(options);
  if (!session.ok()) return session.status();
  uint64_t offset = 0;
  absl::Status status = (*session)->Stream("SELECT bytes FROM fenfen.base_pieces WHERE number = $1::bigint ORDER BY piece",
                                           {absl::StrCat(base.number)}, [&](const PgResult& row) -> absl::Status {
                                             const absl::string_view bytes = row.Bytes(0, 0);
                                             if (absl::Status written = file.WriteAt(offset, bytes); !written.ok()) return written;
                                             offset += bytes.size();
                                             return absl::OkStatus();
                                           });
  if (!status.ok()) return status;
  if (offset == 0) return absl::NotFoundError(absl::StrCat("PostgreSQL: base ", base.number, " is not there any more"));
  if (offset != base.bytes) {
    return absl::DataLossError(absl::StrCat("PostgreSQL: base ", base.number, " has ", offset, " bytes, it had ", base.bytes));
  }
  return file.Sync();
}

absl::Status CheckCovered(PgConnection& session, absl::CivilMonth month, const SequenceVector& sequences) {
  const absl::StatusOr<PgResult> found = session.Query(kUncovered, {absl::FormatCivilTime(absl::CivilDay(month)), ArrayOf(sequences)});
  if (!found.ok()) return found.status();
  if (found->rows() == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("transaction ", found->Int(0, 1), " of partition ", found->Int(0, 0), " is of ",
                                                    absl::FormatCivilTime(month), " and not in the base that is to stand for it"));
}

}  // namespace fenfen
