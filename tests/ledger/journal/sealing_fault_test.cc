// Crashes and failures while full segments are indexed and compressed: whatever happens, one good copy of everything stays.
#include <set>

#include "absl/strings/match.h"
#include "tests/ledger/journal/sealing_fixture.h"

namespace fenfen {
namespace {

constexpr int kEntries = 40;  // some four segments

// What a crash now could leave: of the unsynced sectors none, all, every second, with the names that were synced and those that are there.
void VisitCrashes(const MemoryFileSystem& disk, const std::function<void(MemoryFileSystem&, const std::string&)>& visit) {
  const std::vector<std::pair<std::string, std::function<bool(size_t)>>> choices = {
      {"none", [](size_t) { return false; }},
      {"all", [](size_t) { return true; }},
      {"every second", [](size_t sector) { return sector % 2 == 0; }},
      {"every other second", [](size_t sector) { return sector % 2 == 1; }},
  };
  for (const auto names : {MemoryFileSystem::NamesKept::kSynced, MemoryFileSystem::NamesKept::kAll}) {
    for (const auto& [which, kept] : choices) {
      const auto image = disk.AfterCrash(kept, names);
      visit(*image, absl::StrCat("sectors kept: ", which, ", names: ", names == MemoryFileSystem::NamesKept::kAll ? "all" : "synced"));
    }
  }
}

// The journal opens, holds what was acknowledged and nothing that was not submitted, goes on, seals and compresses.
void ExpectRecovers(MemoryFileSystem& image, const std::vector<std::string>& submitted, size_t acknowledged) {
  auto journal = MustOpen(image, SealingOptions(1));
  ASSERT_NE(journal, nullptr);
  const std::vector<std::string> recovered = Contents(*journal);
  EXPECT_GE(recovered.size(), acknowledged);
  EXPECT_TRUE(IsPrefix(recovered, submitted));
  journal->RunOnce();
  EXPECT_EQ(Contents(*journal), recovered);
  const FileJournalMetrics metrics = journal->Metrics();
  EXPECT_TRUE(metrics.segments_sealed == 0 || metrics.segments_compressed == metrics.segments_sealed - 1);
  for (uint32_t number = 1; number <= metrics.segments; ++number) {
    EXPECT_NE(image.Exists(SegmentPath(kDirectory, number)), number <= metrics.segments_compressed);
  }
  const std::vector<std::string> names = image.List(kDirectory).value();
  for (const std::string& name : names) EXPECT_FALSE(absl::EndsWith(name, ".tmp")) << name;
  journal.reset();
  journal = MustOpen(image, SealingOptions(1));
  ASSERT_NE(journal, nullptr);
  EXPECT_EQ(Contents(*journal), recovered);
}

// True for what belongs to sealing and compressing.
bool IsOfSealing(const std::string& path) {
  return absl::StrContains(path, segment::kIndexEnding) || absl::StrContains(path, segment::kCompressedEnding) || path == kDirectory;
}

TEST(SealingFaultTest, ACrashAtEveryStepLosesNothing) {
  MemoryFileSystem disk;
  Book book(disk, SealingOptions(1));
  std::vector<std::string> planned;
  {
    MemoryFileSystem elsewhere;
    planned = Fill(elsewhere, kEntries, 1)->appended;
  }
  size_t images = 0;
  std::set<std::string> steps;
  disk.SetFault([&](absl::string_view operation, const std::string& path) {
    const bool removes = operation == "remove" && segment::NumberOf(path.substr(sizeof kDirectory));
    if (!removes && !IsOfSealing(path)) return absl::OkStatus();
    steps.insert(absl::StrCat(operation, " ", path));
    const std::string step = absl::StrCat("before ", operation, " ", path, " after ", book.acknowledged, " entries");
    VisitCrashes(disk, [&](MemoryFileSystem& image, const std::string& which) {
      SCOPED_TRACE(absl::StrCat(step, ", ", which));
      ExpectRecovers(image, planned, book.acknowledged);
      ++images;
    });
    return absl::OkStatus();
  });
  for (int n = 0; n < kEntries; ++n) book.Append();
  disk.SetFault(nullptr);
  EXPECT_EQ(book.appended, planned);
  book.ExpectHoldsAll();
  EXPECT_GT(images, 200u);
  for (const char* step : {"create journal/00000001.idx.tmp", "rename journal/00000001.idx.tmp", "rename journal/00000002.seg.zst.tmp",
                           "remove journal/00000001.seg", "sync journal"}) {
    EXPECT_EQ(steps.count(step), 1u) << step;
  }
}

// Each operation of sealing fails once, and once for good until the journal is opened again.
TEST(SealingFaultTest, AFailureAtEveryStepStopsNothing) {
  size_t operations = 0;
  for (size_t failing = 1; failing <= std::max<size_t>(operations, 1); ++failing) {
    for (const absl::StatusCode code : {absl::StatusCode::kUnavailable, absl::StatusCode::kResourceExhausted}) {
      for (const bool for_good : {false, true}) {
        SCOPED_TRACE(absl::StrCat("operation ", failing, ", ", absl::StatusCodeToString(code), for_good ? ", for good" : ""));
        MemoryFileSystem disk;
        Book book(disk, SealingOptions(1));
        size_t seen = 0;
        disk.SetFault([&](absl::string_view operation, const std::string& path) {
          const bool removes = operation == "remove" && segment::NumberOf(path.substr(sizeof kDirectory));
          if ((!removes && !IsOfSealing(path)) || path == kDirectory) return absl::OkStatus();
          ++seen;
          return seen == failing || (for_good && seen > failing) ? absl::Status(code, "fault") : absl::OkStatus();
        });
        for (int n = 0; n < kEntries; ++n) book.Append();
        EXPECT_EQ(book.acknowledged, static_cast<size_t>(kEntries)) << "appending goes on";
        book.ExpectHoldsAll();
        if (!for_good && failing == 1) operations = seen;
        const auto crashed = disk.AfterCrash([](size_t) { return false; });
        ExpectRecovers(*crashed, book.appended, book.acknowledged);
        disk.SetFault(nullptr);
        book.journal->RunOnce();
        EXPECT_EQ(book.journal->Metrics().segments_compressed + 1, book.journal->Metrics().segments_sealed);
        book.ExpectHoldsAll();
        book.Reopen();
        book.ExpectHoldsAll();
      }
    }
  }
  EXPECT_GT(operations, 20u);
}

TEST(SealingFaultTest, AFailureIsReportedOnceAndAFullDiskNot) {
  MemoryFileSystem disk;
  FileJournalOptions options = SealingOptions(1);
  std::vector<absl::Status> reports;
  options.report = [&](const absl::Status& status) { reports.push_back(status); };
  auto journal = MustOpen(disk, options);
  absl::StatusCode code = absl::StatusCode::kResourceExhausted;
  disk.SetFault([&](absl::string_view operation, const std::string& path) {
    return operation == "write" && absl::StrContains(path, segment::kIndexEnding) ? absl::Status(code, "fault") : absl::OkStatus();
  });
  Appender appender(*journal);
  for (int n = 0; n < 10; ++n) {
    appender.AppendAndFlush(std::string(3000, 'x'));
    journal->RunOnce();
  }
  EXPECT_TRUE(reports.empty());
  code = absl::StatusCode::kUnavailable;
  for (int n = 0; n < 10; ++n) journal->RunOnce();
  EXPECT_THAT(reports, testing::ElementsAre(absl::UnavailableError("fault")));
  disk.SetFault(nullptr);
  journal->RunOnce();
  EXPECT_GT(journal->Metrics().segments_sealed, 0u);
}

TEST(SealingFaultTest, WithoutRoomForAnIndexTheJournalOpensAllTheSame) {
  MemoryFileSystem disk;
  auto book = Fill(disk, kEntries, 0);
  book->journal.reset();
  ASSERT_TRUE(disk.Remove(SegmentPath(kDirectory, 1, segment::kIndexEnding)).ok());
  uint64_t used = 0;
  const std::vector<std::string> names = disk.List(kDirectory).value();
  for (const std::string& name : names) used += disk.Bytes(absl::StrCat(kDirectory, "/", name)).size();
  disk.SetCapacity(used);
  book->Reopen();
  EXPECT_EQ(book->journal->Metrics().segments_sealed, 0u);
  book->ExpectHoldsAll();
  disk.SetCapacity(uint64_t{1} << 30);
  book->journal->RunOnce();
  EXPECT_GT(book->journal->Metrics().segments_sealed, 2u);
  book->ExpectHoldsAll();
}

}  // namespace
}  // namespace fenfen
