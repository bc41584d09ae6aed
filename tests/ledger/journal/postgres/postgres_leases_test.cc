// Leases over one PostgreSQL journal: one holder at a time, whoever asks; how a lease passes on; and a store that is away.
//
// No test waits for a lease to end: where one has to be over, the test says so to the database.
#include "tests/ledger/journal/postgres/postgres_fixture.h"

namespace fenfen {
namespace {

constexpr char kName[] = "expiry";

class PostgresLeasesTest : public testing::Test {
 protected:
  std::unique_ptr<PostgresJournal> Open() { return MustOpen(Options()); }
  PostgresJournalOptions Options() {
    PostgresJournalOptions options = Impatient(server_.Conninfo(database_));
    options.session.timeout = absl::Seconds(20);
    options.writers = Writers::kShared;
    return options;
  }
  // What a holder's time does when it passes.
  void EndLease() { server_.Run(database_, {"UPDATE fenfen.leases SET until = now()"}); }
  static Journal::LeaseAnswer Take(Journal& journal, absl::Duration time = absl::Hours(1)) {
    const absl::StatusOr<Journal::LeaseAnswer> answer = journal.TakeLease(kName, time);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : Journal::LeaseAnswer{};
  }

  PostgresServer server_;
  const std::string database_ = server_.NewDatabase();
};

TEST_F(PostgresLeasesTest, OneHasItAndTheOthersAreToldWho) {
  auto one = Open();
  auto other = Open();
  const Journal::LeaseAnswer first = Take(*one);
  EXPECT_TRUE(first.granted);
  EXPECT_EQ(first.fence, 1u);
  EXPECT_EQ(first.since_done, absl::InfiniteDuration());
  const Journal::LeaseAnswer refused = Take(*other);
  EXPECT_FALSE(refused.granted);
  EXPECT_THAT(refused.holder, testing::HasSubstr(absl::StrCat("/", getpid(), "/")));
  EXPECT_LE(refused.left, absl::Hours(1));
  EXPECT_GT(refused.left, absl::Minutes(30));
  // It may be taken for longer by who has it, and giving back what one does not have changes nothing.
  EXPECT_TRUE(other->GiveBackLease(kName, true).ok());
  EXPECT_TRUE(Take(*one, absl::Hours(3)).granted);
  EXPECT_GT(Take(*other).left, absl::Hours(2));
  EXPECT_TRUE(other->TakeLease("another name", absl::Hours(1))->granted);
}

// Names that nobody has had before, each asked for by both at once.
TEST_F(PostgresLeasesTest, WhoeverComesSecondIsToldWhoWasFirst) {
  auto one = Open();
  auto other = Open();
  for (int n = 0; n < 100; ++n) {
    const std::string name = absl::StrCat("name-", n);
    std::array<absl::StatusOr<Journal::LeaseAnswer>, 2> answers;
    std::thread second([&] { answers[1] = other->TakeLease(name, absl::Hours(1)); });
    answers[0] = one->TakeLease(name, absl::Hours(1));
    second.join();
    ASSERT_TRUE(answers[0].ok() && answers[1].ok()) << answers[0].status() << answers[1].status();
    ASSERT_NE(answers[0]->granted, answers[1]->granted) << name;
    EXPECT_NE(answers[answers[0]->granted ? 1 : 0]->holder, "") << name;
  }
}

TEST_F(PostgresLeasesTest, GivenBackItPassesOnAtOnceWithWhenItWasDone) {
  auto one = Open();
  auto other = Open();
  ASSERT_TRUE(Take(*one).granted);
  ASSERT_TRUE(one->GiveBackLease(kName, /*done=*/true).ok());
  const Journal::LeaseAnswer next = Take(*other);
  EXPECT_TRUE(next.granted);
  EXPECT_EQ(next.fence, 2u);
  EXPECT_LT(next.since_done, absl::Hours(1));
  server_.Run(database_, {"UPDATE fenfen.leases SET done = done - interval '5 hours'"});
  ASSERT_TRUE(other->GiveBackLease(kName, /*done=*/false).ok());
  EXPECT_GE(Take(*one).since_done, absl::Hours(5));
}

TEST_F(PostgresLeasesTest, AHolderThatIsGonePassesItOnAfterItsTime) {
  auto one = Open();
  auto other = Open();
  ASSERT_TRUE(Take(*one).granted);
  one.reset();
  EXPECT_FALSE(Take(*other).granted);
  EndLease();
  EXPECT_TRUE(Take(*other).granted);
}

// One that was paused: it is told that another had it, even if it is free again.
TEST_F(PostgresLeasesTest, WhoComesBackSeesThatAnotherHadIt) {
  auto one = Open();
  auto other = Open();
  EXPECT_EQ(Take(*one).fence, 1u);
  EndLease();
  EXPECT_EQ(Take(*one).fence, 1u) << "nobody was in between";
  EndLease();
  EXPECT_EQ(Take(*other).fence, 2u);
  EXPECT_FALSE(Take(*one).granted);
  EndLease();
  EXPECT_EQ(Take(*one).fence, 3u);
}

// Servers that take and give back as fast as they can: between being granted it and giving it back nobody else has it.
TEST_F(PostgresLeasesTest, TwoNeverHaveItAtOnce) {
  constexpr int kServers = 4;
  constexpr int kTurns = 25;
  std::atomic<int> holders = 0;
  std::vector<std::thread> servers;
  for (int n = 0; n < kServers; ++n) {
    servers.emplace_back([&] {
      auto journal = Open();
      for (int turns = 0; turns < kTurns;) {
        if (!Take(*journal).granted) continue;
        EXPECT_EQ(++holders, 1);
        --holders;
        EXPECT_TRUE(journal->GiveBackLease(kName, true).ok());
        ++turns;
      }
    });
  }
  for (std::thread& server : servers) server.join();
  EXPECT_EQ(server_.Run(database_, {"SELECT count(*) FROM fenfen.leases WHERE until <= now() AND done <= now()"}), "1");
}

TEST_F(PostgresLeasesTest, WithTheStoreAwayThereIsAnErrorAndNoLease) {
  auto journal = Open();
  ASSERT_TRUE(Take(*journal).granted);
  server_.Kill();
  const absl::Status away = journal->TakeLease(kName, absl::Hours(1)).status();
  ASSERT_FALSE(away.ok());
  EXPECT_EQ(RefusalOf(away).reason, Reason::REASON_STORE_UNAVAILABLE) << away;
  EXPECT_FALSE(journal->GiveBackLease(kName, true).ok());
  server_.Start();
  EXPECT_TRUE(Take(*journal).granted);
}

// The only writer's lock is its lease: a start after a crash waits for nobody.
TEST_F(PostgresLeasesTest, TheOnlyWriterIsAlwaysGrantedIt) {
  ASSERT_TRUE(Take(*Open()).granted);
  PostgresJournalOptions options = Options();
  options.writers = Writers::kSole;
  EXPECT_TRUE(Take(*MustOpen(std::move(options))).granted);
}

}  // namespace
}  // namespace fenfen
