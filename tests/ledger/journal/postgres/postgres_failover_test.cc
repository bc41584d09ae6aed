// The PostgreSQL journal over a primary and its synchronous standby: the primary is killed under load and the standby promoted, again and
// again, each taking the other's place. Whatever was acknowledged is there, once, by the clients' own record.
#include "tests/ledger/journal/postgres/postgres_fixture.h"

namespace fenfen {
namespace {

constexpr int kFailovers = 10;

TEST(PostgresFailoverTest, TheStandbyHasWhateverWasAcknowledged) {
  PostgresServer first;
  const std::string database = first.NewDatabase();
  const std::unique_ptr<PostgresServer> second = PostgresServer::StandbyOf(first);
  const std::string both = PostgresServer::ConninfoOf({&first, second.get()}, database);
  auto journal = MustOpen(Impatient(both));
  Load load(*journal);
  PostgresServer* primary = &first;
  PostgresServer* standby = second.get();
  for (int failover = 0; failover < kFailovers; ++failover) {
    load.Await(500);
    primary->Kill();
    standby->Promote();
    // Its commits wait until it has a standby of its own.
    std::swap(primary, standby);
    standby->BecomeStandbyOf(*primary);
  }
  load.Await(500);
  load.Stop();
  EXPECT_TRUE(load.flushed.ok()) << load.flushed;
  EXPECT_EQ(load.failed, 0u);
  load.ExpectStoredIn(*MustOpen(Impatient(both)));
  EXPECT_EQ(primary->Run(database, {"SELECT count(*) FROM fenfen.asset_sums WHERE sum <> 0"}), "0");
  EXPECT_EQ(primary->Run(database, {"SELECT count(*) FROM fenfen.broken_partitions"}), "0");
}

}  // namespace
}  // namespace fenfen
