#include "ledger/state/redis/redis_partition.h"

#include <algorithm>
#include <utility>

#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

// Transactions of one call; a longer one goes alone.
constexpr size_t kCallBytesMax = 4u << 20;
// How often a request is decided again because another server was quicker.
constexpr int kAttemptsMax = 16;

absl::Status Busy() { return RefuseUntil(Reason::REASON_OVERLOADED, limits::kRetryDelayWhenBusy); }
// The partition is closed: Redis is away, or was, and the partition is being made the journal's state again.
absl::Status Away() { return RefuseUntil(Reason::REASON_STORE_UNAVAILABLE, limits::kRetryDelayWhenBusy); }
absl::Status Unknown() { return RefuseUntil(Reason::REASON_OUTCOME_UNKNOWN, limits::kRetryDelayWhenBusy); }

size_t RoughBytes(const Transaction& transaction) {
  size_t bytes = transaction.why.size();
  for (const RecordChange& change : transaction.changes) bytes += 32 + 2 * change.bytes.size();
  return bytes;
}

}  // namespace

RedisPartition::RedisPartition(PartitionId id, const RedisStateOptions& options, const JournalTail& tail,
                               std::atomic<size_t>& waiting_works, OnFault on_fault)
    : id_(id),
      options_(options),
      tail_(tail),
      waiting_works_(waiting_works),
      on_fault_(std::move(on_fault)),
      keys_(options.deployment, id),
      cache_(options.cached_records) {}

void RedisPartition::Execute(std::vector<State::Work> works, State::Done done) {
  FENFEN_CHECK(!works.empty() && works.size() <= limits::kExecuteMax);
  const SteadyTime deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.patience);
  absl::MutexLock lock(&mutex_);
  if (waiting_works_.fetch_add(works.size()) + works.size() > options_.waiting_works_max) {
    waiting_works_.fetch_sub(works.size());
    std::vector<absl::StatusOr<ExecuteResult>> refused(works.size(), open_ ? Busy() : Away());
    return std::move(done)(std::move(refused));
  }
  queue_.push_back({std::move(works), std::move(done), deadline, {}, false, 0});
  GoOn();
}

void RedisPartition::GoOn() {
  Step();
  while (!finished_.empty()) {
    Request request = std::move(finished_.front());
    finished_.pop_front();
    std::move(request.done)(std::move(request.results));
  }
}

void RedisPartition::Step() {
  while (open_ && !busy_ && !queue_.empty()) {
    busy_ = true;
    TakeBatch();
    std::vector<RecordKey> records;
    std::vector<AccountId> accounts;
    if (Missing(records, accounts) || ask_keys_) {
      SendLoad(std::move(records), std::move(accounts));
    } else {
      DecideAndSend();
    }
  }
}

void RedisPartition::TakeBatch() {
  batch_.clear();
  tables_ = {};
  for (Request& request : queue_) {
    for (size_t i = request.results.size(); i < request.works.size() && batch_.size() < limits::kExecuteMax; ++i) {
      batch_.push_back({&request, &request.works[i], false, std::nullopt, std::nullopt});
    }
    if (batch_.size() == limits::kExecuteMax) break;
  }
}

bool RedisPartition::Missing(std::vector<RecordKey>& records, std::vector<AccountId>& accounts) {
  for (const Item& item : batch_) {
    for (const RecordKey& key : item.work->reads.records) {
      const auto [place, added] = tables_.records.try_emplace(key);
      if (!added) continue;
      if (const KnownRecord* known = cache_.records.Find(key)) {
        place->second = *known;
      } else {
        records.push_back(key);
      }
    }
    for (const AccountId& account : item.work->reads.accounts) {
      const auto [place, added] = tables_.balances.try_emplace(account);
      if (!added) continue;
      if (const Points* known = cache_.balances.Find(account)) {
        place->second = *known;
      } else {
        accounts.push_back(account);
      }
    }
  }
  return !records.empty() || !accounts.empty();
}

void RedisPartition::SendLoad(std::vector<RecordKey> records, std::vector<AccountId> accounts) {
  std::vector<KeyToFind> requests;
  if (ask_keys_) {
    for (const Item& item : batch_) requests.push_back({item.work->key, item.work->fingerprint});
  }
  const RedisCommand command = LoadCall(keys_, access_.fence, records, accounts, requests);
  const absl::Status sent =
      access_.route.Send(command, [this, records = std::move(records), accounts = std::move(accounts)](absl::StatusOr<RedisReply> reply) {
        TakeLoaded(records, accounts, std::move(reply));
      });
  if (!sent.ok()) Fail(sent);
}

void RedisPartition::TakeLoaded(const std::vector<RecordKey>& records, const std::vector<AccountId>& accounts,
                                absl::StatusOr<RedisReply> reply) {
  absl::MutexLock lock(&mutex_);
  const absl::StatusOr<Loaded> loaded = reply.ok() ? ParseLoaded(reply->value()) : reply.status();
  const bool whole = loaded.ok() && loaded->records.size() == records.size() && loaded->balances.size() == accounts.size() &&
                     loaded->requests.size() == (ask_keys_ ? batch_.size() : 0);
  if (!whole) {
    Fail(loaded.ok() ? RedisError(RedisFault::kRefused, "a reply that is not what was to be loaded") : loaded.status());
    return GoOn();
  }
  for (size_t i = 0; i < records.size(); ++i) {
    KnownRecord record;
    if (const auto& found = loaded->records[i]) record = {found->version, std::string(found->bytes)};
    cache_.records.Put(records[i], record);
    tables_.records[records[i]] = std::move(record);
  }
  for (size_t i = 0; i < accounts.size(); ++i) {
    cache_.balances.Put(accounts[i], loaded->balances[i]);
    tables_.balances[accounts[i]] = loaded->balances[i];
  }
  for (size_t i = 0; i < loaded->requests.size(); ++i) {
    batch_[i].repetition = loaded->requests[i].kind != Verdict::Kind::kNew;
  }
  access_.fence.lowest = std::max(access_.fence.lowest, loaded->last);
  ask_keys_ = false;
  DecideAndSend();
  GoOn();
}

void RedisPartition::DecideAndSend() {
  std::vector<CommitEntry> entries;
  size_t bytes = 0;
  PartitionSeq foreseen = access_.fence.lowest;
  for (size_t i = 0; i < batch_.size() && bytes <= kCallBytesMax; ++i) {
    Item& item = batch_[i];
    // A repetition needs no decision. It is sent all the same: what it is told depends on its place among the others.
    if (item.repetition) {
      entries.push_back({item.work->key, item.work->fingerprint, {}, {}, nullptr});
      continue;
    }
    Decision decision = Decide(*item.work, tables_, PartitionSeq(foreseen.value() + 1));
    item.decided = std::move(decision.transaction);
    if (item.decided->ok()) {
      decision.entry.transaction = &**item.decided;
      bytes += RoughBytes(**item.decided);
      foreseen = PartitionSeq(foreseen.value() + 1);
    }
    entries.push_back(std::move(decision.entry));
  }
  sent_ = entries.size();
  settled_ = tail_.LastDurable(id_);
  const absl::Status sent = access_.route.Send(CommitCall(keys_, access_.fence, settled_, entries),
                                               [this](absl::StatusOr<RedisReply> reply) { TakeCommitted(std::move(reply)); });
  if (!sent.ok()) Fail(sent);
}

void RedisPartition::TakeCommitted(absl::StatusOr<RedisReply> reply) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<std::vector<Verdict>> verdicts = reply.ok() ? ParseVerdicts(reply->value()) : reply.status();
  if (verdicts.ok() && !Fit(*verdicts)) verdicts = RedisError(RedisFault::kRefused, "verdicts that do not fit what was sent");
  if (!verdicts.ok()) {
    // What is not certainly undone is looked up, by its request key, after the repair.
    const bool undone = CertainlyNotDone(FaultOf(verdicts.status()));
    for (const Item& item : batch_) item.request->unknown |= !undone;
    Fail(verdicts.status());
    return GoOn();
  }
  for (size_t i = 0; i < verdicts->size(); ++i) TakeVerdict(batch_[i], (*verdicts)[i]);
  FinishBatch();
  GoOn();
}

bool RedisPartition::Fit(const std::vector<Verdict>& verdicts) const {
  if (verdicts.empty() || verdicts.size() > sent_) return false;
  for (size_t i = 0; i < verdicts.size(); ++i) {
    const auto& decided = batch_[i].decided;
    if (verdicts[i].kind == Verdict::Kind::kCommitted && !(decided && decided->ok())) return false;
    if (verdicts[i].kind == Verdict::Kind::kRefusalHolds && !(decided && !decided->ok())) return false;
  }
  return true;
}

void RedisPartition::TakeVerdict(Item& item, const Verdict& verdict) {
  switch (verdict.kind) {
    case Verdict::Kind::kCommitted:
      access_.fence.lowest = verdict.seq;
      cache_.Take(**item.decided, verdict.seq);
      item.result = ExecuteResult(Committed{verdict.seq, **std::move(item.decided), access_.fence.term});
      return;
    case Verdict::Kind::kRefusalHolds:
      item.result = item.decided->status();
      return;
    case Verdict::Kind::kChanged:
    case Verdict::Kind::kNew:
      if (++item.request->attempts > kAttemptsMax) item.result = Busy();
      return TakeChanged(static_cast<size_t>(&item - batch_.data()));
    case Verdict::Kind::kSame:
    case Verdict::Kind::kOther:
    case Verdict::Kind::kForgotten:
      // One repetition seldom comes alone.
      ask_keys_ = true;
      item.result = RepetitionOf(item.work->key, verdict);
      return;
  }
}

void RedisPartition::TakeChanged(size_t from) {
  for (size_t i = from; i < batch_.size(); ++i) {
    for (const RecordKey& key : batch_[i].work->reads.records) cache_.records.Drop(key);
    for (const AccountId& account : batch_[i].work->reads.accounts) cache_.balances.Drop(account);
  }
}

absl::StatusOr<ExecuteResult> RedisPartition::RepetitionOf(const RequestKey& key, const Verdict& verdict) {
  if (verdict.kind == Verdict::Kind::kSame) return ExecuteResult(Replayed{verdict.seq});
  if (verdict.kind == Verdict::Kind::kOther) return Refuse(Reason::REASON_REQUEST_ID_REUSED, {}, "request_id");
  return Refuse(IsDeviceEventKey(key) ? Reason::REASON_EVENT_TOO_OLD : Reason::REASON_REQUEST_ID_OUT_OF_WINDOW);
}

// Gives the results to their requests up to the first work that has none; the others are taken into a batch again.
void RedisPartition::FinishBatch() {
  bool all = true;
  for (Item& item : batch_) {
    if (!item.result) {
      all = false;
      break;
    }
    item.request->results.push_back(*std::move(item.result));
  }
  if (all) ask_keys_ = false;
  batch_.clear();
  busy_ = false;
  while (!queue_.empty() && queue_.front().results.size() == queue_.front().works.size()) {
    Request request = std::move(queue_.front());
    queue_.pop_front();
    waiting_works_.fetch_sub(request.works.size());
    for (const auto& result : request.results) {
      const Committed* committed = result.ok() ? std::get_if<Committed>(&*result) : nullptr;
      if (committed != nullptr) told_ = committed->seq;
    }
    finished_.push_back(std::move(request));
  }
}

void RedisPartition::Fail(const absl::Status& status) {
  const RedisFault fault = FaultOf(status);
  if (fault == RedisFault::kOutOfMemory || fault == RedisFault::kTooManyInFlight) {
    // Nothing was done, and the partition is as it was.
    for (Item& item : batch_) {
      if (item.result) continue;
      item.result = fault == RedisFault::kOutOfMemory ? RefuseUntil(Reason::REASON_STORAGE_FULL, limits::kRetryDelayWhenBusy) : Busy();
    }
    return FinishBatch();
  }
  batch_.clear();
  busy_ = false;
  CloseFor(status);
}

void RedisPartition::CloseFor(const absl::Status& why) {
  open_ = false;
  on_fault_(access_.route, why);
}

absl::StatusOr<RedisPartition::Access> RedisPartition::AwaitOpen() const {
  absl::MutexLock lock(&mutex_);
  if (!mutex_.AwaitWithTimeout(absl::Condition(&open_), options_.patience)) return Away();
  return access_;
}

bool RedisPartition::is_open() const {
  absl::MutexLock lock(&mutex_);
  return open_;
}

void RedisPartition::Doubt(const Access& access, const absl::Status& why) {
  absl::MutexLock lock(&mutex_);
  const bool same = open_ && access_.route.node == access.route.node && access_.route.session == access.route.session &&
                    access_.fence.nonce == access.fence.nonce;
  if (same) CloseFor(why);
}

void RedisPartition::Forget(PartitionSeq last) {
  absl::MutexLock lock(&mutex_);
  cache_.Clear();
  access_.fence.lowest = std::max(access_.fence.lowest, last);
}

void RedisPartition::Close() {
  absl::MutexLock lock(&mutex_);
  open_ = false;
}

void RedisPartition::CloseIfSessionOver() {
  absl::MutexLock lock(&mutex_);
  if (open_ && access_.route.session != access_.route.node->prepared) open_ = false;
}

void RedisPartition::CloseIfBy(const RedisNode& node) {
  absl::MutexLock lock(&mutex_);
  if (open_ && access_.route.node.get() == &node) open_ = false;
}

std::optional<RedisPartition::Access> RedisPartition::access() const {
  absl::MutexLock lock(&mutex_);
  return open_ ? std::optional(access_) : std::nullopt;
}

PartitionSeq RedisPartition::told() const {
  absl::MutexLock lock(&mutex_);
  return told_;
}

bool RedisPartition::BeginRepair() {
  absl::MutexLock lock(&mutex_);
  if (open_ || busy_) return false;
  // What Redis has committed and nobody was told of, the repair takes from the outbox into the journal. So it must not be told as a commit
  // of ours any more: it will be found as a repetition.
  if (!queue_.empty() && !queue_.front().results.empty()) {
    queue_.front().results.clear();
    queue_.front().unknown = true;
  }
  return true;
}

void RedisPartition::Open(Access access) {
  absl::MutexLock lock(&mutex_);
  access_ = std::move(access);
  glanced_ = PartitionSeq(0);
  left_behind_ = false;
  cache_.Clear();
  ask_keys_ = true;
  open_ = true;
  GoOn();
}

void RedisPartition::GiveUp(SteadyTime now, const absl::Status& why) {
  absl::MutexLock lock(&mutex_);
  while (!open_ && !busy_ && !queue_.empty() && queue_.front().deadline <= now) {
    Request request = std::move(queue_.front());
    queue_.pop_front();
    waiting_works_.fetch_sub(request.works.size());
    const bool unknown = request.unknown || !request.results.empty();
    std::vector<absl::StatusOr<ExecuteResult>> results(request.works.size(), unknown ? Unknown() : why);
    std::move(request.done)(std::move(results));
  }
}

void RedisPartition::SettleIdle() {
  const PartitionSeq journaled = tail_.LastDurable(id_);
  absl::MutexLock lock(&mutex_);
  if (!open_ || busy_ || journaled <= settled_) return;
  // Where it cannot be sent now, the next time will do.
  if (access_.route.Send(SettleCall(keys_, access_.fence, journaled), [](absl::StatusOr<RedisReply>) {}).ok()) settled_ = journaled;
}

void RedisPartition::Glance(SteadyTime now) {
  absl::MutexLock lock(&mutex_);
  if (!open_ || access_.fence.term == 0 || now < next_glance_) return;
  next_glance_ = now + absl::ToChronoNanoseconds(options_.glance_every);
  const RedisCommand command = OutboxCall(keys_, access_.fence.journal, access_.fence.Opening(), PartitionSeq(0), 0);
  const absl::Status sent =
      access_.route.Send(command, [this, access = access_](absl::StatusOr<RedisReply> reply) { TakeGlance(access, std::move(reply)); });
  if (!sent.ok() && FaultOf(sent) != RedisFault::kTooManyInFlight) glanced_ = PartitionSeq(0);
}

void RedisPartition::TakeGlance(const Access& access, absl::StatusOr<RedisReply> reply) {
  if (!reply.ok()) return Doubt(access, reply.status());
  const absl::StatusOr<Outbox> outbox = ParseOutbox(reply->value());
  absl::MutexLock lock(&mutex_);
  if (!outbox.ok() || access_.fence.nonce != access.fence.nonce) return;
  left_behind_ = left_behind_ || glanced_ > outbox->settled;
  glanced_ = outbox->last > outbox->settled ? outbox->last : PartitionSeq(0);
}

bool RedisPartition::LeftBehind() {
  absl::MutexLock lock(&mutex_);
  if (!open_ || !left_behind_) return false;
  left_behind_ = false;
  glanced_ = PartitionSeq(0);
  return true;
}

}  // namespace fenfen
