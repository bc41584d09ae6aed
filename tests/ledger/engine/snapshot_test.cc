// Snapshots of a whole ledger: what comes back, at which cost, and what every fault leaves.
#include <atomic>
#include <thread>

#include "tests/ledger/engine/snapshot_fixture.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SnapshotTest : public testing::Test {
 protected:
  // Payments to households of many partitions.
  static void PayMany(Ledger& ledger, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) ledger.Pay(1 + i % 37, static_cast<int64_t>(10 + i));
  }
  MemoryFileSystem disk;
};

TEST_F(SnapshotTest, StartsFromTheSnapshotAndReplaysTheTailAlone) {
  std::string before;
  {
    Ledger ledger(disk);
    EXPECT_EQ(ledger.report().snapshot, 0u);
    PayMany(ledger, 100);
    ledger.Snapshot();
    ledger.Pay(1, 5);
    ledger.Pay(3, 6);
    before = ledger.Everything();
  }
  for (const int threads : {1, 2, 8}) {
    Ledger again(disk, true, threads);
    ASSERT_TRUE(again.started.ok()) << again.started;
    EXPECT_EQ(again.report().snapshot, 1u);
    EXPECT_EQ(again.report().replayed, 2u);
    EXPECT_THAT(again.report().refused, IsEmpty());
    EXPECT_EQ(again.Everything(), before);
  }
  Ledger from_the_journal(disk, false);
  EXPECT_EQ(from_the_journal.report().replayed, 102u);
  EXPECT_EQ(from_the_journal.Everything(), before);
}

// One that others keep: it sees to itself, and only the projections begin from the snapshot.
class KeptElsewhere final : public State {
 public:
  bool OutlivesProcess() const override { return true; }
  void Execute(PartitionId, std::vector<Work>, Done) override { ADD_FAILURE(); }
  absl::Status Read(PartitionId, absl::FunctionRef<void(const View&, PartitionSeq)>) const override { return absl::UnimplementedError(""); }
  absl::Status Apply(PartitionId, PartitionSeq, const Transaction&) override { return absl::InternalError("nothing is to be redone"); }
  absl::StatusOr<Digest> DigestOf(PartitionId) const override { return absl::UnimplementedError(""); }
};

TEST_F(SnapshotTest, BesideAStateKeptElsewhereTheProjectionsBeginFromIt) {
  std::string told;
  {
    Ledger ledger(disk);
    PayMany(ledger, 100);
    ledger.Snapshot();
    ledger.Pay(1, 5);
    told = ledger.tally.Everything();
  }
  FileJournalOptions options = SmallOptions();
  options.segment_bytes = 64u << 10;
  const auto journal = MustOpen(disk, options);
  KeptElsewhere state;
  SnapshotFolder folder(disk, kSnapshots);
  {
    Tally tally;
    const auto report = Recovery(state, *journal, {&tally}, {.snapshots = &folder, .savable = nullptr, .threads = 2}).Run();
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->snapshot, 1u);
    EXPECT_EQ(report->replayed, 1u);
    EXPECT_EQ(tally.Everything(), told);
  }
  // One that does not have all that they want to know is not used; then they are told everything.
  class Newer final : public Projection {
   public:
    void Apply(const CommittedTransaction&) override { ++applied; }
    absl::string_view MemoName() const override { return "newer"; }
    std::atomic<int> applied = 0;
  };
  Tally tally;
  Newer newer;
  const auto report = Recovery(state, *journal, {&tally, &newer}, {.snapshots = &folder, .savable = nullptr, .threads = 2}).Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->snapshot, 0u);
  EXPECT_THAT(report->refused, ElementsAre(HasSubstr("it lacks the memo of newer")));
  EXPECT_EQ(newer.applied, 101);
  EXPECT_EQ(tally.Everything(), told);
}

TEST_F(SnapshotTest, RequestKeysComeBack) {
  const RequestKey client = Ledger::KeyAt(9001), device = DeviceEventKey(CatalogueId(77), 12);
  absl::StatusOr<Outcome> first;
  {
    Ledger ledger(disk);
    first = ledger.PayAs(client, 4, 100);
    ASSERT_TRUE(first.ok());
    ASSERT_TRUE(ledger.PayAs(device, 5, 200).ok());
    ledger.Snapshot();
  }
  Ledger again(disk);
  EXPECT_EQ(again.report().replayed, 0u);
  const auto repeated = again.PayAs(client, 4, 100);
  ASSERT_TRUE(repeated.ok());
  EXPECT_TRUE(repeated->replayed);
  EXPECT_EQ(repeated->committed.transaction, first->committed.transaction);
  EXPECT_TRUE(again.PayAs(device, 5, 200)->replayed);
  EXPECT_EQ(RefusalOf(again.PayAs(device, 5, 201).status()).reason, Reason::REASON_REQUEST_ID_REUSED);
}

TEST_F(SnapshotTest, GoesOnAfterwards) {
  for (int run = 1; run <= 4; ++run) {
    Ledger ledger(disk);
    ASSERT_TRUE(ledger.started.ok()) << ledger.started;
    EXPECT_EQ(ledger.report().snapshot, static_cast<uint64_t>(run - 1));
    ledger.next_key = uint64_t{1000} * static_cast<uint64_t>(run);
    PayMany(ledger, 20);
    ledger.Snapshot();
    PayMany(ledger, 3);
  }
  EXPECT_THAT(*disk.List(kSnapshots), ElementsAre("00000003.snap", "00000004.snap")) << "the newest two are kept";
}

TEST_F(SnapshotTest, ADamagedOneIsNamedAndTheOneBeforeIsUsed) {
  std::string before;
  {
    Ledger ledger(disk);
    PayMany(ledger, 50);
    ledger.Snapshot();
    PayMany(ledger, 10);
    ledger.Snapshot();
    before = ledger.Everything();
  }
  const std::string second = disk.Bytes(SnapshotPath(2)), first = disk.Bytes(SnapshotPath(1));
  const auto flip = [&](const std::string& bytes, int number, size_t at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    disk.Put(SnapshotPath(number), flipped);
  };
  flip(second, 2, second.size() / 2);
  {
    Ledger again(disk);
    EXPECT_EQ(again.report().snapshot, 1u);
    EXPECT_EQ(again.report().replayed, 10u);
    ASSERT_EQ(again.report().refused.size(), 1u);
    EXPECT_THAT(again.report().refused[0], HasSubstr("snapshots/00000002.snap: damaged at byte "));
    EXPECT_EQ(again.Everything(), before);
    again.next_key = 500;
    again.Pay(1, 1);
    before = again.Everything();
    again.Snapshot();
    EXPECT_THAT(*disk.List(kSnapshots), ElementsAre("00000001.snap", "00000003.snap")) << "a damaged one is not one of the two";
  }
  disk.Put(SnapshotPath(3), disk.Bytes(SnapshotPath(3)).substr(0, 700));
  flip(first, 1, 3);
  Ledger again(disk);
  EXPECT_EQ(again.report().snapshot, 0u) << "none is left";
  EXPECT_EQ(again.report().refused.size(), 2u);
  EXPECT_EQ(again.Everything(), before);
}

TEST_F(SnapshotTest, EveryFlippedByteIsFoundBeforeAnythingIsLoaded) {
  std::string before;
  {
    Ledger ledger(disk);
    PayMany(ledger, 8);
    ledger.Snapshot();
    before = ledger.Everything();
  }
  const std::string whole = disk.Bytes(SnapshotPath(1));
  const auto refused = [&](const std::string& bytes) {
    disk.Put(SnapshotPath(1), bytes);
    SnapshotFolder folder(disk, kSnapshots);
    MemoryState state;
    Tally tally;
    const std::vector<Projection*> projections{&tally};
    MemoryFileSystem no_journal;
    const auto journal = MustOpen(no_journal);
    const auto report = Recovery(state, *journal, projections, {&folder, &state, 1}).Run();
    return report.ok() && report->snapshot == 0 && report->refused.size() == 1;
  };
  for (size_t at = 0; at < whole.size(); at += 1 + at / 97) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    EXPECT_TRUE(refused(bytes)) << at;
    EXPECT_TRUE(refused(whole.substr(0, at))) << "cut at " << at;
  }
  EXPECT_TRUE(refused(absl::StrCat(whole, "x")));
}

TEST_F(SnapshotTest, AnotherJournalsIsNotUsed) {
  {
    Ledger ledger(disk);
    PayMany(ledger, 5);
    ledger.Snapshot();
  }
  MemoryFileSystem other;
  other.Put(SnapshotPath(1), disk.Bytes(SnapshotPath(1)));
  FileJournalOptions options = SmallOptions();
  options.segment_bytes = 64u << 10;
  options.new_journal_id = 99;
  MustOpen(other, options).reset();
  Ledger ledger(other);
  EXPECT_TRUE(ledger.started.ok());
  EXPECT_EQ(ledger.report().snapshot, 0u);
  ASSERT_EQ(ledger.report().refused.size(), 1u);
  EXPECT_THAT(ledger.report().refused[0], HasSubstr("another journal's"));
}

TEST_F(SnapshotTest, AJournalThatIsBehindHasLostSomething) {
  std::unique_ptr<MemoryFileSystem> earlier;
  {
    Ledger ledger(disk);
    PayMany(ledger, 5);
    earlier = disk.AfterCrash([](size_t) { return true; });
    PayMany(ledger, 5);
    ledger.Snapshot();
  }
  earlier->Put(SnapshotPath(1), disk.Bytes(SnapshotPath(1)));
  Ledger ledger(*earlier);
  EXPECT_TRUE(absl::IsDataLoss(ledger.started));
  EXPECT_THAT(ledger.started.message(), HasSubstr("the journal has lost what was acknowledged"));
}

// At every write and sync while a snapshot is written, the machine stops: with nothing, all or half of what was not synced on the disk.
TEST_F(SnapshotTest, ACrashAtEveryStepLeavesTheOldOneOrTheNew) {
  std::string before;
  std::vector<std::unique_ptr<MemoryFileSystem>> crashes;
  {
    Ledger ledger(disk);
    PayMany(ledger, 60);
    ledger.Snapshot();
    PayMany(ledger, 9);
    before = ledger.Everything();
    absl::Mutex mutex;
    disk.SetFault([&](absl::string_view, const std::string& path) {
      if (path.find("snap") == std::string::npos) return absl::OkStatus();
      absl::MutexLock lock(&mutex);
      for (const size_t part : {1u, 2u, 1u << 30}) crashes.push_back(disk.AfterCrash([part](size_t n) { return n % part == 0; }));
      return absl::OkStatus();
    });
    ledger.Snapshot();
    disk.SetFault(nullptr);
  }
  crashes.push_back(disk.AfterCrash([](size_t) { return false; }));
  ASSERT_GE(crashes.size(), 7u);
  for (size_t i = 0; i < crashes.size(); ++i) {
    Ledger again(*crashes[i]);
    ASSERT_TRUE(again.started.ok()) << i << ": " << again.started;
    EXPECT_THAT(again.report().refused, IsEmpty());
    EXPECT_EQ(again.report().snapshot, i + 1 == crashes.size() ? 2u : 1u);
    EXPECT_EQ(again.Everything(), before);
    EXPECT_FALSE(crashes[i]->Exists(SnapshotPath(2) + ".tmp")) << "what was not finished is removed";
  }
}

TEST_F(SnapshotTest, AFailedWriteLeavesTheOldOneAndTheNextTryWorks) {
  Ledger ledger(disk);
  PayMany(ledger, 60);
  ledger.Snapshot();
  PayMany(ledger, 9);
  bool struck = true;
  for (int step = 0; struck; ++step) {
    struck = false;
    int steps = 0;
    disk.SetFault([&](absl::string_view, const std::string& path) {
      if (path.find("snap") == std::string::npos || steps++ != step) return absl::OkStatus();
      struck = true;
      return absl::ResourceExhaustedError("no room");
    });
    const absl::Status taken = ledger.snapshotter->Take();
    EXPECT_EQ(taken.ok(), !struck) << taken;
    disk.SetFault(nullptr);
    ledger.Pay(2, 7);
    const std::unique_ptr<MemoryFileSystem> crashed = disk.AfterCrash([](size_t) { return false; });
    Ledger again(*crashed);
    EXPECT_GE(again.report().snapshot, 1u);
    EXPECT_EQ(again.Everything(), ledger.Everything()) << "service goes on";
  }
  EXPECT_GE(ledger.snapshotter->stats().failed, 3u);
  EXPECT_EQ(ledger.snapshotter->stats().taken, 2u);
}

TEST_F(SnapshotTest, TakesNoRoomThatTheJournalNeeds) {
  Ledger ledger(disk);
  PayMany(ledger, 5);
  SnapshotterOptions options;
  SnapshotFolder folder(disk, kSnapshots);
  disk.SetCapacity(options.free_bytes_min);
  Snapshotter careful(ledger.state, *ledger.journal, {}, folder, ledger.clock, options, {});
  EXPECT_TRUE(absl::IsResourceExhausted(careful.Take()));
  EXPECT_EQ(careful.stats().failed, 1u);
  EXPECT_THAT(*disk.List(kSnapshots), IsEmpty());
}

TEST_F(SnapshotTest, AnOrderlyEndDoesNotWaitForLong) {
  Ledger ledger(disk);
  PayMany(ledger, 5);
  EXPECT_TRUE(absl::IsDeadlineExceeded(ledger.snapshotter->Take(absl::ZeroDuration())));
  EXPECT_THAT(*disk.List(kSnapshots), IsEmpty());
}

// Snapshots are taken one after another by their own thread while payments go on; whichever is the newest at a crash, the whole comes back.
TEST_F(SnapshotTest, ServiceGoesOnMeanwhile) {
  std::unique_ptr<MemoryFileSystem> after;
  std::string before;
  {
    Ledger ledger(disk);
    ledger.snapshotter->Run();
    std::vector<std::thread> payers;
    for (uint64_t payer = 0; payer < 3; ++payer) {
      payers.emplace_back([&ledger, payer] {
        for (uint64_t i = 0; i < 400; ++i) {
          const RequestKey key = DeviceEventKey(CatalogueId(payer + 1), i + 1);
          EXPECT_TRUE(ledger.PayAs(key, 1 + (i * 7 + payer) % 100, static_cast<int64_t>(i + 1)).ok());
        }
      });
    }
    for (std::thread& payer : payers) payer.join();
    while (ledger.snapshotter->IsDue()) absl::SleepFor(absl::Milliseconds(1));
    ledger.snapshotter->Halt();
    EXPECT_TRUE(ledger.reported.ok()) << ledger.reported;
    EXPECT_GE(ledger.snapshotter->stats().taken, 2u);
    before = ledger.Everything();
    after = disk.AfterCrash([](size_t) { return false; });
  }
  Ledger again(*after);
  EXPECT_EQ(again.report().replayed, 0u) << "all was in the last";
  EXPECT_EQ(again.Everything(), before);
}

TEST_F(SnapshotTest, ADamagedTransactionInTheTailStopsTheStart) {
  ManualClock clock{absl::FromUnixSeconds(1)};
  const auto journal = MustOpen(disk);
  Appender appender(*journal);
  appender.AppendAndFlush("this is no transaction");
  for (const int threads : {1, 2}) {
    MemoryState state;
    Engine engine(state, *journal, clock, {});
    const absl::Status started = engine.Start({nullptr, nullptr, threads});
    EXPECT_TRUE(absl::IsDataLoss(started));
    EXPECT_THAT(started.message(), HasSubstr("partition 1, transaction 1"));
  }
}

}  // namespace
}  // namespace fenfen
