#include "tests/server/test_stores.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/ledger/journal/postgres/postgres_server.h"
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen::server {
namespace {

// What the variable asks for, which must be one of these; the first where it asks for nothing.
std::string Chosen(const char* variable, const std::vector<std::string>& known) {
  const char* const given = std::getenv(variable);
  if (given == nullptr) return known.front();
  if (std::find(known.begin(), known.end(), given) != known.end()) return given;
  std::fprintf(stderr, "%s must be one of %s\n", variable, absl::StrJoin(known, ", ").c_str());
  std::exit(2);
}

std::string State() { return Chosen("FENFEN_TEST_STATE", {"memory", "redis", "cluster"}); }
bool InPostgres() { return Chosen("FENFEN_TEST_JOURNAL", {"files", "postgres"}) == "postgres"; }

// Where [redis] finds it.
std::string RedisAddress() {
  if (State() == "redis") {
    static const RedisServer redis;
    return absl::StrCat("address = \"unix:", redis.OverUnixSocket().endpoint.unix_path, "\"");
  }
  static TestCluster cluster;
  return absl::StrCat(
      "cluster = [",
      absl::StrJoin(cluster.Options().cluster, ", ",
                    [](std::string* out, const RedisEndpoint& seed) { absl::StrAppend(out, "\"", FormatEndpoint(seed), "\""); }),
      "]");
}

}  // namespace

std::string NewStores() {
  static std::atomic<int> count{0};
  std::string config;
  if (!StateIsMemory()) {
    absl::StrAppend(&config, "[state]\nstore = \"redis\"\n[redis]\n", RedisAddress(), "\ndeployment = \"t", count.fetch_add(1), "\"\n");
  }
  if (InPostgres()) {
    static PostgresServer postgres;
    absl::StrAppend(&config, "[postgres]\nconnection = \"", postgres.Conninfo(postgres.NewDatabase()),
                    "\"\n[journal]\nstore = \"postgres\"\n");
  }
  return config;
}

bool StateIsMemory() { return State() == "memory"; }
bool JournalIsFiles() { return !InPostgres(); }

}  // namespace fenfen::server
