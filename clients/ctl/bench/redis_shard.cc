#include "clients/ctl/bench/redis_shard.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "clients/ctl/bench/measure.h"
#include "ledger/state/redis/partition_keys.h"

namespace fenfen::bench {
namespace {

constexpr char kProgram[] = "/usr/bin/redis-server";  // Debian's
constexpr absl::Duration kOpenMax = absl::Seconds(60);
constexpr absl::Duration kCalmMax = absl::Seconds(120);
constexpr absl::Duration kCalmStep = absl::Milliseconds(50);
constexpr timeval kAnswerMax = {60, 0};

struct CloseContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
using Context = std::unique_ptr<redisContext, CloseContext>;

absl::StatusOr<Context> Connect(const std::string& socket) {
  Context context(redisConnectUnix(socket.c_str()));
  if (context == nullptr || context->err != 0) return absl::UnavailableError(absl::StrCat(socket, ": 连不上 / cannot connect"));
  redisSetTimeout(context.get(), kAnswerMax);
  return context;
}

absl::StatusOr<RedisReply> Answer(redisContext* context) {
  void* reply = nullptr;
  if (redisGetReply(context, &reply) != REDIS_OK) return absl::UnavailableError(absl::StrCat("Redis: ", context->errstr));
  return RedisReply(static_cast<redisReply*>(reply));
}

absl::StatusOr<RedisReply> Ask(redisContext* context, const RedisCommand& command) {
  std::string bytes;
  AppendCommand(command, bytes);
  redisAppendFormattedCommand(context, bytes.data(), bytes.size());
  return Answer(context);
}

}  // namespace

// A journal that has everything as soon as it is told.
class RedisShard::Tail final : public JournalTail {
 public:
  uint64_t Id() const override { return 1; }
  PartitionSeq LastDurable(PartitionId partition) const override { return PartitionSeq(last_[partition.value()].load()); }
  absl::StatusOr<PartitionSeq> Settle(PartitionId partition) override { return LastDurable(partition); }
  absl::StatusOr<Head> Claim(PartitionId partition) override { return Head{0, LastDurable(partition)}; }
  absl::StatusOr<Head> HeadOf(PartitionId partition) override { return Head{0, LastDurable(partition)}; }
  absl::StatusOr<std::string> Read(PartitionId, PartitionSeq) override { return absl::NotFoundError("kept nowhere"); }
  absl::Status Append(PartitionId partition, uint64_t, PartitionSeq first, std::vector<std::string> transactions) override {
    last_[partition.value()].store(first.value() + transactions.size() - 1);
    return absl::OkStatus();
  }
  void Take(PartitionId partition, PartitionSeq seq) { last_[partition.value()].store(seq.value()); }

 private:
  std::array<std::atomic<uint64_t>, kPartitions> last_{};
};

void RedisShard::InFlight::Begin() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](size_t* count) { return *count < kCallsInFlight; }, &count_));
  ++count_;
}

void RedisShard::InFlight::Done(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  status_.Update(status);
  --count_;
}

absl::Status RedisShard::InFlight::AwaitAll() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](size_t* count) { return *count == 0; }, &count_));
  return status_;
}

RedisShard::RedisShard(std::string home, std::string socket, pid_t pid)
    : home_(std::move(home)), socket_(std::move(socket)), pid_(pid), tail_(std::make_unique<Tail>()) {}

RedisShard::~RedisShard() = default;

absl::StatusOr<std::unique_ptr<RedisShard>> RedisShard::Start(ctl::Services& services, const std::string& folder, const std::string& name,
                                                              const std::string& append_only) {
  const std::string home = absl::StrCat(folder, "/", name), socket = absl::StrCat(home, "/redis.sock");
  std::error_code error;
  std::filesystem::create_directories(home, error);
  if (error) return absl::ErrnoToStatus(error.value(), home);
  ctl::Service service;
  service.name = name;
  service.options.arguments = {kProgram,
                               "--port",
                               "0",
                               "--unixsocket",
                               socket,
                               "--dir",
                               home,
                               "--maxmemory-policy",
                               "noeviction",
                               "--save",
                               "",
                               "--appendonly",
                               append_only == "no" ? "no" : "yes"};
  if (append_only != "no") service.options.arguments.insert(service.options.arguments.end(), {"--appendfsync", append_only});
  service.options.log_file = absl::StrCat(home, "/log");
  service.ready_file = socket;
  if (absl::Status status = services.Start(service); !status.ok()) return status;
  return std::unique_ptr<RedisShard>(new RedisShard(home, socket, services.Find(name)->pid()));
}

absl::Status RedisShard::Fill(std::vector<DropBatch> batches, MemoryState* model, size_t cached_records) {
  RedisStateOptions options;
  options.redis.endpoint.unix_path = socket_;
  options.deployment = kDeployment;
  options.cached_records = cached_records;
  state_ = std::make_unique<RedisState>(std::move(options), *tail_);
  if (absl::Status open = state_->AwaitOpen(kOpenMax); !open.ok()) return open;
  const auto in_flight = std::make_shared<InFlight>();
  for (DropBatch& batch : batches) {
    in_flight->Begin();
    state_->Execute(batch.partition, std::move(batch.works),
                    [in_flight, this, model, partition = batch.partition](std::vector<absl::StatusOr<ExecuteResult>> results) {
                      absl::Status status;
                      for (absl::StatusOr<ExecuteResult>& result : results) {
                        status.Update(result.status());
                        if (!status.ok()) break;
                        const Committed& committed = std::get<Committed>(*result);
                        if (model != nullptr) status.Update(model->Apply(partition, committed.seq, committed.transaction));
                        tail_->Take(partition, committed.seq);
                      }
                      in_flight->Done(status);
                    });
  }
  if (absl::Status status = in_flight->AwaitAll(); !status.ok()) return status;
  return AwaitCalm();
}

absl::Status RedisShard::AwaitCalm() const {
  const absl::StatusOr<Context> context = Connect(socket_);
  if (!context.ok()) return context.status();
  const double until = MonotonicSeconds() + absl::ToDoubleSeconds(kCalmMax);
  while (true) {
    const absl::StatusOr<RedisReply> info = Ask(context->get(), {"INFO", "persistence"});
    if (!info.ok()) return info.status();
    const absl::string_view text = info->value().text();
    if (absl::StrContains(text, "aof_rewrite_in_progress:0") && absl::StrContains(text, "aof_rewrite_scheduled:0")) break;
    if (MonotonicSeconds() > until) return absl::DeadlineExceededError("Redis 一直在重写文件 / Redis goes on rewriting its file");
    absl::SleepFor(kCalmStep);
  }
  const int folder = open(home_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return absl::ErrnoToStatus(errno, home_);
  const int synced = syncfs(folder);
  close(folder);
  return synced == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, home_);
}

void RedisShard::Begin(DropBatch batch, const std::shared_ptr<InFlight>& in_flight) {
  in_flight->Begin();
  state_->Execute(batch.partition, std::move(batch.works),
                  [this, in_flight, partition = batch.partition](std::vector<absl::StatusOr<ExecuteResult>> results) {
                    absl::Status status;
                    for (const absl::StatusOr<ExecuteResult>& result : results) status.Update(result.status());
                    if (status.ok()) tail_->Take(partition, std::get<Committed>(*results.back()).seq);
                    in_flight->Done(status);
                  });
}

absl::StatusOr<double> RedisShard::Run(std::vector<DropBatch> batches) {
  size_t drops = 0;
  const auto in_flight = std::make_shared<InFlight>();
  const double begin = MonotonicSeconds();
  for (DropBatch& batch : batches) {
    drops += batch.works.size();
    Begin(std::move(batch), in_flight);
  }
  if (absl::Status status = in_flight->AwaitAll(); !status.ok()) return status;
  return static_cast<double>(drops) / (MonotonicSeconds() - begin);
}

absl::StatusOr<double> RedisShard::RunBare(const std::vector<std::string>& calls) {
  const absl::StatusOr<Context> context = Connect(socket_);
  if (!context.ok()) return context.status();
  redisContext* const redis = context->get();
  size_t sent = 0, drops = 0;
  const double begin = MonotonicSeconds();
  for (size_t answered = 0; answered < calls.size(); ++answered) {
    for (; sent < calls.size() && sent < answered + kCallsInFlight; ++sent) {
      redisAppendFormattedCommand(redis, calls[sent].data(), calls[sent].size());
    }
    const absl::StatusOr<RedisReply> reply = Answer(redis);
    if (!reply.ok()) return reply.status();
    const absl::string_view verdicts = (*reply)[1].text();
    if (verdicts.empty() || verdicts.back() != 'C') {
      return absl::InternalError(absl::StrCat("Redis: 未提交 / not committed: ", reply->value().text(), verdicts));
    }
    drops += verdicts.size();
  }
  return static_cast<double>(drops) / (MonotonicSeconds() - begin);
}

absl::StatusOr<std::vector<FenceToken>> RedisShard::Fences() const {
  const absl::StatusOr<Context> context = Connect(socket_);
  if (!context.ok()) return context.status();
  std::vector<FenceToken> fences;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const absl::StatusOr<RedisReply> meta =
        Ask(context->get(), {"HMGET", PartitionKeys(kDeployment, PartitionId(p)).Book(0), "term", "replid", "opening"});
    if (!meta.ok()) return meta.status();
    fences.push_back({tail_->Id(), static_cast<uint64_t>((*meta)[0].integer()), std::string((*meta)[1].text()),
                      std::string((*meta)[2].text()), PartitionSeq(0)});
  }
  return fences;
}

absl::StatusOr<double> RedisShard::UsedMemory() const {
  const absl::StatusOr<Context> context = Connect(socket_);
  if (!context.ok()) return context.status();
  const absl::StatusOr<RedisReply> info = Ask(context->get(), {"INFO", "memory"});
  if (!info.ok()) return info.status();
  constexpr absl::string_view kField = "used_memory:";
  const absl::string_view text = info->value().text();
  const size_t at = text.find(kField);
  double bytes = 0;
  if (at == absl::string_view::npos ||
      !absl::SimpleAtod(text.substr(at + kField.size(), text.find('\r', at) - at - kField.size()), &bytes)) {
    return absl::InternalError("Redis: used_memory?");
  }
  return bytes;
}

// utime and stime, behind the name, which may hold anything.
double RedisShard::CpuSeconds() const {
  std::ifstream file(absl::StrCat("/proc/", pid_, "/stat"));
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::vector<std::string> fields = absl::StrSplit(text.substr(text.rfind(')') + 1), ' ');
  double user = 0, system = 0;
  if (fields.size() > 13 && absl::SimpleAtod(fields[12], &user) && absl::SimpleAtod(fields[13], &system)) {
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return 0;
}

}  // namespace fenfen::bench
