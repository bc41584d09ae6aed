#include "ledger/state/redis/partition_repair.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/limits.h"
#include "ledger/state/redis/redis_fault.h"

namespace fenfen {
namespace {

// Of one call.
constexpr size_t kRestoreBytesMax = 4u << 20;
constexpr size_t kLookMax = 256;

PartitionSeq After(PartitionSeq seq, uint64_t by) { return PartitionSeq(seq.value() + by); }

}  // namespace

PartitionRepair::PartitionRepair(PartitionId partition, const PartitionKeys& keys, RedisClient& client, RedisClient::SessionId session,
                                 JournalTail& tail)
    : partition_(partition), keys_(keys), client_(client), session_(session), tail_(tail) {}

// A crash anywhere in here leaves a closed partition, and the next repair begins again.
absl::StatusOr<FenceToken> PartitionRepair::Run() {
  const absl::StatusOr<PartitionSeq> durable = tail_.Settle(partition_);
  if (!durable.ok()) return durable.status();
  absl::StatusOr<Place> place = Look();
  if (place.ok() && (!place->there || place->settled > place->last)) place = BeginAnew();
  if (!place.ok()) return place.status();
  if (place->settled > *durable) {
    return absl::DataLossError(absl::StrCat("partition ", partition_.value(), ": the journal ends at transaction ", durable->value(),
                                            ", but ", place->settled.value(), " were journaled when Redis was told"));
  }
  const absl::StatusOr<std::vector<std::string>> outbox = ReadOutbox(*place);
  if (!outbox.ok()) return outbox.status();
  const absl::StatusOr<bool> agrees = Agrees(*place, *outbox, *durable);
  if (!agrees.ok()) return agrees.status();
  if (!*agrees) {
    place = BeginAnew();
    if (!place.ok()) return place.status();
  }
  if (place->last > *durable) {
    std::vector<std::string> unknown(outbox->end() - static_cast<ptrdiff_t>(place->last.value() - durable->value()), outbox->end());
    report_.swept = unknown.size();
    if (absl::Status status = tail_.Append(partition_, 0, After(*durable, 1), std::move(unknown)); !status.ok()) return status;
    return Open(place->last);
  }
  absl::Status restored = Restore(place->last, *durable);
  if (absl::IsDataLoss(restored) && place->last != PartitionSeq(0)) {
    // Redis has another history than the journal, further back than its outbox goes.
    place = BeginAnew();
    if (!place.ok()) return place.status();
    restored = Restore(place->last, *durable);
  }
  if (!restored.ok()) return restored;
  return Open(*durable);
}

absl::StatusOr<PartitionRepair::Place> PartitionRepair::Look() {
  const absl::StatusOr<RedisReply> reply = client_.Call(session_, LookCall(keys_, tail_.Id(), PartitionSeq(0), 0));
  if (!reply.ok()) return reply.status();
  if (reply->value().size() == 0) return Place{};
  return Place{true, PartitionSeq(static_cast<uint64_t>((*reply)[0].integer())),
               PartitionSeq(static_cast<uint64_t>((*reply)[1].integer()))};
}

absl::StatusOr<std::vector<std::string>> PartitionRepair::ReadOutbox(const Place& place) {
  std::vector<std::string> outbox;
  while (After(place.settled, outbox.size()) < place.last) {
    const PartitionSeq next = After(place.settled, outbox.size() + 1);
    const absl::StatusOr<RedisReply> reply = client_.Call(session_, LookCall(keys_, tail_.Id(), next, kLookMax));
    if (!reply.ok()) return reply.status();
    const RedisValue found = (*reply)[2];
    if (found.size() == 0) return RedisError(RedisFault::kFenced, "the partition changes while it is closed");
    for (size_t i = 0; i < found.size(); ++i) outbox.emplace_back(found[i].text());
  }
  outbox.resize(place.last.value() - place.settled.value());
  return outbox;
}

absl::StatusOr<bool> PartitionRepair::Agrees(const Place& place, const std::vector<std::string>& outbox, PartitionSeq durable) {
  for (size_t i = 0; i < outbox.size(); ++i) {
    const PartitionSeq seq = After(place.settled, i + 1);
    if (seq > durable) {
      // What is to be journaled must at least be a transaction.
      if (!DecodeTransaction(outbox[i]).ok()) return false;
      continue;
    }
    const absl::StatusOr<std::string> journaled = tail_.Read(partition_, seq);
    if (!journaled.ok()) return journaled.status();
    if (*journaled != outbox[i]) return false;
  }
  return true;
}

absl::StatusOr<PartitionRepair::Place> PartitionRepair::BeginAnew() {
  const absl::StatusOr<RedisReply> reply = client_.Call(session_, ResetCall(keys_, tail_.Id()));
  if (!reply.ok()) return reply.status();
  report_.began_anew = true;
  return Place{true, PartitionSeq(0), PartitionSeq(0)};
}

absl::Status PartitionRepair::Restore(PartitionSeq from, PartitionSeq to) {
  while (from < to) {
    std::vector<Transaction> transactions;
    size_t bytes = 0;
    while (After(from, transactions.size()) < to && transactions.size() < limits::kExecuteMax && bytes < kRestoreBytesMax) {
      const absl::StatusOr<std::string> stored = tail_.Read(partition_, After(from, transactions.size() + 1));
      if (!stored.ok()) return stored.status();
      absl::StatusOr<Transaction> transaction = DecodeTransaction(*stored);
      if (!transaction.ok()) return transaction.status();
      bytes += stored->size();
      transactions.push_back(*std::move(transaction));
    }
    if (absl::Status status = RestoreTransactions(client_, session_, keys_, tail_.Id(), from, transactions); !status.ok()) return status;
    from = After(from, transactions.size());
    report_.restored += transactions.size();
  }
  return absl::OkStatus();
}

absl::StatusOr<FenceToken> PartitionRepair::Open(PartitionSeq last) {
  const absl::StatusOr<RedisReply> reply = client_.Call(session_, OpenCall(keys_, tail_.Id(), last));
  if (!reply.ok()) return reply.status();
  return FenceToken{tail_.Id(), std::string(reply->value().text()), last};
}

absl::Status RestoreTransactions(RedisClient& client, RedisClient::SessionId session, const PartitionKeys& keys, uint64_t journal,
                                 PartitionSeq last, const std::vector<Transaction>& transactions) {
  for (const Transaction& transaction : transactions) {
    if (absl::Status status = CheckTransaction(transaction); !status.ok()) return absl::DataLossError(status.message());
  }
  const absl::StatusOr<RedisReply> reply = client.Call(session, RestoreCall(keys, journal, last, transactions));
  if (!reply.ok()) return reply.status();
  const absl::StatusOr<std::vector<Verdict>> verdicts = ParseVerdicts(reply->value());
  if (!verdicts.ok()) return verdicts.status();
  if (verdicts->size() == transactions.size() && (verdicts->empty() || verdicts->back().kind == Verdict::Kind::kCommitted)) {
    return absl::OkStatus();
  }
  const bool changed = !verdicts->empty() && verdicts->back().kind == Verdict::Kind::kChanged;
  return absl::DataLossError(absl::StrCat(
      "transaction ", last.value() + verdicts->size(),
      " does not follow: ", changed ? "another version than it replaced, or a bound crossed" : "a request key with two effects"));
}

}  // namespace fenfen
