// RedisState's beginning and end, and the keeper: the thread that sees to it that partitions are open.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
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

// What waiting does not mend.
bool Lasting(const absl::Status& status) {
  const RedisFault fault = FaultOf(status);
  return fault == RedisFault::kAccessDenied || fault == RedisFault::kWrongVersion || fault == RedisFault::kMayEvict ||
         fault == RedisFault::kForeign || absl::IsDataLoss(status);
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
    : options_(std::move(options)), tail_(tail), problem_(RedisError(RedisFault::kUnreachable, "not connected yet")) {
  FENFEN_CHECK(IsDeploymentName(options_.deployment));
  client_ = std::make_unique<RedisClient>(options_.redis, [this](RedisClient::SessionId) { Nudge(); });
  for (uint16_t p = 0; p < kPartitions; ++p) {
    partitions_[p] = std::make_unique<RedisPartition>(PartitionId(p), options_, *client_, tail_, waiting_works_,
                                                      [this](const absl::Status& status) { TakeFault(status); });
  }
  keeper_ = std::thread([this] { Keep(); });
}

RedisState::~RedisState() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  keeper_.join();
  // Answers what is in flight; nothing is sent any more.
  CloseAll();
  client_.reset();
  for (const auto& partition : partitions_) partition->GiveUp(SteadyTime::max());
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

void RedisState::Note(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  problem_ = status;
}

// Runs under a partition's lock.
void RedisState::TakeFault(const absl::Status& status) {
  if (FaultOf(status) == RedisFault::kFunctionMissing) library_doubtful_.store(true);
  if (FaultOf(status) == RedisFault::kReadOnly) replica_.store(true);
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

bool RedisState::KeepOnce() {
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const auto& partition : partitions_) partition->GiveUp(now);
  const RedisClient::SessionId session = client_->session();
  if (replica_.exchange(false)) client_->Leave(session, RedisError(RedisFault::kReadOnly, "it has become a replica"));
  if (session == 0 || !PrepareSession(session)) {
    CloseAll();
    if (session == 0) Note(client_->status());
    return false;
  }
  absl::Status problem;
  for (const auto& partition : partitions_) {
    partition->SettleIdle();
    if (partition->BeginRepair()) {
      if (absl::Status status = Repair(*partition, session); !status.ok()) problem = status;
      // Repairs may take long; no work of another partition waits for longer than its patience.
      partition->GiveUp(std::chrono::steady_clock::now());
    }
    if (client_->session() != session) return false;
  }
  const bool open = std::all_of(partitions_.begin(), partitions_.end(), [](const auto& partition) { return partition->is_open(); });
  absl::MutexLock lock(&mutex_);
  all_open_ = open;
  problem_ = problem.ok() ? RedisError(RedisFault::kFenced, "partitions are being opened") : problem;
  return open;
}

// A new session may lead to another Redis, or to one that has forgotten everything: nothing that was known holds any more. The same within
// a session, where the replication id tells that this Redis has begun a new life.
bool RedisState::PrepareSession(RedisClient::SessionId session) {
  const SteadyTime now = std::chrono::steady_clock::now();
  const bool fresh = session != prepared_;
  if (!fresh && !library_doubtful_.load() && now < next_look_) return true;
  if (fresh) {
    CloseAll();
    absl::MutexLock lock(&mutex_);
    ++figures_.sessions;
  }
  const absl::StatusOr<RedisReply> info = client_->Call(session, {"INFO", "replication", "memory"});
  absl::Status status = info.status();
  if (status.ok()) {
    const absl::string_view policy = InfoWord(info->value().text(), "maxmemory_policy:");
    if (policy != "noeviction") status = RedisError(RedisFault::kMayEvict, absl::StrCat("it is ", policy));
  }
  if (status.ok() && (fresh || library_doubtful_.exchange(false))) status = EnsureLibrary(*client_, session);
  if (!status.ok()) {
    prepared_ = 0;
    Note(status);
    return false;
  }
  const std::string replid(InfoWord(info->value().text(), "master_replid:"));
  if (!fresh && replid != replid_) CloseAll();
  replid_ = replid;
  prepared_ = session;
  next_look_ = now + kLookEvery;
  return true;
}

absl::Status RedisState::Repair(RedisPartition& partition, RedisClient::SessionId session) {
  PartitionRepair repair(partition.id(), partition.keys(), *client_, session, tail_);
  absl::StatusOr<FenceToken> token = repair.Run();
  {
    absl::MutexLock lock(&mutex_);
    ++figures_.repairs;
    figures_.began_anew += repair.report().began_anew ? 1 : 0;
    figures_.restored += repair.report().restored;
    figures_.swept += repair.report().swept;
  }
  if (token.ok()) {
    partition.Open({session, *std::move(token)});
    return absl::OkStatus();
  }
  if (FaultOf(token.status()) == RedisFault::kFunctionMissing) library_doubtful_.store(true);
  if (FaultOf(token.status()) == RedisFault::kReadOnly) replica_.store(true);
  return token.status();
}

void RedisState::CloseAll() {
  for (const auto& partition : partitions_) partition->Close();
  absl::MutexLock lock(&mutex_);
  all_open_ = false;
}

}  // namespace fenfen
