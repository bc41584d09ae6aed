// A damaged journal in real files, judged by the ledger's opening and by the checker of `fenfenctl verify`: both must say the same. Cut
// anywhere in its last three transactions: the tail alone is lost. A byte flipped anywhere in a segment, plain or compressed: both refuse,
// naming the same file and offset, and the checker the very byte where it names one. A byte flipped in an index: nothing is lost.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "clients/ctl/verify/verify_journal.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/posix_file.h"
#include "ledger/journal/segment_files.h"
#include "tests/faults/check.h"
#include "tests/faults/fault_fixture.h"

namespace fenfen::faults {
namespace {

// A group in its file.
struct Place {
  std::string path;
  uint64_t begin;
  uint64_t end;
};

// A journal with the script's transactions, one group each, closed with nothing left to do.
class Book {
 public:
  explicit Book(int commits) : script(commits), options(SmallJournal(folder / "journal")) {
    absl::StatusOr<Expected> of = Expected::Of(script);
    EXPECT_TRUE(of.ok()) << of.status();
    expected = std::make_unique<Expected>(*std::move(of));
    const absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(files, options);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    const RunResult result = RunSteps(**ledger, script, {}, [](int) {});
    EXPECT_TRUE(result.stopped.ok()) << result.stopped;
    const absl::Status finished = (*ledger)->FinishBackgroundWork();
    EXPECT_TRUE(finished.ok()) << finished;
  }
  std::vector<Place> Groups() {
    std::vector<Place> places;
    const absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(files, options.directory, {});
    EXPECT_TRUE(reader.ok()) << reader.status();
    while (true) {
      const absl::StatusOr<const Group*> group = (*reader)->Next();
      EXPECT_TRUE(group.ok()) << group.status();
      if (!group.ok() || *group == nullptr) return places;
      places.push_back({(*reader)->path(), (*group)->offset, (*group)->offset + (*group)->bytes});
    }
  }
  // The files whose names end so, and what they hold.
  std::map<std::string, std::string> Files(absl::string_view ending) { return Files(options.directory, ending); }
  std::map<std::string, std::string> Files(const std::string& directory, absl::string_view ending) {
    std::map<std::string, std::string> found;
    const absl::StatusOr<std::vector<std::string>> names = files.List(directory);
    EXPECT_TRUE(names.ok()) << names.status();
    if (!names.ok()) return found;
    for (const std::string& name : *names) {
      const std::string path = absl::StrCat(directory, "/", name);
      if (absl::EndsWith(name, ending)) found[path] = FileText(path);
    }
    return found;
  }
  ctl::VerifyReport Verify() {
    const absl::StatusOr<ctl::VerifyReport> report = ctl::VerifyJournal(files, options.directory, {});
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : ctl::VerifyReport();
  }

  const TemporaryFolder folder;
  PosixFileSystem files;
  const Script script;
  const FileJournalOptions options;
  std::unique_ptr<Expected> expected;
};

// A file with one byte changed, and put right at the end.
class FlippedByte {
 public:
  FlippedByte(std::string path, const std::string& whole, uint64_t offset) : path_(std::move(path)), whole_(whole), offset_(offset) {
    Put(static_cast<char>(whole_[offset_] ^ static_cast<char>(1 + offset_ % 255)));
  }
  FlippedByte(const FlippedByte&) = delete;
  FlippedByte& operator=(const FlippedByte&) = delete;
  ~FlippedByte() { Put(whole_[offset_]); }

 private:
  void Put(char byte) const {
    const int fd = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(pwrite(fd, &byte, 1, static_cast<off_t>(offset_)), 1) << path_;
    close(fd);
  }
  const std::string path_;
  const std::string& whole_;
  const uint64_t offset_;
};

// Both judges' words on a journal with a byte flipped. `named` counts how often the checker names the byte itself.
void ExpectBothRefuse(Book& book, const std::string& path, uint64_t at, uint64_t* named) {
  const ctl::VerifyReport report = book.Verify();
  ASSERT_EQ(report.findings_total, 1u);
  const ctl::Finding& finding = report.findings[0];
  EXPECT_EQ(finding.file, path);
  EXPECT_LE(finding.offset, at);
  if (finding.damaged_byte) {
    EXPECT_EQ(*finding.damaged_byte, at);
    ++*named;
  }
  const absl::Status opened = Ledger::Open(book.files, book.options).status();
  ASSERT_TRUE(absl::IsDataLoss(opened)) << opened;
  const std::optional<Damage> damage = DamageOf(opened);
  ASSERT_TRUE(damage.has_value()) << opened;
  EXPECT_EQ(damage->path, finding.file);
  EXPECT_EQ(damage->offset, finding.offset);
  EXPECT_TRUE(absl::StrContains(opened.message(), absl::StrCat(path, ": damaged at byte ", damage->offset))) << opened;
}

// Flips every `stride`th byte of the file's first `size` bytes. Returns how many of them the checker named, as a part of one.
double FlipEvery(Book& book, const std::string& path, uint64_t size, uint64_t stride) {
  const std::string whole = FileText(path);
  EXPECT_GE(whole.size(), size);
  uint64_t flipped = 0;
  uint64_t named = 0;
  for (uint64_t at = 0; at < size && !testing::Test::HasFailure(); at += stride, ++flipped) {
    SCOPED_TRACE(absl::StrCat(path, ", byte ", at));
    const FlippedByte spoilt(path, whole, at);
    ExpectBothRefuse(book, path, at, &named);
  }
  EXPECT_EQ(FileText(path), whole) << path << ": a refused journal was changed";
  return static_cast<double>(named) / static_cast<double>(std::max<uint64_t>(flipped, 1));
}

void ExpectWhole(Book& book) {
  EXPECT_EQ(book.Verify().findings_total, 0u);
  const absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(book.files, book.options);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  for (int step = 0; step < book.script.size(); ++step) {
    const absl::StatusOr<CommittedTransaction> stored =
        (*ledger)->engine().Load(book.script.PartitionOfStep(step), book.script.SeqOf(step));
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ(stored->transaction.key, book.script.KeyOf(step));
  }
}

TEST(JournalFilesTest, EveryFlippedByteIsRefusedByBothAlike) {
  Book book(16);
  const std::vector<Place> groups = book.Groups();
  EXPECT_GE(FlipEvery(book, groups.back().path, groups.back().end, 1), 0.9) << "the checker seldom names the byte itself";
  ExpectWhole(book);
}

TEST(JournalFilesTest, AFlippedByteInAnyOfSeveralSegmentsIsRefusedByBothAlike) {
  Book book(200);
  std::map<std::string, uint64_t> ends;
  for (const Place& group : book.Groups()) ends[group.path] = group.end;
  const std::map<std::string, std::string> plain = book.Files(".seg");
  int segments = 0;
  for (const auto& [path, end] : ends) {
    if (plain.count(path) == 0) continue;  // compressed
    FlipEvery(book, path, end, 61);
    ++segments;
  }
  EXPECT_GE(segments, 3);
  ExpectWhole(book);
}

TEST(JournalFilesTest, AFlippedByteInACompressedSegmentIsRefusedByBothAlike) {
  Book book(200);
  const std::map<std::string, std::string> compressed = book.Files(".zst");
  ASSERT_FALSE(compressed.empty());
  for (const auto& [path, bytes] : compressed) EXPECT_GE(FlipEvery(book, path, bytes.size(), 3), 0.9);
  ExpectWhole(book);
}

TEST(JournalFilesTest, AFlippedByteInAnIndexLosesNothing) {
  Book book(200);
  const std::map<std::string, std::string> indexes = book.Files(".idx");
  ASSERT_FALSE(indexes.empty());
  for (const auto& [path, bytes] : indexes) {
    for (uint64_t at = 0; at < bytes.size() && !HasFailure(); at += 23) {
      SCOPED_TRACE(absl::StrCat(path, ", byte ", at));
      const FlippedByte spoilt(path, bytes, at);
      ExpectWhole(book);
    }
  }
}

TEST(JournalFilesTest, AFlippedByteInASnapshotLosesNothing) {
  Book book(200);
  {
    const absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(book.files, book.options);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ASSERT_TRUE((*ledger)->TakeSnapshot().ok());
  }
  const std::map<std::string, std::string> snapshots = book.Files(SnapshotsOf(book.options.directory), ".snap");
  ASSERT_EQ(snapshots.size(), 1u);
  const auto& [path, bytes] = *snapshots.begin();
  for (uint64_t at = 0; at < bytes.size() && !HasFailure(); at += 97) {
    SCOPED_TRACE(absl::StrCat(path, ", byte ", at));
    const FlippedByte spoilt(path, bytes, at);
    ExpectWhole(book);
  }
}

TEST(JournalFilesTest, AJournalThatLostWhatItsSnapshotHasIsRefused) {
  Book book(16);
  {
    const absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(book.files, book.options);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ASSERT_TRUE((*ledger)->TakeSnapshot().ok());
  }
  const std::vector<Place> groups = book.Groups();
  ASSERT_EQ(truncate(groups.back().path.c_str(), static_cast<off_t>(groups.back().begin)), 0);
  const absl::Status refused = Ledger::Open(book.files, book.options).status();
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
}

// The file is cut short as a file system leaves it that lost the end of a file.
TEST(JournalFilesTest, CutAtEveryByteOfTheLastThreeTransactions) {
  Book book(16);
  const std::vector<Place> groups = book.Groups();
  ASSERT_EQ(groups.size(), 16u);
  const std::string path = groups.back().path;
  const std::string whole = FileText(path);
  Told told;
  told.submitted = book.script.size();
  for (uint64_t size = groups[groups.size() - 3].begin; size <= groups.back().end; ++size) {
    SCOPED_TRACE(absl::StrCat("cut at ", size));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole;
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(size)), 0);
    std::filesystem::remove_all(SnapshotsOf(book.options.directory));
    const auto kept = std::count_if(groups.begin(), groups.end(), [&](const Place& group) { return group.end <= size; });

    const ctl::VerifyReport report = book.Verify();
    EXPECT_EQ(report.findings_total, 0u) << report.findings[0].what;
    EXPECT_EQ(report.transactions, static_cast<uint64_t>(kept));
    // A cut between two groups is as if the rest had never been.
    const bool between = std::any_of(groups.begin(), groups.end(), [&](const Place& group) { return group.end == size; });
    EXPECT_NE(report.unfinished_tail, between);
    told.acknowledged.assign(static_cast<size_t>(kept), true);
    const absl::StatusOr<CheckReport> checked = CheckFolder(book.files, book.options, book.script, *book.expected, told, 1);
    ASSERT_TRUE(checked.ok()) << checked.status();
    EXPECT_EQ(checked->recovered, kept);
  }
}

}  // namespace
}  // namespace fenfen::faults
