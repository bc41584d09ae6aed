// What every State must do, whatever keeps it. Instantiated for each by a factory: INSTANTIATE_TEST_SUITE_P(Memory, StateConformance, …).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "ledger/core/errors.h"
#include "ledger/state/state.h"

namespace fenfen {

using StateFactory = std::function<std::unique_ptr<State>()>;

class StateConformance : public testing::TestWithParam<StateFactory> {
 protected:
  static constexpr PartitionId kPartition{3};
  static constexpr AccountId kBank{AccountKind::kProgramme, Asset::kReward, 1};
  static constexpr AccountId kHome{AccountKind::kHousehold, Asset::kReward, 2};
  static constexpr RecordKey kRecord{RecordKind::kHousehold, 2};

  // Moves `amount` from the bank to the home (or back where negative) and writes `bytes` to the record, replacing the version it sees.
  static State::Decide Move(RequestKey key, int64_t amount, std::string bytes, uint64_t fingerprint = 1) {
    return [=](const View& view) -> absl::StatusOr<Transaction> {
      Transaction t;
      t.key = key;
      t.fingerprint = fingerprint;
      t.event_time = absl::FromUnixSeconds(1);
      t.postings = {{kBank, Points(-amount)}, {kHome, Points(amount)}};
      const auto present = view.Record(kRecord);
      t.changes = {{kRecord, present ? present->version : PartitionSeq(0), bytes}};
      return t;
    };
  }
  absl::StatusOr<ExecuteResult> Execute(State& state, RequestKey key, State::Decide decide, uint64_t fingerprint = 1) {
    std::vector<State::Work> works;
    works.push_back({key, fingerprint, {{kRecord}, {kBank, kHome}}, std::move(decide)});
    return ExecuteAll(state, std::move(works)).front();
  }
  std::vector<absl::StatusOr<ExecuteResult>> ExecuteAll(State& state, std::vector<State::Work> works) {
    std::vector<absl::StatusOr<ExecuteResult>> out;
    absl::Notification done;
    state.Execute(kPartition, std::move(works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
      out = std::move(results);
      done.Notify();
    });
    done.WaitForNotification();
    return out;
  }
  static int64_t Balance(const State& state, const AccountId& account) {
    int64_t balance = 0;
    EXPECT_TRUE(state.Read(kPartition, [&](const View& view, PartitionSeq) { balance = view.Balance(account).hundredths(); }).ok());
    return balance;
  }
  std::unique_ptr<State> state = GetParam()();
};

TEST_P(StateConformance, CommitsAreNumberedFromOneAndSeenAfterwards) {
  const auto first = Execute(*state, {1, 1}, Move({1, 1}, 500, "a"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(std::get<Committed>(*first).seq, PartitionSeq(1));
  const auto second = Execute(*state, {1, 2}, Move({1, 2}, 70, "b"));
  EXPECT_EQ(std::get<Committed>(*second).seq, PartitionSeq(2));
  EXPECT_EQ(Balance(*state, kHome), 570);
  EXPECT_EQ(Balance(*state, kBank), -570);
  EXPECT_TRUE(state
                  ->Read(kPartition,
                         [&](const View& view, PartitionSeq last) {
                           EXPECT_EQ(last, PartitionSeq(2));
                           EXPECT_EQ(view.Record(kRecord)->version, PartitionSeq(2));
                           EXPECT_EQ(view.Record(kRecord)->bytes, "b");
                           EXPECT_EQ(view.Record({RecordKind::kVoucher, 2}), std::nullopt);
                         })
                  .ok());
}

TEST_P(StateConformance, WhatIsExpectedIsShownAsWhatIsNot) {
  ASSERT_TRUE(Execute(*state, {1, 1}, Move({1, 1}, 500, "a")).ok());
  std::vector<RecordKey> records;
  std::vector<AccountId> accounts;
  for (uint64_t id = 0; id < 1500; ++id) {
    records.push_back({RecordKind::kHousehold, id});
    accounts.push_back({AccountKind::kHousehold, Asset::kReward, id});
  }
  const auto read = [&](const View& view, PartitionSeq last) {
    const std::optional<RecordView> before = view.Record(kRecord);
    view.Expect(records, accounts);
    view.Expect(records, {});  // again
    EXPECT_EQ(last, PartitionSeq(1));
    ASSERT_TRUE(before);
    EXPECT_EQ(before->bytes, "a");  // still good
    for (size_t i = 0; i < records.size(); ++i) {
      const std::optional<RecordView> record = view.Record(records[i]);
      EXPECT_EQ(record.has_value(), records[i] == kRecord);
      EXPECT_EQ(view.Balance(accounts[i]).hundredths(), accounts[i] == kHome ? 500 : 0);
    }
    EXPECT_EQ(view.Record(kRecord)->bytes, "a");
    EXPECT_EQ(view.Balance(kBank).hundredths(), -500);  // not named
  };
  EXPECT_TRUE(state->Read(kPartition, read).ok());
}

TEST_P(StateConformance, AKeyHasOneEffect) {
  ASSERT_TRUE(Execute(*state, {1, 1}, Move({1, 1}, 500, "a")).ok());
  const auto again = Execute(*state, {1, 1}, Move({1, 1}, 500, "a"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(std::get<Replayed>(*again).seq, PartitionSeq(1));
  const auto other = Execute(*state, {1, 1}, Move({1, 1}, 9, "z", 2), 2);
  EXPECT_EQ(RefusalOf(other.status()).reason, Reason::REASON_REQUEST_ID_REUSED);
  EXPECT_EQ(Balance(*state, kHome), 500);
}

TEST_P(StateConformance, ARefusalChangesNothingAndKeepsNoKey) {
  const auto refused = Execute(*state, {1, 1}, [](const View&) { return Refuse(Reason::REASON_OFFER_UNKNOWN); });
  EXPECT_EQ(RefusalOf(refused.status()).reason, Reason::REASON_OFFER_UNKNOWN);
  const auto later = Execute(*state, {1, 1}, Move({1, 1}, 500, "a"));
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(std::get<Committed>(*later).seq, PartitionSeq(1));
}

TEST_P(StateConformance, NoBalanceCrossesItsBound) {
  ASSERT_TRUE(Execute(*state, {1, 1}, Move({1, 1}, 500, "a")).ok());
  EXPECT_FALSE(Execute(*state, {1, 2}, Move({1, 2}, -501, "b")).ok());
  EXPECT_EQ(Balance(*state, kHome), 500);
  EXPECT_TRUE(Execute(*state, {1, 3}, Move({1, 3}, -500, "b")).ok());
  EXPECT_EQ(Balance(*state, kHome), 0);
}

TEST_P(StateConformance, ADecisionThatIsWrongIsNotTaken) {
  const auto unbalanced = Execute(*state, {1, 1}, [](const View&) -> absl::StatusOr<Transaction> {
    Transaction t;
    t.key = {1, 1};
    t.fingerprint = 1;
    t.postings = {{kHome, Points(5)}};
    return t;
  });
  EXPECT_FALSE(unbalanced.ok());
  const auto stale = Execute(*state, {1, 1}, [](const View&) -> absl::StatusOr<Transaction> {
    Transaction t;
    t.key = {1, 1};
    t.fingerprint = 1;
    t.changes = {{kRecord, PartitionSeq(9), "x"}};
    return t;
  });
  EXPECT_FALSE(stale.ok());
  EXPECT_TRUE(state->Read(kPartition, [](const View&, PartitionSeq last) { EXPECT_EQ(last, PartitionSeq(0)); }).ok());
}

TEST_P(StateConformance, ApplyRedoesWhatExecuteDid) {
  std::vector<Transaction> history;
  for (uint64_t i = 1; i <= 20; ++i) {
    const auto done = Execute(*state, {1, i}, Move({1, i}, i % 5 == 0 ? -10 : 20, std::to_string(i)));
    ASSERT_TRUE(done.ok());
    history.push_back(std::get<Committed>(*done).transaction);
  }
  const std::unique_ptr<State> copy = GetParam()();
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(copy->Apply(kPartition, PartitionSeq(i), history[i - 1]).ok());
  EXPECT_EQ(copy->DigestOf(kPartition)->sha256, state->DigestOf(kPartition)->sha256);
  EXPECT_EQ(copy->DigestOf(kPartition)->seq, PartitionSeq(20));
  // And remembers the keys.
  EXPECT_EQ(std::get<Replayed>(*Execute(*copy, {1, 7}, Move({1, 7}, 20, "7"))).seq, PartitionSeq(7));
}

TEST_P(StateConformance, ApplyRefusesWhatDoesNotFollow) {
  const auto one = Execute(*state, {1, 1}, Move({1, 1}, 5, "a"));
  const auto two = Execute(*state, {1, 2}, Move({1, 2}, 5, "b"));
  const std::unique_ptr<State> copy = GetParam()();
  const Transaction& first = std::get<Committed>(*one).transaction;
  const Transaction& second = std::get<Committed>(*two).transaction;
  EXPECT_TRUE(absl::IsDataLoss(copy->Apply(kPartition, PartitionSeq(2), second)));
  EXPECT_TRUE(copy->Apply(kPartition, PartitionSeq(1), first).ok());
  EXPECT_TRUE(absl::IsDataLoss(copy->Apply(kPartition, PartitionSeq(1), first)));
  EXPECT_TRUE(absl::IsDataLoss(copy->Apply(kPartition, PartitionSeq(2), first))) << "one key, two effects";
}

TEST_P(StateConformance, ApplyAllRedoesSeveralUpToTheFirstThatDoesNotFollow) {
  std::vector<CommittedTransaction> history;
  for (uint64_t i = 1; i <= 20; ++i) {
    const auto done = Execute(*state, {1, i}, Move({1, i}, i % 5 == 0 ? -10 : 20, std::to_string(i)));
    ASSERT_TRUE(done.ok());
    history.push_back({kPartition, PartitionSeq(i), absl::UnixEpoch(), std::get<Committed>(*done).transaction});
  }
  std::vector<const CommittedTransaction*> several;
  for (const CommittedTransaction& committed : history) several.push_back(&committed);
  const std::unique_ptr<State> copy = GetParam()();
  ASSERT_TRUE(copy->ApplyAll(several).ok());
  EXPECT_EQ(copy->DigestOf(kPartition)->sha256, state->DigestOf(kPartition)->sha256);
  EXPECT_EQ(copy->DigestOf(kPartition)->seq, PartitionSeq(20));
  EXPECT_EQ(std::get<Replayed>(*Execute(*copy, {1, 7}, Move({1, 7}, 20, "7"))).seq, PartitionSeq(7));

  several.erase(several.begin() + 12);
  const std::unique_ptr<State> gap = GetParam()();
  EXPECT_TRUE(absl::IsDataLoss(gap->ApplyAll(several)));
  EXPECT_EQ(gap->DigestOf(kPartition)->seq, PartitionSeq(12));
}

TEST_P(StateConformance, DigestsDifferWhereStatesDo) {
  const std::unique_ptr<State> other = GetParam()();
  ASSERT_TRUE(Execute(*state, {1, 1}, Move({1, 1}, 5, "a")).ok());
  ASSERT_TRUE(Execute(*other, {1, 1}, Move({1, 1}, 6, "a")).ok());
  EXPECT_NE(state->DigestOf(kPartition)->sha256, other->DigestOf(kPartition)->sha256);
  EXPECT_NE(state->DigestOf(PartitionId(4))->sha256, state->DigestOf(PartitionId(5))->sha256) << "the partition is part of it";
}

TEST_P(StateConformance, WorksRunInTheirOrderAndABadOneDoesNotSpoilItsNeighbours) {
  const auto work = [](uint64_t key, State::Decide decide) {
    return State::Work{{1, key}, 1, {{kRecord}, {kBank, kHome}}, std::move(decide)};
  };
  std::vector<State::Work> works;
  works.push_back(work(1, Move({1, 1}, 500, "a")));
  works.push_back(work(2, [](const View&) { return Refuse(Reason::REASON_OFFER_UNKNOWN); }));
  works.push_back(work(3, Move({1, 3}, -501, "c")));
  works.push_back(work(1, Move({1, 1}, 500, "a")));
  works.push_back(work(4, Move({1, 4}, -500, "d")));
  const auto results = ExecuteAll(*state, std::move(works));
  ASSERT_EQ(results.size(), 5u);
  EXPECT_EQ(std::get<Committed>(*results[0]).seq, PartitionSeq(1));
  EXPECT_EQ(RefusalOf(results[1].status()).reason, Reason::REASON_OFFER_UNKNOWN);
  EXPECT_FALSE(results[2].ok()) << "below zero";
  EXPECT_EQ(std::get<Replayed>(*results[3]).seq, PartitionSeq(1));
  EXPECT_EQ(std::get<Committed>(*results[4]).seq, PartitionSeq(2));
  EXPECT_EQ(Balance(*state, kHome), 0);
}

TEST_P(StateConformance, ConcurrentCommitsAreOneOrderWithoutGaps) {
  constexpr int kThreads = 4, kEach = 200;
  absl::Mutex mutex;
  std::vector<uint64_t> order;
  std::vector<std::thread> threads;
  absl::BlockingCounter left(kThreads * kEach);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < kEach; ++i) {
        const RequestKey key{static_cast<uint64_t>(t + 1), i};
        std::vector<State::Work> works;
        works.push_back({key, 1, {{kRecord}, {kBank, kHome}}, Move(key, 1, "r")});
        state->Execute(kPartition, std::move(works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
          {
            absl::MutexLock lock(&mutex);
            order.push_back(std::get<Committed>(*results.front()).seq.value());
          }
          left.DecrementCount();
        });
      }
    });
  }
  left.Wait();
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], i + 1) << "done is called in the sequence's order";
  EXPECT_EQ(Balance(*state, kHome), kThreads * kEach);
}

}  // namespace fenfen
