#include "ledger/state/redis/redis_counters.h"

#include <unistd.h>

#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/check.h"
#include "ledger/state/redis/redis_fault.h"

// Written by embedded_counters.S.
extern "C" const char fenfen_counters_begin[];
extern "C" const char fenfen_counters_end[];

namespace fenfen {
namespace {

// Keys of a partition that one round of forgetting finds at most, and how many Redis looks at in one step of its scan.
constexpr size_t kForgetMax = 1000;
constexpr int kScanStep = 2000;

absl::string_view CountersText() { return {fenfen_counters_begin, static_cast<size_t>(fenfen_counters_end - fenfen_counters_begin)}; }

int CountersVersion() {
  constexpr absl::string_view kLine = "local VERSION = ";
  const absl::string_view text = CountersText();
  const absl::string_view rest = text.substr(text.find(kLine) + kLine.size());
  int version = 0;
  FENFEN_CHECK(absl::SimpleAtoi(rest.substr(0, rest.find('\n')), &version));
  return version;
}

std::string CountedKey(const PartitionKeys& keys) { return keys.Named("counted"); }

std::string KeyOf(const PartitionKeys& keys, const CounterChange& change) {
  return keys.Named(absl::StrCat(change.kind == CounterChange::Kind::kBoard ? "board:" : "rollup:", change.name));
}

RedisCommand Function(absl::string_view name, const std::vector<std::string>& keys) {
  RedisCommand command{"FCALL", absl::StrCat("fenfen_counters_", name), absl::StrCat(keys.size())};
  command.insert(command.end(), keys.begin(), keys.end());
  return command;
}

absl::Status NotNow(const absl::Status& why) { return absl::UnavailableError(absl::StrCat("Redis' counters: ", why.message())); }

}  // namespace

RedisCounters::RedisCounters(const RedisStateOptions& options, uint64_t journal_id)
    : deployment_(options.deployment),
      journal_id_(absl::StrCat(journal_id)),
      name_(absl::StrCat(getpid(), "-", absl::Hex(absl::Uniform<uint64_t>(absl::BitGen())))),
      cluster_(options.redis, [] {}) {}

absl::StatusOr<RedisRoute> RedisCounters::RouteOf(uint16_t slot) {
  RedisRoute route;
  route.node = cluster_.NodeOf(slot);
  if (route.node == nullptr) {
    cluster_.WantMap();
    return cluster_.status();
  }
  route.session = route.node->client.session();
  if (route.session == 0) return route.node->client.status();
  if (route.node->prepared != route.session) {
    if (absl::Status status = EnsureLibrary(route); !status.ok()) return status;
    route.node->prepared = route.session;
  }
  return route;
}

absl::Status RedisCounters::EnsureLibrary(const RedisRoute& route) {
  const absl::StatusOr<RedisReply> reply = route.Call({"FCALL", "fenfen_counters_version", "0"});
  if (reply.ok() && (*reply)[0].text() == "fenfen_counters" && (*reply)[1].integer() >= CountersVersion()) return absl::OkStatus();
  if (!reply.ok() && FaultOf(reply.status()) != RedisFault::kFunctionMissing) return reply.status();
  return route.Call({"FUNCTION", "LOAD", "REPLACE", std::string(CountersText())}).status();
}

absl::StatusOr<RedisReply> RedisCounters::Call(const PartitionKeys& keys, const RedisCommand& command) {
  const absl::StatusOr<RedisRoute> route = RouteOf(keys.slot());
  if (!route.ok()) return NotNow(route.status());
  absl::StatusOr<RedisReply> reply = route->Call(command);
  if (reply.ok()) return reply;
  const RedisFault fault = FaultOf(reply.status());
  if (fault == RedisFault::kMoved) {
    if (const auto there = RedirectionOf(reply.status()); there.has_value()) cluster_.TakeMoved(*there, *route->node);
  }
  if (fault == RedisFault::kFunctionMissing) route->node->prepared = 0;
  if (fault == RedisFault::kReadOnly) route->node->client.Leave(route->session, reply.status());
  return NotNow(reply.status());
}

absl::StatusOr<PartitionSeq> RedisCounters::Counted(PartitionId partition) {
  const PartitionKeys keys(deployment_, partition);
  RedisCommand look = Function("look", {CountedKey(keys)});
  look.push_back(journal_id_);
  const absl::StatusOr<RedisReply> reply = Call(keys, look);
  if (!reply.ok()) return reply.status();
  if ((*reply)[0].text() == "OK") return PartitionSeq(static_cast<uint64_t>((*reply)[1].integer()));
  if (absl::Status status = BeginAnew(keys); !status.ok()) return status;
  return PartitionSeq(0);
}

absl::Status RedisCounters::BeginAnew(const PartitionKeys& keys) {
  const std::string token = absl::StrCat(name_, "-", ++tokens_);
  RedisCommand begin = Function("begin", {CountedKey(keys)});
  begin.push_back(journal_id_);
  begin.push_back(token);
  if (const absl::StatusOr<RedisReply> reply = Call(keys, begin); !reply.ok()) return reply.status();
  if (absl::Status status = Forget(keys, token); !status.ok()) return status;
  RedisCommand ready = Function("ready", {CountedKey(keys)});
  ready.push_back(token);
  const absl::StatusOr<RedisReply> reply = Call(keys, ready);
  if (!reply.ok()) return reply.status();
  return reply->value().integer() == 1 ? absl::OkStatus() : absl::AbortedError("another begins to count this partition");
}

// A scan of the node the partition lies in: it is done only where Redis has lost `counted`, and nothing else tells which keys there are.
absl::Status RedisCounters::Forget(const PartitionKeys& keys, const std::string& token) {
  for (const char* kind : {"board:*", "rollup:*"}) {
    std::string cursor = "0";
    do {
      const absl::StatusOr<RedisReply> scan = Call(keys, {"SCAN", cursor, "MATCH", keys.Named(kind), "COUNT", absl::StrCat(kScanStep)});
      if (!scan.ok()) return scan.status();
      cursor = std::string((*scan)[0].text());
      for (size_t at = 0; at < (*scan)[1].size(); at += kForgetMax) {
        std::vector<std::string> found{CountedKey(keys)};
        for (size_t n = at; n < std::min(at + kForgetMax, (*scan)[1].size()); ++n) found.emplace_back((*scan)[1][n].text());
        RedisCommand forget = Function("forget", found);
        forget.push_back(token);
        const absl::StatusOr<RedisReply> done = Call(keys, forget);
        if (!done.ok()) return done.status();
        if (done->value().integer() != 1) return absl::AbortedError("another begins to count this partition");
      }
    } while (cursor != "0" && !cursor.empty());
  }
  return absl::OkStatus();
}

absl::Status RedisCounters::Add(PartitionId partition, PartitionSeq first, PartitionSeq last, const std::vector<CounterChange>& changes) {
  FENFEN_CHECK(first <= last && changes.size() <= kChangesMax);
  const PartitionKeys keys(deployment_, partition);
  std::vector<std::string> names{CountedKey(keys)};
  std::vector<std::string> lives;
  std::vector<std::string> words;
  absl::flat_hash_map<std::string, size_t> places;  // in KEYS, from 1
  for (const CounterChange& change : changes) {
    const auto [found, is_new] = places.try_emplace(KeyOf(keys, change), names.size() + 1);
    if (is_new) {
      names.push_back(found->first);
      lives.push_back(absl::StrCat(absl::ToUnixSeconds(change.expires)));
    }
    words.push_back(absl::StrCat(found->second));
    words.emplace_back(change.kind == CounterChange::Kind::kBoard ? "z" : "h");
    words.push_back(change.member);
    words.push_back(absl::StrCat(change.delta));
  }
  RedisCommand count = Function("count", names);
  for (std::string word : {journal_id_, absl::StrCat(first.value()), absl::StrCat(last.value())}) count.push_back(std::move(word));
  count.insert(count.end(), lives.begin(), lives.end());
  count.insert(count.end(), words.begin(), words.end());
  const absl::StatusOr<RedisReply> reply = Call(keys, count);
  if (!reply.ok()) return reply.status();
  if ((*reply)[0].text() == "OK") return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("the counters are at ", (*reply)[1].text(), ", not before ", first.value()));
}

}  // namespace fenfen
