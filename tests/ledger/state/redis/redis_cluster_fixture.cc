#include "tests/ledger/state/redis/redis_cluster_fixture.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace fenfen {
namespace {

// A node that is silent for so long is taken for dead. Shorter, and a busy machine makes dead what is only slow.
constexpr int kNodeTimeoutMs = 1500;
constexpr int kSlots = 16'384;
constexpr char kReplicaUser[] = "replica", kReplicaPassword[] = "follows";

}  // namespace

void AwaitThat(const std::function<bool()>& condition, const std::string& what) {
  // After a failure nothing is waited for any more, so that the test ends.
  const absl::Time deadline = absl::Now() + (testing::Test::HasFatalFailure() ? absl::ZeroDuration() : absl::Seconds(60));
  while (!condition()) {
    ASSERT_LT(absl::Now(), deadline) << what;
    absl::SleepFor(absl::Milliseconds(10));
  }
}

TestCluster::TestCluster(const std::vector<std::string>& settings) {
  for (size_t i = 0; i < kNodes; ++i) {
    std::vector<std::string> lines = {
        "cluster-enabled yes",
        absl::StrCat("cluster-node-timeout ", kNodeTimeoutMs),
        // A replica takes over however long it has heard nothing, and stays with its master.
        "cluster-replica-validity-factor 0",
        "cluster-allow-replica-migration no",
        "repl-diskless-sync-delay 0",
        absl::StrCat("user ", kReplicaUser, " on >", kReplicaPassword, " +psync +replconf +ping"),
        absl::StrCat("masteruser ", kReplicaUser),
        absl::StrCat("masterauth ", kReplicaPassword),
    };
    lines.insert(lines.end(), settings.begin(), settings.end());
    nodes_[i] = std::make_unique<RedisServer>(std::move(lines));
  }
  Form();
}

void TestCluster::Form() {
  for (size_t i = 0; i < kNodes; ++i) Ask(i, {"CLUSTER", "SET-CONFIG-EPOCH", absl::StrCat(i + 1)});
  for (size_t i = 0; i < kMasters; ++i) {
    const size_t first = kSlots * i / kMasters, last = kSlots * (i + 1) / kMasters - 1;
    Ask(i, {"CLUSTER", "ADDSLOTSRANGE", absl::StrCat(first), absl::StrCat(last)});
  }
  for (size_t i = 1; i < kNodes; ++i) {
    Ask(0, {"CLUSTER", "MEET", "127.0.0.1", absl::StrCat(nodes_[i]->port()), absl::StrCat(nodes_[i]->cluster_port())});
  }
  for (size_t i = 0; i < kNodes; ++i) {
    AwaitThat(
        [&] {
          return absl::StrContains(Ask(i, {"CLUSTER", "INFO"}), absl::StrCat("cluster_known_nodes:", kNodes));
        },
        "the nodes do not meet");
  }
  for (size_t i = kMasters; i < kNodes; ++i) {
    const std::string master = IdOf(i - kMasters);
    AwaitThat([&] { return Ask(i, {"CLUSTER", "REPLICATE", master}) == "OK"; }, "a replica does not know its master");
  }
  AwaitWhole();
}

RedisOptions TestCluster::Options() const {
  RedisOptions options = nodes_[0]->OverTcp();
  for (const auto& node : nodes_) options.cluster.push_back({"127.0.0.1", node->port(), {}});
  // So that a silent node is noticed at about the time that the cluster notices it.
  options.command_timeout = options.connect_timeout = absl::Seconds(1);
  return options;
}

std::string TestCluster::Ask(size_t i, const RedisCommand& command) const { return away_[i] ? "" : nodes_[i]->Type(command); }

std::vector<std::string> TestCluster::Myself(size_t i) const {
  for (const absl::string_view line : absl::StrSplit(Ask(i, {"CLUSTER", "NODES"}), '\n')) {
    if (absl::StrContains(line, "myself")) return absl::StrSplit(line, ' ');
  }
  return {};
}

bool TestCluster::IsMaster(size_t i) const {
  const std::vector<std::string> words = Myself(i);
  return words.size() > 8 && absl::StrContains(words[2], "master");
}

std::vector<size_t> TestCluster::Masters() const {
  std::vector<size_t> masters;
  for (size_t i = 0; i < kNodes; ++i) {
    if (IsMaster(i)) masters.push_back(i);
  }
  return masters;
}

size_t TestCluster::MasterOf(uint16_t slot) const {
  size_t master = kNodes;
  AwaitThat([&] { return (master = FindMaster(slot)) != kNodes; }, "no master has the slot");
  return master;
}

size_t TestCluster::FindMaster(uint16_t slot) const {
  for (size_t i = 0; i < kNodes; ++i) {
    const std::vector<std::string> words = Myself(i);
    if (words.size() <= 8 || !absl::StrContains(words[2], "master")) continue;
    for (size_t w = 8; w < words.size(); ++w) {
      const std::pair<std::string, std::string> range = absl::StrSplit(words[w], absl::MaxSplits('-', 1));
      int first = 0, last = 0;
      if (!absl::SimpleAtoi(range.first, &first)) continue;  // a slot on its way, in brackets
      if (range.second.empty() || !absl::SimpleAtoi(range.second, &last)) last = first;
      if (first <= slot && slot <= last) return i;
    }
  }
  return kNodes;
}

void TestCluster::CutReplication(size_t master) {
  Ask(master, {"ACL", "SETUSER", kReplicaUser, "off"});
  Ask(master, {"CLIENT", "KILL", "TYPE", "replica"});
}

void TestCluster::ReplicateAgain(size_t master) { Ask(master, {"ACL", "SETUSER", kReplicaUser, "on"}); }

void TestCluster::Kill(size_t i) {
  nodes_[i]->Kill();
  away_[i] = true;
}

void TestCluster::Start(size_t i) {
  nodes_[i]->Start();
  away_[i] = false;
}

void TestCluster::Pause(size_t i) {
  nodes_[i]->Pause();
  away_[i] = true;
}

void TestCluster::Resume(size_t i) {
  nodes_[i]->Resume();
  away_[i] = false;
}

void TestCluster::MoveKey(const std::string& key, size_t from, size_t to) {
  const std::string moved = Ask(from, {"MIGRATE", "127.0.0.1", absl::StrCat(nodes_[to]->port()), key, "0", "30000"});
  ASSERT_TRUE(moved == "OK" || moved == "NOKEY") << moved;
}

void TestCluster::BeginToMoveSlot(uint16_t slot, size_t from, size_t to, const std::vector<std::string>& keys) {
  const std::string number = absl::StrCat(slot);
  ASSERT_EQ(Ask(to, {"CLUSTER", "SETSLOT", number, "IMPORTING", IdOf(from)}), "OK");
  ASSERT_EQ(Ask(from, {"CLUSTER", "SETSLOT", number, "MIGRATING", IdOf(to)}), "OK");
  for (const std::string& key : keys) MoveKey(key, from, to);
}

void TestCluster::MoveSlot(uint16_t slot, size_t from, size_t to) {
  const std::string number = absl::StrCat(slot), target = IdOf(to);
  BeginToMoveSlot(slot, from, to, {});
  while (true) {
    const std::string key = Ask(from, {"CLUSTER", "GETKEYSINSLOT", number, "1"});
    if (key.empty()) break;
    MoveKey(key, from, to);
  }
  ASSERT_EQ(Ask(to, {"CLUSTER", "SETSLOT", number, "NODE", target}), "OK");
  ASSERT_EQ(Ask(from, {"CLUSTER", "SETSLOT", number, "NODE", target}), "OK");
}

void TestCluster::AwaitOtherMaster(uint16_t slot, size_t old) {
  AwaitThat(
      [&] {
        const size_t master = FindMaster(slot);
        return master != kNodes && master != old;
      },
      "no replica has taken over");
}

void TestCluster::AwaitWhole() {
  const auto whole = [this](size_t i) {
    if (!absl::StrContains(Ask(i, {"CLUSTER", "INFO"}), "cluster_state:ok")) return false;
    const std::string replication = Ask(i, {"INFO", "replication"});
    return absl::StrContains(replication, "role:master") || absl::StrContains(replication, "master_link_status:up");
  };
  for (size_t i = 0; i < kNodes; ++i) {
    if (!away_[i]) AwaitThat([&] { return whole(i); }, absl::StrCat("node ", i, " does not find the cluster whole"));
  }
  AwaitThat([this] { return Masters().size() == kMasters; }, "there are not as many masters as there should be");
}

}  // namespace fenfen
