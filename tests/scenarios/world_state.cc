#include "tests/scenarios/world_state.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "ledger/state/memory_state.h"
#include "ledger/state/redis/redis_state.h"
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen::scenarios {
namespace {

std::string Chosen() {
  const char* const given = std::getenv("FENFEN_TEST_STATE");
  return given == nullptr ? "memory" : given;
}

RedisOptions WhereRedisIs() {
  if (Chosen() == "redis") {
    static const RedisServer redis;
    return redis.OverUnixSocket();
  }
  static TestCluster cluster;
  return cluster.Options();
}

}  // namespace

std::string NewDeployment() {
  static std::atomic<int> count{0};
  return absl::StrCat("s", count.fetch_add(1));
}

std::unique_ptr<State> OpenState(const std::string& deployment, EngineTail& tail) {
  const std::string chosen = Chosen();
  if (chosen == "memory") return std::make_unique<MemoryState>();
  if (chosen != "redis" && chosen != "cluster") {
    std::fprintf(stderr, "FENFEN_TEST_STATE must be memory, redis or cluster\n");
    std::exit(2);
  }
  RedisStateOptions options;
  options.redis = WhereRedisIs();
  options.deployment = deployment;
  options.patience = absl::Seconds(30);
  return std::make_unique<RedisState>(std::move(options), tail);
}

void AwaitOpen(State& state) {
  auto* redis = dynamic_cast<RedisState*>(&state);
  if (redis == nullptr) return;
  if (const absl::Status opened = redis->AwaitOpen(absl::Minutes(2)); !opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.ToString().c_str());
    std::exit(2);
  }
}

}  // namespace fenfen::scenarios
