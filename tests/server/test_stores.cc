#include "tests/server/test_stores.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "tests/ledger/journal/postgres/postgres_server.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen::server {
namespace {

// What the variable asks for, which must be one of two.
bool Chosen(const char* variable, const std::string& other, const std::string& usual) {
  const char* const given = std::getenv(variable);
  if (given == nullptr || given == usual) return false;
  if (given == other) return true;
  std::fprintf(stderr, "%s must be %s or %s\n", variable, usual.c_str(), other.c_str());
  std::exit(2);
}

bool InRedis() { return Chosen("FENFEN_TEST_STATE", "redis", "memory"); }
bool InPostgres() { return Chosen("FENFEN_TEST_JOURNAL", "postgres", "files"); }

}  // namespace

std::string NewStores() {
  static std::atomic<int> count{0};
  std::string config;
  if (InRedis()) {
    static const RedisServer redis;
    absl::StrAppend(&config, "[state]\nstore = \"redis\"\n[redis]\naddress = \"unix:", redis.OverUnixSocket().endpoint.unix_path,
                    "\"\ndeployment = \"t", count.fetch_add(1), "\"\n");
  }
  if (InPostgres()) {
    static PostgresServer postgres;
    absl::StrAppend(&config, "[postgres]\nconnection = \"", postgres.Conninfo(postgres.NewDatabase()),
                    "\"\n[journal]\nstore = \"postgres\"\n");
  }
  return config;
}

bool StateIsMemory() { return !InRedis(); }
bool JournalIsFiles() { return !InPostgres(); }

}  // namespace fenfen::server
