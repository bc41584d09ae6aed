#include "clients/ctl/stores/redis_books.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "ledger/state/digest.h"
#include "ledger/state/redis/redis_fault.h"

namespace fenfen::ctl {

namespace {

constexpr absl::Duration kPause = absl::Milliseconds(20);
// How often a partition is read again because it changed meanwhile.
constexpr int kReadsMax = 200;
constexpr absl::string_view kFormatField = "format";

// Field and value by turns, as HGETALL gives them.
std::map<std::string, std::string> FieldsOf(RedisValue reply) {
  std::map<std::string, std::string> fields;
  for (size_t i = 0; i + 1 < reply.size(); i += 2) fields.emplace(reply[i].text(), reply[i + 1].text());
  return fields;
}

uint64_t NumberOf(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  uint64_t number = 0;
  return found != fields.end() && absl::SimpleAtoi(found->second, &number) ? number : 0;
}

absl::Status NotOfItsForm(absl::string_view key, absl::string_view field) {
  return absl::DataLossError(absl::StrCat("Redis：", key, " 的字段 ", field, " 不合格式 / the field does not have its form"));
}

}  // namespace

std::string NameOfRedis(const RedisStateOptions& options) {
  const RedisOptions& redis = options.redis;
  const auto format = [](std::string* out, const RedisEndpoint& endpoint) { out->append(FormatEndpoint(endpoint)); };
  if (!redis.cluster.empty()) return absl::StrCat("redis cluster ", absl::StrJoin(redis.cluster, ",", format));
  if (!redis.sentinels.empty()) return absl::StrCat("redis ", redis.master_name);
  return absl::StrCat("redis ", FormatEndpoint(redis.endpoint));
}

RedisBooks::RedisBooks(const RedisStateOptions& options, absl::Duration timeout)
    : options_(options), timeout_(timeout), cluster_(options.redis, [] {}) {
  for (uint16_t p = 0; p < kPartitions; ++p) keys_.emplace_back(options.deployment, PartitionId(p));
}

absl::StatusOr<std::unique_ptr<RedisBooks>> RedisBooks::Connect(const RedisStateOptions& options, absl::Duration timeout) {
  std::unique_ptr<RedisBooks> books(new RedisBooks(options, timeout));
  for (const PartitionKeys& keys : books->keys_) {
    if (const auto reply = books->Ask(keys, {"EXISTS", keys.Book(0)}); !reply.ok()) return reply.status();
  }
  return books;
}

// Tries until the time-out: a slot may have moved, its master may be about to be replaced. A command that is asked twice does no harm here.
absl::StatusOr<RedisReply> RedisBooks::Ask(const PartitionKeys& keys, const RedisCommand& command) {
  const absl::Time deadline = absl::Now() + timeout_;
  absl::Status why;
  while (true) {
    const std::shared_ptr<RedisNode> node = cluster_.NodeOf(keys.slot());
    if (node == nullptr) {
      why = cluster_.status();
      cluster_.WantMap();
    } else if (const RedisClient::SessionId session = node->client.session(); session == 0) {
      why = node->client.status();
    } else {
      absl::StatusOr<RedisReply> reply = node->client.Call(session, command);
      if (reply.ok()) return reply;
      why = reply.status();
      if (const std::optional<Redirection> moved = RedirectionOf(why)) cluster_.TakeMoved(*moved, *node);
      if (FaultOf(why) == RedisFault::kRefused || FaultOf(why) == RedisFault::kAccessDenied) return why;
    }
    if (absl::Now() > deadline) {
      return why.ok() ? absl::UnavailableError(absl::StrCat(NameOfRedis(options_), " 没有回答 / does not answer")) : why;
    }
    absl::SleepFor(kPause);
  }
}

absl::StatusOr<std::map<std::string, std::string>> RedisBooks::ReadMeta(PartitionId partition) {
  const PartitionKeys& keys = KeysOf(partition);
  const absl::StatusOr<RedisReply> reply = Ask(keys, {"HGETALL", keys.Book(0)});
  if (!reply.ok()) return reply.status();
  return FieldsOf(reply->value());
}

absl::StatusOr<RedisBooks::Place> RedisBooks::Look(PartitionId partition) {
  const auto meta = ReadMeta(partition);
  if (!meta.ok()) return meta.status();
  return Place{!meta->empty(), NumberOf(*meta, "journal"), PartitionSeq(NumberOf(*meta, "seq"))};
}

// Three keys are not read at one moment; but whatever changes one of them changes meta too.
absl::StatusOr<State::Digest> RedisBooks::DigestOf(PartitionId partition) {
  const PartitionKeys& keys = KeysOf(partition);
  for (int reads = 0; reads < kReadsMax; ++reads) {
    const auto before = ReadMeta(partition);
    if (!before.ok()) return before.status();
    if (before->empty()) return absl::NotFoundError(absl::StrCat("Redis：没有分区 ", partition.value(), " / the partition is not there"));
    const absl::StatusOr<RedisReply> records = Ask(keys, {"HGETALL", keys.Book(1)});
    const absl::StatusOr<RedisReply> accounts = Ask(keys, {"HGETALL", keys.Book(2)});
    if (!records.ok()) return records.status();
    if (!accounts.ok()) return accounts.status();
    const auto after = ReadMeta(partition);
    if (!after.ok()) return after.status();
    if (*before != *after) continue;
    if (records->value().size() == 0 || accounts->value().size() == 0) {
      return absl::DataLossError(absl::StrCat("Redis：分区 ", partition.value(), " 缺少键 / a key of the partition is missing"));
    }
    DigestBuilder builder(partition, PartitionSeq(NumberOf(*before, "seq")));
    for (size_t i = 0; i + 1 < records->value().size(); i += 2) {
      const absl::string_view field = (*records)[i].text();
      if (field == kFormatField) continue;
      const auto key = ParseRecordField(field);
      const auto value = ParseRecordValue((*records)[i + 1].text());
      if (!key || !value) return NotOfItsForm(keys.Book(1), field);
      builder.AddRecord(*key, value->version, value->bytes);
    }
    for (size_t i = 0; i + 1 < accounts->value().size(); i += 2) {
      const absl::string_view field = (*accounts)[i].text();
      if (field == kFormatField) continue;
      const auto account = ParseAccountField(field);
      int64_t balance = 0;
      const bool is_number = absl::SimpleAtoi((*accounts)[i + 1].text(), &balance);
      if (!account || !is_number || !Points::Make(balance)) return NotOfItsForm(keys.Book(2), field);
      builder.AddAccount(*account, Points(balance));
    }
    return State::Digest{PartitionSeq(NumberOf(*before, "seq")), builder.Finish()};
  }
  return absl::UnavailableError(absl::StrCat("Redis：分区 ", partition.value(), " 一直在变 / the partition keeps changing"));
}

absl::Status RedisBooks::Remove(PartitionId partition) {
  const PartitionKeys& keys = KeysOf(partition);
  RedisCommand command{"UNLINK"};
  for (int book = 0; book < PartitionKeys::kBooks; ++book) command.push_back(keys.Book(book));
  for (int day = 0; day < PartitionKeys::kDays; ++day) command.push_back(keys.Day(day));
  return Ask(keys, command).status();
}

}  // namespace fenfen::ctl
