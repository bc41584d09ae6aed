// The same simulation over a journal in PostgreSQL: the same report as over the entries themselves, and nothing is written.
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/ctl/simulate/simulate.h"
#include "clients/ctl/stores/held_journal.h"
#include "tests/clients/ctl/simulate/story.h"
#include "tests/ledger/journal/postgres/postgres_server.h"

namespace fenfen::ctl {
namespace {

SimulationTerms TermsFor(const Story& story) {
  SimulationTerms terms;
  terms.first_day = DayNumber(absl::CivilDay(2026, 6, 1));
  terms.last_day = DayNumber(absl::CivilDay(2026, 6, 30));
  terms.zone = story.zone;
  terms.passes = 3;
  return terms;
}

absl::StatusOr<SimulationReport> Report(const ReplaySource& source, const Story& story) {
  const absl::StatusOr<LedgerHead> head = ReadHead(source);
  if (!head.ok()) return head.status();
  return Simulate(source, *head, TermsFor(story), nullptr);
}

TEST(SimulatePostgres, GivesTheSameAsTheEntriesThemselves) {
  PostgresServer postgres;
  const std::string database = postgres.NewDatabase();
  const Story story(21);
  std::string folder = absl::StrCat(::testing::TempDir(), "/simulate_postgres_test_XXXXXX");
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  {
    server::Config config;
    config.data_dir = folder;
    config.journal.store = "postgres";
    config.stores.postgres.connection = postgres.Conninfo(database);
    const auto held = HeldJournal::Open(config, {.make_with_id = 7});
    ASSERT_TRUE(held.ok()) << held.status();
    for (const CommittedTransaction& each : story.history) {
      (*held)->journal().Append({each.partition, each.seq, each.record_time, EncodeTransaction(each.transaction)},
                                [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    }
    ASSERT_TRUE((*held)->journal().Flush().ok());
  }
  const std::unique_ptr<ReplaySource> source = ReplayPostgres(postgres.Conninfo(database));
  const absl::StatusOr<SimulationReport> report = Report(*source, story);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->not_reproduced, 0);
  const absl::StatusOr<SimulationReport> same = Report(HistorySource(story.history), story);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(report->totals, same->totals);
  EXPECT_EQ(report->costs, same->costs);
  EXPECT_EQ(report->transactions, same->transactions);

  const std::string empty = postgres.NewDatabase();
  EXPECT_EQ(ReadHead(*ReplayPostgres(postgres.Conninfo(empty))).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadHead(*ReplayPostgres("host=/nowhere dbname=none")).status().code(), absl::StatusCode::kUnavailable);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fenfen::ctl
