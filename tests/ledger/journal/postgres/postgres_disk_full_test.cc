// The PostgreSQL journal while its server's disk is full, for real: the database lies on a small tmpfs. New work is refused with
// STORAGE_FULL and a retry delay, reads go on, and as room comes, what was queued is written by itself.
//
// Mounts in a namespace of its own, as root or else in a user namespace; fails where neither is allowed.
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "tests/ledger/journal/postgres/postgres_fixture.h"

namespace fenfen {
namespace {

// For the process, while it has a single thread and no server. What is mounted afterwards is seen by it and its children alone.
void EnterNamespace() {
  const std::string same_user = absl::StrCat(geteuid(), " ", geteuid(), " 1");
  if (unshare(CLONE_NEWNS) != 0) {
    ASSERT_EQ(unshare(CLONE_NEWUSER | CLONE_NEWNS), 0) << "a mount needs root, or a user namespace: " << std::strerror(errno);
    std::ofstream("/proc/self/uid_map") << same_user;
  }
  ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << std::strerror(errno);
}

TEST(PostgresDiskFullTest, NewWorkIsRefusedAndGoesOnWhenThereIsRoom) {
  EnterNamespace();
  PostgresServer server;
  const std::string folder = server.folder() + "/small";
  ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0);
  const passwd* user = geteuid() == 0 ? getpwnam("postgres") : getpwuid(geteuid());
  ASSERT_NE(user, nullptr);
  const std::string owner = absl::StrCat("uid=", user->pw_uid, ",gid=", user->pw_gid, ",mode=700");
  ASSERT_EQ(mount("fenfen", folder.c_str(), "tmpfs", 0, (owner + ",size=24m").c_str()), 0) << std::strerror(errno);
  server.Run("postgres",
             {"CREATE TABLESPACE small LOCATION '" + folder + "'", "CREATE DATABASE journal TABLESPACE small STRATEGY file_copy"});

  PostgresJournalOptions options = OptionsFor(server.Conninfo("journal"));
  options.reconnect_delay_max = absl::Milliseconds(100);
  auto journal = MustOpen(options);
  std::atomic<uint64_t> acknowledged = 0, failed = 0;
  uint64_t submitted = 0;
  const auto append = [&] {
    Transaction long_one = Drop(7, ++submitted);
    long_one.why = std::string(100'000, 'w');
    journal->Append(EntryOf(7, submitted, long_one), [&](const absl::Status& status) { ++(status.ok() ? acknowledged : failed); });
  };
  while (journal->Admit().ok()) {
    ASSERT_LT(submitted, 1000u) << "the disk is never full";
    append();
    absl::SleepFor(absl::Milliseconds(5));
  }
  while (!journal->Admit().ok() && RefusalOf(journal->Admit()).reason != Reason::REASON_STORAGE_FULL) absl::SleepFor(absl::Milliseconds(1));
  const absl::Status refusal = journal->Admit();
  EXPECT_EQ(RefusalOf(refusal).reason, Reason::REASON_STORAGE_FULL) << refusal;
  EXPECT_TRUE(RefusalOf(refusal).retry_delay.has_value());
  const absl::Status read = journal->Read(PartitionId(7), PartitionSeq(1)).status();
  EXPECT_TRUE(read.ok()) << read;

  ASSERT_EQ(mount("fenfen", folder.c_str(), nullptr, MS_REMOUNT, (owner + ",size=200m").c_str()), 0) << std::strerror(errno);
  while (!journal->Admit().ok()) absl::SleepFor(absl::Milliseconds(5));
  append();
  EXPECT_TRUE(journal->Flush().ok());
  EXPECT_EQ(failed, 0u);
  EXPECT_EQ(acknowledged, submitted);
  EXPECT_EQ(server.Run("journal", {"SELECT count(*) FROM fenfen.entries"}), absl::StrCat(submitted));
  journal.reset();
  server.Stop();
  EXPECT_EQ(umount2(folder.c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace fenfen
