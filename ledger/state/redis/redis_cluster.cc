#include "ledger/state/redis/redis_cluster.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/state/redis/partition_keys.h"
#include "ledger/state/redis/redis_link.h"

namespace fenfen {
namespace {

// Of a cluster; Redis itself advises against more.
constexpr size_t kNodesMax = 1000;
// Between two questions for the map while it is wanted, and when it is not.
constexpr absl::Duration kMapSoon = absl::Milliseconds(100);
constexpr absl::Duration kMapIdle = absl::Seconds(10);
constexpr absl::Duration kMapTimeout = absl::Milliseconds(500);

absl::Status NotAMap() { return absl::InternalError("Redis: a reply that is no map of slots"); }

}  // namespace

absl::StatusOr<std::vector<SlotRange>> ParseSlots(RedisValue reply, const RedisEndpoint& asked) {
  if (!reply.is_array() || reply.size() > static_cast<size_t>(kSlots)) return NotAMap();
  std::vector<SlotRange> ranges;
  for (size_t i = 0; i < reply.size(); ++i) {
    const int64_t first = reply[i][0].integer(), last = reply[i][1].integer(), port = reply[i][2][1].integer();
    if (!reply[i][0].is_integer() || first < 0 || last < first || last >= kSlots || port <= 0 || port > 65'535) return NotAMap();
    const absl::string_view host = reply[i][2][0].text();
    const bool known = !host.empty() && host != "?";
    ranges.push_back({static_cast<uint16_t>(first),
                      static_cast<uint16_t>(last),
                      {known ? std::string(host) : asked.host, static_cast<uint16_t>(port), {}}});
  }
  return ranges;
}

RedisCluster::RedisCluster(RedisOptions options, std::function<void()> on_change)
    : options_(std::move(options)),
      on_change_(std::move(on_change)),
      wake_fd_(eventfd(0, EFD_CLOEXEC)),
      status_(RedisError(RedisFault::kUnreachable, "no node of the cluster has told the slots yet")) {
  FENFEN_CHECK(wake_fd_ >= 0);
  if (options_.cluster.empty()) {
    absl::MutexLock lock(&mutex_);
    const auto node = std::make_shared<RedisNode>(options_, [this](RedisClient::SessionId) { on_change_(); });
    nodes_.emplace("", Known{options_.endpoint, node});
    ranges_.emplace(0, Range{kSlots - 1, node});
    return;
  }
  mapper_ = std::thread([this] { KeepMap(); });
}

RedisCluster::~RedisCluster() {
  Stop();
  close(wake_fd_);
}

void RedisCluster::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (mapper_.joinable()) mapper_.join();
  for (const std::shared_ptr<RedisNode>& node : nodes()) node->client.Stop();
}

std::shared_ptr<RedisNode> RedisCluster::NodeOf(uint16_t slot) const {
  absl::MutexLock lock(&mutex_);
  if (const auto moved = moved_.find(slot); moved != moved_.end()) return moved->second;
  auto after = ranges_.upper_bound(slot);
  if (after == ranges_.begin()) return nullptr;
  const Range& range = std::prev(after)->second;
  return slot <= range.last ? range.node : nullptr;
}

absl::Status RedisCluster::status() const {
  absl::MutexLock lock(&mutex_);
  return status_.ok() ? RedisError(RedisFault::kLoading, "no node has the slot") : status_;
}

std::vector<std::shared_ptr<RedisNode>> RedisCluster::nodes() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<RedisNode>> nodes;
  for (const auto& [name, known] : nodes_) nodes.push_back(known.node);
  return nodes;
}

std::shared_ptr<RedisNode> RedisCluster::NodeFor(const RedisEndpoint& endpoint) {
  const std::string name = FormatEndpoint(endpoint);
  if (const auto found = nodes_.find(name); found != nodes_.end()) return found->second.node;
  if (stopping_ || nodes_.size() >= kNodesMax) return nullptr;
  RedisOptions options = options_;
  options.endpoint = endpoint;
  options.sentinels.clear();
  options.cluster.clear();
  auto node = std::make_shared<RedisNode>(std::move(options), [this](RedisClient::SessionId) { on_change_(); });
  nodes_.emplace(name, Known{endpoint, node});
  return node;
}

RedisEndpoint RedisCluster::EndpointOf(const Redirection& redirection, const RedisNode& from) const {
  RedisEndpoint endpoint{redirection.host, redirection.port, {}};
  for (const auto& [name, known] : nodes_) {
    if (endpoint.host.empty() && known.node.get() == &from) endpoint.host = known.endpoint.host;
  }
  return endpoint;
}

void RedisCluster::TakeMoved(const Redirection& redirection, const RedisNode& from) {
  if (options_.cluster.empty()) return;
  absl::MutexLock lock(&mutex_);
  wanted_ = true;
  if (auto node = NodeFor(EndpointOf(redirection, from)); node != nullptr) moved_[redirection.slot] = std::move(node);
}

std::shared_ptr<RedisNode> RedisCluster::NodeAt(const Redirection& redirection, const RedisNode& from) {
  if (options_.cluster.empty()) return nullptr;
  absl::MutexLock lock(&mutex_);
  return NodeFor(EndpointOf(redirection, from));
}

void RedisCluster::WantMap() {
  absl::MutexLock lock(&mutex_);
  wanted_ = true;
}

void RedisCluster::Retire() {
  std::vector<std::shared_ptr<RedisNode>> retired;
  {
    absl::MutexLock lock(&mutex_);
    for (auto it = nodes_.begin(); it != nodes_.end();) {
      // Only the table has it, and who is given it from there waits for the lock.
      if (it->second.node.use_count() > 1) {
        ++it;
        continue;
      }
      retired.push_back(std::move(it->second.node));
      it = nodes_.erase(it);
    }
  }
  for (const auto& node : retired) node->client.Stop();
}

void RedisCluster::KeepMap() {
  absl::Duration rest = absl::ZeroDuration();
  for (size_t turn = 0;; ++turn) {
    {
      absl::MutexLock lock(&mutex_);
      const auto ends = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; };
      if (mutex_.AwaitWithTimeout(absl::Condition(&ends), rest)) return;
      const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || wanted_; };
      mutex_.AwaitWithTimeout(absl::Condition(&due), kMapIdle);
      if (stopping_) return;
      wanted_ = false;
    }
    // One node an attempt; the next attempt asks the next.
    const std::vector<RedisEndpoint> candidates = Candidates();
    const RedisEndpoint& candidate = candidates[turn % candidates.size()];
    const absl::StatusOr<std::vector<SlotRange>> ranges = AskForMap(candidate);
    if (ranges.ok()) {
      TakeMap(*ranges);
      on_change_();
    } else {
      absl::MutexLock lock(&mutex_);
      status_ = ranges.status();
      wanted_ = true;
    }
    rest = kMapSoon;
  }
}

std::vector<RedisEndpoint> RedisCluster::Candidates() const {
  absl::MutexLock lock(&mutex_);
  std::vector<RedisEndpoint> candidates;
  for (const auto& [name, known] : nodes_) candidates.push_back(known.endpoint);
  candidates.insert(candidates.end(), options_.cluster.begin(), options_.cluster.end());
  return candidates;
}

// Over a connection of its own: seeds may be replicas, and a client's may be stuck with a node that is silent.
absl::StatusOr<std::vector<SlotRange>> RedisCluster::AskForMap(const RedisEndpoint& endpoint) const {
  const SteadyTime deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(std::min(options_.connect_timeout, kMapTimeout));
  RedisLink link(options_, wake_fd_);
  if (absl::Status status = link.Connect(endpoint, deadline); !status.ok()) return status;
  if (!options_.password.empty()) {
    RedisCommand auth{"AUTH"};
    if (!options_.user.empty()) auth.push_back(options_.user);
    auth.push_back(options_.password);
    if (const auto reply = link.Ask(auth, deadline); !reply.ok()) return reply.status();
  }
  // A master that was cut off from the others goes on believing that its slots are its own; after a while it knows that it has no
  // majority.
  const absl::StatusOr<RedisReply> info = link.Ask({"CLUSTER", "INFO"}, deadline);
  if (!info.ok()) return info.status();
  if (!absl::StrContains(info->value().text(), "cluster_state:ok")) {
    return RedisError(RedisFault::kLoading, absl::StrCat("the cluster is down as ", FormatEndpoint(endpoint), " sees it"));
  }
  const absl::StatusOr<RedisReply> reply = link.Ask({"CLUSTER", "SLOTS"}, deadline);
  if (!reply.ok()) return reply.status();
  return ParseSlots(reply->value(), endpoint);
}

void RedisCluster::TakeMap(const std::vector<SlotRange>& ranges) {
  absl::MutexLock lock(&mutex_);
  ranges_.clear();
  moved_.clear();
  for (const SlotRange& range : ranges) {
    if (auto node = NodeFor(range.master); node != nullptr) ranges_[range.first] = Range{range.last, std::move(node)};
  }
  status_ = absl::OkStatus();
}

}  // namespace fenfen
