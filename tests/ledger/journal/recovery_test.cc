// Opening a journal after a crash, and after damage: a torn write is cut, anything else is refused with its place.
#include <atomic>
#include <set>

#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {
namespace {

using testing::ElementsAre;

// What the tests append, one group each: sizes around a sector's, and long zeros, which look like sectors that were never written.
std::vector<std::string> Script() {
  return {"first", std::string(447, 'b'), std::string(2000, '\0'), "", std::string(1300, 'e'), std::string(600, '\0') + "f", "last"};
}

std::unique_ptr<MemoryFileSystem> DiskWith(const std::vector<std::string>& entries) {
  auto disk = std::make_unique<MemoryFileSystem>();
  auto journal = MustOpen(*disk);
  Appender appender(*journal);
  for (const std::string& entry : entries) appender.AppendAndFlush(entry);
  EXPECT_EQ(appender.acknowledged, entries);
  return disk;
}

// The journal opens with `expected`, goes on from there, and holds together after that.
void ExpectRecovers(MemoryFileSystem& disk, const std::vector<std::string>& expected, const std::string& where) {
  SCOPED_TRACE(where);
  auto journal = MustOpen(disk);
  ASSERT_NE(journal, nullptr);
  EXPECT_EQ(Contents(*journal), expected);
  Appender appender(*journal);
  appender.AppendAndFlush("goes on");
  EXPECT_THAT(appender.acknowledged, ElementsAre("goes on"));
  journal.reset();
  std::vector<std::string> all = expected;
  all.push_back("goes on");
  journal = MustOpen(disk);
  ASSERT_NE(journal, nullptr);
  EXPECT_EQ(Contents(*journal), all);
}

TEST(RecoveryTest, TruncatedAtEveryByteOfTheLastThreeRecords) {
  const std::vector<std::string> script = Script();
  const auto disk = DiskWith(script);
  const std::string whole = disk->Bytes(FirstSegment());
  const std::vector<GroupPlace> groups = GroupsOf(*disk);
  ASSERT_EQ(groups.size(), script.size());
  for (size_t size = groups[groups.size() - 3].begin; size <= groups.back().end; ++size) {
    const auto cut = disk->Copy();
    cut->Put(FirstSegment(), whole.substr(0, size));
    size_t kept = 0;
    while (kept < groups.size() && groups[kept].end <= size) ++kept;
    ExpectRecovers(*cut, {script.begin(), script.begin() + static_cast<ptrdiff_t>(kept)}, absl::StrCat("cut at ", size));
  }
}

TEST(RecoveryTest, EveryFlippedByteOfTheJournalIsRefusedWithItsPlace) {
  const auto disk = DiskWith(Script());
  const std::string whole = disk->Bytes(FirstSegment());
  const std::vector<GroupPlace> groups = GroupsOf(*disk);
  // The parts whose damage is told apart.
  std::set<uint64_t> parts = {0};
  for (const GroupPlace& group : groups) {
    parts.insert({group.begin, group.end - segment::kGroupTrailerBytes});
    parts.insert(group.records.begin(), group.records.end());
  }
  uint64_t gap_begin = segment::kHeaderBytes;
  for (const GroupPlace& group : groups) {
    parts.insert(gap_begin);
    gap_begin = group.end;
  }
  for (size_t at = 0; at < groups.back().end; ++at) {
    for (const int flip : {1 << (at % 8), 0xff}) {
      const auto damaged = disk->Copy();
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      damaged->Put(FirstSegment(), bytes);
      const absl::Status status = FileJournal::Open(*damaged, SmallOptions()).status();
      ASSERT_TRUE(absl::IsDataLoss(status)) << "byte " << at << " flipped: " << status;
      ASSERT_TRUE(DamageOf(status).has_value());
      EXPECT_EQ(DamageOf(status)->path, FirstSegment());
      EXPECT_EQ(DamageOf(status)->offset, *std::prev(parts.upper_bound(at))) << "byte " << at << " flipped: " << status;
      EXPECT_EQ(damaged->Bytes(FirstSegment()), bytes) << "a refused journal was changed";
    }
  }
}

TEST(RecoveryTest, AFlippedByteBehindTheEndLosesNothing) {
  const std::vector<std::string> script = Script();
  const auto disk = DiskWith(script);
  const std::string whole = disk->Bytes(FirstSegment());
  for (size_t at = GroupsOf(*disk).back().end; at < whole.size(); at += 7) {
    const auto damaged = disk->Copy();
    std::string bytes = whole;
    bytes[at] ^= 0x10;
    damaged->Put(FirstSegment(), bytes);
    const absl::Status status = FileJournal::Open(*damaged, SmallOptions()).status();
    if (absl::IsDataLoss(status)) continue;
    ExpectRecovers(*damaged, script, absl::StrCat("byte ", at));
  }
}

// Runs the script on a disk and, at each sync, looks at every disk that a crash at that moment could leave.
class CrashImages {
 public:
  using Visitor = std::function<void(MemoryFileSystem& image, const std::string& where)>;

  // All subsets of the unsynced sectors if there are few, else the telling ones.
  static void OfUnsynced(const MemoryFileSystem& disk, const std::string& where, const Visitor& visit) {
    const size_t sectors = disk.UnsyncedSectors();
    const auto look = [&](const std::string& which, const std::function<bool(size_t)>& kept) {
      visit(*disk.AfterCrash(kept), absl::StrCat(where, ", of ", sectors, " sectors kept ", which));
    };
    if (sectors <= 5) {
      for (uint32_t subset = 0; subset < (1u << sectors); ++subset) {
        look(absl::StrCat("subset ", subset), [=](size_t sector) { return ((subset >> sector) & 1) != 0; });
      }
      return;
    }
    for (size_t n = 0; n <= sectors; ++n) {
      look(absl::StrCat("the first ", n), [=](size_t sector) { return sector < n; });
      look(absl::StrCat("the last ", n), [=](size_t sector) { return sector >= sectors - n; });
      look(absl::StrCat("all but ", n), [=](size_t sector) { return sector != n; });
      look(absl::StrCat("only ", n), [=](size_t sector) { return sector == n; });
    }
  }
};

// acknowledged ⊆ recovered ⊆ submitted, and recovering loses nothing even if it is interrupted itself.
void ExpectConsistent(MemoryFileSystem& image, const std::vector<std::string>& acknowledged, const std::vector<std::string>& submitted,
                      const std::string& where, bool crash_again) {
  SCOPED_TRACE(where);
  if (crash_again) {
    const auto first_try = image.Copy();
    first_try->SetFault([&](absl::string_view operation, const std::string&) {
      if (operation == "sync") {
        CrashImages::OfUnsynced(*first_try, where + ", then in recovery", [&](MemoryFileSystem& again, const std::string& then) {
          ExpectConsistent(again, acknowledged, submitted, then, false);
        });
      }
      return absl::OkStatus();
    });
    MustOpen(*first_try);
  }
  std::vector<std::string> recovered;
  {
    auto journal = MustOpen(image);
    ASSERT_NE(journal, nullptr);
    recovered = Contents(*journal);
  }
  EXPECT_TRUE(IsPrefix(acknowledged, recovered)) << acknowledged.size() << " acknowledged, " << recovered.size() << " recovered";
  EXPECT_TRUE(IsPrefix(recovered, submitted));
  ExpectRecovers(image, recovered, "again");
}

TEST(RecoveryTest, ACrashAtEverySyncWithEveryTornWrite) {
  std::vector<std::string> planned;
  for (int round = 0; round < 3; ++round) {
    for (const std::string& entry : Script()) planned.push_back(entry);
  }
  MemoryFileSystem disk;
  std::atomic<Appender*> appender{nullptr};
  std::atomic<size_t> images{0};
  // The maker of segments syncs too, beside the writer: a crash may come at any moment of either.
  disk.SetFault([&](absl::string_view operation, const std::string&) {
    if (operation != "sync") return absl::OkStatus();
    const std::vector<std::string> acknowledged = appender.load() ? appender.load()->AcknowledgedNow() : std::vector<std::string>();
    CrashImages::OfUnsynced(disk, absl::StrCat("after ", acknowledged.size(), " entries"),
                            [&](MemoryFileSystem& image, const std::string& where) {
                              ExpectConsistent(image, acknowledged, planned, where, ++images % 7 == 0);
                            });
    return absl::OkStatus();
  });
  auto journal = MustOpen(disk);
  Appender own(*journal);
  appender = &own;
  for (const std::string& entry : planned) own.AppendAndFlush(entry);
  EXPECT_EQ(own.acknowledged, planned);
  EXPECT_GT(images, 100u);
  journal.reset();
}

// The simulation found it: a kill between a segment's rename and the folder's sync, a start, and then a cut of power.
TEST(RecoveryTest, ASegmentWhoseNameWasNeverSyncedIsSafeToWriteTo) {
  MemoryFileSystem disk;
  std::atomic<int> syncs_of_folder{0};
  disk.SetFault([&](absl::string_view operation, const std::string& path) {
    const bool of_the_spare = operation == "sync" && path == kDirectory && ++syncs_of_folder == 3;
    return of_the_spare ? absl::InternalError("EIO") : absl::OkStatus();
  });
  auto journal = MustOpen(disk);
  while (journal->Admit().ok()) absl::SleepFor(absl::Milliseconds(1));  // until the spare segment's name could not be synced
  journal.reset();
  ASSERT_TRUE(disk.Exists(SegmentPath(kDirectory, 2)));

  // No new file from here on, so that nobody else syncs the folder.
  disk.SetFault([](absl::string_view operation, const std::string&) {
    return operation == "create" ? absl::ResourceExhaustedError("full") : absl::OkStatus();
  });
  journal = MustOpen(disk);
  Appender appender(*journal);
  for (int n = 0; n < 5; ++n) appender.AppendAndFlush(std::string(4000, static_cast<char>('a' + n)));
  ASSERT_EQ(appender.acknowledged.size(), 5u) << "beyond the first segment";
  const std::unique_ptr<MemoryFileSystem> after = disk.AfterCrash([](size_t) { return false; });
  journal.reset();
  const auto again = MustOpen(*after);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(Contents(*again), appender.acknowledged);
}

TEST(RecoveryTest, ATornGroupOfManyIsCutAsAWhole) {
  MemoryFileSystem disk;
  auto journal = MustOpen(disk);
  absl::Notification syncing, go_on;
  std::unique_ptr<MemoryFileSystem> torn;
  disk.SetFault([&](absl::string_view operation, const std::string& path) {
    if (operation != "sync" || path != FirstSegment()) return absl::OkStatus();
    if (!syncing.HasBeenNotified()) {
      syncing.Notify();
      go_on.WaitForNotification();
    } else {
      torn = disk.AfterCrash([](size_t sector) { return sector != 3; });
    }
    return absl::OkStatus();
  });
  Appender appender(*journal);
  appender.Append("alone");
  syncing.WaitForNotification();
  for (int n = 0; n < 20; ++n) appender.Append(std::string(100, 'x'));
  go_on.Notify();
  ASSERT_TRUE(journal->Flush().ok());
  ExpectRecovers(*torn, {"alone"}, "sector 3 of the second group missing");
}

TEST(RecoveryTest, AMissingSectorBeforeAnotherGroupIsDamage) {
  const auto disk = DiskWith(Script());
  const std::string whole = disk->Bytes(FirstSegment());
  const std::vector<GroupPlace> groups = GroupsOf(*disk);
  for (size_t sector = 1; (sector + 1) * 512 <= groups.back().begin; ++sector) {
    const auto damaged = disk->Copy();
    std::string bytes = whole;
    bytes.replace(sector * 512, 512, std::string(512, '\0'));
    if (bytes == whole) continue;  // zero by nature
    damaged->Put(FirstSegment(), bytes);
    const absl::Status status = FileJournal::Open(*damaged, SmallOptions()).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << "sector " << sector << " missing: " << status;
  }
}

TEST(RecoveryTest, MissingAndForeignSegmentsAreDamage) {
  MemoryFileSystem disk;
  {
    auto journal = MustOpen(disk);
    Appender appender(*journal);
    for (int n = 0; n < 20; ++n) appender.AppendAndFlush(std::string(3000, 'x'));
  }
  const std::string first = disk.Bytes(FirstSegment());
  const std::string second = disk.Bytes(SegmentPath(kDirectory, 2));
  const auto expect_damage = [&](const std::string& what, const std::function<void(MemoryFileSystem&)>& spoil, uint32_t segment) {
    const auto damaged = disk.Copy();
    spoil(*damaged);
    const absl::Status status = FileJournal::Open(*damaged, SmallOptions()).status();
    ASSERT_TRUE(absl::IsDataLoss(status)) << what << ": " << status;
    EXPECT_EQ(DamageOf(status)->path, SegmentPath(kDirectory, segment)) << what;
  };
  expect_damage(
      "a segment is gone", [](MemoryFileSystem& d) { ASSERT_TRUE(d.Remove(SegmentPath(kDirectory, 2)).ok()); }, 2);
  expect_damage(
      "the first is gone", [](MemoryFileSystem& d) { ASSERT_TRUE(d.Remove(FirstSegment()).ok()); }, 1);
  expect_damage(
      "one under another's name", [&](MemoryFileSystem& d) { d.Put(SegmentPath(kDirectory, 2), first); }, 2);
  expect_damage(
      "an empty file", [&](MemoryFileSystem& d) { d.Put(SegmentPath(kDirectory, 2), ""); }, 2);
  expect_damage(
      "another journal's",
      [&](MemoryFileSystem& d) {
        MemoryFileSystem other;
        FileJournalOptions options = SmallOptions();
        options.new_journal_id = kJournalId + 1;
        auto journal = MustOpen(other, options);
        Appender appender(*journal);
        for (int n = 0; n < 20; ++n) appender.AppendAndFlush(std::string(3000, 'x'));
        journal.reset();
        d.Put(SegmentPath(kDirectory, 2), other.Bytes(SegmentPath(kDirectory, 2)));
      },
      2);
  // A whole segment lost, but present: the end of the one before does not explain the groups after it. Opening looks into it only where it
  // has no index yet, reading it always does.
  const auto damaged = disk.Copy();
  damaged->Put(SegmentPath(kDirectory, 2), second.substr(0, 512) + std::string(second.size() - 512, '\0'));
  const auto journal = FileJournal::Open(*damaged, SmallOptions());
  absl::Status status = journal.status();
  if (journal.ok()) status = (*journal)->Replay([](const JournalEntry&) { return absl::OkStatus(); });
  ASSERT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(DamageOf(status)->path, FirstSegment());
}

TEST(RecoveryTest, BytesThatStrayedFromElsewhereNeverPass) {
  const auto disk = DiskWith({"one", "two", "three"});
  const std::vector<GroupPlace> groups = GroupsOf(*disk);
  const std::string whole = disk->Bytes(FirstSegment());
  const std::string group = whole.substr(groups[1].begin, groups[1].end - groups[1].begin);
  // The same group again at the end, over another group, and in another segment at its own offset.
  for (const uint64_t to : {segment::GroupStart(groups[2].end), groups[2].begin, groups[0].begin}) {
    const auto damaged = disk->Copy();
    std::string bytes = whole;
    bytes.replace(to, group.size(), group);
    damaged->Put(FirstSegment(), bytes);
    EXPECT_TRUE(absl::IsDataLoss(FileJournal::Open(*damaged, SmallOptions()).status())) << "at " << to;
  }
  const segment::Header first{kJournalId, 1, 16u << 10};
  const segment::Header second{kJournalId, 2, 16u << 10};
  const segment::Header other{kJournalId + 1, 1, 16u << 10};
  const uint64_t record = groups[1].records[0];
  const absl::string_view bytes = absl::string_view(whole).substr(record, groups[1].end - record);
  EXPECT_TRUE(segment::DecodeRecord(first, record, bytes).has_value());
  EXPECT_FALSE(segment::DecodeRecord(second, record, bytes).has_value());
  EXPECT_FALSE(segment::DecodeRecord(other, record, bytes).has_value());
  EXPECT_FALSE(segment::DecodeRecord(first, record + 8, bytes).has_value());
}

TEST(RecoveryTest, LeftoversOfAnUnfinishedSegmentAreRemoved) {
  const auto disk = DiskWith({"one"});
  disk->Put(SegmentPath(kDirectory, 3) + ".tmp", std::string(100, '\0'));
  ExpectRecovers(*disk, {"one"}, "with a leftover");
  EXPECT_FALSE(disk->Exists(SegmentPath(kDirectory, 3) + ".tmp"));
}

}  // namespace
}  // namespace fenfen
