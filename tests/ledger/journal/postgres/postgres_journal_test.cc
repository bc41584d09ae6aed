// The PostgreSQL journal as a Journal, on a real server.
#include "ledger/journal/postgres/postgres_journal.h"

#include "tests/ledger/journal/journal_conformance.h"
#include "tests/ledger/journal/postgres/postgres_server.h"

namespace fenfen {
namespace {

// One server for all tests of the program; each has a database.
PostgresServer& Server() {
  static PostgresServer server;
  return server;
}

class PostgresStore final : public JournalStore {
 public:
  absl::StatusOr<std::unique_ptr<Journal>> Open() override { return PostgresJournal::Open(options_); }
  size_t transaction_bytes_max() const override { return limits::kTransactionBytesMax; }

 private:
  PostgresJournalOptions options_{.session = {.conninfo = Server().Conninfo(Server().NewDatabase())}};
};

INSTANTIATE_TEST_SUITE_P(Postgres, JournalConformance,
                         testing::Values([]() -> std::unique_ptr<JournalStore> { return std::make_unique<PostgresStore>(); }));

}  // namespace
}  // namespace fenfen
