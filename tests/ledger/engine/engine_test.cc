// Acknowledged means journaled.
#include "ledger/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/engine/engine_tail.h"
#include "ledger/state/memory_state.h"
#include "tests/ledger/engine/manual_journal.h"

namespace fenfen {
namespace {

constexpr PartitionId kPartition{9};
constexpr AccountId kBank{AccountKind::kProgramme, Asset::kReward, 1};
constexpr AccountId kHome{AccountKind::kHousehold, Asset::kReward, 2};

class Recorder final : public Projection {
 public:
  void Apply(const CommittedTransaction& committed) override { seen.push_back(committed.seq.value()); }
  std::vector<uint64_t> seen;
};

Command Pay(uint64_t key, int64_t amount = 100, uint64_t fingerprint = 1) {
  Command command;
  command.partition = kPartition;
  command.key = {1, key};
  command.fingerprint = fingerprint;
  command.reads = {{}, {kBank, kHome}};
  command.decide = [=](const View&) -> absl::StatusOr<Transaction> {
    Transaction t;
    t.key = {1, key};
    t.fingerprint = fingerprint;
    t.event_time = absl::FromUnixSeconds(5);
    t.postings = {{kBank, Points(-amount)}, {kHome, Points(amount)}};
    return t;
  };
  return command;
}

class EngineTest : public testing::Test {
 protected:
  // The reply of a command, once there is one.
  struct Reply {
    bool arrived = false;
    absl::StatusOr<Outcome> outcome;
  };
  std::shared_ptr<Reply> Submit(Command command) {
    auto reply = std::make_shared<Reply>();
    engine.Submit(std::move(command), [reply](absl::StatusOr<Outcome> outcome) {
      reply->arrived = true;
      reply->outcome = std::move(outcome);
    });
    return reply;
  }

  MemoryState state;
  ManualJournal journal;
  ManualClock clock{absl::FromUnixSeconds(1000)};
  Recorder recorder;
  Engine engine{state, journal, clock, {&recorder}};
};

TEST_F(EngineTest, RepliesOnlyOnceDurable) {
  const auto reply = Submit(Pay(1));
  EXPECT_FALSE(reply->arrived);
  EXPECT_TRUE(recorder.seen.empty());
  journal.Sync();
  ASSERT_TRUE(reply->arrived);
  ASSERT_TRUE(reply->outcome.ok());
  EXPECT_EQ(reply->outcome->committed.seq, PartitionSeq(1));
  EXPECT_EQ(reply->outcome->committed.record_time, absl::FromUnixSeconds(1000));
  EXPECT_FALSE(reply->outcome->replayed);
  EXPECT_THAT(recorder.seen, testing::ElementsAre(1));
}

TEST_F(EngineTest, ARepetitionWaitsForTheFirstAndGetsTheSame) {
  const auto first = Submit(Pay(1));
  const auto second = Submit(Pay(1));
  EXPECT_FALSE(second->arrived);
  journal.Sync();
  ASSERT_TRUE(second->arrived && second->outcome.ok());
  EXPECT_TRUE(second->outcome->replayed);
  EXPECT_EQ(second->outcome->committed.transaction, first->outcome->committed.transaction);
  EXPECT_EQ(second->outcome->committed.seq, first->outcome->committed.seq);
}

TEST_F(EngineTest, AKeyWithAnotherBodyIsRefused) {
  Submit(Pay(1));
  const auto other = Submit(Pay(1, 200, 2));
  ASSERT_TRUE(other->arrived);
  EXPECT_EQ(RefusalOf(other->outcome.status()).reason, Reason::REASON_REQUEST_ID_REUSED);
}

// A State that others keep, gone back to another life: it remembers keys at numbers where the journal has others.
TEST_F(EngineTest, ARepetitionThatTheJournalDoesNotKnowIsNoOutcome) {
  class Elsewhere final : public State {
   public:
    void Execute(PartitionId, std::vector<Work>, Done done) override {
      std::vector<absl::StatusOr<ExecuteResult>> results;
      results.emplace_back(Replayed{PartitionSeq(1)});
      std::move(done)(std::move(results));
    }
    bool OutlivesProcess() const override { return true; }
    absl::Status Read(PartitionId, absl::FunctionRef<void(const View&, PartitionSeq)>) const override { return absl::OkStatus(); }
    absl::Status Apply(PartitionId, PartitionSeq, const Transaction&) override { return absl::OkStatus(); }
    absl::StatusOr<Digest> DigestOf(PartitionId) const override { return Digest{}; }
  };
  Submit(Pay(1));
  journal.Sync();
  Elsewhere elsewhere;
  Engine other(elsewhere, journal, clock, {});
  ASSERT_TRUE(other.Start().ok());
  EXPECT_TRUE(other.SubmitAndWait(Pay(1))->replayed);
  EXPECT_EQ(RefusalOf(other.SubmitAndWait(Pay(2)).status()).reason, Reason::REASON_OUTCOME_UNKNOWN);
}

TEST_F(EngineTest, ABatchIsAnsweredOneByOneAndAtOnce) {
  Submit(Pay(1));
  journal.Sync();
  std::vector<Command> commands;
  commands.push_back(Pay(1));
  commands.push_back(Pay(2));
  commands.push_back(Pay(3));
  commands.back().decide = [](const View&) { return Refuse(Reason::REASON_OFFER_UNKNOWN); };
  commands.push_back(Pay(4));
  commands.back().partition = PartitionId(200);
  commands.push_back(Pay(1, 9, 2));
  commands.push_back(Pay(2));
  std::vector<absl::StatusOr<Outcome>> outcomes;
  engine.SubmitAll(std::move(commands), [&](std::vector<absl::StatusOr<Outcome>> all) { outcomes = std::move(all); });
  EXPECT_TRUE(outcomes.empty()) << "not before the last is durable";
  journal.Sync();
  ASSERT_EQ(outcomes.size(), 6u);
  EXPECT_TRUE(outcomes[0]->replayed);
  EXPECT_EQ(outcomes[1]->committed.seq, PartitionSeq(2));
  EXPECT_EQ(RefusalOf(outcomes[2].status()).reason, Reason::REASON_OFFER_UNKNOWN);
  EXPECT_EQ(outcomes[3]->committed.partition, PartitionId(200));
  EXPECT_EQ(outcomes[3]->committed.seq, PartitionSeq(1));
  EXPECT_EQ(RefusalOf(outcomes[4].status()).reason, Reason::REASON_REQUEST_ID_REUSED);
  EXPECT_TRUE(outcomes[5]->replayed) << "of its neighbour in the batch";
  EXPECT_EQ(outcomes[5]->committed.seq, PartitionSeq(2));
}

TEST_F(EngineTest, OneStretchOfABatchMayFailAndTheRestStands) {
  std::vector<Command> commands;
  for (uint64_t key = 1; key <= 150; ++key) commands.push_back(Pay(key));
  size_t durable = 0, unknown = 0;
  engine.SubmitAll(std::move(commands), [&](const std::vector<absl::StatusOr<Outcome>>& all) {
    for (const auto& outcome : all) ++(outcome.ok() ? durable : unknown);
  });
  journal.SyncOne();
  journal.Fail();
  EXPECT_EQ(durable, limits::kExecuteMax);
  EXPECT_EQ(unknown, 150 - limits::kExecuteMax);
}

TEST_F(EngineTest, NothingIsCommittedThatTheJournalCannotTake) {
  journal.admission = RefuseUntil(Reason::REASON_STORAGE_FULL, absl::Seconds(1));
  const auto reply = Submit(Pay(1));
  EXPECT_EQ(RefusalOf(reply->outcome.status()).reason, Reason::REASON_STORAGE_FULL);
  EXPECT_TRUE(state.Read(kPartition, [](const View&, PartitionSeq last) { EXPECT_EQ(last, PartitionSeq(0)); }).ok());
}

TEST_F(EngineTest, AFailedJournalIsAnUnknownOutcome) {
  const auto reply = Submit(Pay(1));
  const auto waiting = Submit(Pay(1));
  journal.Fail();
  EXPECT_EQ(RefusalOf(reply->outcome.status()).reason, Reason::REASON_JOURNAL_FAILED);
  EXPECT_EQ(RefusalOf(waiting->outcome.status()).reason, Reason::REASON_JOURNAL_FAILED);
  EXPECT_TRUE(recorder.seen.empty());
  absl::Status read;
  engine.Read(
      kPartition, [](const View&) {}, [&](absl::Status status) { read = status; });
  EXPECT_EQ(RefusalOf(read).reason, Reason::REASON_JOURNAL_FAILED) << "what was not journaled is never shown";
}

TEST_F(EngineTest, AReadWaitsForWhatItSaw) {
  Submit(Pay(1));
  bool answered = false;
  int64_t balance = 0;
  engine.Read(
      kPartition, [&](const View& view) { balance = view.Balance(kHome).hundredths(); }, [&](absl::Status) { answered = true; });
  EXPECT_EQ(balance, 100);
  EXPECT_FALSE(answered);
  journal.Sync();
  EXPECT_TRUE(answered);
}

TEST_F(EngineTest, AReadOfAnotherPartitionDoesNotWait) {
  Submit(Pay(1));
  bool answered = false;
  engine.Read(
      PartitionId(10), [](const View&) {}, [&](absl::Status) { answered = true; });
  EXPECT_TRUE(answered);
}

TEST_F(EngineTest, StartFoldsTheJournal) {
  Submit(Pay(1));
  Submit(Pay(2));
  journal.Sync();
  MemoryState fresh;
  Recorder again;
  Engine restarted(fresh, journal, clock, {&again});
  ASSERT_TRUE(restarted.Start().ok());
  EXPECT_EQ(fresh.DigestOf(kPartition)->sha256, state.DigestOf(kPartition)->sha256);
  EXPECT_THAT(again.seen, testing::ElementsAre(1, 2));
  const auto outcome = restarted.SubmitAndWait(Pay(2));
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->replayed);
}

TEST_F(EngineTest, StopRefusesNewWorkAndFinishesTheOld) {
  const auto reply = Submit(Pay(1));
  ASSERT_TRUE(engine.Stop().ok());
  EXPECT_TRUE(reply->outcome.ok());
  EXPECT_EQ(RefusalOf(Submit(Pay(2))->outcome.status()).reason, Reason::REASON_SHUTTING_DOWN);
}

TEST_F(EngineTest, LoadOfWhatIsNotThere) {
  EXPECT_EQ(RefusalOf(engine.Load(kPartition, PartitionSeq(4)).status()).reason, Reason::REASON_ENTRY_UNKNOWN);
}

// What a State that outlives the process still has and the journal lacks.
TEST_F(EngineTest, AdoptedTransactionsAreJournaledShownAndDurable) {
  const auto encoded = [](uint64_t key) {
    Transaction t;
    t.key = {1, key};
    t.event_time = absl::FromUnixSeconds(5);
    t.postings = {{kBank, Points(-100)}, {kHome, Points(100)}};
    return EncodeTransaction(t);
  };
  EngineTail tail(journal);
  EXPECT_TRUE(absl::IsUnavailable(tail.Settle(kPartition).status()));
  EXPECT_TRUE(absl::IsUnavailable(tail.Append(kPartition, 0, PartitionSeq(1), {encoded(1)})));
  tail.Attach(engine);
  absl::Status status = absl::UnknownError("not told");
  std::thread keeper([&] { status = tail.Append(kPartition, 0, PartitionSeq(1), {encoded(1), encoded(2)}); });
  while (journal.waiting() == 0) std::this_thread::yield();
  EXPECT_THAT(recorder.seen, testing::IsEmpty());
  journal.Sync();
  keeper.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(recorder.seen, testing::ElementsAre(1, 2));
  EXPECT_EQ(*tail.Read(kPartition, PartitionSeq(2)), encoded(2));
  EXPECT_EQ(engine.Load(kPartition, PartitionSeq(1))->transaction.key.low, 1);
  EXPECT_TRUE(absl::IsDataLoss(tail.Append(kPartition, 0, PartitionSeq(3), {"nonsense"})));
}

// A State that answers on a thread of its own with a lock held, as one in Redis does.
class LaterState final : public State {
 public:
  ~LaterState() override {
    for (std::thread& thread : threads_) thread.join();
  }
  void Execute(PartitionId partition, std::vector<Work> works, Done done) override {
    threads_.emplace_back([this, partition, works = std::move(works), done = std::move(done)]() mutable {
      state_.Execute(partition, std::move(works), [&done](std::vector<absl::StatusOr<ExecuteResult>> results) {
        answering = true;
        std::move(done)(std::move(results));
        answering = false;
      });
    });
  }
  absl::Status Read(PartitionId partition, absl::FunctionRef<void(const View&, PartitionSeq)> reader) const override {
    return state_.Read(partition, reader);
  }
  absl::Status Apply(PartitionId partition, PartitionSeq seq, const Transaction& transaction) override {
    return state_.Apply(partition, seq, transaction);
  }
  absl::StatusOr<Digest> DigestOf(PartitionId partition) const override { return state_.DigestOf(partition); }

  static thread_local bool answering;  // this thread is within an answer

 private:
  MemoryState state_;
  std::vector<std::thread> threads_;
};
thread_local bool LaterState::answering = false;

TEST(EngineWithALaterState, NobodyIsAnsweredWithinTheState) {
  LaterState state;
  ManualJournal journal;
  const ManualClock clock{absl::FromUnixSeconds(1000)};
  Engine engine{state, journal, clock, {}};
  Command refused = Pay(1);
  refused.decide = [](const View&) -> absl::StatusOr<Transaction> { return Refuse(Reason::REASON_POINTS_INSUFFICIENT); };
  std::promise<bool> answered;
  std::future<bool> within = answered.get_future();
  engine.Submit(std::move(refused), [&](const absl::StatusOr<Outcome>& outcome) {
    EXPECT_EQ(RefusalOf(outcome.status()).reason, Reason::REASON_POINTS_INSUFFICIENT);
    answered.set_value(LaterState::answering);
  });
  ASSERT_EQ(within.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_FALSE(within.get());
}

}  // namespace
}  // namespace fenfen
