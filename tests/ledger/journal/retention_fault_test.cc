// Crashes and failures while segments are archived: whatever happens, nothing is lost, and each segment is in one of the two folders.
#include <functional>
#include <set>

#include "absl/strings/match.h"
#include "tests/ledger/journal/retention_fixture.h"

namespace fenfen {
namespace {

// True for what belongs to archiving, once everything else is done.
bool IsOfArchiving(absl::string_view operation, const std::string& path) {
  return absl::StartsWith(path, kArchive) || absl::StartsWith(path, BeginningPath()) || path == kDirectory || operation == "remove";
}

// Each segment before the beginning is whole in one of the folders, or in both with equal bytes; those behind it are in the journal's
// alone.
void ExpectEachInItsPlace(const MemoryFileSystem& disk, uint64_t first, uint64_t last, bool moved) {
  for (uint32_t number = 1; number < last; ++number) {
    for (const char* ending : {segment::kCompressedEnding, segment::kIndexEnding}) {
      const bool here = InJournal(disk, number, ending);
      const bool there = InArchive(disk, number, ending);
      SCOPED_TRACE(absl::StrCat(number, ending, " of ", first, here ? " here" : "", there ? " there" : ""));
      if (number >= first) {
        EXPECT_FALSE(there);
        EXPECT_TRUE(here || InJournal(disk, number)) << "as it was written";
      } else {
        EXPECT_TRUE(here || there);
        EXPECT_TRUE(!moved || !here);
        EXPECT_TRUE(!here || !there ||
                    disk.Bytes(SegmentPath(kDirectory, number, ending)) == disk.Bytes(SegmentPath(kArchive, number, ending)));
      }
    }
  }
}

class RetentionFaultTest : public testing::Test {
 protected:
  RetentionFaultTest() : book_(FillOld(disk_, clock_)) { clock_.Set(kWritten + 2 * kRetention); }

  void Archive(FileJournal& journal) const {
    journal.Covered(CoverOf(book_->last));
    journal.RunOnce();
  }
  // The journal opens, holds what it held, finishes what was begun, and goes on archiving.
  void ExpectRecovers(MemoryFileSystem& image) {
    auto journal = MustOpen(image, book_->options);
    ASSERT_NE(journal, nullptr);
    const uint64_t first = journal->Metrics().first_segment;
    EXPECT_EQ(WholeContents(image), book_->appended);
    ExpectEachInItsPlace(image, first, book_->journal->Metrics().segments_compressed, false);
    journal->RunOnce();
    EXPECT_EQ(journal->Metrics().first_segment, first) << "a start knows of no snapshot yet";
    ExpectEachInItsPlace(image, first, book_->journal->Metrics().segments_compressed, true);
    EXPECT_EQ(WholeContents(image), book_->appended);
    Archive(*journal);
    EXPECT_EQ(journal->Metrics().first_segment, book_->journal->Metrics().segments_compressed + 1);
    ExpectEachInItsPlace(image, journal->Metrics().first_segment, book_->journal->Metrics().segments_compressed, true);
    EXPECT_EQ(WholeContents(image), book_->appended);
    for (const char* folder : {kDirectory, kArchive}) {
      for (const std::string& name : NamesIn(image, folder)) EXPECT_FALSE(absl::EndsWith(name, ".tmp")) << folder << "/" << name;
    }
  }

  MemoryFileSystem disk_;
  ManualClock clock_{kWritten};
  std::unique_ptr<Book> book_;
};

TEST_F(RetentionFaultTest, ACrashAtEveryStepLosesNothing) {
  const std::vector<std::function<bool(size_t)>> kept = {[](size_t) { return false; }, [](size_t) { return true; },
                                                         [](size_t sector) { return sector % 2 == 0; }};
  std::set<std::string> steps;
  size_t images = 0;
  disk_.SetFault([&](absl::string_view operation, const std::string& path) {
    steps.insert(absl::StrCat(operation, " ", path));
    for (const auto names : {MemoryFileSystem::NamesKept::kSynced, MemoryFileSystem::NamesKept::kAll}) {
      for (const auto& sectors : kept) {
        SCOPED_TRACE(absl::StrCat("before ", operation, " ", path, ", image ", images % 6));
        ExpectRecovers(*disk_.AfterCrash(sectors, names));
        ++images;
      }
    }
    return absl::OkStatus();
  });
  Archive(*book_->journal);
  disk_.SetFault(nullptr);
  EXPECT_EQ(book_->journal->Metrics().first_segment, book_->journal->Metrics().segments_compressed + 1);
  ExpectRecovers(*disk_.AfterCrash(kept[0]));
  ExpectRecovers(*disk_.AfterCrash(kept[0], MemoryFileSystem::NamesKept::kAll));
  for (const char* step :
       {"create journal/BEGINNING.tmp", "write journal/BEGINNING.tmp", "sync journal/BEGINNING.tmp", "rename journal/BEGINNING.tmp",
        "sync journal", "create archive/00000001.seg.zst.tmp", "write archive/00000001.seg.zst.tmp", "sync archive/00000001.seg.zst.tmp",
        "rename archive/00000001.seg.zst.tmp", "sync archive", "remove journal/00000001.seg.zst", "rename archive/00000002.idx.tmp",
        "remove journal/00000002.idx"}) {
    EXPECT_EQ(steps.count(step), 1u) << step;
  }
  EXPECT_GT(images, 300u);
}

// Names may also be written in the other order than asked for: those of one folder and not of the other.
TEST_F(RetentionFaultTest, NamesOfOneFolderAloneLoseNothing) {
  disk_.SetFault([&](absl::string_view operation, const std::string& path) {
    for (const char* synced : {kArchive, kDirectory}) {
      const auto image = disk_.Copy();
      const auto before = disk_.AfterCrash([](size_t) { return true; });
      // What is in the one folder is as it is now, in the other as it was synced.
      const char* other = synced == kArchive ? kDirectory : kArchive;
      for (const std::string& name : NamesIn(*image, other)) EXPECT_TRUE(image->Remove(absl::StrCat(other, "/", name)).ok());
      for (const std::string& name : NamesIn(*before, other)) {
        image->Put(absl::StrCat(other, "/", name), before->Bytes(absl::StrCat(other, "/", name)));
      }
      SCOPED_TRACE(absl::StrCat("before ", operation, " ", path, ", names of ", synced));
      ExpectRecovers(*image);
    }
    return absl::OkStatus();
  });
  Archive(*book_->journal);
}

TEST_F(RetentionFaultTest, AFailureAtEveryStepStopsNothing) {
  size_t operations = 0;
  {
    const auto image = disk_.Copy();
    auto journal = MustOpen(*image, book_->options);
    image->SetFault([&](absl::string_view operation, const std::string& path) {
      operations += IsOfArchiving(operation, path) ? 1 : 0;
      return absl::OkStatus();
    });
    Archive(*journal);
  }
  EXPECT_GT(operations, 50u);
  for (size_t failing = 1; failing <= operations; ++failing) {
    for (const absl::StatusCode code : {absl::StatusCode::kUnavailable, absl::StatusCode::kResourceExhausted}) {
      SCOPED_TRACE(absl::StrCat("operation ", failing, ", ", absl::StatusCodeToString(code)));
      const auto image = disk_.Copy();
      FileJournalOptions options = book_->options;
      size_t reports = 0;
      options.report = [&](const absl::Status&) { ++reports; };
      auto journal = MustOpen(*image, options);
      size_t seen = 0;
      image->SetFault([&](absl::string_view operation, const std::string& path) {
        if (!IsOfArchiving(operation, path)) return absl::OkStatus();
        return ++seen == failing ? absl::Status(code, "fault") : absl::OkStatus();
      });
      Archive(*journal);
      EXPECT_EQ(reports, code == absl::StatusCode::kUnavailable ? 1u : 0u);
      EXPECT_EQ(WholeContents(*image), book_->appended);
      image->SetFault(nullptr);
      ExpectRecovers(*image->AfterCrash([](size_t) { return false; }));
      // Or without a crash: it is tried again.
      journal->RunOnce();
      EXPECT_EQ(journal->Metrics().first_segment, book_->journal->Metrics().segments_compressed + 1);
      EXPECT_EQ(WholeContents(*image), book_->appended);
    }
  }
}

TEST_F(RetentionFaultTest, WithoutRoomNothingIsBegunTwiceNorLost) {
  uint64_t used = 0;
  for (const std::string& name : NamesIn(disk_, kDirectory)) used += disk_.Bytes(absl::StrCat(kDirectory, "/", name)).size();
  disk_.SetCapacity(used + JournalBeginning::kBytes);
  Archive(*book_->journal);
  EXPECT_LE(book_->journal->Metrics().first_segment, 2u);
  EXPECT_EQ(WholeContents(disk_), book_->appended);
  disk_.SetCapacity(uint64_t{1} << 30);
  book_->journal->RunOnce();
  EXPECT_EQ(book_->journal->Metrics().first_segment, book_->journal->Metrics().segments_compressed + 1);
  EXPECT_EQ(WholeContents(disk_), book_->appended);
}

}  // namespace
}  // namespace fenfen
