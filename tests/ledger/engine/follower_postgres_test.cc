// Several engines over one PostgreSQL journal, each with a session of its own, as fast as they can and on one partition.
#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "ledger/journal/postgres/postgres_journal.h"
#include "tests/ledger/engine/several_engines.h"
#include "tests/ledger/journal/postgres/postgres_server.h"

namespace fenfen {
namespace {

class FollowerPostgresTest : public testing::Test {
 protected:
  std::unique_ptr<PostgresJournal> Open() {
    PostgresJournalOptions options;
    options.session.conninfo = server_.Conninfo(database_);
    options.writers = Writers::kShared;
    absl::StatusOr<std::unique_ptr<PostgresJournal>> journal = PostgresJournal::Open(std::move(options));
    EXPECT_TRUE(journal.ok()) << journal.status();
    return *std::move(journal);
  }
  PostgresServer server_;
  const std::string database_ = server_.NewDatabase();
  StateElsewhere state_;
};

TEST_F(FollowerPostgresTest, EverybodyGetsTheSameOnceAndInOrder) {
  constexpr uint64_t kEach = 150;
  struct Running {
    Running(State& state, std::unique_ptr<PostgresJournal> opened) : journal(std::move(opened)), server(state, *journal) {}
    std::unique_ptr<PostgresJournal> journal;
    OneOfSeveral server;
  };
  std::vector<std::unique_ptr<Running>> running;
  for (int n = 0; n < 3; ++n) running.push_back(std::make_unique<Running>(state_, Open()));
  std::vector<std::thread> writers;
  for (uint64_t n = 0; n < running.size(); ++n) {
    writers.emplace_back([&, n] {
      OneOfSeveral& server = running[n]->server;
      for (uint64_t i = 0; i < kEach; ++i) {
        const absl::StatusOr<Outcome> outcome = server.engine.SubmitAndWait(Pay(n * kEach + i + 1));
        ASSERT_TRUE(outcome.ok()) << outcome.status();
        ASSERT_GE(server.recorder.seen().size(), outcome->committed.seq.value());
        if (i % 20 != 0) continue;
        EXPECT_TRUE(server.Read()->Await().ok());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  std::vector<uint64_t> all(running.size() * kEach);
  for (size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
  for (const auto& each : running) {
    ASSERT_TRUE(each->server.recorder.Await(all.size()));
    EXPECT_EQ(each->server.recorder.seen(), all);
    // What a repetition is told is what all are told.
    EXPECT_EQ(each->server.engine.SubmitAndWait(Pay(1))->committed.record_time,
              running[0]->journal->Read(kPartition, PartitionSeq(1))->record_time);
  }
}

// One that starts while the others write misses nothing.
TEST_F(FollowerPostgresTest, AServerMayStartAtAnyTime) {
  const auto journal = Open();
  OneOfSeveral writes(state_, *journal);
  std::atomic<bool> over = false;
  std::thread writer([&] {
    for (uint64_t key = 1; !over; ++key) ASSERT_TRUE(writes.engine.SubmitAndWait(Pay(key)).ok());
  });
  for (int start = 0; start < 3; ++start) {
    const auto own = Open();
    OneOfSeveral starts(state_, *own);
    const size_t so_far = writes.recorder.seen().size();
    EXPECT_TRUE(starts.recorder.Await(so_far + 20));
    const std::vector<uint64_t> seen = starts.recorder.seen();
    for (size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], i + 1);
  }
  over = true;
  writer.join();
}

}  // namespace
}  // namespace fenfen
