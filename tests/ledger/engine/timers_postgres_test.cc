// Two servers with one job over one PostgreSQL: as fast as they can, and one that was paused and goes on when the other has done its work.
#include "ledger/engine/timers.h"

#include "absl/time/clock.h"
#include "ledger/journal/postgres/postgres_journal.h"
#include "tests/ledger/engine/several_engines.h"
#include "tests/ledger/journal/postgres/postgres_server.h"

namespace fenfen {
namespace {

constexpr uint64_t kLots = 60;

// A server with a job that pays each lot once: the request's key follows from the lot.
struct Paying {
  Paying(State& state, std::unique_ptr<PostgresJournal> opened, absl::Duration period)
      : journal(std::move(opened)), server(state, *journal), timers(*journal, clock) {
    timers.Add({"pay-lots", period, [this](const Lease& lease) { return PayAll(lease); }});
  }
  absl::Status PayAll(const Lease& lease) {
    for (uint64_t lot = 1; lot <= kLots; ++lot) {
      if (!lease.Held()) return absl::AbortedError("the lease is another's");
      if (before_each) before_each(lot);
      if (const auto outcome = server.engine.SubmitAndWait(Pay(lot)); !outcome.ok()) return outcome.status();
    }
    return absl::OkStatus();
  }
  uint64_t runs() const { return timers.figures().front().runs; }

  SteadyClock clock;
  std::unique_ptr<PostgresJournal> journal;
  OneOfSeveral server;
  std::function<void(uint64_t lot)> before_each;
  Timers timers;
};

class TimersPostgresTest : public testing::Test {
 protected:
  std::unique_ptr<Paying> Start(absl::Duration period) {
    PostgresJournalOptions options;
    options.session.conninfo = server_.Conninfo(database_);
    options.writers = Writers::kShared;
    absl::StatusOr<std::unique_ptr<PostgresJournal>> journal = PostgresJournal::Open(std::move(options));
    EXPECT_TRUE(journal.ok()) << journal.status();
    return std::make_unique<Paying>(state_, *std::move(journal), period);
  }
  // Every lot was paid, and none twice.
  void ExpectEachPaidOnce() {
    EXPECT_EQ(server_.Run(database_, {"SELECT count(*) FROM fenfen.entries"}), absl::StrCat(kLots));
    EXPECT_EQ(server_.Run(database_, {"SELECT balance FROM fenfen.balances WHERE account_kind = 2"}), absl::StrCat(kLots));
  }

  PostgresServer server_;
  const std::string database_ = server_.NewDatabase();
  StateElsewhere state_;
};

TEST_F(TimersPostgresTest, EachEffectComesOnceHoweverManyDoTheWork) {
  auto one = Start(absl::Milliseconds(1));
  auto other = Start(absl::Milliseconds(1));
  one->timers.Start();
  other->timers.Start();
  for (const absl::Time deadline = absl::Now() + kLong; one->runs() + other->runs() < 5;) {
    ASSERT_LT(absl::Now(), deadline);
    absl::SleepFor(absl::Milliseconds(5));
  }
  one->timers.Stop();
  other->timers.Stop();
  ExpectEachPaidOnce();
}

TEST_F(TimersPostgresTest, WhatOneHasDoneTheOtherNeedNotDo) {
  auto one = Start(absl::Hours(1));
  auto other = Start(absl::Hours(1));
  one->timers.RunDue();
  other->timers.RunDue();
  EXPECT_EQ(one->runs(), 1u);
  EXPECT_EQ(other->runs(), 0u);
  EXPECT_LT(other->timers.figures().front().since_done, absl::Hours(1));
  ExpectEachPaidOnce();
}

// It has just been told that its lease is held, and stops there for so long that the other does all of it.
TEST_F(TimersPostgresTest, OneThatWasPausedGoesOnAndChangesNothing) {
  auto paused = Start(absl::Hours(1));
  auto other = Start(absl::Hours(1));
  paused->before_each = [&](uint64_t lot) {
    if (lot != kLots / 2) return;
    server_.Run(database_, {"UPDATE fenfen.leases SET until = now()"});
    EXPECT_TRUE(other->timers.RunNow("pay-lots").ok());
  };
  paused->timers.RunDue();
  EXPECT_EQ(other->runs(), 1u);
  ExpectEachPaidOnce();
}

}  // namespace
}  // namespace fenfen
