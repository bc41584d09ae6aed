// A server's start over a PostgreSQL journal of which a month is archived, with its State in memory and in Redis; and a Redis that has lost
// what only the archive has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>

#include "absl/strings/str_cat.h"
#include "ledger/engine/engine.h"
#include "ledger/journal/posix_file.h"
#include "ledger/journal/postgres/archive.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/game/reading.h"
#include "ledger/projections/players.h"
#include "server/services/device_sequences.h"
#include "server/stores/journal_base.h"
#include "server/stores/stores.h"
#include "tests/ledger/journal/postgres/postgres_fixture.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen::server {
namespace {

using testing::HasSubstr;

constexpr absl::CivilMonth kMay(2024, 5);
constexpr uint64_t kEach = 20;  // entries of each of two partitions, the first half in May 2024

class ArchivedStartTest : public testing::Test {
 protected:
  ArchivedStartTest() {
    char name[] = "/tmp/fenfen-archived-XXXXXX";
    folder_ = mkdtemp(name);
    const auto journal = MustOpen(OptionsFor(session_.conninfo));
    for (uint64_t seq = 1; seq <= kEach; ++seq) {
      for (const uint16_t partition : {3, 200}) {
        JournalEntry entry = EntryOf(partition, seq);
        entry.record_time = absl::FromCivil(absl::CivilSecond(2024, seq <= kEach / 2 ? 5 : 6, 7), absl::UTCTimeZone());
        EXPECT_TRUE(AppendAndWait(*journal, entry).ok());
      }
    }
  }
  ~ArchivedStartTest() override { std::filesystem::remove_all(folder_); }

  // A server's stores, started and stopped; `look` is shown them in between.
  absl::Status Start(
      const std::string& state, const std::function<void(Engine&)>& look = [](Engine&) {}) {
    const absl::StatusOr<Config> config =
        ParseConfig(absl::StrCat("data_dir = \"", state, "\"\n[journal]\nstore = \"postgres\"\n[postgres]\nconnection = \"",
                                 session_.conninfo, "\"\n[state]\nstore = \"", state, "\"\n", state == "redis" ? InRedis() : "",
                                 "[[issuer]]\nname = \"operator\"\npublic_key = \"operator.pub.pem\"\nroles = [\"OPERATOR\"]\n"),
                    folder_);
    if (!config.ok()) return config.status();
    std::filesystem::create_directories(config->data_dir);
    const auto log = Log::Open({.level = "error", .file = ""});
    if (!log.ok()) return log.status();
    const SystemClock clock;
    const absl::StatusOr<std::unique_ptr<Stores>> stores = Stores::Open(*config, **log, clock);
    if (!stores.ok()) return stores.status();
    CatalogueStore catalogue;
    DeviceSequences device_sequences;
    Players players(config->time_zone, {RegionInHousehold, CountedDrop, SortedRightly, ReversesDrop});
    const std::vector<Projection*> projections = {&catalogue, &device_sequences, &players};
    Engine engine((*stores)->state(), (*stores)->journal(), clock, projections);
    const absl::Status started = (*stores)->Start(engine, projections);
    if (started.ok()) look(engine);
    (*stores)->Stop(engine.Stop());
    return started;
  }
  std::string InRedis() const { return absl::StrCat("[redis]\naddress = \"unix:", redis_.OverUnixSocket().endpoint.unix_path, "\"\n"); }
  std::string Digests(Engine& engine) {
    std::string all;
    for (const uint16_t partition : {3, 200}) {
      const absl::StatusOr<State::Digest> digest = engine.DigestOf(PartitionId(partition));
      EXPECT_TRUE(digest.ok()) << digest.status();
      if (digest.ok()) absl::StrAppend(&all, digest->seq.value(), " ", digest->sha256, "\n");
    }
    return all;
  }
  void ArchiveMay() {
    const absl::StatusOr<BaseInfo> base = MakeBase(session_, files_, folder_ + "/made", absl::UTCTimeZone());
    ASSERT_TRUE(base.ok()) << base.status();
    const absl::StatusOr<ArchiveSummary> archived = ArchiveMonth(session_, files_, folder_ + "/archive", kMay, &base->sequences);
    ASSERT_TRUE(archived.ok()) << archived.status();
    EXPECT_EQ(archived->rows[0], kEach);
    file_ = folder_ + "/archive/" + ArchiveFileName(archived->head);
  }
  void AppendMore() {
    const auto journal = MustOpen(OptionsFor(session_.conninfo));
    ASSERT_TRUE(AppendAndWait(*journal, EntryOf(3, kEach + 1)).ok());
  }

  PostgresServer postgres_;
  RedisServer redis_;
  const PostgresSessionOptions session_{.conninfo = postgres_.Conninfo(postgres_.NewDatabase())};
  PosixFileSystem files_;
  std::string folder_;
  std::string file_;
};

TEST_F(ArchivedStartTest, InMemoryItBeginsFromTheBaseWhereItHasNoSnapshot) {
  std::string before;
  ASSERT_TRUE(Start("memory", [&](Engine& engine) { before = Digests(engine); }).ok());
  ArchiveMay();
  const absl::Status started = Start("memory", [&](Engine& engine) {
    EXPECT_EQ(engine.recovery().snapshot, 1u);
    EXPECT_EQ(engine.recovery().replayed, 0u);
    EXPECT_EQ(Digests(engine), before);
    EXPECT_EQ(RefusalOf(engine.Load(PartitionId(3), PartitionSeq(4)).status()).reason, Reason::REASON_ENTRY_ARCHIVED);
    EXPECT_TRUE(engine.Load(PartitionId(3), PartitionSeq(11)).ok());
  });
  EXPECT_TRUE(started.ok()) << started;
  AppendMore();
  EXPECT_TRUE(Start("memory", [&](Engine& engine) { EXPECT_EQ(engine.recovery().replayed, 1u); }).ok());
}

TEST_F(ArchivedStartTest, OverRedisItNeedsTheArchiveOnlyWhereRedisHasLostItsKeys) {
  std::string before;
  const absl::Status first = Start("redis", [&](Engine& engine) {
    EXPECT_EQ(engine.recovery().replayed, 2 * kEach);
    before = Digests(engine);
  });
  ASSERT_TRUE(first.ok()) << first;
  ArchiveMay();
  const absl::Status again = Start("redis", [&](Engine& engine) {
    EXPECT_EQ(engine.recovery().snapshot, 1u);
    EXPECT_EQ(engine.recovery().replayed, 0u);
    EXPECT_EQ(Digests(engine), before);
  });
  EXPECT_TRUE(again.ok()) << again;

  redis_.Type({"FLUSHALL"});
  const absl::Status emptied = Start("redis");
  EXPECT_TRUE(absl::IsFailedPrecondition(emptied)) << emptied;
  EXPECT_THAT(std::string(emptied.message()),
              HasSubstr("is to be restored from transaction 1 on, which is archived: fenfenctl journal restore"));
  EXPECT_THAT(std::string(emptied.message()), HasSubstr(std::filesystem::path(file_).filename().string()));

  const absl::StatusOr<ArchiveSummary> restored = RestoreMonth(session_, files_, file_);
  ASSERT_TRUE(restored.ok()) << restored.status();
  const absl::Status last = Start("redis", [&](Engine& engine) { EXPECT_EQ(Digests(engine), before); });
  EXPECT_TRUE(last.ok()) << last;
}

// The next base goes on from the one before: what is archived is not needed for it.
TEST_F(ArchivedStartTest, ABaseIsMadeFromTheOneBefore) {
  ArchiveMay();
  AppendMore();
  for (const std::string& made : {folder_ + "/made", folder_ + "/elsewhere"}) {
    const absl::StatusOr<BaseInfo> next = MakeBase(session_, files_, made, absl::UTCTimeZone());
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_EQ(next->sequences[3], PartitionSeq(kEach + 1));
  }
  EXPECT_TRUE(Start("memory", [&](Engine& engine) { EXPECT_EQ(engine.recovery().snapshot, 3u); }).ok());
}

TEST_F(ArchivedStartTest, WithoutABaseItSaysWhichMonthToRestore) {
  const absl::StatusOr<ArchiveSummary> archived = ArchiveMonth(session_, files_, folder_ + "/archive", kMay);
  ASSERT_TRUE(archived.ok()) << archived.status();
  for (const char* state : {"memory", "redis"}) {
    const absl::Status refused = Start(state);
    EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr("fenfenctl journal restore brings it back from " + ArchiveFileName(archived->head)));
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(MakeBase(session_, files_, folder_ + "/made", absl::UTCTimeZone()).status()));
}

}  // namespace
}  // namespace fenfen::server
