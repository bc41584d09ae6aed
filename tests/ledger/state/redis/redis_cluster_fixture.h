// TestCluster: a real Redis Cluster for tests, three masters and a replica of each on this machine, all ended with the object. Everything
// here waits for what it has caused, generously; only a failover takes its time, some seconds.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ledger/state/redis/redis_options.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen {

class TestCluster {
 public:
  static constexpr size_t kMasters = 3;
  static constexpr size_t kNodes = 2 * kMasters;

  // `settings` are further lines of every node's redis.conf.
  explicit TestCluster(const std::vector<std::string>& settings = {});

  // How to reach it, with time-outs that suit a test.
  RedisOptions Options() const;
  RedisServer& node(size_t i) { return *nodes_[i]; }

  // The living master that has the slot, as it says itself; waits until there is one.
  size_t MasterOf(uint16_t slot) const;
  // The living masters.
  std::vector<size_t> Masters() const;

  // From now on no replica gets anything from this node, and the one that it has has what came before. The other way: ReplicateAgain.
  void CutReplication(size_t master);
  void ReplicateAgain(size_t master);

  void Kill(size_t i);
  void Start(size_t i);
  void Pause(size_t i);
  void Resume(size_t i);

  // Moves a slot to another master as an operator does, one key after the other.
  void MoveSlot(uint16_t slot, size_t from, size_t to);

  // Only the beginning of that: these keys.
  void BeginToMoveSlot(uint16_t slot, size_t from, size_t to, const std::vector<std::string>& keys);

  // Waits until the slot has another master than `old`.
  void AwaitOtherMaster(uint16_t slot, size_t old);
  // Waits until all nodes that should be living are there, agree that the cluster is, and each replica follows its master.
  void AwaitWhole();

 private:
  // kNodes for none.
  size_t FindMaster(uint16_t slot) const;
  std::string Ask(size_t i, const RedisCommand& command) const;
  // What the node says of itself: flags and slots, the words of its line in CLUSTER NODES.
  std::vector<std::string> Myself(size_t i) const;
  bool IsMaster(size_t i) const;
  std::string IdOf(size_t i) const { return Ask(i, {"CLUSTER", "MYID"}); }
  void Form();
  void MoveKey(const std::string& key, size_t from, size_t to);

  std::array<bool, kNodes> away_{};  // killed or paused
  std::array<std::unique_ptr<RedisServer>, kNodes> nodes_;
};

// Waits until it holds, for as long as anybody could need; else the test fails with `what`.
void AwaitThat(const std::function<bool()>& condition, const std::string& what);

}  // namespace fenfen
