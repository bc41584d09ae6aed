// Two servers under load while the network between them and their stores, and among the stores, is cut without anybody noticing at once:
// every acknowledged drop is there exactly once, by the clients' own records, and there is no second history.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/server/drop_load.h"
#include "tests/server/shared_deployment.h"
#include "tests/server/test_network.h"

namespace fenfen::server {
namespace {

constexpr int kTimes = 10;
constexpr char kIdleInTransaction[] =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'";

// A Redis Cluster whose nodes are machines of a network: what one says to another goes by kNodes, what server a says to them by kOfA, and
// b's by kOfB, at the nodes' own ports. A node's machine is called by the address that it speaks from.
class NetworkedCluster {
 public:
  static constexpr char kNodes[] = "127.0.1.1", kOfA[] = "127.0.1.2", kOfB[] = "127.0.1.3";

  explicit NetworkedCluster(TestNetwork& network) : network_(network) {
    for (size_t i = 0; i < TestCluster::kNodes; ++i) {
      const std::string port = absl::StrCat("127.0.0.1:", nodes_.node(i).port());
      network.Carry("", Machine(i), {kNodes, nodes_.node(i).port()}, port);
      network.Carry("", Machine(i), {kNodes, nodes_.node(i).cluster_port()}, absl::StrCat("127.0.0.1:", nodes_.node(i).cluster_port()));
      network.Carry("a", Machine(i), {kOfA, nodes_.node(i).port()}, port);
      network.Carry("b", Machine(i), {kOfB, nodes_.node(i).port()}, port);
    }
    for (size_t i = 0; i < TestCluster::kNodes; ++i) {
      // Clients are told the ports alone, so each stays with the address that it has come by.
      nodes_.node(i).Type({"CONFIG", "SET", "bind-source-addr", Machine(i), "cluster-announce-ip", kNodes,
                           "cluster-preferred-endpoint-type", "unknown-endpoint"});
    }
    for (size_t i = 0; i < TestCluster::kNodes; ++i) {
      AwaitThat([&] { return KnowsTheNetwork(i); }, "a node speaks to another one past the network");
    }
    nodes_.AwaitWhole();
  }

  // For a server that finds the nodes at that address.
  std::vector<RedisEndpoint> Seeds(const std::string& ip) {
    std::vector<RedisEndpoint> seeds;
    for (size_t i = 0; i < TestCluster::kNodes; ++i) seeds.push_back({ip, nodes_.node(i).port(), {}});
    return seeds;
  }
  // The node is not heard by any other node any more, nor by b; and with `deaf` it hears none of them either. It is heard by a.
  void CutOff(size_t node, bool deaf) {
    std::vector<std::string> others = {"b"};
    for (size_t i = 0; i < TestCluster::kNodes; ++i) {
      if (i != node) others.push_back(Machine(i));
    }
    for (const std::string& other : others) {
      network_.Cut(Machine(node), other);
      if (deaf) network_.Cut(other, Machine(node));
    }
  }
  bool IsMaster(size_t node) { return absl::StartsWith(nodes_.node(node).Type({"ROLE"}), "master"); }
  // One that is a replica of that master, by what it says.
  size_t ReplicaOf(size_t master) {
    const std::string port = absl::StrCat(" ", nodes_.node(master).port(), " ");
    for (size_t i = 0; i < TestCluster::kNodes; ++i) {
      const std::string role = nodes_.node(i).Type({"ROLE"});
      if (absl::StartsWith(role, "slave") && absl::StrContains(role, port)) return i;
    }
    ADD_FAILURE() << "node " << master << " has no replica";
    return master;
  }
  TestCluster& nodes() { return nodes_; }

 private:
  static std::string Machine(size_t node) { return absl::StrCat("127.0.2.", node + 1); }
  // Whether it finds all others, and itself, where the network carries what is sent to them.
  bool KnowsTheNetwork(size_t node) {
    for (const absl::string_view line : absl::StrSplit(nodes_.node(node).Type({"CLUSTER", "NODES"}), '\n', absl::SkipEmpty())) {
      if (!absl::StrContains(line, absl::StrCat(" ", kNodes, ":")) || !absl::StrContains(line, " connected")) return false;
    }
    return true;
  }

  TestNetwork& network_;
  TestCluster nodes_;
};

using ServersPartitioned = SharedDeployment;

// The two-sided partition of a Redis Cluster. On one side a master and a server, whose clients have no other; on the other side everybody
// else. The master goes on for a while, and what it commits last is known to nobody else's Redis; the others make its replica the master.
TEST_F(ServersPartitioned, AMasterWithAServerOnItsSideTenTimes) {
  TestNetwork network;
  NetworkedCluster cluster(network);
  const std::string conninfo = postgres_->Conninfo(database_);
  TestServer a(ClusterAndPostgres(cluster.Seeds(NetworkedCluster::kOfA), "apart", conninfo));
  TestServer b(a, ClusterAndPostgres(cluster.Seeds(NetworkedCluster::kOfB), "apart", conninfo));
  ASSERT_TRUE(a.Start()) << a.Log();
  a.ImportDistrict();
  ASSERT_TRUE(b.Start()) << b.Log();
  constexpr size_t kOfA = 0, kOfB = 1;
  DropLoad load(a, {{a.address()}, {b.address()}, {a.address(), b.address()}});
  for (int time = 0; time < kTimes && !HasFatalFailure(); ++time) {
    load.Await(60);
    const std::vector<size_t> masters = cluster.nodes().Masters();
    const size_t master = masters[static_cast<size_t>(time) % masters.size()], replica = cluster.ReplicaOf(master);
    const bool deaf = time % 3 != 2;
    cluster.CutOff(master, deaf);
    AwaitThat([&] { return cluster.IsMaster(replica); }, "the replica does not take over");
    load.AwaitOf(kOfB, 20);
    // a finds the new master, too. That takes a while where the old one has not heard of it and says that it is the master.
    if (!deaf || time == 0) load.AwaitOf(kOfA, 20);
    network.Heal();
    AwaitThat([&] { return !cluster.IsMaster(master); }, "the old master does not give way");
    cluster.nodes().AwaitWhole();
  }
  load.Await(60);
  load.Stop();
  if (HasFatalFailure()) return;
  load.ExpectIn(*postgres_, database_);
  EXPECT_EQ(a.Digests(), b.Digests());
  EXPECT_GT(MetricOf(a, "fenfen_redis_restored") + MetricOf(b, "fenfen_redis_restored"), 0) << "the new masters lacked something";
  for (const TestServer* server : {&a, &b}) EXPECT_EQ(MetricOf(*server, "fenfen_journal_partitions_stopped"), 0) << "a second history";
}

// A server that reaches Redis and not PostgreSQL commits what it cannot journal, and whoever can does that.
TEST_F(ServersPartitioned, AServerCutOffFromPostgresTenTimes) {
  TestNetwork network;
  const uint16_t port = network.Carry("a", "postgres", {"127.0.0.1", 0}, absl::StrCat("unix:", postgres_->folder(), "/.s.PGSQL.5432"));
  const std::string far = absl::StrCat("host=127.0.0.1 port=", port, " user=postgres dbname=", database_);
  TestServer a(RedisAndPostgres(*redis_, database_, far + "\"\ntimeout = \"2s"));
  TestServer b(a, RedisAndPostgres(*redis_, database_, postgres_->Conninfo(database_) + "\"\ntimeout = \"2s"));
  ASSERT_TRUE(a.Start()) << a.Log();
  a.ImportDistrict();
  ASSERT_TRUE(b.Start()) << b.Log();
  constexpr size_t kOfA = 0, kOfB = 1;
  DropLoad load(a, {{a.address()}, {b.address()}, {a.address(), b.address()}});
  for (int time = 0; time < kTimes && !HasFatalFailure(); ++time) {
    load.AwaitOf(kOfA, 20);
    network.Cut("a", "postgres");
    if (time % 3 != 2) network.Cut("postgres", "a");
    // What a had under way keeps others out, until PostgreSQL ends it by its own limit, the kernel does, or b, where the kernel does not.
    AwaitThat([&] { return Ask(kIdleInTransaction) == "0"; }, "a keeps b out for too long");
    if (time % 2 == 0) network.LoseSilent("postgres");
    load.AwaitOf(kOfB, 40);
    // Those times a notices, and refuses.
    if (time % 2 == 1) AwaitThat([&] { return MetricOf(a, "fenfen_writable") == 0; }, "a goes on as if it were not cut off");
    network.Heal();
  }
  load.AwaitOf(kOfA, 20);
  load.Stop();
  if (HasFatalFailure()) return;
  load.ExpectIn(*postgres_, database_);
  EXPECT_EQ(a.Digests(), b.Digests());
  EXPECT_GT(MetricOf(b, "fenfen_redis_swept"), 0) << "what a could not journal, b did";
}

}  // namespace
}  // namespace fenfen::server
