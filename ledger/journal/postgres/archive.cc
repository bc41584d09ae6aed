#include "ledger/journal/postgres/archive.h"

#include "absl/strings/str_cat.h"
#include "ledger/core/limits.h"
#include "ledger/journal/postgres/base.h"

namespace fenfen {
namespace {

constexpr absl::Duration kStatementPatience = absl::Hours(6);
// A client may repeat a request for as long (limits::kRequestKeyAgeMax), and is answered with what is stored; and a day for clocks.
const int64_t kRepeatedDays = limits::kRequestKeyAgeMax / absl::Hours(24) + 1;
// While locks are waited for, servers wait behind us.
constexpr char kLockPatience[] = "3s";
constexpr size_t kArchivePieceBytes = 256u << 10;

std::string DayText(absl::CivilMonth month) { return absl::FormatCivilTime(absl::CivilDay(month)); }
std::string BeginCopy(const ArchivedTable& table) { return absl::StrCat("COPY fenfen.", table.name, " (", table.columns, ") FROM STDIN"); }
// COPY takes no parameters, so the month comes by a setting.
std::string CopyOut(const ArchivedTable& table) {
  return absl::StrCat("COPY (SELECT ", table.columns, " FROM fenfen.", table.name, " WHERE month = current_setting('fenfen.month')::date",
                      " ORDER BY ", table.name == absl::string_view("entries") ? "position" : "partition, sequence, number", ") TO STDOUT");
}

// A session for statements that take long, with settings under which COPY's text is the same everywhere.
absl::StatusOr<std::unique_ptr<PgConnection>> OpenPatiently(const PostgresSessionOptions& options) {
  absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPostgresSession(options);
  if (!session.ok()) return session;
  (*session)->SetTimeout(kStatementPatience);
  const absl::StatusOr<PgResult> set = (*session)->Query(
      "SELECT set_config('lock_timeout', $1, false), set_config('DateStyle', 'ISO', false),"
      " set_config('TimeZone', 'UTC', false), set_config('bytea_output', 'hex', false)",
      {kLockPatience});
  if (!set.ok()) return set.status();
  return session;
}

// The month's head, if it can be archived now.
absl::StatusOr<ArchiveHead> CheckArchivable(PgConnection& session, absl::CivilMonth month) {
  const absl::StatusOr<PgResult> found = session.Query(
      "SELECT j.id, m.archive, $1::date >= date_trunc('month', now() AT TIME ZONE 'UTC'),"
      " ($1::date + interval '1 month' + $2::integer * interval '1 day') AT TIME ZONE 'UTC' > now()"
      " FROM fenfen.journal AS j, fenfen.months AS m WHERE m.month = $1::date",
      {DayText(month), absl::StrCat(kRepeatedDays)});
  if (!found.ok()) return found.status();
  const std::string name = absl::FormatCivilTime(month);
  if (found->rows() == 0) return absl::FailedPreconditionError(absl::StrCat("the journal has no month ", name));
  if (!found->IsNull(0, 1)) return absl::FailedPreconditionError(absl::StrCat(name, " is archived already, in ", found->Bytes(0, 1)));
  if (found->Int(0, 2) != 0) return absl::FailedPreconditionError(absl::StrCat(name, " is not over"));
  if (found->Int(0, 3) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        name, " ended less than ", kRepeatedDays, " days ago: its requests may still be repeated, and would have to be answered from it"));
  }
  return ArchiveHead{static_cast<uint64_t>(found->Int(0, 0)), month};
}

absl::StatusOr<ArchiveSummary> WriteFile(PgConnection& session, File& file, const ArchiveHead& head, const SequenceVector* base) {
  absl::StatusOr<PgResult> step = session.Query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (step.ok()) step = session.Query("SELECT set_config('fenfen.month', $1, true)", {DayText(head.month)});
  if (!step.ok()) return step.status();
  // Of the same rows as the file: the month is dropped only if it still has no more.
  if (base != nullptr) {
    if (absl::Status status = CheckCovered(session, head.month, *base); !status.ok()) return status;
  }
  ArchiveWriter writer(file, head);
  for (const ArchivedTable& table : kArchivedTables) {
    absl::Status status = writer.BeginTable();
    if (status.ok()) status = session.CopyOut(CopyOut(table).c_str(), [&](absl::string_view line) { return writer.Row(line); });
    if (status.ok()) status = writer.EndTable();
    if (!status.ok()) return status;
  }
  if (step = session.Query("COMMIT"); !step.ok()) return step.status();
  return writer.Finish();
}

// What the disk gives back is what was written.
absl::Status ReadBack(FileSystem& files, const std::string& path, const ArchiveSummary& written) {
  const absl::StatusOr<std::unique_ptr<File>> file = files.OpenForRead(path);
  if (!file.ok()) return file.status();
  const absl::StatusOr<ArchiveSummary> read = ReadArchive(**file, path, [](size_t, absl::string_view) { return absl::OkStatus(); });
  if (!read.ok()) return read.status();
  return read->sha256 == written.sha256 ? absl::OkStatus() : absl::DataLossError(absl::StrCat(path, ": it is not what was written"));
}

absl::Status DropMonth(PgConnection& session, const std::string& name, const ArchiveSummary& summary) {
  return session
      .Query("SELECT fenfen.drop_month($1::date, $2, decode($3, 'hex'), $4::bigint, $5::bigint, $6::bigint)",
             {DayText(summary.head.month), name, summary.sha256, absl::StrCat(summary.rows[0]), absl::StrCat(summary.rows[1]),
              absl::StrCat(summary.rows[2])})
      .status();
}

// The month's row, locked, if the file is the one that it was archived to.
absl::Status CheckRestorable(PgConnection& session, const std::string& path, const ArchiveSummary& summary) {
  const absl::StatusOr<PgResult> found = session.Query(
      "SELECT j.id, m.archive, encode(m.archive_sha256, 'hex') FROM fenfen.journal AS j, fenfen.months AS m WHERE m.month = $1::date"
      " FOR UPDATE OF m",
      {DayText(summary.head.month)});
  if (!found.ok()) return found.status();
  if (found->rows() == 0 || static_cast<uint64_t>(found->Int(0, 0)) != summary.head.journal_id) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is of another journal"));
  }
  if (found->IsNull(0, 1)) {
    return absl::FailedPreconditionError(absl::StrCat(absl::FormatCivilTime(summary.head.month), " is not archived"));
  }
  if (found->Bytes(0, 2) != summary.sha256) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not the file that the month was archived to, ", found->Bytes(0, 1)));
  }
  return absl::OkStatus();
}

// Rows on their way into tables, gathered into larger pieces.
class RowsIn {
 public:
  explicit RowsIn(PgConnection& session) : session_(session) {}
  absl::Status Take(size_t table, absl::string_view line) {
    while (open_ < table + 1) {
      if (absl::Status status = Next(); !status.ok()) return status;
    }
    piece_.append(line.data(), line.size());
    return piece_.size() < kArchivePieceBytes ? absl::OkStatus() : Put();
  }
  // Ends the table that is being written, if any, and begins the next, if any.
  absl::Status Next() {
    if (open_ > 0) {
      if (absl::Status status = Put(); !status.ok()) return status;
      if (absl::Status status = session_.EndCopy(); !status.ok()) return status;
    }
    if (++open_ > kArchivedTables.size()) return absl::OkStatus();
    return session_.BeginCopy(BeginCopy(kArchivedTables[open_ - 1]).c_str());
  }
  absl::Status Finish() {
    while (open_ <= kArchivedTables.size()) {
      if (absl::Status status = Next(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Put() {
    absl::Status status = session_.PutCopy(piece_);
    piece_.clear();
    return status;
  }

  PgConnection& session_;
  std::string piece_;
  size_t open_ = 0;  // the table being written, from 1; 0 before the first
};

}  // namespace

std::string ArchiveFileName(const ArchiveHead& head) {
  return absl::StrCat("fenfen-", absl::Hex(head.journal_id, absl::kZeroPad16), "-", absl::FormatCivilTime(head.month), ".zst");
}

absl::StatusOr<ArchiveSummary> ArchiveMonth(const PostgresSessionOptions& options, FileSystem& files, const std::string& directory,
                                            absl::CivilMonth month, const SequenceVector* base) {
  const absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPatiently(options);
  if (!session.ok()) return session.status();
  const absl::StatusOr<ArchiveHead> head = CheckArchivable(**session, month);
  if (!head.ok()) return head.status();
  if (absl::Status status = files.CreateDirectory(directory); !status.ok()) return status;
  const std::string name = ArchiveFileName(*head);
  const std::string path = absl::StrCat(directory, "/", name);
  if (files.OpenForRead(path).ok()) return absl::AlreadyExistsError(absl::StrCat(path, " is there already"));
  const std::string unfinished = absl::StrCat(path, ".tmp");
  if (absl::Status status = files.Remove(unfinished); !status.ok() && !absl::IsNotFound(status)) return status;
  absl::StatusOr<std::unique_ptr<File>> file = files.Create(unfinished);
  if (!file.ok()) return file.status();

  absl::StatusOr<ArchiveSummary> summary = WriteFile(**session, **file, *head, base);
  absl::Status status = summary.status();
  if (status.ok()) status = ReadBack(files, unfinished, *summary);
  if (status.ok()) status = files.Rename(unfinished, path);
  if (status.ok()) status = files.SyncDirectory(directory);
  // Only what the disk surely holds is dropped from the database.
  if (status.ok()) status = DropMonth(**session, name, *summary);
  if (status.ok()) return summary;
  // After a lost answer the month may be dropped all the same, and the file is then the only copy.
  if (!absl::IsUnavailable(status)) {
    files.Remove(unfinished).IgnoreError();
    if (summary.ok()) files.Remove(path).IgnoreError();
  }
  return status;
}

absl::StatusOr<ArchiveSummary> RestoreMonth(const PostgresSessionOptions& options, FileSystem& files, const std::string& path) {
  const absl::StatusOr<std::unique_ptr<File>> file = files.OpenForRead(path);
  if (!file.ok()) return file.status();
  const absl::StatusOr<ArchiveSummary> summary = ReadArchive(**file, path, [](size_t, absl::string_view) { return absl::OkStatus(); });
  if (!summary.ok()) return summary;
  const absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPatiently(options);
  if (!session.ok()) return session.status();
  absl::StatusOr<PgResult> step = (*session)->Query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
  if (!step.ok()) return step.status();
  if (absl::Status status = CheckRestorable(**session, path, *summary); !status.ok()) return status;
  step = (*session)->Query("SELECT fenfen.take_back_month($1::date)", {DayText(summary->head.month)});
  if (!step.ok()) return step.status();
  RowsIn rows(**session);
  const absl::StatusOr<ArchiveSummary> again =
      ReadArchive(**file, path, [&](size_t table, absl::string_view line) { return rows.Take(table, line); });
  if (!again.ok()) return again;
  if (again->sha256 != summary->sha256) return absl::DataLossError(absl::StrCat(path, " changed while it was read"));
  if (absl::Status status = rows.Finish(); !status.ok()) return status;
  if (step = (*session)->Query("COMMIT"); !step.ok()) return step.status();
  return summary;
}

}  // namespace fenfen
