// The disk behaves badly, in the ways it is asked to.
#include "tests/simulation/sim_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fenfen::sim {
namespace {

constexpr char kPath[] = "journal/00000001.seg";

class SimDiskTest : public testing::Test {
 protected:
  std::unique_ptr<File> MakeSynced(const std::string& bytes) {
    std::unique_ptr<File> file = *disk.Create(kPath);
    EXPECT_TRUE(file->WriteAt(0, bytes).ok());
    EXPECT_TRUE(file->Sync().ok());
    EXPECT_TRUE(disk.SyncDirectory("journal").ok());
    return file;
  }
  std::string Read() {
    const absl::StatusOr<std::unique_ptr<File>> file = disk.OpenForRead(kPath);
    if (!file.ok()) return "missing";
    std::string bytes(*(*file)->Size(), '\0');
    EXPECT_TRUE((*file)->ReadAt(0, bytes.data(), bytes.size()).ok());
    return bytes;
  }

  Random random{1};
  SimDisk disk{random};
};

TEST_F(SimDiskTest, APowerCutKeepsWhatWasSynced) {
  MakeSynced("old");
  disk.CutPower();
  EXPECT_EQ(Read(), "old");
}

TEST_F(SimDiskTest, APowerCutKeepsUnsyncedSectorsOneByOne) {
  constexpr size_t kSectors = 64;
  const std::unique_ptr<File> file = MakeSynced(std::string(kSectors * SimDisk::kSectorBytes, 'a'));
  size_t torn = 0;
  for (int n = 0; n < 20; ++n) {
    ASSERT_TRUE(file->WriteAt(0, std::string(kSectors * SimDisk::kSectorBytes, 'b')).ok());
    disk.CutPower();
    const std::string after = Read();
    ASSERT_EQ(after.size(), kSectors * SimDisk::kSectorBytes);
    for (size_t sector = 0; sector < kSectors; ++sector) {
      const std::string bytes = after.substr(sector * SimDisk::kSectorBytes, SimDisk::kSectorBytes);
      ASSERT_THAT(bytes, testing::AnyOf(std::string(SimDisk::kSectorBytes, 'a'), std::string(SimDisk::kSectorBytes, 'b')));
    }
    torn += after.find('a') != std::string::npos && after.find('b') != std::string::npos ? 1 : 0;
    ASSERT_TRUE(file->WriteAt(0, std::string(kSectors * SimDisk::kSectorBytes, 'a')).ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  EXPECT_GT(torn, 0u);
}

TEST_F(SimDiskTest, ANameIsKeptOnlyOnceItsFolderIsSynced) {
  size_t lost = 0;
  for (int n = 0; n < 20; ++n) {
    const std::string name = "journal/" + std::to_string(n);
    ASSERT_TRUE((*disk.Create(name))->Sync().ok());
    disk.CutPower();
    lost += disk.OpenForRead(name).ok() ? 0 : 1;
  }
  EXPECT_GT(lost, 0u);
  EXPECT_LT(lost, 20u);
}

TEST_F(SimDiskTest, AKillKeepsWhatWasWritten) {
  const std::unique_ptr<File> file = MakeSynced("old");
  ASSERT_TRUE(file->WriteAt(0, "new").ok());
  disk.DieAfter(0);
  EXPECT_FALSE(file->WriteAt(0, "no!").ok());
  disk.RestartProcess();
  EXPECT_EQ(Read(), "new");
}

TEST_F(SimDiskTest, AFailedSyncIsNotMadeGoodByAnother) {
  size_t lost = 0;
  for (int n = 0; n < 20; ++n) {
    SimDisk other(random);
    const std::unique_ptr<File> file = *other.Create(kPath);
    ASSERT_TRUE(other.SyncDirectory("journal").ok());
    ASSERT_TRUE(file->WriteAt(0, "bytes").ok());
    other.FailSyncAfter(1);
    EXPECT_FALSE(file->Sync().ok());
    EXPECT_TRUE(file->Sync().ok());
    EXPECT_EQ(other.tries_after_failure(), 0u) << "it is no segment by its name at creation";
    other.CutPower();
    lost += other.SizeOf(kPath) == 0 ? 1 : 0;
  }
  EXPECT_GT(lost, 0u);
  EXPECT_LT(lost, 20u);
}

TEST_F(SimDiskTest, AFullDiskRefusesToGrowAndTakesOverwrites) {
  const std::unique_ptr<File> file = MakeSynced("12345678");
  disk.LimitFreeBytes(4, 100);
  EXPECT_EQ(*disk.FreeBytes("journal"), 104u) << "promised more than there is";
  EXPECT_TRUE(absl::IsResourceExhausted(file->WriteAt(8, "12345")));
  EXPECT_TRUE(file->WriteAt(8, "1234").ok());
  EXPECT_TRUE(file->WriteAt(0, "abcd").ok());
  disk.LiftLimit();
  EXPECT_TRUE(file->WriteAt(8, "12345").ok());
}

TEST_F(SimDiskTest, AMisdirectedWriteCanBePutRight) {
  const std::string before(64 * SimDisk::kSectorBytes, 'a');
  const std::unique_ptr<File> file = MakeSynced(before);
  disk.MisdirectNextWrite();
  ASSERT_TRUE(file->WriteAt(50 * SimDisk::kSectorBytes, "astray").ok());
  EXPECT_TRUE(disk.misdirected());
  const std::string spoilt = Read();
  EXPECT_NE(spoilt, before);
  EXPECT_NE(spoilt.substr(50 * SimDisk::kSectorBytes, 6), "astray");
  disk.UndoMisdirection();
  EXPECT_EQ(Read().substr(50 * SimDisk::kSectorBytes, 6), "astray");
  EXPECT_EQ(Read().substr(0, 50 * SimDisk::kSectorBytes), before.substr(0, 50 * SimDisk::kSectorBytes));
}

TEST_F(SimDiskTest, PuttingRightKeepsWhatWasWrittenMeanwhile) {
  const std::unique_ptr<File> segment = *disk.Create("journal/1.seg");
  ASSERT_TRUE(segment->WriteAt(0, std::string(4096, 'a')).ok());
  ASSERT_TRUE(segment->Sync().ok());
  disk.MisdirectNextWrite();
  ASSERT_TRUE(segment->WriteAt(2048, std::string(1024, 'b')).ok());
  ASSERT_TRUE(disk.misdirected());
  // Over the right place or the wrong one, wherever that is, in part.
  ASSERT_TRUE(segment->WriteAt(0, std::string(2560, 'c')).ok());
  disk.UndoMisdirection();
  std::string bytes(4096, '\0');
  ASSERT_TRUE(segment->ReadAt(0, bytes.data(), bytes.size()).ok());
  EXPECT_EQ(bytes, std::string(2560, 'c') + std::string(512, 'b') + std::string(1024, 'a'));
}

TEST_F(SimDiskTest, AFlippedBitIsFlippedBackByTheSameCall) {
  MakeSynced("a");
  disk.FlipBit(kPath, 0, 1);
  EXPECT_EQ(Read(), "c");
  disk.CutPower();
  EXPECT_EQ(Read(), "c");
  disk.FlipBit(kPath, 0, 1);
  EXPECT_EQ(Read(), "a");
}

}  // namespace
}  // namespace fenfen::sim
