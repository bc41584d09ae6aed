// What the tests of RedisState share: a ledger of a RedisState and its journal, as the engine puts them together, driven by small moves.
#pragma once

#include <gtest/gtest.h>

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

  explicit RedisLedger(RedisOptions redis, MemoryTail& tail, std::string deployment = "demo", absl::Duration patience = absl::Seconds(10))
      : tail_(tail), state_(Options(std::move(redis), std::move(deployment), patience), tail) {}

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

  // Executes, and journals what was committed, as the engine does.
  void Submit(PartitionId partition, std::vector<State::Work> works, State::Done done) {
    state_.Execute(partition, std::move(works),
                   [this, partition, done = std::move(done)](std::vector<absl::StatusOr<ExecuteResult>> results) mutable {
                     for (const auto& result : results) {
                       const Committed* committed = result.ok() ? std::get_if<Committed>(&*result) : nullptr;
                       if (committed != nullptr) tail_.Take(partition, committed->seq, committed->transaction);
                     }
                     std::move(done)(std::move(results));
                   });
  }
  std::vector<absl::StatusOr<ExecuteResult>> Execute(std::vector<State::Work> works, PartitionId partition = kPartition) {
    std::vector<absl::StatusOr<ExecuteResult>> out;
    absl::Notification finished;
    Submit(partition, std::move(works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
      out = std::move(results);
      finished.Notify();
    });
    finished.WaitForNotification();
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
    const auto digest = state_.DigestOf(partition);
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
  static RedisStateOptions Options(RedisOptions redis, std::string deployment, absl::Duration patience) {
    RedisStateOptions options;
    options.redis = std::move(redis);
    options.deployment = std::move(deployment);
    options.patience = patience;
    return options;
  }
  MemoryTail& tail_;
  RedisState state_;
};

inline Reason ReasonOf(const absl::StatusOr<ExecuteResult>& result) {
  return result.ok() ? Reason::REASON_UNSPECIFIED : RefusalOf(result.status()).reason;
}

}  // namespace fenfen
