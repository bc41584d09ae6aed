// What of the journal may be archived: never what a start needs, even one that has lost its newest snapshot.
#include "tests/ledger/engine/snapshot_fixture.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr absl::Duration kRetention = absl::Hours(24 * 400);

// A server's life over a journal with a retention, without threads of the journal's own.
class Life {
 public:
  explicit Life(MemoryFileSystem& disk) : folder_(disk, kSnapshots) {
    FileJournalOptions options = SmallOptions();
    options.uncompressed_segments = 1;
    options.own_threads = false;
    options.archive_directory = "archive";
    options.retention = kRetention;
    options.clock = &clock;
    journal = MustOpen(disk, options);
    engine = std::make_unique<Engine>(state, *journal, clock, std::vector<Projection*>{&tally});
    started = engine->Start({&folder_, &state, 1});
    EXPECT_TRUE(folder_.Open().ok());
    SnapshotterOptions snapshots;
    snapshots.free_bytes_min = 0;
    snapshots.report = [this](const absl::Status& status) { reported.push_back(status); };
    snapshots.covered = [this](SnapshotCover cover) {
      told.push_back(cover.number);
      journal->Covered(std::move(cover));
    };
    snapshotter = std::make_unique<Snapshotter>(state, *journal, std::vector<Projection*>{&tally}, folder_, clock, snapshots,
                                                Snapshotter::Start{engine->recovery().snapshot, engine->recovery().snapshot_sequences});
  }

  // Payments that fill some segments.
  void Pay(uint64_t first, uint64_t count) {
    for (uint64_t n = first; n < first + count; ++n) {
      engine->Submit(Ledger::Payment(Ledger::KeyAt(n), 1 + n % 37, static_cast<int64_t>(n)),
                     [](const absl::StatusOr<Outcome>& outcome) { EXPECT_TRUE(outcome.ok()) << outcome.status(); });
      EXPECT_TRUE(journal->Flush().ok());
      journal->RunOnce();
    }
  }
  void TakeSnapshot() {
    const absl::Status taken = snapshotter->Take();
    EXPECT_TRUE(taken.ok()) << taken;
    snapshotter->TellCover();
    journal->RunOnce();
  }
  std::string Everything() const {
    std::string all;
    for (uint16_t p = 0; p < kPartitions; ++p) absl::StrAppend(&all, engine->DigestOf(PartitionId(p))->sha256);
    return all + tally.Everything();
  }
  uint64_t First() const { return journal->Metrics().first_segment; }

  ManualClock clock{absl::FromUnixSeconds(1'800'000'000)};
  MemoryState state;
  Tally tally;
  std::vector<absl::Status> reported;
  std::vector<uint64_t> told;
  std::unique_ptr<FileJournal> journal;
  std::unique_ptr<Engine> engine;
  absl::Status started;

 private:
  SnapshotFolder folder_;

 public:
  std::unique_ptr<Snapshotter> snapshotter;
};

class SnapshotCoverTest : public testing::Test {
 protected:
  void Damage(int number) {
    std::string bytes = disk.Bytes(SnapshotPath(number));
    bytes[100] = static_cast<char>(bytes[100] ^ 1);
    disk.Put(SnapshotPath(number), bytes);
  }
  MemoryFileSystem disk;
};

TEST_F(SnapshotCoverTest, TheOlderOfTheKeptTwoIsTold) {
  Life life(disk);
  life.Pay(1, 20);
  life.TakeSnapshot();
  EXPECT_THAT(life.told, ElementsAre()) << "one alone may be lost";
  life.Pay(21, 20);
  life.TakeSnapshot();
  EXPECT_THAT(life.told, ElementsAre(1));
  life.snapshotter->TellCover();
  EXPECT_THAT(life.told, ElementsAre(1)) << "once";
  life.TakeSnapshot();
  EXPECT_THAT(life.told, ElementsAre(1, 2));
  // One that is damaged is none: there are two again once another was taken.
  Damage(3);
  life.TakeSnapshot();
  EXPECT_THAT(life.told, ElementsAre(1, 2));
  ASSERT_EQ(life.reported.size(), 1u);
  EXPECT_THAT(std::string(life.reported[0].message()), HasSubstr("00000003.snap: damaged"));
  life.TakeSnapshot();
  EXPECT_THAT(life.told, ElementsAre(1, 2, 4));
  EXPECT_THAT(*disk.List(kSnapshots), ElementsAre("00000004.snap", "00000005.snap"));
}

TEST_F(SnapshotCoverTest, AStartNeverNeedsTheArchive) {
  std::string before;
  uint64_t first = 0;
  {
    Life life(disk);
    life.Pay(1, 400);
    life.TakeSnapshot();
    life.Pay(401, 200);
    life.TakeSnapshot();
    EXPECT_EQ(life.First(), 1u) << "nothing is old";
    life.clock.Advance(kRetention + absl::Hours(1));
    life.journal->RunOnce();
    first = life.First();
    EXPECT_GT(first, 3u);
    EXPECT_LT(first, life.journal->Metrics().segments_sealed) << "the first snapshot does not hold all";
    life.Pay(601, 10);
    before = life.Everything();
  }
  {
    Life again(disk);
    ASSERT_TRUE(again.started.ok()) << again.started;
    EXPECT_EQ(again.engine->recovery().snapshot, 2u);
    EXPECT_EQ(again.Everything(), before);
    EXPECT_EQ(again.First(), first);
  }
  Damage(2);
  {
    Life again(disk);
    ASSERT_TRUE(again.started.ok()) << again.started;
    EXPECT_EQ(again.engine->recovery().snapshot, 1u);
    EXPECT_EQ(again.Everything(), before);
  }
  // Both are gone: what lacks is said, and nothing is begun.
  Damage(1);
  {
    Life lost(disk);
    EXPECT_EQ(lost.started.code(), absl::StatusCode::kFailedPrecondition);
    for (const char* said : {"is archived in archive", "Snapshot 1 or a newer one"}) {
      EXPECT_THAT(std::string(lost.started.message()), HasSubstr(said));
    }
  }
  // As the message says: with the archived segments back the whole journal is there.
  const std::vector<std::string> names = disk.List("archive").value();
  for (const std::string& name : names) disk.Put(absl::StrCat(kDirectory, "/", name), disk.Bytes(absl::StrCat("archive/", name)));
  ASSERT_TRUE(disk.Remove(absl::StrCat(kDirectory, "/", JournalBeginning::kFile)).ok());
  Life whole(disk);
  ASSERT_TRUE(whole.started.ok()) << whole.started;
  EXPECT_EQ(whole.engine->recovery().replayed, 610u);
  EXPECT_EQ(whole.Everything(), before);
}

}  // namespace
}  // namespace fenfen
