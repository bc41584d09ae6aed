// Redis, emptied at any moment of a day, is rebuilt from the journal to the same digest.
#include "clients/ctl/stores/rebuild.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "ledger/engine/engine_tail.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/posix_file.h"
#include "ledger/state/redis/redis_state.h"
#include "tests/clients/ctl/stores/busy_day.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen::ctl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr absl::Duration kPatience = absl::Seconds(60);

class RebuildTest : public testing::Test {
 protected:
  RebuildTest() {
    char name[] = "/tmp/fenfen-rebuild-XXXXXX";
    folder_ = mkdtemp(name);
    journal_ = OpenJournal(folder_ + "/journal");
    options_.redis = redis_.OverUnixSocket();
    options_.deployment = "day";
  }
  ~RebuildTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<FileJournal> OpenJournal(const std::string& directory) {
    FileJournalOptions options;
    options.directory = directory;
    options.segment_bytes = 1u << 20;
    options.transaction_bytes_max = 200u << 10;
    return *FileJournal::Open(files_, options);
  }
  // What a server does with the books, over Redis.
  template <typename Work>
  void Serve(Work work) {
    EngineTail tail(*journal_);
    RedisState state(options_, tail);
    BusyDay::Server server(state, *journal_, day_);
    tail.Attach(server.engine());
    const absl::Status open = state.AwaitOpen(kPatience);
    ASSERT_TRUE(open.ok()) << open;
    server.Begin();
    work(server);
  }
  RebuildReport MustRebuild(const RebuildOptions& options = {}) {
    const absl::StatusOr<RebuildReport> report = Rebuild(*journal_, options_, options);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : RebuildReport();
  }

  std::string folder_;
  PosixFileSystem files_;
  std::unique_ptr<FileJournal> journal_;
  const RedisServer redis_;
  RedisStateOptions options_;
  BusyDay day_;
};

TEST_F(RebuildTest, RedisEmptiedAtAnyMomentOfADayIsRebuiltToTheSameDigest) {
  // Before the first household, in the middle of the enrolments, and through the hours.
  const int drops_of_hours[] = {0, 0, 60, 300, 120};
  for (const int drops : drops_of_hours) {
    Serve([&](BusyDay::Server& server) {
      server.Enrol(drops == 0 ? 40 : 10);
      server.Drop(drops);
    });
    const RebuildReport before = MustRebuild({.dry_run = true});
    EXPECT_EQ(before.equal, kPartitions) << "what the server left is the journal's state";
    redis_.Type({"FLUSHALL"});
    EXPECT_THAT(MustRebuild({.dry_run = true}).missing, SizeIs(kPartitions));
    const RebuildReport rebuilt = MustRebuild();
    EXPECT_EQ(rebuilt.equal, kPartitions);
    EXPECT_GT(rebuilt.transactions, 0u);
  }
  // And a server goes on over what was rebuilt.
  Serve([](BusyDay::Server& server) { server.Drop(20); });
  EXPECT_EQ(MustRebuild({.dry_run = true}).equal, kPartitions);
}

TEST_F(RebuildTest, WhatSomebodyHasEditedIsFoundAndMended) {
  Serve([](BusyDay::Server& server) {
    server.Enrol(50);
    server.Drop(200);
  });
  const std::string accounts = PartitionKeys("day", PartitionOf(bench::HouseholdOf(7))).Book(2);
  redis_.Type({"HSET", accounts, "2/1/8", "123456789"});
  redis_.Type({"DEL", PartitionKeys("day", PartitionId(3)).Book(1)});
  const RebuildReport found = MustRebuild({.dry_run = true});
  EXPECT_THAT(found.different, testing::UnorderedElementsAre(PartitionOf(bench::HouseholdOf(7)).value(), 3));
  EXPECT_EQ(found.equal, kPartitions - 2);
  EXPECT_EQ(MustRebuild().equal, kPartitions);
  EXPECT_THAT(MustRebuild({.dry_run = true}).different, IsEmpty());
}

TEST_F(RebuildTest, WhatIsAnotherJournalsIsNotTouched) {
  Serve([](BusyDay::Server& server) { server.Enrol(5); });
  journal_ = OpenJournal(folder_ + "/another");
  const absl::Status refused = Rebuild(*journal_, options_, {}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("another journal"));
  journal_ = OpenJournal(folder_ + "/journal");
  EXPECT_EQ(MustRebuild({.dry_run = true}).equal, kPartitions);
}

TEST_F(RebuildTest, WhatOnlyRedisHasIsNotDroppedUnasked) {
  Serve([](BusyDay::Server& server) { server.Enrol(5); });
  // As a server leaves it that was killed between the commit and the journal.
  redis_.Type({"HINCRBY", PartitionKeys("day", PartitionOf(bench::HouseholdOf(1))).Book(0), "seq", "1"});
  const absl::Status refused = Rebuild(*journal_, options_, {}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("transactions that the journal lacks"));
  const RebuildReport rebuilt = MustRebuild({.although_ahead = true});
  EXPECT_EQ(rebuilt.transactions_ahead, 1u);
  EXPECT_EQ(rebuilt.equal, kPartitions);
}

}  // namespace
}  // namespace fenfen::ctl
