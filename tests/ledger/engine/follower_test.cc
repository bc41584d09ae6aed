// Several servers over one State and one journal: each server's projections get everybody's transactions, in order and once, before whoever
// wrote or saw them is answered.
#include "ledger/engine/follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "ledger/engine/engine_tail.h"
#include "tests/ledger/engine/several_engines.h"
#include "tests/ledger/engine/shared_journal.h"

namespace fenfen {
namespace {

using testing::ElementsAre;

// One server, which stores what it appends when the test says so.
struct Journals {
  explicit Journals(SharedBooks& books) : journal(books) {}
  SharedJournal journal;
};
struct Server : Journals, OneOfSeveral {
  Server(State& state, SharedBooks& books, FollowerOptions options = {})
      : Journals(books), OneOfSeveral(state, journal, std::move(options)) {}
};

class FollowerTest : public testing::Test {
 protected:
  StateElsewhere state;
  SharedBooks books;
};

TEST_F(FollowerTest, ALoneServerReadsNothingBack) {
  FollowerOptions options;
  options.poll = absl::Hours(1);
  Server server(state, books, options);
  for (uint64_t key = 1; key <= 50; ++key) {
    const auto reply = server.Submit(key);
    const auto read = server.Read();
    EXPECT_FALSE(reply->arrived());
    EXPECT_FALSE(read->arrived());
    EXPECT_EQ(server.journal.Sync(), 1u);
    EXPECT_TRUE(reply->Await().ok());
    EXPECT_TRUE(read->Await().ok());
  }
  EXPECT_EQ(server.recorder.seen().size(), 50u);
  EXPECT_EQ(server.engine.follower()->figures().followed, 0u);
  absl::MutexLock lock(&books.mutex);
  EXPECT_EQ(books.reads, 0u);
}

TEST_F(FollowerTest, WhatOthersWriteComesInItsPlace) {
  Server a(state, books), b(state, books);
  const auto first = a.Submit(1), second = b.Submit(2), third = a.Submit(3), fourth = a.Submit(4);
  a.journal.Sync();
  EXPECT_TRUE(first->Await().ok());
  EXPECT_FALSE(third->arrived());
  b.journal.Sync();
  EXPECT_TRUE(second->Await().ok());
  EXPECT_THAT(b.recorder.seen(), ElementsAre(1, 2));
  a.journal.Sync();
  EXPECT_TRUE(third->Await().ok());
  EXPECT_TRUE(fourth->Await().ok());
  EXPECT_THAT(a.recorder.seen(), ElementsAre(1, 2, 3, 4));
  ASSERT_TRUE(b.recorder.Await(4));
  EXPECT_THAT(b.recorder.seen(), ElementsAre(1, 2, 3, 4));
}

// Whoever has the reply finds its effect, and the effects before it, in the projections.
TEST_F(FollowerTest, AReplyWaitsForWhatLiesBeforeIt) {
  Server a(state, books), b(state, books);
  const auto first = b.Submit(1);
  const auto second = a.Submit(2);
  books.SetTrouble(absl::UnavailableError("the store is away"));
  b.journal.Sync();
  EXPECT_EQ(a.journal.Sync(), 1u);
  EXPECT_TRUE(first->Await().ok());
  EXPECT_FALSE(second->arrived()) << "durable, but not in its place";
  books.SetTrouble(absl::OkStatus());
  EXPECT_TRUE(second->Await().ok());
  EXPECT_THAT(a.recorder.seen(), ElementsAre(1, 2));
}

TEST_F(FollowerTest, AReaderWaitsForWhatAnotherServerHasNotJournaled) {
  Server a(state, books), b(state, books);
  const auto written = a.Submit(1);
  const auto read = b.Read();
  EXPECT_FALSE(read->arrived());
  a.journal.Sync();
  EXPECT_TRUE(read->Await().ok());
  EXPECT_TRUE(written->Await().ok());
  EXPECT_THAT(b.recorder.seen(), ElementsAre(1));
}

TEST_F(FollowerTest, ARepetitionThroughAnotherServerGetsTheSame) {
  Server a(state, books), b(state, books);
  const auto first = a.Submit(1);
  const auto again = b.Submit(1);
  EXPECT_FALSE(again->arrived());
  a.journal.Sync();
  EXPECT_TRUE(first->Await().ok());
  EXPECT_TRUE(again->Await().ok());
  EXPECT_TRUE(b.engine.SubmitAndWait(Pay(1))->replayed);
}

// One server was killed between the State and the journal; the other sweeps what it left.
TEST_F(FollowerTest, WhatAKilledServerLeftIsAdopted) {
  Server a(state, books), b(state, books);
  {
    SharedBooks nowhere;
    Server(state, nowhere).Submit(1);
  }
  const auto second = b.Submit(2);
  const auto read = a.Read();
  EXPECT_EQ(b.journal.Sync(), 0u);
  std::vector<std::thread> sweepers;
  std::atomic<int> adopted = 0;
  for (Server* server : {&a, &b}) {
    sweepers.emplace_back([&, server] {
      EXPECT_TRUE(server->engine.Adopt(kPartition, 0, PartitionSeq(1), {EncodeTransaction(Payment(1))}).ok());
      ++adopted;
    });
  }
  while (adopted < 2) {
    a.journal.Sync();
    b.journal.Sync();
    absl::SleepFor(absl::Milliseconds(1));
  }
  for (std::thread& sweeper : sweepers) sweeper.join();
  EXPECT_TRUE(second->Await().ok());
  EXPECT_TRUE(read->Await().ok());
  EXPECT_THAT(b.recorder.seen(), ElementsAre(1, 2));
  ASSERT_TRUE(a.recorder.Await(2));
  EXPECT_THAT(a.recorder.seen(), ElementsAre(1, 2));
}

// What is stored counts: all tell the same record time.
TEST_F(FollowerTest, WhoIsSweptByAnotherTellsWhatIsStored) {
  Server a(state, books), b(state, books);
  b.clock.Set(absl::FromUnixSeconds(2000));
  absl::StatusOr<Outcome> outcome;
  Reply reply;
  a.engine.Submit(Pay(1), [&](absl::StatusOr<Outcome> told) {
    outcome = std::move(told);
    reply.Set(outcome.status());
  });
  std::thread sweeper([&] { EXPECT_TRUE(b.engine.Adopt(kPartition, 0, PartitionSeq(1), {EncodeTransaction(Payment(1))}).ok()); });
  while (b.journal.Sync() == 0) absl::SleepFor(absl::Milliseconds(1));
  sweeper.join();
  a.journal.Sync();
  ASSERT_TRUE(reply.Await().ok());
  EXPECT_EQ(outcome->committed.record_time, absl::FromUnixSeconds(2000));
  EXPECT_FALSE(outcome->replayed);
  EXPECT_THAT(a.recorder.seen(), ElementsAre(1));
}

TEST_F(FollowerTest, WhatCouldNotBeJournaledFailsThoseWhoSawIt) {
  Server a(state, books), b(state, books);
  const auto first = a.Submit(1);
  a.journal.Sync();
  const auto second = a.Submit(2);
  const auto read = a.Read();
  a.journal.Fail(RefuseUntil(Reason::REASON_OUTCOME_UNKNOWN, absl::Milliseconds(200)));
  EXPECT_EQ(ReasonOf(second->Await()), Reason::REASON_OUTCOME_UNKNOWN);
  EXPECT_EQ(ReasonOf(read->Await()), Reason::REASON_OUTCOME_UNKNOWN);
  // It is not for ever: another server swept it, and the retry tells.
  b.journal.Append({kPartition, PartitionSeq(2), absl::FromUnixSeconds(1000), EncodeTransaction(Payment(2))}, [](const absl::Status&) {});
  b.journal.Sync();
  const auto third = a.Submit(3);
  a.journal.Sync();
  EXPECT_TRUE(third->Await().ok());
  EXPECT_TRUE(a.engine.SubmitAndWait(Pay(2))->replayed);
  EXPECT_THAT(a.recorder.seen(), ElementsAre(1, 2, 3));
}

TEST_F(FollowerTest, NobodyWaitsForEver) {
  FollowerOptions options;
  options.patience = absl::Milliseconds(50);
  Server a(state, books), b(state, books, options);
  const auto never = a.Submit(1);
  EXPECT_EQ(ReasonOf(b.Read()->Await()), Reason::REASON_OUTCOME_UNKNOWN);
  // Nor for what cannot be shown, though it is durable; the retry tells.
  const auto second = b.Submit(2);
  books.SetTrouble(absl::UnavailableError("the store is away"));
  a.journal.Sync();
  b.journal.Sync();
  EXPECT_EQ(ReasonOf(second->Await()), Reason::REASON_OUTCOME_UNKNOWN);
  books.SetTrouble(absl::OkStatus());
  ASSERT_TRUE(b.recorder.Await(2));
  EXPECT_TRUE(b.engine.SubmitAndWait(Pay(2))->replayed);
  EXPECT_TRUE(never->Await().ok());
}

TEST_F(FollowerTest, TroubleIsToldOnceAndItsEnd) {
  absl::Mutex mutex;
  std::vector<std::string> told;
  FollowerOptions options;
  options.poll = absl::Milliseconds(5);
  options.report = [&](const absl::Status& status) {
    absl::MutexLock lock(&mutex);
    told.push_back(status.ok() ? "back" : std::string(status.message()));
  };
  const auto await_told = [&](size_t count) {
    absl::MutexLock lock(&mutex);
    const auto enough = [&] { return told.size() >= count; };
    return mutex.AwaitWithTimeout(absl::Condition(&enough), kLong);
  };
  Server server(state, books, options);
  books.SetTrouble(absl::UnavailableError("away"));
  ASSERT_TRUE(await_told(1));
  books.SetTrouble(absl::OkStatus());
  ASSERT_TRUE(await_told(2));
  absl::MutexLock lock(&mutex);
  EXPECT_THAT(told, ElementsAre("away", "back"));
}

TEST_F(FollowerTest, AStopAnswersThoseWhoWait) {
  Server a(state, books);
  a.Submit(1);
  std::shared_ptr<Reply> read;
  {
    Server b(state, books);
    read = b.Read();
  }
  EXPECT_EQ(ReasonOf(read->Await()), Reason::REASON_OUTCOME_UNKNOWN);
  // And those who come after it.
  Server c(state, books);
  EXPECT_TRUE(c.engine.Stop().ok());
  EXPECT_EQ(ReasonOf(c.Read()->Await()), Reason::REASON_OUTCOME_UNKNOWN);
}

// Three servers as fast as they can, on one partition: everybody's projection gets the same, and nobody is answered too early.
TEST_F(FollowerTest, ManyWritersOneOrder) {
  constexpr uint64_t kEach = 400;
  std::vector<std::unique_ptr<Server>> servers;
  for (int s = 0; s < 3; ++s) servers.push_back(std::make_unique<Server>(state, books));
  std::atomic<uint64_t> answered = 0;
  std::atomic<bool> over = false;
  std::vector<std::thread> threads;
  for (uint64_t s = 0; s < servers.size(); ++s) {
    threads.emplace_back([&, s] {
      Server& server = *servers[s];
      for (uint64_t n = 0; n < kEach; ++n) {
        server.engine.Submit(Pay(s * kEach + n + 1), [&](const absl::StatusOr<Outcome>& outcome) {
          ASSERT_TRUE(outcome.ok()) << outcome.status();
          EXPECT_GE(server.recorder.seen().size(), outcome->committed.seq.value());
          ++answered;
        });
        if (n % 7 == 0) server.journal.Sync();
      }
    });
    threads.emplace_back([&, s] {
      while (!over) {
        servers[s]->journal.Sync();
        absl::SleepFor(absl::Milliseconds(1));
      }
    });
  }
  const absl::Time deadline = absl::Now() + kLong;
  while (answered < servers.size() * kEach && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(2));
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, servers.size() * kEach);
  std::vector<uint64_t> all(servers.size() * kEach);
  for (size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
  for (const auto& server : servers) {
    ASSERT_TRUE(server->recorder.Await(all.size()));
    EXPECT_EQ(server->recorder.seen(), all);
  }
}

}  // namespace
}  // namespace fenfen
