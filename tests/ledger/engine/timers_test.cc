// Timers with a lease that the test holds in its hand: when a job runs, when it does not, and what it is told. No thread but in the last
// tests, no time but the manual clock's.
#include "ledger/engine/timers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/synchronization/notification.h"
#include "ledger/core/errors.h"
#include "tests/ledger/engine/manual_journal.h"

namespace fenfen {
namespace {

using testing::ElementsAre;

// What the servers share.
struct LeaseBooks {
  struct Row {
    const Journal* holder = nullptr;
    uint64_t fence = 0;
    absl::Time until = absl::InfinitePast();
    absl::Time done = absl::InfinitePast();
  };
  ManualClock clock{absl::FromUnixSeconds(1000)};
  std::map<std::string, Row> rows;
};

// One server's access to them.
class LeasedJournal final : public ManualJournal {
 public:
  explicit LeasedJournal(LeaseBooks& books) : books_(books) {}

  absl::StatusOr<LeaseAnswer> TakeLease(absl::string_view name, absl::Duration time) override {
    ++taken;
    if (!trouble.ok()) return trouble;
    LeaseBooks::Row& row = books_.rows[std::string(name)];
    const absl::Time now = books_.clock.Now();
    LeaseAnswer answer;
    answer.granted = row.holder == this || row.until <= now;
    if (answer.granted) {
      if (row.holder != this) ++row.fence;
      row.holder = this;
      row.until = now + time;
    } else {
      answer.holder = "the other";
      answer.left = row.until - now;
    }
    answer.fence = row.fence;
    answer.since_done = now - row.done;
    return answer;
  }
  absl::Status GiveBackLease(absl::string_view name, bool done) override {
    if (!trouble.ok()) return trouble;
    LeaseBooks::Row& row = books_.rows[std::string(name)];
    if (row.holder != this) return absl::OkStatus();
    row.until = std::min(row.until, books_.clock.Now());
    if (done) row.done = books_.clock.Now();
    return absl::OkStatus();
  }

  absl::Status trouble;
  int taken = 0;

 private:
  LeaseBooks& books_;
};

// One server with a job "expiry" of an hour, whose run is what the test says.
struct Server {
  explicit Server(LeaseBooks& of) : books(of), journal(of), timers(journal, of.clock, Options()) {
    timers.Add({"expiry", absl::Hours(1), [this](const Lease& lease) {
                  ++runs;
                  return run(lease);
                }});
  }
  TimersOptions Options() {
    TimersOptions options;
    options.report = [this](const TimerReport& report) { reports.push_back(report.status); };
    return options;
  }
  Timers::Figures figures() const { return timers.figures().front(); }
  // Lets that much time pass and runs what is due then.
  void After(absl::Duration time) {
    books.clock.Advance(time);
    timers.RunDue();
  }

  LeaseBooks& books;
  LeasedJournal journal;
  std::function<absl::Status(const Lease&)> run = [](const Lease&) { return absl::OkStatus(); };
  int runs = 0;
  std::vector<absl::Status> reports;
  Timers timers;
};

class TimersTest : public testing::Test {
 protected:
  LeaseBooks books_;
  Server server_{books_};
  Server other_{books_};
};

// --- When.

TEST_F(TimersTest, AJobRunsAtOnceAndThenOnceAPeriod) {
  EXPECT_EQ(server_.figures().since_done, absl::InfiniteDuration());
  server_.timers.RunDue();
  EXPECT_EQ(server_.runs, 1);
  server_.timers.RunDue();
  server_.After(absl::Minutes(59));
  EXPECT_EQ(server_.runs, 1);
  EXPECT_EQ(server_.figures().since_done, absl::Minutes(59));
  server_.After(absl::Minutes(1));
  EXPECT_EQ(server_.runs, 2);
  EXPECT_EQ(server_.figures().runs, 2u);
}

TEST_F(TimersTest, OneThatFailsIsTriedAgainSoonerAndThenLessOften) {
  server_.run = [](const Lease&) { return absl::InternalError("no"); };
  server_.timers.RunDue();
  for (const int seconds : {10, 20, 40}) {
    server_.After(absl::Seconds(seconds - 1));
    const int before = server_.runs;
    server_.After(absl::Seconds(1));
    EXPECT_EQ(server_.runs, before + 1) << seconds;
  }
  EXPECT_EQ(server_.figures().failures, 4u);
  EXPECT_EQ(server_.figures().last, absl::InternalError("no"));
  EXPECT_EQ(server_.reports.size(), 4u);
  server_.run = [](const Lease&) { return absl::OkStatus(); };
  server_.After(absl::Hours(1));
  EXPECT_TRUE(server_.figures().last.ok());
  // Never less often than its period.
  server_.run = [](const Lease&) { return absl::InternalError("no"); };
  for (int n = 0; n < 20; ++n) server_.After(absl::Hours(1));
  EXPECT_EQ(server_.runs, 25);
}

TEST_F(TimersTest, JobsRunInTheOrderInWhichTheyWereAdded) {
  std::vector<std::string> ran;
  for (const char* name : {"boards", "pending"}) {
    server_.timers.Add({name, absl::Hours(1), [&ran](const Lease& lease) {
                          ran.push_back(lease.name());
                          return absl::OkStatus();
                        }});
  }
  server_.timers.RunDue();
  EXPECT_THAT(ran, ElementsAre("boards", "pending"));
  EXPECT_EQ(server_.timers.figures().back().name, "pending");
}

// --- Several servers.

TEST_F(TimersTest, WhatOneHasDoneTheOthersNeedNotDo) {
  server_.timers.RunDue();
  other_.timers.RunDue();
  EXPECT_EQ(other_.runs, 0);
  other_.After(absl::Minutes(59));
  EXPECT_EQ(other_.runs, 0);
  EXPECT_EQ(other_.figures().since_done, absl::Minutes(59));
  other_.After(absl::Minutes(1));
  EXPECT_EQ(other_.runs, 1);
  server_.timers.RunDue();
  EXPECT_EQ(server_.runs, 1) << "it is not its turn";
}

TEST_F(TimersTest, WhileOneRunsItTheOthersAreRefused) {
  server_.run = [&](const Lease&) {
    other_.timers.RunDue();
    EXPECT_EQ(other_.figures().holder, "the other");
    EXPECT_TRUE(absl::IsFailedPrecondition(other_.timers.RunNow("expiry")));
    return absl::OkStatus();
  };
  server_.timers.RunDue();
  EXPECT_EQ(server_.runs, 1);
  EXPECT_EQ(other_.runs, 0);
  EXPECT_THAT(other_.reports, ElementsAre()) << "that is no trouble";
}

// It is killed in the middle: nobody gives the lease back.
TEST_F(TimersTest, AnotherTakesOverFromOneThatIsGone) {
  books_.rows["expiry"] = {&server_.journal, 1, books_.clock.Now() + absl::Minutes(1), absl::InfinitePast()};
  other_.timers.RunDue();
  other_.After(absl::Seconds(59));
  EXPECT_EQ(other_.runs, 0);
  other_.After(absl::Seconds(1));
  EXPECT_EQ(other_.runs, 1);
}

TEST_F(TimersTest, WhatFailedOnOneTheOtherDoes) {
  server_.run = [](const Lease&) { return absl::InternalError("no"); };
  server_.timers.RunDue();
  other_.timers.RunDue();
  EXPECT_EQ(other_.runs, 1);
  server_.After(absl::Seconds(10));
  EXPECT_EQ(server_.runs, 1) << "it is done";
}

// --- Within a run.

TEST_F(TimersTest, ALongRunKeepsItsLease) {
  server_.run = [&](const Lease& lease) {
    for (int n = 0; n < 100; ++n) {
      books_.clock.Advance(absl::Seconds(30));
      EXPECT_TRUE(lease.Held());
      other_.timers.RunDue();
    }
    return absl::OkStatus();
  };
  server_.timers.RunDue();
  EXPECT_EQ(other_.runs, 0);
  EXPECT_EQ(server_.figures().last_duration, absl::Seconds(3000));
  EXPECT_GT(server_.journal.taken, 50);
}

TEST_F(TimersTest, OneThatIsAskedOftenAsksTheJournalSeldom) {
  server_.run = [&](const Lease& lease) {
    for (int n = 0; n < 1000; ++n) EXPECT_TRUE(lease.Held());
    return absl::OkStatus();
  };
  server_.timers.RunDue();
  EXPECT_EQ(server_.journal.taken, 1);
}

// It was paused, and another has done all of it meanwhile.
TEST_F(TimersTest, ALostLeaseIsToldAndStaysLost) {
  server_.run = [&](const Lease& lease) {
    EXPECT_TRUE(lease.Held());
    books_.clock.Advance(absl::Minutes(2));
    other_.timers.RunDue();
    EXPECT_FALSE(lease.Held());
    books_.clock.Advance(absl::Minutes(2));
    EXPECT_FALSE(lease.Held());
    return absl::OkStatus();
  };
  server_.timers.RunDue();
  EXPECT_EQ(other_.runs, 1);
  EXPECT_TRUE(absl::IsAborted(server_.figures().last));
  EXPECT_EQ(server_.figures().failures, 1u);
  // What the other has done stands.
  EXPECT_EQ(books_.clock.Now() - books_.rows["expiry"].done, absl::Minutes(2));
}

// Its time was over, but nobody has had it.
TEST_F(TimersTest, ALeaseThatNobodyTookIsHeldAgain) {
  server_.run = [&](const Lease& lease) {
    books_.clock.Advance(absl::Minutes(5));
    EXPECT_TRUE(lease.Held());
    return absl::OkStatus();
  };
  EXPECT_TRUE(server_.timers.RunNow("expiry").ok());
}

TEST_F(TimersTest, AJournalThatIsAwayTakesTheLeaseOnlyWhenItsTimeIsOver) {
  server_.run = [&](const Lease& lease) {
    server_.journal.trouble = absl::UnavailableError("away");
    books_.clock.Advance(absl::Seconds(59));
    EXPECT_TRUE(lease.Held());
    books_.clock.Advance(absl::Seconds(10));
    EXPECT_FALSE(lease.Held());
    return absl::OkStatus();
  };
  server_.timers.RunDue();
  EXPECT_TRUE(absl::IsAborted(server_.figures().last));
}

// --- What goes wrong.

TEST_F(TimersTest, WithoutTheJournalNothingRunsAndItIsSaidOnce) {
  server_.journal.trouble = absl::UnavailableError("away");
  for (int n = 0; n < 5; ++n) server_.After(absl::Seconds(10));
  EXPECT_EQ(server_.runs, 0);
  EXPECT_THAT(server_.reports, ElementsAre(absl::UnavailableError("away")));
  EXPECT_EQ(server_.timers.RunNow("expiry"), absl::UnavailableError("away"));
  EXPECT_EQ(server_.figures().last, absl::UnavailableError("away"));
  server_.journal.trouble = absl::OkStatus();
  server_.After(absl::Seconds(10));
  EXPECT_EQ(server_.runs, 1);
}

TEST_F(TimersTest, AnOperatorRunsOneThatIsNotDue) {
  server_.timers.RunDue();
  EXPECT_TRUE(server_.timers.RunNow("expiry").ok());
  EXPECT_EQ(server_.runs, 2);
  EXPECT_TRUE(absl::IsNotFound(server_.timers.RunNow("no-such-job")));
  server_.run = [](const Lease&) { return absl::InternalError("no"); };
  EXPECT_EQ(server_.timers.RunNow("expiry"), absl::InternalError("no"));
}

// A journal that one process writes, as the file journal: its lock is the lease.
TEST(TimersAloneTest, OverAJournalOfOneProcessEveryLeaseIsGranted) {
  ManualClock clock{absl::FromUnixSeconds(1000)};
  ManualJournal journal;
  Timers timers(journal, clock);
  int runs = 0;
  timers.Add({"expiry", absl::Hours(1), [&](const Lease& lease) {
                clock.Advance(absl::Minutes(10));
                EXPECT_TRUE(lease.Held());
                ++runs;
                return absl::OkStatus();
              }});
  timers.RunDue();
  timers.RunDue();
  EXPECT_EQ(runs, 1);
  clock.Advance(absl::Hours(1));
  timers.RunDue();
  EXPECT_EQ(runs, 2);
}

// --- The thread.

TEST(TimersThreadTest, ItRunsWhatIsDueAndStopsInTheMiddle) {
  SteadyClock clock;
  ManualJournal journal;
  Timers timers(journal, clock);
  absl::Notification begun;
  bool told = false;
  timers.Add({"endless", absl::Hours(1), [&](const Lease& lease) {
                begun.Notify();
                while (lease.Held()) absl::SleepFor(absl::Milliseconds(1));
                told = true;
                return absl::OkStatus();
              }});
  timers.Add({"never-reached", absl::Hours(1), [](const Lease&) {
                ADD_FAILURE() << "the end had begun";
                return absl::OkStatus();
              }});
  timers.Start();
  begun.WaitForNotification();
  timers.Stop();
  EXPECT_TRUE(told);
  EXPECT_EQ(RefusalOf(timers.figures().front().last).reason, Reason::REASON_SHUTTING_DOWN);
  EXPECT_EQ(RefusalOf(timers.RunNow("endless")).reason, Reason::REASON_SHUTTING_DOWN);
}

TEST(TimersThreadTest, WhatIsDueLaterRunsLater) {
  SteadyClock clock;
  ManualJournal journal;
  Timers timers(journal, clock);
  int runs = 0;
  absl::Notification often;
  timers.Add({"often", absl::Milliseconds(1), [&](const Lease&) {
                if (++runs == 5) often.Notify();
                return absl::OkStatus();
              }});
  timers.Start();
  EXPECT_TRUE(often.WaitForNotificationWithTimeout(absl::Seconds(60)));
}

}  // namespace
}  // namespace fenfen
