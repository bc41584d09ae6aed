// Golden bytes of a compressed segment (docs/formats/journal.md, "Compressed"), and reading it as the segment that it was.
#include "ledger/journal/compressed_file.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "ledger/core/crc32c.h"
#include "ledger/journal/sealing.h"
#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {
namespace {

const std::string kCompressedPath = SegmentPath(kDirectory, 1, segment::kCompressedEnding);

// A disk with one compressed segment of so many bytes and the entries in it, and the segment as it was.
struct Made {
  MemoryFileSystem disk;
  std::string plain;
};

std::unique_ptr<Made> Compressed(const std::vector<std::string>& entries, size_t segment_bytes) {
  auto made = std::make_unique<Made>();
  FileJournalOptions options = SmallOptions();
  options.segment_bytes = segment_bytes;
  {
    auto journal = MustOpen(made->disk, options);
    Appender appender(*journal);
    for (const std::string& entry : entries) appender.AppendAndFlush(entry);
  }
  made->plain = made->disk.Bytes(FirstSegment());
  const absl::StatusOr<SegmentIndex> index = IndexSegment(made->disk, kDirectory, {});
  EXPECT_TRUE(index.ok()) << index.status();
  const std::atomic<bool> stop{false};
  const absl::Status status = CompressSegment(made->disk, kDirectory, index->Head(), stop);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_FALSE(made->disk.Exists(FirstSegment()));
  return made;
}

absl::StatusOr<std::unique_ptr<CompressedFile>> Open(MemoryFileSystem& disk, size_t cache_bytes = 0) {
  absl::StatusOr<std::unique_ptr<File>> file = disk.OpenForRead(kCompressedPath);
  if (!file.ok()) return file.status();
  return CompressedFile::Open(*std::move(file), kCompressedPath, 1, std::make_shared<BlockCache>(cache_bytes));
}

std::string ReadAll(const File& file, size_t step) {
  std::string all;
  std::string part(step, '\0');
  while (true) {
    const absl::StatusOr<size_t> got = file.ReadAt(all.size(), part.data(), step);
    EXPECT_TRUE(got.ok()) << got.status();
    if (!got.ok() || *got == 0) return all;
    all.append(part, 0, *got);
  }
}

// What libzstd writes may differ from version to version; what was written once is read for ever.
TEST(CompressedFileTest, GoldenBytes) {
  const std::string golden = absl::HexStringToBytes(
      "502a4d182c00000046454e46454e5a31efcdab896745230101000000004000000000010001000000650000004afe7ec046ed0d26"
      "28b52ffd60003fdd0200240446454e46454e4a31efcdab8967452301010000000040008e68fb2d46475250a51795c90000005000"
      "000001a46686d00620401e18240a060066656e66656e0000feff0800a81d700002c40dfb93df9b5983f1fd75a5e22a6802");
  MemoryFileSystem disk;
  disk.Put(kCompressedPath, golden);
  const auto file = Open(disk);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->head().segment, (segment::Header{kJournalId, 1, 16u << 10}));
  EXPECT_EQ((*file)->head().block_bytes, compressed::kBlockBytes);
  ASSERT_EQ((*file)->head().blocks.size(), 1u);
  EXPECT_EQ(compressed::EncodeHead((*file)->head()), golden.substr(0, compressed::HeadBytes(1)));
  // The segment of segment_test.cc.
  MemoryFileSystem plain;
  {
    auto journal = MustOpen(plain);
    Appender appender(*journal);
    appender.AppendAndFlush("fenfen");
  }
  EXPECT_EQ(ReadAll(**file, 1000), plain.Bytes(FirstSegment()));
}

TEST(CompressedFileTest, ReadsAsTheSegmentWas) {
  std::vector<std::string> entries;
  for (int n = 0; n < 60; ++n) entries.push_back(absl::StrCat("entry ", n, std::string(3000, static_cast<char>('a' + n % 26))));
  const auto made = Compressed(entries, 200u << 10);
  EXPECT_LT(made->disk.Bytes(kCompressedPath).size(), made->plain.size() / 4);
  for (const size_t cache_bytes : {0u, 64u << 10, 1u << 20}) {
    const auto file = Open(made->disk, cache_bytes);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ((*file)->head().blocks.size(), 4u);
    EXPECT_EQ((*file)->Size().value(), made->plain.size());
    for (const size_t step : {1u << 20, 64u << 10, 4096u, 777u}) EXPECT_EQ(ReadAll(**file, step), made->plain) << step;
    std::string out(100, 'x');
    EXPECT_EQ((*file)->ReadAt(made->plain.size() - 10, out.data(), out.size()).value(), 10u);
    EXPECT_EQ((*file)->ReadAt(made->plain.size(), out.data(), out.size()).value(), 0u);
  }
}

TEST(CompressedFileTest, AnyZstdGivesTheSegmentBack) {
  const auto made = Compressed({"one", std::string(4000, 'y')}, 200u << 10);
  const std::string bytes = made->disk.Bytes(kCompressedPath);
  std::string out(made->plain.size(), '\0');
  EXPECT_EQ(ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size()), out.size());
  EXPECT_EQ(out, made->plain);
}

TEST(CompressedFileTest, EveryFlippedByteIsFoundWithItsPlace) {
  const auto made = Compressed({"one", "two", std::string(100, 'z')}, 200u << 10);
  const std::string whole = made->disk.Bytes(kCompressedPath);
  std::vector<uint64_t> blocks;
  uint64_t end = compressed::HeadBytes(4);
  const compressed::Head head = (*Open(made->disk))->head();
  for (const compressed::Block& block : head.blocks) {
    blocks.push_back(end);
    end += block.bytes;
  }
  ASSERT_EQ(end, whole.size());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] ^= static_cast<char>(1 << (at % 8));
    made->disk.Put(kCompressedPath, bytes);
    const auto file = Open(made->disk);
    absl::Status status = file.status();
    std::string out(made->plain.size(), '\0');
    if (file.ok()) status = (*file)->ReadAt(0, out.data(), out.size()).status();
    ASSERT_TRUE(absl::IsDataLoss(status)) << "byte " << at << ": " << status;
    EXPECT_EQ(DamageOf(status)->path, kCompressedPath);
    const uint64_t place = at < blocks[0] ? 0 : *std::prev(std::upper_bound(blocks.begin(), blocks.end(), at));
    EXPECT_EQ(DamageOf(status)->offset, place) << "byte " << at;
  }
}

TEST(CompressedFileTest, EveryTruncationIsFound) {
  const auto made = Compressed({"one", "two"}, 200u << 10);
  const std::string whole = made->disk.Bytes(kCompressedPath);
  for (size_t size = 0; size < whole.size(); ++size) {
    made->disk.Put(kCompressedPath, whole.substr(0, size));
    const auto file = Open(made->disk);
    absl::Status status = file.status();
    std::string out(made->plain.size(), '\0');
    if (file.ok()) status = (*file)->ReadAt(0, out.data(), out.size()).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << "cut at " << size << ": " << status;
  }
}

TEST(CompressedFileTest, ABlockInAnothersPlaceIsFound) {
  // Two blocks of zeros alone have the same bytes: only their places tell them apart.
  const auto made = Compressed({"one"}, 200u << 10);
  compressed::Head head = (*Open(made->disk))->head();
  ASSERT_EQ(head.blocks[1].bytes, head.blocks[2].bytes);
  std::swap(head.blocks[1], head.blocks[2]);
  std::string bytes = made->disk.Bytes(kCompressedPath);
  const std::string swapped = compressed::EncodeHead(head);
  made->disk.Put(kCompressedPath, bytes.replace(0, swapped.size(), swapped));
  const auto file = Open(made->disk);
  ASSERT_TRUE(file.ok());
  std::string out(made->plain.size(), '\0');
  EXPECT_TRUE(absl::IsDataLoss((*file)->ReadAt(0, out.data(), out.size()).status()));
}

TEST(CompressedFileTest, ASegmentUnderAnothersNameIsRefused) {
  const auto made = Compressed({"one"}, 16u << 10);
  absl::StatusOr<std::unique_ptr<File>> file = made->disk.OpenForRead(kCompressedPath);
  const auto opened = CompressedFile::Open(*std::move(file), "name", 2, std::make_shared<BlockCache>(0));
  EXPECT_TRUE(absl::IsDataLoss(opened.status())) << opened.status();
}

TEST(CompressedFileTest, ADamagedSegmentIsNotCompressed) {
  MemoryFileSystem disk;
  {
    auto journal = MustOpen(disk);
    Appender appender(*journal);
    for (int n = 0; n < 4; ++n) appender.AppendAndFlush("entry");
  }
  const absl::StatusOr<SegmentIndex> index = IndexSegment(disk, kDirectory, {});
  ASSERT_TRUE(index.ok());
  std::string bytes = disk.Bytes(FirstSegment());
  const uint64_t record = GroupsOf(disk)[2].records[0];
  bytes[record + 33] ^= 1;
  disk.Put(FirstSegment(), bytes);
  const std::atomic<bool> stop{false};
  const absl::Status status = CompressSegment(disk, kDirectory, index->Head(), stop);
  ASSERT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(DamageOf(status)->path, FirstSegment());
  EXPECT_EQ(DamageOf(status)->offset, record);
  EXPECT_EQ(disk.Bytes(FirstSegment()), bytes);
  EXPECT_FALSE(disk.Exists(kCompressedPath));
  EXPECT_FALSE(disk.Exists(UnfinishedPath(kCompressedPath)));
}

// What was made is compared to its last byte, also where no group lies.
TEST(CompressedFileTest, ASegmentThatIsNotWhatWasCompressedStays) {
  MemoryFileSystem disk;
  {
    auto journal = MustOpen(disk);
    Appender appender(*journal);
    for (int n = 0; n < 4; ++n) appender.AppendAndFlush("entry");
  }
  const absl::StatusOr<SegmentIndex> index = IndexSegment(disk, kDirectory, {});
  ASSERT_TRUE(index.ok());
  const std::string bytes = disk.Bytes(FirstSegment());
  for (size_t at = 0; at < bytes.size(); at = at == bytes.size() - 1 ? bytes.size() : std::min(at + 97, bytes.size() - 1)) {
    disk.Put(FirstSegment(), bytes);
    bool changed = false;
    // Once all is written a byte of the segment reads otherwise.
    disk.SetFault([&](absl::string_view operation, const std::string& path) -> absl::Status {
      if (operation != "sync" || path != UnfinishedPath(kCompressedPath) || std::exchange(changed, true)) return absl::OkStatus();
      const absl::StatusOr<std::unique_ptr<File>> file = disk.OpenForWrite(FirstSegment());
      return (*file)->WriteAt(at, std::string(1, static_cast<char>(bytes[at] ^ 1)));
    });
    const absl::Status status = CompressSegment(disk, kDirectory, index->Head(), std::atomic<bool>(false));
    disk.SetFault(nullptr);
    ASSERT_TRUE(changed);
    EXPECT_FALSE(status.ok()) << "byte " << at;
    EXPECT_TRUE(disk.Exists(FirstSegment()));
    EXPECT_FALSE(disk.Exists(kCompressedPath));
    EXPECT_FALSE(disk.Exists(UnfinishedPath(kCompressedPath)));
  }
}

TEST(CompressedFileTest, TheCacheKeepsTheLatestBlocks) {
  BlockCache cache(200);
  const auto block = [](char c) { return std::make_shared<const std::string>(100, c); };
  cache.Put(1, 0, block('a'));
  cache.Put(1, 1, block('b'));
  ASSERT_NE(cache.Find(1, 0), nullptr);
  cache.Put(2, 0, block('c'));
  EXPECT_EQ(cache.Find(1, 1), nullptr) << "used least lately";
  EXPECT_EQ(cache.Find(1, 0)->front(), 'a');
  EXPECT_EQ(cache.Find(2, 0)->front(), 'c');
  cache.Put(3, 0, std::make_shared<const std::string>(300, 'd'));
  EXPECT_EQ(cache.Find(3, 0), nullptr) << "larger than the whole cache";
}

}  // namespace
}  // namespace fenfen
