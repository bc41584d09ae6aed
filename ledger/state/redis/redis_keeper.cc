// RedisState's beginning and end, and the keeper: the thread that sees to it that partitions are open.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/state/redis/library.h"
#include "ledger/state/redis/redis_fault.h"
#include "ledger/state/redis/redis_state.h"

namespace fenfen {
namespace {

// How long the keeper sleeps where nothing is to be done, and where something did not work out.
constexpr absl::Duration kIdle = absl::Milliseconds(200);
constexpr absl::Duration kSoon = absl::Milliseconds(20);
// How often it asks whose Redis this is while all goes well.
constexpr std::chrono::seconds kLookEvery(1);
// How long a partition rests, at most, between two repairs that did not work out.
constexpr absl::Duration kRepairAgainMax = absl::Milliseconds(160);
// How long after a sweep that failed the next is tried.
constexpr std::chrono::seconds kSweepAgain(1);
// How long, in a round, repairs may wait for what this State has told to become durable.
constexpr std::chrono::milliseconds kAwaitTold(200);
// How long a node that a slot is said to be on its way to may take to let us in.
constexpr std::chrono::seconds kAskPatience(1);
// How often a partition is looked for elsewhere in one round.
constexpr int kRedirectionsMax = 3;

std::string RandomName() {
  absl::BitGen random;
  return absl::StrCat(absl::Hex(absl::Uniform<uint64_t>(random), absl::kZeroPad16));
}

// What waiting does not mend: Redis as it is set up, or what the journal lacks or has put away (JournalTail::Read).
bool Lasting(const absl::Status& status) {
  const RedisFault fault = FaultOf(status);
  if (fault == RedisFault::kNone) return absl::IsDataLoss(status) || absl::IsFailedPrecondition(status);
  return fault == RedisFault::kAccessDenied || fault == RedisFault::kWrongVersion || fault == RedisFault::kMayEvict ||
         fault == RedisFault::kForeign;
}

// The word after `name` in a reply to INFO.
absl::string_view InfoWord(absl::string_view info, absl::string_view name) {
  const size_t at = info.find(name);
  if (at == absl::string_view::npos) return {};
  info.remove_prefix(at + name.size());
  return info.substr(0, info.find('\r'));
}

}  // namespace

RedisState::RedisState(RedisStateOptions options, JournalTail& tail)
    : options_(std::move(options)), tail_(tail), problem_(RedisError(RedisFault::kUnreachable, "not connected yet")), name_(RandomName()) {
  FENFEN_CHECK(IsDeploymentName(options_.deployment));
  cluster_ = std::make_unique<RedisCluster>(options_.redis, [this] { Nudge(); });
  for (uint16_t p = 0; p < kPartitions; ++p) {
    partitions_[p] =
        std::make_unique<RedisPartition>(PartitionId(p), options_, tail_, waiting_works_,
                                         [this](const RedisRoute& route, const absl::Status& status) { TakeFault(route, status); });
  }
  keeper_ = std::thread([this] { Keep(); });
  patience_ = std::thread([this] { EndPatience(); });
}

RedisState::~RedisState() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  keeper_.join();
  patience_.join();
  // Answers what is in flight; nothing is sent any more.
  for (const auto& partition : partitions_) partition->Close();
  cluster_->Stop();
  const absl::Status stopped = RefuseUntil(Reason::REASON_SHUTTING_DOWN, limits::kRetryDelayWhenBusy);
  for (const auto& partition : partitions_) partition->GiveUp(SteadyTime::max(), stopped);
}

absl::Status RedisState::AwaitOpen(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  const auto settled = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return all_open_ || Lasting(problem_); };
  mutex_.AwaitWithTimeout(absl::Condition(&settled), timeout);
  return all_open_ ? absl::OkStatus() : problem_;
}

absl::Status RedisState::Condition() const {
  absl::MutexLock lock(&mutex_);
  return all_open_ ? absl::OkStatus() : problem_;
}

RedisState::Figures RedisState::figures() const {
  absl::MutexLock lock(&mutex_);
  return figures_;
}

void RedisState::Nudge() {
  absl::MutexLock lock(&mutex_);
  nudged_ = true;
}

void RedisState::Sweep(PartitionId partition) {
  sweep_wanted_[partition.value()].store(true);
  Nudge();
}

// Runs under a partition's lock.
void RedisState::TakeFault(const RedisRoute& route, const absl::Status& status) {
  const RedisFault fault = FaultOf(status);
  if (route.node != nullptr) {
    if (fault == RedisFault::kFunctionMissing) route.node->library_doubtful.store(true);
    if (fault == RedisFault::kReadOnly) route.node->replica.store(true);
    if (fault == RedisFault::kMoved) {
      if (const auto redirection = RedirectionOf(status)) cluster_->TakeMoved(*redirection, *route.node);
    }
  }
  absl::MutexLock lock(&mutex_);
  all_open_ = false;
  problem_ = status;
  nudged_ = true;
}

void RedisState::Keep() {
  absl::Duration rest = absl::ZeroDuration();
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      const auto wanted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || nudged_; };
      mutex_.AwaitWithTimeout(absl::Condition(&wanted), rest);
      if (stopping_) return;
      nudged_ = false;
    }
    rest = KeepOnce() ? kIdle : kSoon;
  }
}

// Beside the keeper, which may have to wait for Redis and for the journal.
void RedisState::EndPatience() {
  const absl::Status away = RefuseUntil(Reason::REASON_STORE_UNAVAILABLE, limits::kRetryDelayWhenBusy);
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kSoon)) return;
    }
    if (waiting_works_.load() == 0) continue;
    const SteadyTime now = std::chrono::steady_clock::now();
    for (const auto& partition : partitions_) partition->GiveUp(now, away);
  }
}

bool RedisState::KeepOnce() {
  absl::Status problem;
  round_ = std::chrono::steady_clock::now();
  for (const std::shared_ptr<RedisNode>& node : cluster_->nodes()) {
    if (absl::Status status = PrepareNode(*node); !status.ok()) problem = status;
  }
  cluster_->Retire();
  for (const auto& partition : partitions_) {
    if (absl::Status status = Tend(*partition); !status.ok() && problem.ok()) problem = status;
    absl::MutexLock lock(&mutex_);
    if (stopping_) return true;
  }
  const bool open = std::all_of(partitions_.begin(), partitions_.end(), [](const auto& partition) { return partition->is_open(); });
  absl::MutexLock lock(&mutex_);
  all_open_ = open;
  problem_ = problem.ok() ? RedisError(RedisFault::kFenced, "partitions are being opened") : problem;
  return open;
}

// A new session may lead to another Redis, or to one that has forgotten everything: nothing that was known holds any more. The same within
// a session, where the replication id tells that this Redis has begun a new life.
absl::Status RedisState::PrepareNode(RedisNode& node) {
  const RedisClient::SessionId session = node.client.session();
  if (node.replica.exchange(false)) node.client.Leave(session, RedisError(RedisFault::kReadOnly, "it has become a replica"));
  if (session == 0) {
    node.prepared = 0;
    return node.client.status();
  }
  const SteadyTime now = std::chrono::steady_clock::now();
  const bool fresh = session != node.prepared;
  if (!fresh && !node.library_doubtful.load() && now < node.next_look) return absl::OkStatus();
  if (fresh) {
    node.prepared = 0;
    absl::MutexLock lock(&mutex_);
    ++figures_.sessions;
  }
  const absl::StatusOr<RedisReply> info = node.client.Call(session, {"INFO", "replication", "memory"});
  absl::Status status = info.status();
  if (status.ok()) {
    const absl::string_view policy = InfoWord(info->value().text(), "maxmemory_policy:");
    if (policy != "noeviction") status = RedisError(RedisFault::kMayEvict, absl::StrCat("it is ", policy));
  }
  if (status.ok() && (node.library_doubtful.exchange(false) || fresh)) status = EnsureLibrary(node.client, session);
  if (!status.ok()) {
    node.prepared = 0;
    return status;
  }
  const std::string replid(InfoWord(info->value().text(), "master_replid:"));
  if (!fresh && replid != node.replid) {
    for (const auto& partition : partitions_) partition->CloseIfBy(node);
  }
  node.replid = replid;
  node.prepared = session;
  node.next_look = now + kLookEvery;
  return absl::OkStatus();
}

absl::Status RedisState::Tend(RedisPartition& partition) {
  Care& care = care_[partition.id().value()];
  partition.CloseIfSessionOver();
  partition.SettleIdle();
  const SteadyTime now = std::chrono::steady_clock::now();
  partition.Glance(now);
  std::atomic<bool>& wanted = sweep_wanted_[partition.id().value()];
  if (now >= next_sweep_ && (partition.LeftBehind() || (now >= care.next_sweep && wanted.exchange(false)))) {
    care.next_sweep = now + absl::ToChronoNanoseconds(kSoon);
    if (absl::Status status = SweepOpen(partition); !status.ok()) {
      // A journal that cannot be asked need not be asked for each of them.
      next_sweep_ = now + kSweepAgain;
      return status;
    }
  }
  // Where nothing has helped lately, the journal and Redis are not asked again at once.
  if (now < care.next_repair && !partition.is_open()) return care.problem;
  care.problem = absl::OkStatus();
  for (int attempt = 0; attempt < kRedirectionsMax && partition.BeginRepair(); ++attempt) {
    const absl::StatusOr<RedisRoute> route = RouteOf(partition);
    if (!route.ok()) return route.status();
    care.problem = Repair(partition, *route);
    const RedisFault fault = FaultOf(care.problem);
    if (fault != RedisFault::kMoved && fault != RedisFault::kAsk) break;
  }
  care.rest = care.problem.ok() ? absl::ZeroDuration() : std::clamp(2 * care.rest, kSoon, kRepairAgainMax);
  care.next_repair = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(care.rest);
  return care.problem;
}

absl::StatusOr<RedisRoute> RedisState::RouteOf(const RedisPartition& partition) {
  Care& care = care_[partition.id().value()];
  RedisRoute route{care.asking != nullptr ? care.asking : cluster_->NodeOf(partition.keys().slot()), 0, care.asking != nullptr};
  if (route.node == nullptr) {
    cluster_->WantMap();
    return cluster_->status();
  }
  route.session = route.node->prepared;
  if (route.session != 0) return route;
  // It is on the way, or has not been met before, or is gone: then the map says who has taken its place.
  cluster_->WantMap();
  const absl::Status status = route.node->client.status();
  if (std::chrono::steady_clock::now() > care.asking_until) care.asking = nullptr;
  return status.ok() ? RedisError(RedisFault::kUnreachable, "a node is being looked at") : status;
}

absl::Status RedisState::Repair(RedisPartition& partition, const RedisRoute& route) {
  Care& care = care_[partition.id().value()];
  PartitionRepair repair(partition.id(), partition.keys(), route, tail_, {partition.told(), round_ + kAwaitTold, name_}, care.memory);
  absl::StatusOr<FenceToken> token = repair.Run();
  {
    absl::MutexLock lock(&mutex_);
    ++figures_.repairs;
    figures_.joined += repair.report().joined ? 1 : 0;
    figures_.began_anew += repair.report().began_anew ? 1 : 0;
    figures_.restored += repair.report().restored;
    figures_.swept += repair.report().swept;
  }
  if (token.ok()) {
    care.asking = nullptr;
    partition.Open({route, *std::move(token)});
    return absl::OkStatus();
  }
  const RedisFault fault = FaultOf(token.status());
  if (fault == RedisFault::kFunctionMissing) route.node->library_doubtful.store(true);
  if (fault == RedisFault::kReadOnly) route.node->replica.store(true);
  // A slot that is half-way is asked for again where it is going to.
  if (fault != RedisFault::kLoading) care.asking = nullptr;
  if (const auto redirection = RedirectionOf(token.status())) {
    if (fault == RedisFault::kMoved) cluster_->TakeMoved(*redirection, *route.node);
    if (fault == RedisFault::kAsk) {
      care.asking = cluster_->NodeAt(*redirection, *route.node);
      care.asking_until = std::chrono::steady_clock::now() + kAskPatience;
    }
  }
  return token.status();
}

// What was committed under the term that the partition is open under, the journal may take as long as that is the present one; whoever told
// it, or was to tell it.
absl::Status RedisState::SweepOpen(RedisPartition& partition) {
  const std::optional<RedisPartition::Access> access = partition.access();
  if (!access || access->fence.term == 0) return absl::OkStatus();
  const absl::StatusOr<JournalTail::Head> head = tail_.HeadOf(partition.id());
  if (!head.ok()) return head.status();
  if (head->term != access->fence.term) {
    partition.Doubt(*access, RedisError(RedisFault::kFenced, "the journal has begun another term"));
    return absl::OkStatus();
  }
  const absl::StatusOr<uint64_t> swept =
      SweepOutbox(access->route, partition.keys(), partition.id(), access->fence.Opening(), tail_, access->fence.term, head->last);
  if (!swept.ok()) return swept.status();
  absl::MutexLock lock(&mutex_);
  figures_.swept += *swept;
  return absl::OkStatus();
}

}  // namespace fenfen
