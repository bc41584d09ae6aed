// A replica that lacks the tail becomes the master, behind a sentinel that says so: nothing acknowledged is lost, and a master that comes
// back begins no second history.
#include "absl/strings/str_cat.h"
#include "tests/ledger/state/redis/fake_server.h"
#include "tests/ledger/state/redis/redis_fixture.h"

namespace fenfen {
namespace {

class RedisFailoverTest : public testing::Test {
 protected:
  static std::vector<std::string> PlaceOf(const RedisServer& server) { return {"127.0.0.1", absl::StrCat(server.port())}; }
  RedisOptions BehindSentinel() const {
    RedisOptions options = first.OverTcp();
    options.sentinels = {{"127.0.0.1", sentinel.port(), {}}};
    options.master_name = "main";
    options.command_timeout = options.connect_timeout = absl::Milliseconds(500);
    return options;
  }
  void Commit(RedisLedger& ledger, uint64_t from, uint64_t to) {
    for (uint64_t n = from; n <= to; ++n) {
      absl::StatusOr<ExecuteResult> result = absl::UnknownError("");
      // As a client does, with the same key.
      for (int i = 0; i < 100 && !result.ok(); ++i) result = ledger.Execute(RedisLedger::Move({1, n}, 2, 10));
      ASSERT_TRUE(result.ok()) << result.status();
    }
  }
  // The replica has everything up to here, and nothing of what comes.
  void CutTheReplicaOff() {
    first.Type({"SET", "mark", "1"});
    for (int i = 0; i < 2000 && second.Type({"GET", "mark"}) != "1"; ++i) absl::SleepFor(absl::Milliseconds(5));
    ASSERT_EQ(second.Type({"GET", "mark"}), "1");
    second.Type({"REPLICAOF", "127.0.0.1", absl::StrCat(FreePort())});
  }
  void Promote() {
    second.Type({"REPLICAOF", "NO", "ONE"});
    sentinel.Say(PlaceOf(second));
  }

  RedisServer first{{"repl-diskless-sync-delay 0"}};
  RedisServer second{{absl::StrCat("replicaof 127.0.0.1 ", first.port())}};
  FakeServer sentinel{{}, PlaceOf(first)};
  MemoryTail tail;
};

TEST_F(RedisFailoverTest, AMasterKilledWithItsReplicaCutOff) {
  RedisLedger ledger(BehindSentinel(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  Commit(ledger, 1, 50);
  CutTheReplicaOff();
  Commit(ledger, 51, 100);
  first.Kill();
  Promote();
  Commit(ledger, 101, 110);
  EXPECT_EQ(ledger.state().figures().restored, 50u);
  EXPECT_EQ(ledger.state().figures().began_anew, kPartitions) << "only at the beginning";
  EXPECT_EQ(ledger.Balance(2), 1100);
  ledger.ExpectWhole();
}

TEST_F(RedisFailoverTest, APausedMasterThatComesBack) {
  RedisLedger ledger(BehindSentinel(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  Commit(ledger, 1, 50);
  CutTheReplicaOff();
  Commit(ledger, 51, 60);
  first.Pause();
  Promote();
  // The first of these is on its way to the old master when it is found to be silent; it is done once, by the new one.
  Commit(ledger, 61, 100);
  // Waking up, the old master commits what lies in its socket. Nobody hears of it, and it has lost its place.
  first.Resume();
  Commit(ledger, 101, 110);
  EXPECT_EQ(ledger.Balance(2), 1100);
  ledger.ExpectWhole();
  // Even if it is made the master again, with a transaction in its outbox that the journal has under another number or not at all.
  sentinel.Say(PlaceOf(first));
  second.Kill();
  Commit(ledger, 111, 120);
  EXPECT_EQ(ledger.Balance(2), 1200);
  ledger.ExpectWhole();
}

}  // namespace
}  // namespace fenfen
