// HeldJournal: the journal that a server's configuration names, opened by a tool while no server has it.
//
//   absl::StatusOr<server::Config> config = server::LoadConfig("fenfend.toml");
//   absl::StatusOr<std::unique_ptr<HeldJournal>> held = HeldJournal::Open(*config, {});
//   (*held)->journal().Replay(…)
//
// Files are held by their lock, PostgreSQL by the writer's lock of its database (ledger/journal/postgres/writer_lock.h): a server that runs
// keeps this from opening, and one that is started meanwhile does not start. Thread-safe as the journal is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/posix_file.h"
#include "ledger/journal/postgres/pg_connection.h"
#include "server/config/config.h"

namespace fenfen::ctl {

struct HoldOptions {
  // Makes the journal, with this id, where there is none; 0: NOT_FOUND then.
  uint64_t make_with_id = 0;
  // Opens PostgreSQL although servers write it. Files are open to one process at a time, whatever this says.
  bool although_served = false;
};

class HeldJournal {
 public:
  // FAILED_PRECONDITION where a server has it, naming who where that can be known, or where it is another journal than `make_with_id`;
  // NOT_FOUND where there is none; other errors as of FileJournal::Open and PostgresJournal::Open.
  static absl::StatusOr<std::unique_ptr<HeldJournal>> Open(const server::Config& config, const HoldOptions& options);
  ~HeldJournal();

  Journal& journal() { return *journal_; }
  // For people: "files data/journal", "postgres host=… dbname=…".
  const std::string& name() const { return name_; }
  // FAILED_PRECONDITION where the lock was lost meanwhile: then a server may have written.
  absl::Status StillHeld();

 private:
  HeldJournal() = default;
  absl::Status OpenFiles(const server::Config& config, const HoldOptions& options);
  absl::Status OpenPostgres(const server::Config& config, const HoldOptions& options);

  PosixFileSystem files_;
  std::string name_;
  std::unique_ptr<PgConnection> lock_;  // the session that has it; null for files
  std::unique_ptr<Journal> journal_;
};

// Where the configuration's journal is, for people; equal names are one journal.
std::string NameOfJournal(const server::Config& config);

}  // namespace fenfen::ctl
