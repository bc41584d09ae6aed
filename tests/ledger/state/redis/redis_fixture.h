// What the tests of RedisState share: a ledger of a RedisState and its journal, as the engine puts them together, driven by small moves.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "ledger/core/errors.h"
#include "ledger/state/memory_state.h"
#include "ledger/state/redis/redis_fault.h"
#include "ledger/state/redis/redis_state.h"
#include "tests/ledger/state/redis/memory_tail.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen {

// A UUIDv7 key of a time.
inline RequestKey KeyAt(absl::Time time, uint64_t low) {
  return {static_cast<uint64_t>(absl::ToUnixMillis(time)) << 16 | 0x7000, uint64_t{2} << 62 | low};
}

class RedisLedger {
 public:
  static constexpr PartitionId kPartition{3};
  static constexpr AccountId kBank{AccountKind::kProgramme, Asset::kReward, 1};
  static AccountId Home(uint64_t id) { return {AccountKind::kHousehold, Asset::kReward, id}; }
  static RecordKey Household(uint64_t id) { return {RecordKind::kHousehold, id}; }

  explicit RedisLedger(RedisOptions redis, TestTail& tail, std::string deployment = "demo", absl::Duration patience = absl::Seconds(10))
      : RedisLedger(OptionsOf(std::move(redis), std::move(deployment), patience), tail) {}
  RedisLedger(RedisStateOptions options, TestTail& tail) : tail_(tail), state_(std::move(options), tail) {}

  static RedisStateOptions OptionsOf(RedisOptions redis, std::string deployment, absl::Duration patience) {
    RedisStateOptions options;
    options.redis = std::move(redis);
    options.deployment = std::move(deployment);
    options.patience = patience;
    return options;
  }

  RedisState& state() { return state_; }
  absl::Status AwaitOpen(absl::Duration timeout = absl::Seconds(20)) { return state_.AwaitOpen(timeout); }

  // Moves points from the bank to a household and rewrites its record.
  static State::Work Move(RequestKey key, uint64_t household, int64_t amount, std::string bytes = "r", uint64_t fingerprint = 1) {
    State::Decide decide = [=](const View& view) -> absl::StatusOr<Transaction> {
      Transaction t;
      t.key = key;
      t.fingerprint = fingerprint;
      t.event_time = absl::FromUnixSeconds(1);
      if (amount != 0) t.postings = {{kBank, Points(-amount)}, {Home(household), Points(amount)}};
      // Looks before it spends, as the ledger's own decisions do.
      if (view.Balance(Home(household)).hundredths() + amount < 0) return Refuse(Reason::REASON_POINTS_INSUFFICIENT);
      const auto present = view.Record(Household(household));
      t.changes = {{Household(household), present ? present->version : PartitionSeq(0), bytes}};
      return t;
    };
    return {key, fingerprint, {{Household(household)}, {kBank, Home(household)}}, std::move(decide)};
  }

  // Executes, and journals what was committed, as the engine does: `done` runs when all of it is known to be journaled or not to be.
  void Submit(PartitionId partition, std::vector<State::Work> works, State::Done done) {
    state_.Execute(partition, std::move(works),
                   [this, partition, done = std::move(done)](std::vector<absl::StatusOr<ExecuteResult>> results) mutable {
                     auto batch = std::make_shared<Batch>(std::move(results), std::move(done));
                     for (size_t i = 0; i < batch->results.size(); ++i) {
                       const auto& result = batch->results[i];
                       const Committed* committed = result.ok() ? std::get_if<Committed>(&*result) : nullptr;
                       if (committed == nullptr) {
                         batch->Settle();
                         continue;
                       }
                       const Committed copy = *committed;
                       tail_.Take(partition, copy, [batch, i](const absl::Status& status) {
                         if (!status.ok()) batch->results[i] = NotKnown();
                         batch->Settle();
                       });
                     }
                     batch->Settle();
                   });
  }
  std::vector<absl::StatusOr<ExecuteResult>> Execute(std::vector<State::Work> works, PartitionId partition = kPartition) {
    std::vector<RequestKey> keys;
    for (const State::Work& work : works) keys.push_back(work.key);
    std::vector<absl::StatusOr<ExecuteResult>> out;
    absl::Notification finished;
    Submit(partition, std::move(works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
      out = std::move(results);
      finished.Notify();
    });
    finished.WaitForNotification();
    for (size_t i = 0; i < out.size() && tail_.shared(); ++i) {
      const Replayed* repeated = out[i].ok() ? std::get_if<Replayed>(&*out[i]) : nullptr;
      if (repeated != nullptr && !Journaled(partition, repeated->seq, keys[i])) out[i] = NotKnown();
    }
    return out;
  }
  absl::StatusOr<ExecuteResult> Execute(State::Work work, PartitionId partition = kPartition) {
    std::vector<State::Work> works;
    works.push_back(std::move(work));
    return Execute(std::move(works), partition).front();
  }
  int64_t Balance(uint64_t household) {
    int64_t balance = -1;
    const absl::Status status =
        state_.Read(kPartition, [&](const View& view, PartitionSeq) { balance = view.Balance(Home(household)).hundredths(); });
    EXPECT_TRUE(status.ok()) << status;
    return balance;
  }

  // The ledger is whole: the journal came in order, and Redis is the fold of it.
  void ExpectWhole(PartitionId partition = kPartition) {
    EXPECT_TRUE(tail_.Sound().ok()) << tail_.Sound();
    auto digest = state_.DigestOf(partition);
    // The last commit of a server that was killed may be there whose client has gone: a sweep journals it.
    for (int i = 0; i < 6000 && tail_.shared() && digest.ok() && digest->seq.value() > tail_.Entries(partition).size(); ++i) {
      state_.Sweep(partition);
      absl::SleepFor(absl::Milliseconds(10));
      digest = state_.DigestOf(partition);
    }
    ASSERT_TRUE(digest.ok()) << digest.status();
    MemoryState fold;
    PartitionSeq seq;
    for (const std::string& bytes : tail_.Entries(partition)) {
      seq = PartitionSeq(seq.value() + 1);
      const auto transaction = DecodeTransaction(bytes);
      ASSERT_TRUE(transaction.ok());
      const absl::Status applied = fold.Apply(partition, seq, *transaction);
      ASSERT_TRUE(applied.ok()) << applied;
    }
    EXPECT_EQ(digest->seq, seq);
    EXPECT_EQ(digest->sha256, fold.DigestOf(partition)->sha256);
  }

 private:
  // One call of Submit.
  struct Batch {
    Batch(std::vector<absl::StatusOr<ExecuteResult>> outcome, State::Done when_done)
        : results(std::move(outcome)), done(std::move(when_done)), left(results.size() + 1) {}
    void Settle() {
      if (left.fetch_sub(1) == 1) std::move(done)(std::move(results));
    }
    std::vector<absl::StatusOr<ExecuteResult>> results;
    State::Done done;
    std::atomic<size_t> left;  // results that are not known yet, and Submit, which looks at them all
  };
  static absl::Status NotKnown() { return RefuseUntil(Reason::REASON_OUTCOME_UNKNOWN, absl::ZeroDuration()); }
  // Whether what Redis says was the effect of the key is the journal's, too. It may take a moment; or never come true.
  bool Journaled(PartitionId partition, PartitionSeq seq, const RequestKey& key) {
    for (int i = 0; i < 3000; ++i) {
      const auto stored = tail_.Read(partition, seq);
      if (stored.ok()) return DecodeTransaction(*stored)->key == key;
      state_.Sweep(partition);
      absl::SleepFor(absl::Milliseconds(5));
    }
    return false;
  }
  TestTail& tail_;
  RedisState state_;
};

// One of several servers over one journal: its writer and its State, wired as server/stores does.
class WriterLedger {
 public:
  // `wired`: where the journal waits for an entry or refuses one, the State is asked to sweep.
  WriterLedger(const RedisOptions& redis, SharedJournal& journal, bool wired = true, absl::Duration patience = absl::Seconds(10))
      : WriterLedger(RedisLedger::OptionsOf(redis, "demo", patience), journal, wired) {}
  WriterLedger(RedisStateOptions options, SharedJournal& journal, bool wired = true) : tail_(journal), ledger_(std::move(options), tail_) {
    if (wired) tail_.OnTrouble([this](PartitionId partition) { ledger_.state().Sweep(partition); });
  }
  ~WriterLedger() { tail_.OnTrouble(nullptr); }
  RedisLedger& ledger() { return ledger_; }
  WriterTail& tail() { return tail_; }
  RedisState::Figures figures() { return ledger_.state().figures(); }

 private:
  WriterTail tail_;
  RedisLedger ledger_;
};

inline Reason ReasonOf(const absl::StatusOr<ExecuteResult>& result) {
  return result.ok() ? Reason::REASON_UNSPECIFIED : RefusalOf(result.status()).reason;
}

}  // namespace fenfen
