// Two servers over one Redis and one PostgreSQL, for tests: SharedStores has what is started once for a test program, a SharedDeployment is
// a database, keys in Redis and two servers of a test's own.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/core/ids.h"
#include "tests/ledger/journal/postgres/postgres_server.h"
#include "tests/ledger/state/redis/redis_server.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {

// The lines of a configuration: the State in that Redis under keys of their own, the journal in that database.
std::string RedisAndPostgres(const RedisServer& redis, const std::string& deployment, const std::string& conninfo);
// The same in a Redis Cluster with these seeds.
std::string ClusterAndPostgres(const std::vector<RedisEndpoint>& seeds, const std::string& deployment, const std::string& conninfo);

// While there, nobody writes an entry, or none of one partition: what is committed in Redis waits for the journal. The servers' own time
// limits go on.
class JournalHeld {
 public:
  JournalHeld(const PostgresServer& postgres, const std::string& database, std::optional<PartitionId> partition = std::nullopt);
  ~JournalHeld();
  JournalHeld(const JournalHeld&) = delete;
  JournalHeld& operator=(const JournalHeld&) = delete;

 private:
  void Run(const std::string& sql);
  PGconn* const session_;
};

// A port of 127.0.0.1 for a server that comes back to it: below those that the system gives out.
int LastingPort();

// What Prometheus would get of the server; and the value of one metric without labels, the test failing where there is none.
std::string MetricsOf(const TestServer& server);
double MetricOf(const TestServer& server, const std::string& name);

class SharedDeployment : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    redis_ = std::make_unique<RedisServer>();
    postgres_ = std::make_unique<PostgresServer>();
  }
  static void TearDownTestSuite() {
    redis_.reset();
    postgres_.reset();
  }
  // Starts both servers, and imports the small district through the first.
  void StartBoth();
  // What the database answers: the first column of the first row.
  std::string Ask(const std::string& sql) { return postgres_->Run(database_, {sql}); }

  static inline std::unique_ptr<RedisServer> redis_;
  static inline std::unique_ptr<PostgresServer> postgres_;

  const std::string database_ = postgres_->NewDatabase();
  const std::string stores_ = RedisAndPostgres(*redis_, database_, postgres_->Conninfo(database_));
  TestServer a_{stores_};
  TestServer b_{a_, stores_};
};

}  // namespace fenfen::server
