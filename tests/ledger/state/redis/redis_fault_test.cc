// What Redis may do to a Redis State: nothing acknowledged is lost, nothing happens twice, and it heals by itself. Faults that come while
// people work are tried under load, several times; each client keeps its own record of what it was told.
#include <functional>
#include <map>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "ledger/core/limits.h"
#include "ledger/state/redis/library.h"
#include "tests/ledger/state/redis/redis_fixture.h"
#include "tests/ledger/state/redis/under_load.h"

namespace fenfen {
namespace {

using testing::Test;

RedisOptions Quick(RedisOptions options) {
  options.command_timeout = absl::Milliseconds(200);
  options.connect_timeout = absl::Milliseconds(200);
  return options;
}

TEST(RedisUnderLoad, FlushAll) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  UnderLoad({&ledger}, tail, [&](int) { server.Type({"FLUSHALL"}); });
  EXPECT_GT(ledger.state().figures().restored, 0u);
}

TEST(RedisUnderLoad, FunctionFlush) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  UnderLoad({&ledger}, tail, [&](int) { server.Type({"FUNCTION", "FLUSH"}); });
  EXPECT_EQ(ledger.state().figures().restored, 0u) << "the data was there all the time";
}

TEST(RedisUnderLoad, KilledAndRestartedOverItsFiles) {
  RedisServer server({"appendonly yes", "appendfsync always"});
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  UnderLoad({&ledger}, tail, [&](int) { server.Restart(); });
  EXPECT_GE(ledger.state().figures().sessions, 5u);
}

TEST(RedisUnderLoad, KilledAndRestartedEmpty) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverTcp(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  UnderLoad({&ledger}, tail, [&](int) { server.Restart(); });
  EXPECT_GT(ledger.state().figures().restored, 0u);
}

TEST(RedisUnderLoad, PausedAndResumed) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(Quick(server.OverUnixSocket()), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  UnderLoad({&ledger}, tail, [&](int i) {
    server.Pause();
    absl::SleepFor(absl::Milliseconds(i % 2 == 0 ? 50 : 300));
    server.Resume();
  });
}

TEST(RedisUnderLoad, ConnectionsCut) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverTcp(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  UnderLoad({&ledger}, tail, [&](int) { server.Type({"CLIENT", "KILL", "TYPE", "normal"}); });
  EXPECT_GE(ledger.state().figures().sessions, 5u);
}

class RedisFaultTest : public Test {
 protected:
  // Commits `count` moves; with `journaled` false they stay in the outbox, as a server leaves them that is killed just then.
  static void Commit(RedisLedger& ledger, uint64_t first, uint64_t count, bool journaled = true) {
    for (uint64_t n = first; n < first + count; ++n) {
      if (journaled) {
        ASSERT_TRUE(ledger.Execute(RedisLedger::Move({1, n}, 2, 10)).ok());
        continue;
      }
      absl::Notification done;
      std::vector<State::Work> works;
      works.push_back(RedisLedger::Move({1, n}, 2, 10));
      ledger.state().Execute(RedisLedger::kPartition, std::move(works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
        EXPECT_TRUE(results.front().ok());
        done.Notify();
      });
      done.WaitForNotification();
    }
  }
  static RedisFault FaultAtStart(const RedisServer& server, MemoryTail& tail, const std::string& deployment = "demo") {
    RedisLedger ledger(server.OverUnixSocket(), tail, deployment);
    return FaultOf(ledger.AwaitOpen());
  }
};

TEST_F(RedisFaultTest, WhatACrashedServerLeftIsJournaledInOrder) {
  RedisServer server;
  MemoryTail tail;
  {
    RedisLedger crashed(server.OverUnixSocket(), tail);
    Commit(crashed, 1, 3);
    Commit(crashed, 4, 300, false);
  }
  ASSERT_EQ(tail.Entries(RedisLedger::kPartition).size(), 3u);
  RedisLedger next(server.OverUnixSocket(), tail);
  ASSERT_TRUE(next.AwaitOpen().ok());
  EXPECT_EQ(next.state().figures().swept, 300u);
  EXPECT_EQ(tail.Entries(RedisLedger::kPartition).size(), 303u);
  EXPECT_EQ(std::get<Replayed>(*next.Execute(RedisLedger::Move({1, 100}, 2, 10))).seq, PartitionSeq(100));
  EXPECT_EQ(next.Balance(2), 3030);
  next.ExpectWhole();
}

TEST_F(RedisFaultTest, AnotherHistoryGivesWayToTheJournals) {
  RedisServer server;
  MemoryTail tail;
  {
    RedisLedger crashed(server.OverUnixSocket(), tail);
    Commit(crashed, 1, 3);
    Commit(crashed, 4, 2, false);
  }
  // Meanwhile another Redis was the master, and went on from the third.
  MemoryState fold;
  for (uint64_t n = 1; n <= 3; ++n) {
    const auto stored = DecodeTransaction(*tail.Read(RedisLedger::kPartition, PartitionSeq(n)));
    ASSERT_TRUE(fold.Apply(RedisLedger::kPartition, PartitionSeq(n), *stored).ok());
  }
  std::vector<State::Work> works;
  works.push_back(RedisLedger::Move({2, 4}, 2, 7));
  fold.Execute(RedisLedger::kPartition, std::move(works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
    const auto& committed = std::get<Committed>(*results.front());
    tail.Take(RedisLedger::kPartition, committed, [](const absl::Status&) {});
  });
  RedisLedger next(server.OverUnixSocket(), tail);
  ASSERT_TRUE(next.AwaitOpen().ok());
  EXPECT_EQ(next.Balance(2), 37);
  next.ExpectWhole();
  EXPECT_TRUE(std::holds_alternative<Committed>(*next.Execute(RedisLedger::Move({1, 4}, 2, 10)))) << "it was never acknowledged";
}

TEST_F(RedisFaultTest, AJournalThatLostSomethingStopsThePartition) {
  RedisServer server;
  MemoryTail tail;
  {
    RedisLedger ledger(server.OverUnixSocket(), tail);
    Commit(ledger, 1, 5);
    Commit(ledger, 6, 1);  // names the first five as journaled
  }
  tail.Truncate(RedisLedger::kPartition, PartitionSeq(2));
  RedisLedger next(server.OverUnixSocket(), tail, "demo", absl::Milliseconds(100));
  const absl::Status status = next.AwaitOpen();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(ReasonOf(next.Execute(RedisLedger::Move({1, 9}, 2, 10))), Reason::REASON_STORE_UNAVAILABLE);
  EXPECT_EQ(server.Type({"HGET", "fenfen:{demo.3}:accounts", "2/1/2"}), "60") << "nothing was touched";
}

// Who waits for it to open is told at once, however long they would have waited; and it opens once somebody has brought that back.
TEST_F(RedisFaultTest, WhatTheJournalHasPutAwayIsNotWaitedFor) {
  RedisServer server;
  MemoryTail tail;
  {
    RedisLedger ledger(server.OverUnixSocket(), tail);
    Commit(ledger, 1, 5);
  }
  server.Type({"FLUSHALL"});
  tail.RefuseReads(absl::FailedPreconditionError("archived: bring it back"));
  RedisLedger next(server.OverUnixSocket(), tail, "demo", absl::Seconds(60));
  const absl::Status status = next.AwaitOpen(absl::Hours(1));
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(status.message(), "archived: bring it back");
  tail.RefuseReads(absl::OkStatus());
  EXPECT_EQ(next.Balance(2), 50) << "who waits for the partition is served once it is there";
}

TEST_F(RedisFaultTest, LostKeysAreRestored) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  Commit(ledger, 1, 100);
  server.Type({"DEL", "fenfen:{demo.3}:meta"});
  Commit(ledger, 101, 1);
  EXPECT_EQ(ledger.state().figures().restored, 100u);
  // Contents that are not of the place they claim; and a place that cannot be.
  server.Type({"HSET", "fenfen:{demo.3}:meta", "seq", "90", "settled", "90"});
  Commit(ledger, 102, 1);
  server.Type({"HSET", "fenfen:{demo.3}:meta", "seq", "90"});
  Commit(ledger, 103, 1);
  EXPECT_EQ(ledger.Balance(2), 1030);
  ledger.ExpectWhole();
}

TEST_F(RedisFaultTest, EachLostKeyIsMissed) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  uint64_t n = 0;
  for (const char* book : {"meta", "accounts", "records", "devices", "outbox", "requests:0"}) {
    Commit(ledger, ++n, 1);
    const RequestKey event = DeviceEventKey(CatalogueId(7), n);
    ASSERT_TRUE(ledger.Execute(RedisLedger::Move(event, 2, 10)).ok());
    server.Type({"DEL", absl::StrCat("fenfen:{demo.3}:", book)});
    EXPECT_EQ(std::get<Replayed>(*ledger.Execute(RedisLedger::Move({1, 1}, 2, 10))).seq, PartitionSeq(1)) << book;
    EXPECT_EQ(std::get<Replayed>(*ledger.Execute(RedisLedger::Move(event, 2, 10))).seq, PartitionSeq(2 * n)) << book;
    EXPECT_EQ(ledger.Balance(2), static_cast<int64_t>(20 * n)) << book;
    ledger.ExpectWhole();
  }
}

TEST_F(RedisFaultTest, AFullRedisRefusesWritesAndServesReads) {
  RedisServer server;
  MemoryTail tail;
  std::atomic<uint64_t> told{0};
  absl::Notification all_told;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  Commit(ledger, 1, 5);
  server.Type({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(ReasonOf(ledger.Execute(RedisLedger::Move({1, 6}, 2, 10))), Reason::REASON_STORAGE_FULL);
  // More than one call can take, at once: whoever waits behind the first is told, too.
  constexpr uint64_t kRequests = 3;
  for (uint64_t request = 0; request < kRequests; ++request) {
    std::vector<State::Work> works;
    for (uint64_t n = 0; n < limits::kExecuteMax; ++n) works.push_back(RedisLedger::Move({2, 100 * request + n}, 2, 10));
    ledger.state().Execute(RedisLedger::kPartition, std::move(works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
      for (const auto& result : results) EXPECT_EQ(ReasonOf(result), Reason::REASON_STORAGE_FULL);
      if (told.fetch_add(1) + 1 == kRequests) all_told.Notify();
    });
  }
  EXPECT_TRUE(all_told.WaitForNotificationWithTimeout(absl::Seconds(60)));
  EXPECT_EQ(ledger.Balance(2), 50);
  server.Type({"CONFIG", "SET", "maxmemory", "0"});
  Commit(ledger, 6, 1);
  EXPECT_EQ(ledger.Balance(2), 60);
  ledger.ExpectWhole();
}

TEST_F(RedisFaultTest, AMasterThatBecomesAReplicaIsLeft) {
  RedisServer server, other;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail, "demo", absl::Milliseconds(200));
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  Commit(ledger, 1, 5);
  server.Type({"REPLICAOF", "127.0.0.1", absl::StrCat(other.port())});
  EXPECT_EQ(ReasonOf(ledger.Execute(RedisLedger::Move({1, 6}, 2, 10))), Reason::REASON_STORE_UNAVAILABLE);
  EXPECT_EQ(FaultOf(ledger.state().Condition()), RedisFault::kReadOnly) << ledger.state().Condition();
  server.Type({"REPLICAOF", "NO", "ONE"});
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  Commit(ledger, 6, 1);
  EXPECT_EQ(ledger.Balance(2), 60);
  ledger.ExpectWhole();
}

TEST_F(RedisFaultTest, ASilentRedisLeavesTheOutcomeUnknownAndTheSameKeyTellsIt) {
  RedisServer server;
  MemoryTail tail;
  RedisOptions options = server.OverUnixSocket();
  options.command_timeout = options.connect_timeout = absl::Milliseconds(600);
  RedisLedger ledger(options, tail, "demo", absl::Seconds(1));
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  Commit(ledger, 1, 1);
  server.Pause();
  EXPECT_EQ(ReasonOf(ledger.Execute(RedisLedger::Move({1, 2}, 2, 10))), Reason::REASON_OUTCOME_UNKNOWN);
  EXPECT_EQ(ReasonOf(ledger.Execute(RedisLedger::Move({1, 3}, 2, 10))), Reason::REASON_STORE_UNAVAILABLE) << "never sent, so certain";
  const absl::Status read = ledger.state().Read(RedisLedger::kPartition, [](const View&, PartitionSeq) {});
  EXPECT_EQ(RefusalOf(read).reason, Reason::REASON_STORE_UNAVAILABLE) << read;
  server.Resume();
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  // Redis found it in the socket when it woke up.
  EXPECT_TRUE(std::holds_alternative<Replayed>(*ledger.Execute(RedisLedger::Move({1, 2}, 2, 10))));
  EXPECT_EQ(ledger.Balance(2), 20);
  ledger.ExpectWhole();
}

TEST_F(RedisFaultTest, WhatWaitsIsToldWhyItWasNotDone) {
  MemoryTail tail;
  RedisOptions nobody;
  nobody.endpoint.unix_path = "/nonexistent/redis.sock";
  RedisStateOptions options = RedisLedger::OptionsOf(nobody, "demo", absl::Hours(1));
  options.waiting_works_max = 1;
  auto ledger = std::make_unique<RedisLedger>(std::move(options), tail);
  std::optional<absl::StatusOr<ExecuteResult>> waiting;
  std::vector<State::Work> works;
  works.push_back(RedisLedger::Move({1, 1}, 2, 10));
  ledger->state().Execute(RedisLedger::kPartition, std::move(works), [&](auto results) { waiting = std::move(results.front()); });
  EXPECT_EQ(ReasonOf(ledger->Execute(RedisLedger::Move({1, 2}, 2, 10))), Reason::REASON_STORE_UNAVAILABLE) << "no room for more to wait";
  EXPECT_FALSE(waiting.has_value());
  ledger.reset();
  ASSERT_TRUE(waiting.has_value());
  EXPECT_EQ(ReasonOf(*waiting), Reason::REASON_SHUTTING_DOWN);
}

TEST_F(RedisFaultTest, WrongPassword) {
  RedisServer server({"requirepass right"});
  MemoryTail tail;
  RedisOptions options = server.OverUnixSocket();
  options.password = "wrong";
  RedisLedger ledger(options, tail);
  EXPECT_EQ(FaultOf(ledger.AwaitOpen()), RedisFault::kAccessDenied);
}

TEST_F(RedisFaultTest, ARedisThatMayDropKeysIsRefusedWhileItMay) {
  RedisServer server({"maxmemory-policy allkeys-lru"});
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail, "demo", absl::Milliseconds(50));
  EXPECT_EQ(FaultOf(ledger.AwaitOpen()), RedisFault::kMayEvict);
  EXPECT_EQ(ReasonOf(ledger.Execute(RedisLedger::Move({1, 1}, 2, 10))), Reason::REASON_STORE_UNAVAILABLE);
  server.Type({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  for (int i = 0; i < 1000 && !ledger.state().Condition().ok(); ++i) absl::SleepFor(absl::Milliseconds(10));
  Commit(ledger, 1, 1);
}

TEST_F(RedisFaultTest, KeysOfAnotherJournalAreNotTouchedAndDeploymentsShareARedis) {
  RedisServer server;
  MemoryTail ours(1), theirs(2);
  {
    RedisLedger first(server.OverUnixSocket(), ours);
    ASSERT_TRUE(first.AwaitOpen().ok());
    Commit(first, 1, 5);
    RedisLedger second(server.OverUnixSocket(), theirs, "other");
    Commit(second, 1, 1);
    EXPECT_EQ(first.Balance(2), 50);
    EXPECT_EQ(second.Balance(2), 10);
  }
  EXPECT_EQ(FaultAtStart(server, theirs), RedisFault::kForeign);
  RedisLedger again(server.OverUnixSocket(), ours);
  ASSERT_TRUE(again.AwaitOpen().ok());
  EXPECT_EQ(again.Balance(2), 50);
  EXPECT_EQ(again.state().figures().restored, 0u);
}

TEST_F(RedisFaultTest, AnOlderLibraryIsReplacedANewerOrForeignOneIsRefused) {
  const std::string ours(LibraryText());
  const std::string line = absl::StrCat("local VERSION = ", LibraryVersion());
  const std::string foreign = "#!lua name=fenfen\nredis.register_function('something', function() return 1 end)";
  const std::string namesake = "#!lua name=theirs\nredis.register_function('fenfen_version', function() return 'theirs' end)";
  const std::string clash = "#!lua name=theirs\nredis.register_function('fenfen_commit', function() return 1 end)";
  MemoryTail tail;
  RedisServer older;
  older.Type({"FUNCTION", "LOAD", absl::StrReplaceAll(ours, {{line, "local VERSION = 0"}})});
  ASSERT_EQ(older.Type({"FCALL", "fenfen_version", "0"}), "fenfen 0");
  EXPECT_EQ(FaultAtStart(older, tail), RedisFault::kNone);
  EXPECT_EQ(older.Type({"FCALL", "fenfen_version", "0"}), absl::StrCat("fenfen ", LibraryVersion()));
  for (const std::string& library : {absl::StrReplaceAll(ours, {{line, "local VERSION = 99"}}), foreign, namesake, clash}) {
    RedisServer server;
    server.Type({"FUNCTION", "LOAD", library});
    EXPECT_EQ(FaultAtStart(server, tail), RedisFault::kForeign) << library.substr(0, 100);
  }
}

// A commit that was on its way in a connection that is over, and gets there late.
TEST_F(RedisFaultTest, ACommitOfAnEarlierOpeningIsRefused) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  Commit(ledger, 1, 5);
  const PartitionKeys keys("demo", RedisLedger::kPartition);
  const auto meta = [&](const std::string& field) { return server.Type({"HGET", keys.Book(0), field}); };
  const FenceToken early{1, 0, meta("replid"), meta("opening"), PartitionSeq(5)};
  const std::string nonce = early.nonce;
  server.Type({"CLIENT", "KILL", "TYPE", "normal"});
  for (int i = 0; i < 6000 && (meta("opening") == nonce || meta("opening").empty()); ++i) absl::SleepFor(absl::Milliseconds(10));
  ASSERT_NE(meta("opening"), nonce);
  EXPECT_EQ(server.Type(CommitCall(keys, early, PartitionSeq(5), {})).substr(0, 6), "FENCED");
  // What a program of version 1 would send: it knows of a Redis, and of no opening.
  RedisCommand older = CommitCall(keys, early, PartitionSeq(5), {});
  for (std::string& word : older) {
    if (word == early.Opening()) word = early.replid;
  }
  EXPECT_EQ(server.Type(older).substr(0, 6), "FENCED");
  Commit(ledger, 6, 1);
  ledger.ExpectWhole();
}

TEST_F(RedisFaultTest, WhatVersion1OfTheLibraryLeftIsTakenOver) {
  RedisServer server;
  MemoryTail tail;
  SharedJournal shared;
  {
    RedisLedger before(server.OverUnixSocket(), tail);
    ASSERT_TRUE(before.AwaitOpen().ok());
    Commit(before, 1, 5, false);
  }
  for (uint16_t p = 0; p < kPartitions; ++p) {
    server.Type({"HDEL", PartitionKeys("demo", PartitionId(p)).Book(0), "term", "opening", "repairer"});
  }
  // By one of several servers, to begin with.
  WriterLedger after(server.OverUnixSocket(), shared);
  ASSERT_TRUE(after.ledger().AwaitOpen().ok());
  EXPECT_EQ(after.figures().began_anew, 0u);
  EXPECT_EQ(after.figures().swept, 5u);
  EXPECT_EQ(shared.Entries(RedisLedger::kPartition).size(), 5u);
  after.ledger().ExpectWhole();
}

TEST_F(RedisFaultTest, TwoServersOverOneRedisDecideOnWhatIsThere) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger one(server.OverUnixSocket(), tail), other(server.OverUnixSocket(), tail);
  ASSERT_TRUE(one.AwaitOpen().ok());
  ASSERT_TRUE(other.AwaitOpen().ok());
  for (uint64_t n = 1; n <= 50; ++n) {
    RedisLedger& turn = n % 2 == 0 ? one : other;
    ASSERT_TRUE(turn.Execute(RedisLedger::Move({1, n}, 2, 10)).ok()) << "on a copy that is old by now";
  }
  EXPECT_EQ(ReasonOf(one.Execute(RedisLedger::Move({1, 100}, 2, -501))), Reason::REASON_POINTS_INSUFFICIENT);
  EXPECT_TRUE(other.Execute(RedisLedger::Move({1, 101}, 2, 1)).ok());
  EXPECT_TRUE(one.Execute(RedisLedger::Move({1, 102}, 2, -501)).ok()) << "a refusal on an old copy does not stand";
  EXPECT_TRUE(std::holds_alternative<Replayed>(*one.Execute(RedisLedger::Move({1, 101}, 2, 1))));
  EXPECT_EQ(one.Balance(2), 0);
  one.ExpectWhole();
  other.ExpectWhole();
}

TEST_F(RedisFaultTest, ADecisionSeesExactlyWhatItNames) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  State::Work looks = RedisLedger::Move({1, 1}, 2, 10);
  looks.reads.accounts.pop_back();
  const auto looked = ledger.Execute(std::move(looks));
  EXPECT_TRUE(absl::IsInternal(looked.status()));
  EXPECT_TRUE(absl::StrContains(looked.status().message(), "did not name: account 2/1/2")) << looked.status();
  EXPECT_EQ(tail.Entries(RedisLedger::kPartition).size(), 0u);
  // What is only posted to need not be named: Redis knows its balance.
  State::Work posts = RedisLedger::Move({1, 2}, 2, 10);
  posts.reads.accounts.erase(posts.reads.accounts.begin());
  EXPECT_TRUE(ledger.Execute(std::move(posts)).ok());
  EXPECT_EQ(ledger.Balance(2), 10);
  ledger.ExpectWhole();
}

TEST_F(RedisFaultTest, TheOutboxEmptiesAsTheJournalGrows) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  Commit(ledger, 1, 20);
  for (int i = 0; i < 500 && server.Type({"HLEN", "fenfen:{demo.3}:outbox"}) != "1"; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(server.Type({"HLEN", "fenfen:{demo.3}:outbox"}), "1") << "but for the format";
}

// One transaction of more fields than a call of Redis's own commands may have arguments.
TEST_F(RedisFaultTest, AGreatImportIsOneTransaction) {
  constexpr uint64_t kRecords = 20'000;
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  State::Work import{{1, 1}, 1, {}, nullptr};
  for (uint64_t id = 1; id <= kRecords; ++id) import.reads.records.push_back({RecordKind::kStation, id});
  import.decide = [](const View& view)->absl::StatusOr<Transaction> { Transaction t;
  t.key = {1, 1};
  t.fingerprint = 1;
  for (uint64_t id = 1; id <= kRecords; ++id) {
    EXPECT_EQ(view.Record({RecordKind::kStation, id}), std::nullopt);
    t.changes.push_back({{RecordKind::kStation, id}, PartitionSeq(0), std::string(100, 's')});
  }
  return t;
};
ASSERT_TRUE(ledger.Execute(std::move(import), kCataloguePartition).ok());
ledger.ExpectWhole(kCataloguePartition);
server.Type({"FLUSHALL"});
ledger.ExpectWhole(kCataloguePartition);
}  // namespace

// Works that make more bytes than one call takes.
TEST_F(RedisFaultTest, LargeWorksAreTakenInSeveralCalls) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  std::vector<State::Work> works;
  for (uint64_t n = 1; n <= 64; ++n) works.push_back(RedisLedger::Move({1, n}, n, 1, std::string(64u << 10, static_cast<char>(n))));
  const auto results = ledger.Execute(std::move(works));
  for (uint64_t n = 1; n <= 64; ++n) EXPECT_EQ(std::get<Committed>(*results[n - 1]).seq, PartitionSeq(n));
  ledger.ExpectWhole();
}

}  // namespace fenfen
}  // namespace fenfen
