#include "ledger/state/redis/partition_repair.h"

#include <algorithm>
#include <utility>

#include "absl/random/distributions.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ledger/core/limits.h"
#include "ledger/state/redis/redis_fault.h"

namespace fenfen {
namespace {

// Of one call.
constexpr size_t kRestoreBytesMax = 4u << 20;
constexpr size_t kLookMax = 256;
// How long somebody else, who seems to be repairing, is given before he is taken for dead.
constexpr std::chrono::seconds kAwaitOther(1);
constexpr absl::Duration kAwaitStep = absl::Milliseconds(1);

PartitionSeq After(PartitionSeq seq, uint64_t by) { return PartitionSeq(seq.value() + by); }

absl::Status AnotherRepairs() { return RedisError(RedisFault::kFenced, "another server is repairing it"); }

}  // namespace

PartitionRepair::PartitionRepair(PartitionId partition, const PartitionKeys& keys, const RedisRoute& route, JournalTail& tail,
                                 const Knowledge& knowledge, RepairMemory& memory)
    : partition_(partition), keys_(keys), route_(route), tail_(tail), knowledge_(knowledge), memory_(memory) {}

// A crash anywhere in here leaves a closed partition, and the next repair begins again.
absl::StatusOr<FenceToken> PartitionRepair::Run() {
  // Asked for before Redis is looked at, so that a Redis which is there has not lost anything.
  const absl::StatusOr<JournalTail::Head> head = tail_.HeadOf(partition_);
  if (!head.ok()) return head.status();
  if (head->term != 0) {
    const absl::StatusOr<std::optional<FenceToken>> joined = TryJoin(*head);
    if (!joined.ok()) return joined.status();
    if (*joined) return **joined;
    AwaitTold();
  }
  const absl::StatusOr<JournalTail::Head> claimed = Claim(*head);
  if (!claimed.ok()) return claimed.status();
  const absl::StatusOr<Place> place = Close(*claimed);
  if (!place.ok()) return place.status();
  return Mend(*place, *claimed);
}

absl::StatusOr<std::optional<FenceToken>> PartitionRepair::TryJoin(const JournalTail::Head& head) {
  const absl::StatusOr<Place> place = Look();
  if (!place.ok()) return place.status();
  if (!place->there) return std::nullopt;
  if (place->term == head.term && !place->nonce.empty() && place->replid == place->present && place->last >= head.last) {
    const absl::StatusOr<FenceToken> token = Join(*place, head);
    if (token.ok()) return *token;
    if (!absl::IsNotFound(token.status())) return token.status();
  }
  const bool ours = memory_.claimed_to == head.term;
  const bool closed = place->term != head.term || place->replid.empty();
  const bool intended_by_other = !place->repairer.empty() && place->repairer != knowledge_.repairer;
  if ((!ours && closed) || intended_by_other) {
    if (Awaits(memory_.for_repairer, absl::StrCat(head.term, " ", place->repairer))) return AnotherRepairs();
    waited_ = true;
  }
  const absl::StatusOr<bool> intended = Intend(*place);
  if (!intended.ok()) return intended.status();
  if (!*intended) return AnotherRepairs();
  if (place->term == head.term) {
    // It is of the present term's history, so what it has the journal may take while that lasts: then nobody is told that his commit came
    // too late, where Redis has lost nothing (its slot has moved to another node).
    const auto swept = SweepOutbox(route_, keys_, partition_, "", tail_, head.term, head.last);
    if (!swept.ok() && !absl::IsDataLoss(swept.status())) return swept.status();
    report_.swept = swept.value_or(0);
  }
  return std::nullopt;
}

// Two who claim at once would both be right, but what the first commits before the second has closed it again would come too late for the
// journal: a caller would see an error for nothing.
absl::StatusOr<bool> PartitionRepair::Intend(const Place& place) {
  if (place.repairer == knowledge_.repairer) return true;
  const absl::StatusOr<RedisReply> reply = route_.Call(IntendCall(keys_, tail_.Id(), place.repairer, knowledge_.repairer));
  if (!reply.ok()) return reply.status();
  return reply->value().integer() == 1;
}

// NOT_FOUND where what is there is no good.
absl::StatusOr<FenceToken> PartitionRepair::Join(const Place& place, const JournalTail::Head& head) {
  if (place.settled > head.last) {
    // Others have journaled more since it was asked for; or the journal has lost something.
    const absl::StatusOr<JournalTail::Head> now = tail_.HeadOf(partition_);
    if (!now.ok()) return now.status();
    if (place.settled > now->last) return LostBy(now->last, place);
  }
  const FenceToken token{tail_.Id(), place.term, place.replid, place.nonce, place.last};
  // What a killed server has left is journaled before anybody asks about it.
  const absl::StatusOr<uint64_t> swept = SweepOutbox(route_, keys_, partition_, token.Opening(), tail_, head.term, head.last);
  if (absl::IsDataLoss(swept.status())) return absl::NotFoundError(swept.status().message());
  if (!swept.ok()) return swept.status();
  report_.joined = true;
  report_.swept = *swept;
  return token;
}

bool PartitionRepair::Awaits(RepairMemory::Wait& wait, std::string what) {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (wait.what != what) wait = {std::move(what), now + kAwaitOther};
  return now < wait.until;
}

void PartitionRepair::AwaitTold() const {
  while (tail_.LastDurable(partition_) < knowledge_.told && std::chrono::steady_clock::now() < knowledge_.awaited_until) {
    absl::SleepFor(kAwaitStep);
  }
}

absl::StatusOr<JournalTail::Head> PartitionRepair::Claim(const JournalTail::Head& head) {
  // A claim of ours that nobody has heard of is as good as a new one.
  if (head.term != 0 && memory_.claimed_to == head.term && !memory_.shown) return head;
  const absl::StatusOr<JournalTail::Head> claimed = tail_.Claim(partition_);
  if (!claimed.ok()) return claimed.status();
  if (claimed->term == 0) {
    const absl::StatusOr<PartitionSeq> durable = tail_.Settle(partition_);
    if (!durable.ok()) return durable.status();
    return JournalTail::Head{0, *durable};
  }
  if (memory_.claimed_to + 1 != claimed->term) memory_.claimed_from = claimed->term - 1;
  memory_.claimed_to = claimed->term;
  memory_.shown = false;
  return claimed;
}

absl::StatusOr<Place> PartitionRepair::Close(const JournalTail::Head& claimed) {
  const uint64_t from = claimed.term == 0 ? 0 : memory_.claimed_from;
  memory_.shown = true;
  const absl::StatusOr<RedisReply> reply = route_.Call(ClaimCall(keys_, tail_.Id(), from, claimed.term));
  if (!reply.ok()) {
    if (CertainlyNotDone(FaultOf(reply.status()))) memory_.shown = false;
    return reply.status();
  }
  absl::StatusOr<Place> place = ParseClaimed(reply->value(), claimed.term);
  if (!place.ok()) return place.status();
  if (place->there && place->term != claimed.term) {
    // Another's claim came between, and he has not shown it yet; or this Redis was not the last to be open, whatever it says.
    memory_.shown = false;
    if (!waited_ && Awaits(memory_.for_claimer, absl::StrCat(claimed.term))) return AnotherRepairs();
    memory_.shown = true;
    return BeginAnew(claimed.term);
  }
  if (!place->there || place->settled > place->last) return BeginAnew(claimed.term);
  return place;
}

// `claimed.last` holds for all older terms, so it is where the journal ends but for what is appended here.
absl::StatusOr<FenceToken> PartitionRepair::Mend(Place present, const JournalTail::Head& claimed) {
  const PartitionSeq durable = claimed.last;
  absl::StatusOr<Place> place = std::move(present);
  if (place->settled > durable) return LostBy(durable, *place);
  const absl::StatusOr<std::vector<std::string>> outbox = ReadOutbox(*place);
  if (!outbox.ok()) return outbox.status();
  const absl::StatusOr<bool> agrees = Agrees(*place, *outbox, durable);
  if (!agrees.ok()) return agrees.status();
  if (!*agrees) {
    place = BeginAnew(claimed.term);
    if (!place.ok()) return place.status();
  }
  if (place->last > durable) {
    std::vector<std::string> unknown(outbox->end() - static_cast<ptrdiff_t>(place->last.value() - durable.value()), outbox->end());
    report_.swept += unknown.size();
    if (absl::Status status = tail_.Append(partition_, claimed.term, After(durable, 1), std::move(unknown)); !status.ok()) return status;
    return Open(claimed.term, place->last);
  }
  absl::Status restored = Restore(claimed.term, place->last, durable);
  if (absl::IsDataLoss(restored) && place->last != PartitionSeq(0)) {
    // Redis has another history than the journal, further back than its outbox goes.
    place = BeginAnew(claimed.term);
    if (!place.ok()) return place.status();
    restored = Restore(claimed.term, place->last, durable);
  }
  if (!restored.ok()) return restored;
  return Open(claimed.term, durable);
}

absl::Status PartitionRepair::LostBy(PartitionSeq durable, const Place& place) const {
  return absl::DataLossError(absl::StrCat("partition ", partition_.value(), ": the journal ends at transaction ", durable.value(), ", but ",
                                          place.settled.value(), " were journaled when Redis was told"));
}

absl::StatusOr<Place> PartitionRepair::Look() {
  const absl::StatusOr<RedisReply> reply = route_.Call(LookCall(keys_, tail_.Id()));
  if (!reply.ok()) return reply.status();
  return ParsePlace(reply->value());
}

absl::StatusOr<std::vector<std::string>> PartitionRepair::ReadOutbox(const Place& place) {
  std::vector<std::string> found;
  while (After(place.settled, found.size()) < place.last) {
    const PartitionSeq next = After(place.settled, found.size() + 1);
    const absl::StatusOr<RedisReply> reply = route_.Call(OutboxCall(keys_, tail_.Id(), "", next, kLookMax));
    if (!reply.ok()) return reply.status();
    absl::StatusOr<Outbox> outbox = ParseOutbox(reply->value());
    if (!outbox.ok()) return outbox.status();
    if (outbox->transactions.empty()) return RedisError(RedisFault::kFenced, "the partition changes while it is closed");
    std::move(outbox->transactions.begin(), outbox->transactions.end(), std::back_inserter(found));
  }
  found.resize(place.last.value() - place.settled.value());
  return found;
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

absl::StatusOr<Place> PartitionRepair::BeginAnew(uint64_t term) {
  const absl::StatusOr<RedisReply> reply = route_.Call(ResetCall(keys_, tail_.Id(), term));
  if (!reply.ok()) return reply.status();
  report_.began_anew = true;
  Place place;
  place.there = true;
  return place;
}

absl::Status PartitionRepair::Restore(uint64_t term, PartitionSeq from, PartitionSeq to) {
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
    if (absl::Status status = RestoreTransactions(route_, keys_, tail_.Id(), term, from, transactions); !status.ok()) return status;
    from = After(from, transactions.size());
    report_.restored += transactions.size();
  }
  return absl::OkStatus();
}

// Whether the call came through or not: what is claimed next stands on this term alone.
absl::StatusOr<FenceToken> PartitionRepair::Open(uint64_t term, PartitionSeq last) {
  memory_ = {};
  const std::string nonce = absl::StrCat(absl::Hex(absl::Uniform<uint64_t>(random_), absl::kZeroPad16));
  const absl::StatusOr<RedisReply> reply = route_.Call(OpenCall(keys_, tail_.Id(), term, last, nonce));
  if (!reply.ok()) return reply.status();
  return FenceToken{tail_.Id(), term, std::string(reply->value().text()), nonce, last};
}

absl::Status RestoreTransactions(const RedisRoute& route, const PartitionKeys& keys, uint64_t journal, uint64_t term, PartitionSeq last,
                                 const std::vector<Transaction>& transactions) {
  for (const Transaction& transaction : transactions) {
    if (absl::Status status = CheckTransaction(transaction); !status.ok()) return absl::DataLossError(status.message());
  }
  const absl::StatusOr<RedisReply> reply = route.Call(RestoreCall(keys, journal, term, last, transactions));
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

absl::StatusOr<uint64_t> SweepOutbox(const RedisRoute& route, const PartitionKeys& keys, PartitionId partition, const std::string& opening,
                                     JournalTail& tail, uint64_t term, PartitionSeq durable) {
  uint64_t swept = 0;
  PartitionSeq next = After(durable, 1), end;
  while (true) {
    const absl::StatusOr<RedisReply> reply = route.Call(OutboxCall(keys, tail.Id(), opening, next, kLookMax));
    if (!reply.ok()) return reply.status();
    absl::StatusOr<Outbox> outbox = ParseOutbox(reply->value());
    if (!outbox.ok()) return outbox.status();
    // What comes after the first look is for the next sweep.
    if (end == PartitionSeq(0)) end = outbox->last;
    if (outbox->settled >= next) {
      next = After(outbox->settled, 1);
      if (next > end) return swept;
      continue;
    }
    if (next > end || outbox->transactions.empty()) return swept;
    for (const std::string& bytes : outbox->transactions) {
      if (absl::Status status = DecodeTransaction(bytes).status(); !status.ok()) return status;
    }
    const size_t count = outbox->transactions.size();
    if (absl::Status status = tail.Append(partition, term, next, std::move(outbox->transactions)); !status.ok()) return status;
    swept += count;
    next = After(next, count);
  }
}

}  // namespace fenfen
