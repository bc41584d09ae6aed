// A full disk, for real: the ledger on a tmpfs of 64 KiB. Writes are refused with STORAGE_FULL and a retry delay before anything is lost,
// reads go on, also over a restart; as room comes, writes resume by themselves, and at the end everything is there once.
//
// Mounts in a namespace of its own, as root or else in a user namespace; fails where neither is allowed.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "ledger/core/errors.h"
#include "ledger/journal/posix_file.h"
#include "tests/faults/check.h"
#include "tests/faults/fault_fixture.h"

namespace fenfen::faults {
namespace {

constexpr int kCommits = 200;

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  ASSERT_TRUE(file) << path << ": " << std::strerror(errno);
}

// Once for the process, while it has a single thread. Empty where mounting is possible now, else why not.
std::string EnterNamespace() {
  const std::string user = absl::StrCat("0 ", geteuid(), " 1");
  const std::string group = absl::StrCat("0 ", getegid(), " 1");
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      return absl::StrCat("a mount needs root, or a user namespace (unshare -rm): ", std::strerror(errno));
    }
    WriteFile("/proc/self/setgroups", "deny");
    WriteFile("/proc/self/uid_map", user);
    WriteFile("/proc/self/gid_map", group);
  }
  // Nothing that is mounted here is seen outside.
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return absl::StrCat("mount --make-rprivate: ", std::strerror(errno));
  return "";
}

// A small file system of memory. Unmounted at the end, with everything in it.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& options) {
    mounted_ = mount("fenfen", folder_.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) == 0;
    EXPECT_TRUE(mounted_) << "mount -t tmpfs -o " << options << ": " << std::strerror(errno);
  }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  void Resize(const std::string& options) {
    ASSERT_EQ(mount("fenfen", folder_.path().c_str(), nullptr, MS_REMOUNT | MS_NOSUID | MS_NODEV, options.c_str()), 0)
        << std::strerror(errno);
  }
  std::string operator/(absl::string_view name) const { return folder_ / name; }
  bool mounted() const { return mounted_; }

 private:
  const TemporaryFolder folder_;
  bool mounted_ = false;
};

class DiskFullTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { refused_ = EnterNamespace(); }
  void SetUp() override {
    ASSERT_EQ(refused_, "");
    absl::StatusOr<Expected> expected = Expected::Of(script_);
    ASSERT_TRUE(expected.ok()) << expected.status();
    expected_ = std::make_unique<Expected>(*std::move(expected));
  }

  void Open(const SmallDisk& disk) {
    ledger_ = nullptr;
    FileJournalOptions options = SmallJournal(disk / "journal");
    options.report = [this](const absl::Status& why) { reports_.push_back(why); };
    absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(files_, options);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ledger_ = *std::move(ledger);
  }
  // Goes on from the first step that is not acknowledged, until the disk is full or the script is through.
  absl::Status GoOn() {
    int from = 0;
    while (from < kCommits && acknowledged_[static_cast<size_t>(from)]) ++from;
    const RunResult result = RunSteps(*ledger_, script_, {.stop_when_full = true, .from = from},
                                      [this](int step) { acknowledged_[static_cast<size_t>(step)] = true; });
    return result.stopped;
  }
  void GoOnUntilFull() {
    const absl::Status stopped = GoOn();
    ASSERT_FALSE(stopped.ok()) << "the disk never filled up";
    ASSERT_EQ(RefusalOf(stopped).reason, Reason::REASON_STORAGE_FULL) << stopped;
    EXPECT_TRUE(RefusalOf(stopped).retry_delay.has_value());
  }
  // Refused is refused: nothing of it shows, and everything that was acknowledged is served.
  void ExpectReadsGoOn() {
    std::vector<uint64_t> counts(kPartitions);
    for (int step = 0; step < kCommits; ++step) {
      if (!acknowledged_[static_cast<size_t>(step)]) continue;
      const PartitionId partition = script_.PartitionOfStep(step);
      ++counts[partition.value()];
      const absl::StatusOr<CommittedTransaction> stored = ledger_->engine().Load(partition, script_.SeqOf(step));
      ASSERT_TRUE(stored.ok()) << stored.status();
      EXPECT_EQ(stored->transaction.key, script_.KeyOf(step));
    }
    for (uint16_t p = 0; p < kPartitions; ++p) {
      EXPECT_TRUE(ledger_->engine().ReadAndWait(PartitionId(p), [](const View&) {}).ok());
      const absl::StatusOr<State::Digest> digest = ledger_->engine().DigestOf(PartitionId(p));
      ASSERT_TRUE(digest.ok()) << digest.status();
      EXPECT_EQ(digest->seq.value(), counts[p]);
      EXPECT_EQ(digest->sha256, expected_->Digest(PartitionId(p), digest->seq));
    }
  }
  // Waits for writes to be taken again; the maker of segments looks for room by itself.
  void ExpectResumes() {
    for (const absl::Time until = absl::Now() + absl::Seconds(30); absl::Now() < until; absl::SleepFor(absl::Milliseconds(5))) {
      if (ledger_->journal().Admit().ok()) return;
    }
    FAIL() << "writes did not resume";
  }
  void ExpectAllIsThere(const SmallDisk& disk) {
    ledger_ = nullptr;
    const absl::StatusOr<CheckReport> report =
        CheckFolder(files_, SmallJournal(disk / "journal"), script_, *expected_, Told::After(acknowledged_, 1), 1);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->recovered, kCommits);
    EXPECT_EQ(report->acknowledged, kCommits);
  }

  static std::string refused_;
  const Script script_{kCommits};
  std::unique_ptr<Expected> expected_;
  PosixFileSystem files_;
  std::unique_ptr<Ledger> ledger_;
  std::vector<bool> acknowledged_ = std::vector<bool>(kCommits);
  std::vector<absl::Status> reports_;
};

std::string DiskFullTest::refused_;

TEST_F(DiskFullTest, WritesAreRefusedReadsGoOnAndWritesResume) {
  SmallDisk disk("size=76k,mode=0700");
  ASSERT_TRUE(disk.mounted());
  // Room for three segments is left. The ballast has that of one more, and of the indexes of three, which may be written before it.
  WriteFile(disk / "ballast", std::string(28u << 10, 'x'));
  Open(disk);
  GoOnUntilFull();
  ExpectReadsGoOn();
  GoOnUntilFull();  // refused again, and nothing more is lost
  EXPECT_TRUE(absl::IsResourceExhausted(ledger_->TakeSnapshot()));
  ExpectReadsGoOn();
  ASSERT_FALSE(reports_.empty());
  EXPECT_TRUE(absl::IsResourceExhausted(reports_.front())) << reports_.front();

  const auto before = std::count(acknowledged_.begin(), acknowledged_.end(), true);
  ASSERT_EQ(unlink((disk / "ballast").c_str()), 0);
  ExpectResumes();
  GoOnUntilFull();
  EXPECT_GT(std::count(acknowledged_.begin(), acknowledged_.end(), true), before);
  ExpectReadsGoOn();

  Open(disk);  // a restart on the full disk
  ExpectReadsGoOn();
  GoOnUntilFull();
  disk.Resize("size=1m");
  ExpectResumes();
  const absl::Status stopped = GoOn();
  ASSERT_TRUE(stopped.ok()) << stopped;
  ExpectReadsGoOn();
  ExpectAllIsThere(disk);
}

// There seem to be bytes enough, but the kernel answers ENOSPC.
TEST_F(DiskFullTest, NoSpaceThatWasNotForeseen) {
  SmallDisk disk("size=1m,nr_inodes=7,mode=0700");  // the root, two folders, LOCK and three segments
  ASSERT_TRUE(disk.mounted());
  Open(disk);
  GoOnUntilFull();
  ExpectReadsGoOn();
  disk.Resize("size=1m,nr_inodes=100");
  ExpectResumes();
  const absl::Status stopped = GoOn();
  ASSERT_TRUE(stopped.ok()) << stopped;
  ExpectAllIsThere(disk);
}

TEST_F(DiskFullTest, ANewJournalWithoutRoomIsNotOpened) {
  SmallDisk disk("size=64k,mode=0700");
  ASSERT_TRUE(disk.mounted());
  WriteFile(disk / "ballast", std::string(52u << 10, 'x'));
  const absl::Status refused = Ledger::Open(files_, SmallJournal(disk / "journal")).status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  ASSERT_EQ(unlink((disk / "ballast").c_str()), 0);
  Open(disk);
  GoOnUntilFull();
  ExpectReadsGoOn();
}

}  // namespace
}  // namespace fenfen::faults
