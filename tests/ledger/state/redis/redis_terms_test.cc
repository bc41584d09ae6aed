// Several servers over one Redis and one journal: they share open partitions, take over what a killed one left, and never write a second
// history, not even over a master that should be gone.
#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/ledger/state/redis/fake_server.h"
#include "tests/ledger/state/redis/redis_fixture.h"
#include "tests/ledger/state/redis/under_load.h"

namespace fenfen {
namespace {

RedisOptions Quick(RedisOptions options) {
  options.command_timeout = options.connect_timeout = absl::Milliseconds(500);
  return options;
}

// Commits as a server does that is killed before the journal hears of it.
void CommitUntold(RedisLedger& ledger, uint64_t first, uint64_t count) {
  for (uint64_t n = first; n < first + count; ++n) {
    std::vector<State::Work> works;
    works.push_back(RedisLedger::Move({1, n}, 2, 10));
    absl::Notification done;
    ledger.state().Execute(RedisLedger::kPartition, std::move(works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
      EXPECT_TRUE(results.front().ok()) << results.front().status();
      done.Notify();
    });
    done.WaitForNotification();
  }
}

// A server that never looks by itself whether something was left behind: what it finds out, the journal has told it.
RedisStateOptions WithoutGlances(const RedisServer& redis) {
  RedisStateOptions options = RedisLedger::OptionsOf(redis.OverUnixSocket(), "demo", absl::Seconds(10));
  options.glance_every = absl::Hours(24);
  return options;
}

void Commit(RedisLedger& ledger, uint64_t from, uint64_t to) {
  for (uint64_t n = from; n <= to; ++n) {
    absl::StatusOr<ExecuteResult> result = absl::UnknownError("");
    for (int i = 0; i < 200 && !result.ok(); ++i) result = ledger.Execute(RedisLedger::Move({1, n}, 2, 10));
    ASSERT_TRUE(result.ok()) << result.status();
  }
}

bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000 && !condition(); ++i) absl::SleepFor(absl::Milliseconds(10));
  return condition();
}

TEST(RedisTerms, TheSecondServerJoinsAndChangesNothing) {
  RedisServer redis;
  SharedJournal journal;
  WriterLedger one(redis.OverUnixSocket(), journal);
  ASSERT_TRUE(one.ledger().AwaitOpen().ok());
  Commit(one.ledger(), 1, 5);
  const auto before = journal.HeadOf(RedisLedger::kPartition);
  EXPECT_EQ(before.term, 1u);
  WriterLedger other(redis.OverUnixSocket(), journal);
  ASSERT_TRUE(other.ledger().AwaitOpen().ok());
  EXPECT_GE(other.figures().joined, kPartitions);
  EXPECT_EQ(other.figures().restored, 0u);
  EXPECT_EQ(journal.HeadOf(RedisLedger::kPartition).term, before.term);
  Commit(other.ledger(), 6, 10);
  Commit(one.ledger(), 11, 15);
  EXPECT_EQ(journal.HeadOf(RedisLedger::kPartition).term, before.term) << "nobody has closed anything";
  one.ledger().ExpectWhole();
  other.ledger().ExpectWhole();
}

TEST(RedisTerms, ManyServersAtOnceOverAnEmptyRedisComeToTerms) {
  RedisServer redis;
  SharedJournal journal;
  std::vector<std::unique_ptr<WriterLedger>> servers;
  for (int i = 0; i < 4; ++i) servers.push_back(std::make_unique<WriterLedger>(redis.OverUnixSocket(), journal));
  for (const auto& server : servers)
    ASSERT_TRUE(server->ledger().AwaitOpen(absl::Seconds(60)).ok()) << server->ledger().state().Condition();
  for (uint64_t n = 1; n <= 40; ++n) Commit(servers[n % 4]->ledger(), n, n);
  EXPECT_EQ(servers[0]->ledger().Balance(2), 400);
  for (const auto& server : servers) server->ledger().ExpectWhole();
}

TEST(RedisTerms, WhatAKilledServerLeftIsJournaledByOneThatDoesNotEvenUseThePartition) {
  RedisServer redis;
  SharedJournal journal;
  WriterLedger living(redis.OverUnixSocket(), journal, false);
  ASSERT_TRUE(living.ledger().AwaitOpen().ok());
  {
    WriterLedger killed(redis.OverUnixSocket(), journal);
    ASSERT_TRUE(killed.ledger().AwaitOpen().ok());
    Commit(killed.ledger(), 1, 3);
    killed.tail().Kill();
    CommitUntold(killed.ledger(), 4, 300);
  }
  EXPECT_TRUE(Eventually([&] { return journal.Entries(RedisLedger::kPartition).size() == 303; }));
  EXPECT_TRUE(Eventually([&] { return redis.Type({"HLEN", "fenfen:{demo.3}:outbox"}) == "1"; })) << "but for the format";
  EXPECT_EQ(living.figures().swept, 300u);
  EXPECT_EQ(std::get<Replayed>(*living.ledger().Execute(RedisLedger::Move({1, 100}, 2, 10))).seq, PartitionSeq(100));
  living.ledger().ExpectWhole();
}

TEST(RedisTerms, AnEntryBehindWhatAKilledServerLeftDoesNotWaitForLong) {
  RedisServer redis;
  SharedJournal journal;
  WriterLedger living(redis.OverUnixSocket(), journal), killed(redis.OverUnixSocket(), journal);
  ASSERT_TRUE(living.ledger().AwaitOpen().ok());
  ASSERT_TRUE(killed.ledger().AwaitOpen().ok());
  killed.tail().Kill();
  CommitUntold(killed.ledger(), 1, 2);
  // Acknowledged only when the two before it are journaled.
  Commit(living.ledger(), 3, 3);
  EXPECT_EQ(journal.Entries(RedisLedger::kPartition).size(), 3u);
  living.ledger().ExpectWhole();
}

TEST(RedisTerms, AServerThatStartsAgainSweepsBeforeItJoins) {
  RedisServer redis;
  SharedJournal journal;
  {
    WriterLedger killed(redis.OverUnixSocket(), journal);
    ASSERT_TRUE(killed.ledger().AwaitOpen().ok());
    killed.tail().Kill();
    CommitUntold(killed.ledger(), 1, 20);
  }
  WriterLedger next(redis.OverUnixSocket(), journal);
  ASSERT_TRUE(next.ledger().AwaitOpen().ok());
  EXPECT_EQ(next.figures().swept, 20u);
  EXPECT_GE(next.figures().joined, kPartitions);
  EXPECT_EQ(journal.Entries(RedisLedger::kPartition).size(), 20u);
  next.ledger().ExpectWhole();
}

// The claim is there, and its server is gone before Redis was told: somebody else claims the next, and loses nothing that was acknowledged.
TEST(RedisTerms, AServerKilledBetweenItsClaimAndRedis) {
  RedisServer redis;
  SharedJournal journal;
  {
    WriterLedger first(redis.OverUnixSocket(), journal);
    ASSERT_TRUE(first.ledger().AwaitOpen().ok());
    Commit(first.ledger(), 1, 5);
    journal.Claim(RedisLedger::kPartition);
  }
  WriterLedger next(redis.OverUnixSocket(), journal);
  ASSERT_TRUE(next.ledger().AwaitOpen().ok());
  EXPECT_EQ(next.figures().began_anew, 1u);
  EXPECT_EQ(next.ledger().Balance(2), 50);
  next.ledger().ExpectWhole();
}

TEST(RedisTerms, AServerKilledInTheMiddleOfARepair) {
  RedisServer redis;
  SharedJournal journal;
  {
    WriterLedger first(redis.OverUnixSocket(), journal);
    ASSERT_TRUE(first.ledger().AwaitOpen().ok());
    Commit(first.ledger(), 1, 5);
    first.tail().Kill();
    CommitUntold(first.ledger(), 6, 5);
    const auto claimed = journal.Claim(RedisLedger::kPartition);
    redis.Type({"HSET", "fenfen:{demo.3}:meta", "repairer", "killed", "replid", "", "term", absl::StrCat(claimed.term)});
  }
  WriterLedger next(redis.OverUnixSocket(), journal);
  ASSERT_TRUE(next.ledger().AwaitOpen().ok());
  EXPECT_EQ(next.figures().began_anew, 0u);
  EXPECT_EQ(next.figures().swept, 5u) << "it was the right Redis, so what only it has is not lost";
  EXPECT_EQ(next.ledger().Balance(2), 100);
  next.ledger().ExpectWhole();
}

TEST(RedisTerms, ATermThatIsOverIsFoundOutAndNothingIsAcknowledgedUnderIt) {
  RedisServer redis;
  SharedJournal journal;
  WriterLedger server(redis.OverUnixSocket(), journal);
  ASSERT_TRUE(server.ledger().AwaitOpen().ok());
  Commit(server.ledger(), 1, 5);
  journal.Claim(RedisLedger::kPartition);
  EXPECT_EQ(ReasonOf(server.ledger().Execute(RedisLedger::Move({1, 6}, 2, 10))), Reason::REASON_OUTCOME_UNKNOWN);
  Commit(server.ledger(), 6, 10);
  EXPECT_EQ(server.ledger().Balance(2), 100);
  server.ledger().ExpectWhole();
}

// The journal's refusal alone closes the partition and has it compared and opened again: nobody asks for anything meanwhile, no look comes
// by, and no command fails or runs out of time.
TEST(RedisTerms, ARefusedEntryIsEnoughToFenceThePartitionAndOpenItAgain) {
  RedisServer redis;
  SharedJournal journal;
  WriterLedger server(WithoutGlances(redis), journal);
  ASSERT_TRUE(server.ledger().AwaitOpen().ok());
  Commit(server.ledger(), 1, 5);
  const RedisState::Figures before = server.figures();
  journal.Claim(RedisLedger::kPartition);
  EXPECT_EQ(ReasonOf(server.ledger().Execute(RedisLedger::Move({1, 6}, 2, 10))), Reason::REASON_OUTCOME_UNKNOWN);
  EXPECT_TRUE(Eventually([&] { return server.figures().began_anew > before.began_anew; })) << "what was refused is still in Redis";
  ASSERT_TRUE(server.ledger().AwaitOpen().ok());
  EXPECT_EQ(server.figures().sessions, before.sessions);
  EXPECT_EQ(journal.HeadOf(RedisLedger::kPartition).term, 3u) << "the one that nobody opened, and ours";
  EXPECT_EQ(server.ledger().Balance(2), 50);
  Commit(server.ledger(), 6, 10);
  EXPECT_EQ(server.ledger().Balance(2), 100);
  server.ledger().ExpectWhole();
}

// The same where the entry before is missing (on_gap): its server was killed.
TEST(RedisTerms, AnEntryThatWaitsIsEnoughToJournalTheOneBeforeIt) {
  RedisServer redis;
  SharedJournal journal;
  WriterLedger living(WithoutGlances(redis), journal), killed(WithoutGlances(redis), journal);
  ASSERT_TRUE(living.ledger().AwaitOpen().ok());
  ASSERT_TRUE(killed.ledger().AwaitOpen().ok());
  const RedisState::Figures before = living.figures();
  killed.tail().Kill();
  CommitUntold(killed.ledger(), 1, 2);
  Commit(living.ledger(), 3, 3);
  EXPECT_TRUE(Eventually([&] { return living.figures().swept >= 2; })) << "and perhaps the third, which was waiting anyway";
  EXPECT_EQ(living.figures().repairs, before.repairs) << "nothing was wrong with the partition";
  EXPECT_EQ(journal.Entries(RedisLedger::kPartition).size(), 3u);
  living.ledger().ExpectWhole();
}

TEST(RedisTerms, AJournalThatHasLostSomethingIsNotJoinedOver) {
  RedisServer redis;
  SharedJournal journal;
  WriterLedger first(redis.OverUnixSocket(), journal);
  ASSERT_TRUE(first.ledger().AwaitOpen().ok());
  Commit(first.ledger(), 1, 5);
  EXPECT_TRUE(Eventually([&] { return redis.Type({"HGET", "fenfen:{demo.3}:meta", "settled"}) == "5"; }));
  SharedJournal shorter;
  for (uint16_t p = 0; p < kPartitions; ++p) shorter.Claim(PartitionId(p));
  WriterLedger next(redis.OverUnixSocket(), shorter);
  const absl::Status open = next.ledger().AwaitOpen();
  EXPECT_TRUE(absl::IsDataLoss(open)) << open;
}

TEST(RedisTermsUnderLoad, TwoServersAndARedisThatForgets) {
  RedisServer redis;
  SharedJournal journal;
  WriterLedger one(redis.OverUnixSocket(), journal), other(redis.OverTcp(), journal);
  ASSERT_TRUE(one.ledger().AwaitOpen().ok());
  ASSERT_TRUE(other.ledger().AwaitOpen().ok());
  UnderLoad({&one.ledger(), &other.ledger()}, one.tail(), [&](int i) {
    if (i % 2 == 0) redis.Type({"FLUSHALL"});
    if (i % 2 == 1) redis.Restart();
  });
  EXPECT_TRUE(one.tail().Sound().ok());
}

TEST(RedisTermsUnderLoad, ServersKilledOneAfterTheOther) {
  RedisServer redis;
  SharedJournal journal;
  WriterLedger living(redis.OverUnixSocket(), journal);
  std::vector<std::unique_ptr<WriterLedger>> killed;
  std::vector<RedisLedger*> ledgers{&living.ledger()};
  for (int i = 0; i < 4; ++i) {
    killed.push_back(std::make_unique<WriterLedger>(redis.OverUnixSocket(), journal));
    ASSERT_TRUE(killed.back()->ledger().AwaitOpen().ok());
    ledgers.push_back(&killed.back()->ledger());
  }
  ASSERT_TRUE(living.ledger().AwaitOpen().ok());
  LoadPlan plan;
  plan.disturbances = 4;
  UnderLoad(ledgers, living.tail(), [&](int i) { killed[static_cast<size_t>(i)]->tail().Kill(); }, plan, {&living.ledger()});
}

// Two servers over two masters of one history, each of which is the right one for somebody: a replica was promoted while the old master was
// still talked to, several times over.
TEST(RedisTermsUnderLoad, TwoMastersAndAServerAtEach) {
  RedisServer first{{"repl-diskless-sync-delay 0"}};
  RedisServer second{{absl::StrCat("replicaof 127.0.0.1 ", first.port())}};
  const auto place = [](const RedisServer& server) { return std::vector<std::string>{"127.0.0.1", absl::StrCat(server.port())}; };
  FakeServer ours({}, place(first)), theirs({}, place(first));
  const auto behind = [&](const FakeServer& sentinel) {
    RedisOptions options = Quick(first.OverTcp());
    options.sentinels = {{"127.0.0.1", sentinel.port(), {}}};
    options.master_name = "main";
    return options;
  };
  SharedJournal journal;
  // A client whose server is at the wrong master tries the other one soon.
  constexpr absl::Duration kPatience = absl::Seconds(2);
  WriterLedger one(behind(ours), journal, true, kPatience), other(behind(theirs), journal, true, kPatience);
  ASSERT_TRUE(one.ledger().AwaitOpen().ok());
  ASSERT_TRUE(other.ledger().AwaitOpen().ok());
  LoadPlan plan;
  plan.disturbances = 8;
  plan.acknowledged_between = 40;
  UnderLoad(
      {&one.ledger(), &other.ledger()}, one.tail(),
      [&](int i) {
        if (i == 0) {
          // The replica is cut off, promoted, and one of the two servers hears of it.
          second.Type({"REPLICAOF", "NO", "ONE"});
          ours.Say(place(second));
          first.Type({"CLIENT", "KILL", "TYPE", "normal"});
        } else if (i == 7) {
          ours.Say(place(second));
          theirs.Say(place(second));
          first.Kill();
        } else if (i % 3 == 0) {
          first.Pause();
          absl::SleepFor(absl::Milliseconds(100));
          first.Resume();
        } else {
          // They change places.
          ours.Say(place(i % 2 == 0 ? second : first));
          theirs.Say(place(i % 2 == 0 ? first : second));
          first.Type({"CLIENT", "KILL", "TYPE", "normal"});
          second.Type({"CLIENT", "KILL", "TYPE", "normal"});
        }
      },
      plan);
  EXPECT_TRUE(one.tail().Sound().ok());
}

}  // namespace
}  // namespace fenfen
