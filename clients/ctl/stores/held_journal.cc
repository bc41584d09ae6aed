#include "clients/ctl/stores/held_journal.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/postgres/migrations.h"
#include "ledger/journal/postgres/postgres_journal.h"
#include "ledger/journal/postgres/writer_lock.h"
#include "ledger/journal/segment_files.h"

namespace fenfen::ctl {

namespace {

// A server that has just ended may take a moment to be gone for PostgreSQL too.
constexpr absl::Duration kLockPatience = absl::Seconds(5);

std::string FolderOf(const server::Config& config) { return absl::StrCat(config.data_dir, "/journal"); }

absl::Status NoJournal(const std::string& name) { return absl::NotFoundError(absl::StrCat(name, "：没有日志 / there is no journal")); }

absl::Status AnotherJournal(const std::string& name, uint64_t there, uint64_t wanted) {
  return absl::FailedPreconditionError(
      absl::StrFormat("%s：这里已有另一个日志 %016x，而不是 %016x / there is another journal", name, there, wanted));
}

// The id of the journal in a folder; 0 for none.
absl::StatusOr<uint64_t> IdInFolder(FileSystem& files, const std::string& folder) {
  if (const auto names = files.List(folder); !names.ok())
    return absl::IsNotFound(names.status()) ? absl::StatusOr<uint64_t>(0) : names.status();
  const absl::StatusOr<SegmentList> list = ListSegments(files, folder);
  if (!list.ok()) return list.status();
  if (list->last == 0) return 0;
  const auto file = OpenSegmentFile(files, folder, list->last, std::make_shared<BlockCache>(0));
  if (!file.ok()) return file.status();
  const absl::StatusOr<segment::Header> header = ReadSegmentHeader(**file, SegmentPath(folder, list->last));
  if (!header.ok()) return header.status();
  return header->journal_id;
}

}  // namespace

std::string NameOfJournal(const server::Config& config) {
  if (config.journal.store == "postgres") return absl::StrCat("postgres ", config.stores.postgres.connection);
  return absl::StrCat("files ", FolderOf(config));
}

absl::StatusOr<std::unique_ptr<HeldJournal>> HeldJournal::Open(const server::Config& config, const HoldOptions& options) {
  std::unique_ptr<HeldJournal> held(new HeldJournal);
  held->name_ = NameOfJournal(config);
  const absl::Status opened = config.journal.store == "postgres" ? held->OpenPostgres(config, options) : held->OpenFiles(config, options);
  if (!opened.ok()) return opened;
  return held;
}

HeldJournal::~HeldJournal() = default;

absl::Status HeldJournal::OpenFiles(const server::Config& config, const HoldOptions& options) {
  FileJournalOptions journal;
  journal.directory = FolderOf(config);
  journal.uncompressed_segments = static_cast<size_t>(config.journal.uncompressed_segments);
  const absl::StatusOr<uint64_t> id = IdInFolder(files_, journal.directory);
  if (!id.ok()) return id.status();
  if (*id == 0 && options.make_with_id == 0) return NoJournal(name_);
  if (*id != 0 && options.make_with_id != 0 && *id != options.make_with_id) return AnotherJournal(name_, *id, options.make_with_id);
  journal.new_journal_id = options.make_with_id;
  if (*id == 0) {
    if (absl::Status made = files_.CreateDirectory(config.data_dir); !made.ok()) return made;
  }
  absl::StatusOr<std::unique_ptr<FileJournal>> opened = FileJournal::Open(files_, std::move(journal));
  if (absl::IsFailedPrecondition(opened.status())) {
    return absl::FailedPreconditionError(absl::StrCat(
        name_, "：有程序正在使用，请先停止服务器 / a program has it open, stop the server first: ", opened.status().message()));
  }
  if (!opened.ok()) return opened.status();
  journal_ = *std::move(opened);
  return absl::OkStatus();
}

absl::Status HeldJournal::OpenPostgres(const server::Config& config, const HoldOptions& options) {
  PostgresJournalOptions journal;
  journal.session.conninfo = config.stores.postgres.connection;
  journal.session.timeout = config.stores.postgres.timeout;
  absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPostgresSession(journal.session);
  if (!session.ok()) return session.status();
  const absl::StatusOr<PgResult> schema = (*session)->Query("SELECT to_regclass('fenfen.journal') IS NOT NULL");
  if (!schema.ok()) return schema.status();
  if (schema->Int(0, 0) == 0 && options.make_with_id == 0) return NoJournal(name_);
  if (absl::Status status = Migrate(**session, Migrations()); !status.ok()) return status;
  if (!options.although_served) {
    const absl::Status locked = TakeWriterLock(**session, Writers::kSole, NewWriterName(), kLockPatience);
    if (absl::IsFailedPrecondition(locked)) {
      return absl::FailedPreconditionError(
          absl::StrCat(name_, "：有服务器正在写入，请先停止 / a server has it open, stop it first: ", locked.message(),
                       "; SELECT application_name, client_addr FROM pg_stat_activity WHERE application_name LIKE 'fenfend%' shows them"));
    }
    if (!locked.ok()) return locked;
  }
  if (options.make_with_id != 0) {
    const auto made = (*session)->Query("INSERT INTO fenfen.journal (id) VALUES ($1::bigint) ON CONFLICT DO NOTHING",
                                        {absl::StrCat(static_cast<int64_t>(options.make_with_id))});
    if (!made.ok()) return made.status();
  }
  const absl::StatusOr<PgResult> id = (*session)->Query("SELECT id FROM fenfen.journal");
  if (!id.ok()) return id.status();
  if (id->rows() == 0) return NoJournal(name_);
  const auto there = static_cast<uint64_t>(id->Int(0, 0));
  if (options.make_with_id != 0 && there != options.make_with_id) return AnotherJournal(name_, there, options.make_with_id);
  absl::StatusOr<std::unique_ptr<PostgresJournal>> opened = PostgresJournal::Open(std::move(journal));
  if (!opened.ok()) return opened.status();
  lock_ = *std::move(session);
  journal_ = *std::move(opened);
  return absl::OkStatus();
}

absl::Status HeldJournal::StillHeld() {
  if (lock_ == nullptr || (lock_->Alive() && lock_->Query("SELECT 1").ok())) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(name_, "：锁在中途丢失 / the lock was lost meanwhile"));
}

}  // namespace fenfen::ctl
