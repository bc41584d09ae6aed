// The durable queue: what is appended comes back, whatever is cut off or flipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "clients/station/queue/format.h"
#include "clients/station/queue/queue_reader.h"
#include "clients/station/queue/queue_writer.h"
#include "clients/station/queue/segment_files.h"
#include "clients/station/queue/watermark.h"

namespace fenfen::station {
namespace {

using testing::HasSubstr;

class Queue : public testing::Test {
 protected:
  Queue() {
    char name[] = "/tmp/fenfen-queue-XXXXXX";
    folder_ = std::string(mkdtemp(name)) + "/queue";
  }
  ~Queue() override { std::filesystem::remove_all(std::filesystem::path(folder_).parent_path()); }

  static std::vector<v1::DeviceDrop> Drops(int count) {
    std::vector<v1::DeviceDrop> drops(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) drops[static_cast<size_t>(i)].set_household(1000 + i);
    return drops;
  }
  std::unique_ptr<QueueWriter> Writer(QueueLimits limits = {}) { return *QueueWriter::Open(folder_, "devices/d1", limits); }
  // The sequence numbers that a reader gives, with the chain of hashes checked.
  std::vector<int64_t> ReadAll() {
    const auto reader = QueueReader::Open(folder_);
    std::vector<int64_t> sequences;
    std::string previous;
    while (true) {
      const auto next = (*reader)->Next();
      EXPECT_TRUE(next.ok()) << next.status();
      if (!next.ok() || !next->has_value()) return sequences;
      EXPECT_TRUE(previous.empty() || (*next)->batch.previous_sha256() == previous);
      previous = Sha256((*next)->bytes);
      for (const v1::DeviceDrop& drop : (*next)->batch.drops()) sequences.push_back(drop.sequence());
    }
  }
  std::string SegmentPath(int64_t first = 1) const { return folder_ + "/" + SegmentName(first); }
  static std::string Slurp(const std::string& path) { return *ReadSegment(path); }
  static void Spill(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }

  std::string folder_;
};

std::vector<int64_t> UpTo(int64_t last) {
  std::vector<int64_t> numbers;
  for (int64_t i = 1; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

TEST_F(Queue, GivesBackWhatWasAppendedInBatches) {
  EXPECT_EQ(*Writer()->Append(Drops(250)), 250);
  EXPECT_EQ(*Writer()->Append(Drops(1)), 251);
  EXPECT_EQ(ReadAll(), UpTo(251));
  const auto reader = QueueReader::Open(folder_);
  const auto first = (*reader)->Next();
  EXPECT_EQ((*first)->batch.device(), "devices/d1");
  EXPECT_EQ((*first)->batch.drops_size(), 100);
  EXPECT_EQ((*first)->batch.previous_sha256(), std::string(32, '\0'));
}

TEST_F(Queue, TwoWritersTakeTurns) {
  const auto one = Writer(), other = Writer();
  EXPECT_EQ(*one->Append(Drops(3)), 3);
  EXPECT_EQ(*other->Append(Drops(3)), 6);
  EXPECT_EQ(*one->Append(Drops(3)), 9);
  EXPECT_EQ(ReadAll(), UpTo(9));
}

TEST_F(Queue, ManyWritersAtOnceLoseNothing) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      const auto writer = Writer({.segment_bytes_max = 300});
      for (int i = 0; i < 25; ++i) ASSERT_TRUE(writer->Append(Drops(2)).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ReadAll(), UpTo(200));
}

TEST_F(Queue, AReaderSeesWhatIsAppendedLater) {
  const auto reader = QueueReader::Open(folder_);
  EXPECT_FALSE((*(*reader)->Next()).has_value());
  const auto writer = Writer({.segment_bytes_max = 10});
  for (int64_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(writer->Append(Drops(1)).ok());
    EXPECT_TRUE((*reader)->MayHaveMore());
    const auto next = (*reader)->Next();
    ASSERT_TRUE(next.ok() && next->has_value()) << i;
    EXPECT_EQ((*next)->last_sequence, i);
    EXPECT_FALSE((*reader)->MayHaveMore());
  }
}

TEST_F(Queue, ReadingResumesBehindTheWatermark) {
  ASSERT_TRUE(Writer({.batch_events_max = 10})->Append(Drops(50)).ok());
  {
    const auto reader = QueueReader::Open(folder_);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE((*reader)->Next().ok());
    ASSERT_TRUE((*reader)->Ack(20).ok());
    ASSERT_TRUE((*reader)->Rewind().ok());
    EXPECT_EQ((*(*reader)->Next())->last_sequence, 30);
  }
  const auto sequences = ReadAll();
  EXPECT_EQ(sequences.front(), 21);
  EXPECT_EQ(sequences.back(), 50);
}

TEST_F(Queue, AnsweredSegmentsAreRemovedAndTheNumberingStays) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Writer({.segment_bytes_max = 100})->Append(Drops(10)).ok());
  EXPECT_GT(ListSegments(folder_)->size(), 3u);
  {
    const auto reader = QueueReader::Open(folder_);
    ASSERT_TRUE((*reader)->Ack(100).ok());
  }
  EXPECT_EQ(ListSegments(folder_)->size(), 1u);
  EXPECT_TRUE(ReadAll().empty());
  EXPECT_EQ(*Writer()->Append(Drops(1)), 101);
  EXPECT_EQ(ReadAll(), std::vector<int64_t>{101});
}

TEST_F(Queue, ALostWatermarkOnlySendsAgain) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Writer({.segment_bytes_max = 100})->Append(Drops(10)).ok());
  {
    const auto reader = QueueReader::Open(folder_);
    ASSERT_TRUE((*reader)->Ack(50).ok());
  }
  std::filesystem::remove(folder_ + "/acked");
  const auto sequences = ReadAll();
  EXPECT_GT(sequences.front(), 1);
  EXPECT_LE(sequences.front(), 51);
  EXPECT_EQ(sequences.back(), 100);
}

TEST_F(Queue, ATornWatermarkLeavesTheOneBefore) {
  std::filesystem::create_directories(folder_);
  ASSERT_TRUE(WriteWatermark(folder_, 7).ok());
  ASSERT_TRUE(WriteWatermark(folder_, 9).ok());
  EXPECT_EQ(ReadWatermark(folder_), 9);
  const std::string bytes = Slurp(folder_ + "/acked");
  for (size_t flip = 0; flip < bytes.size(); ++flip) {
    std::string damaged = bytes;
    damaged[flip] = static_cast<char>(damaged[flip] ^ 0x10);
    Spill(folder_ + "/acked", damaged);
    EXPECT_THAT(ReadWatermark(folder_), testing::AnyOf(7, 9)) << flip;
  }
  Spill(folder_ + "/acked", bytes.substr(0, 5));
  EXPECT_EQ(ReadWatermark(folder_), 0);
}

TEST_F(Queue, RefusesBeyondItsLimitAndKeepsNothingOfIt) {
  const auto writer = Writer({.pending_events_max = 10});
  ASSERT_TRUE(writer->Append(Drops(8)).ok());
  const auto refused = writer->Append(Drops(3));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("limit is 10"));
  EXPECT_EQ(ReadAll(), UpTo(8));
  const auto reader = QueueReader::Open(folder_);
  ASSERT_TRUE((*reader)->Ack(8).ok());
  EXPECT_EQ(*writer->Append(Drops(3)), 11);
}

TEST_F(Queue, AFullDiskRefusesAndLaterTakesAgain) {
  const auto writer = Writer();
  ASSERT_TRUE(writer->Append(Drops(5)).ok());
  // A limit on the file's size fails a write in its middle, as a full disk does.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit unlimited, tight;
  getrlimit(RLIMIT_FSIZE, &unlimited);
  tight = unlimited;
  tight.rlim_cur = std::filesystem::file_size(SegmentPath()) + 100;
  setrlimit(RLIMIT_FSIZE, &tight);
  EXPECT_FALSE(writer->Append(Drops(90)).ok());
  setrlimit(RLIMIT_FSIZE, &unlimited);
  EXPECT_EQ(ReadAll(), UpTo(5));
  EXPECT_EQ(*writer->Append(Drops(5)), 10);
  EXPECT_EQ(ReadAll(), UpTo(10));
}

TEST_F(Queue, CutAtEveryByteItKeepsWholeBatchesAndGoesOn) {
  ASSERT_TRUE(Writer({.batch_events_max = 2})->Append(Drops(6)).ok());
  const std::string whole = Slurp(SegmentPath());
  std::vector<size_t> ends = {kSegmentHeaderBytes};
  const SegmentScan scan = *ScanSegment(whole);
  for (const absl::string_view payload : scan.payloads) ends.push_back(ends.back() + kRecordHeaderBytes + payload.size());
  for (size_t cut = kSegmentHeaderBytes; cut <= whole.size(); ++cut) {
    Spill(SegmentPath(), whole.substr(0, cut));
    int64_t batches = 0;
    while (static_cast<size_t>(batches) + 1 < ends.size() && ends[static_cast<size_t>(batches) + 1] <= cut) ++batches;
    EXPECT_EQ(ReadAll(), UpTo(batches * 2)) << cut;
    EXPECT_EQ(*Writer()->Append(Drops(1)), batches * 2 + 1) << cut;
    EXPECT_EQ(ReadAll(), UpTo(batches * 2 + 1)) << cut;
  }
}

TEST_F(Queue, AFlippedByteIsNeverTakenForAnEvent) {
  ASSERT_TRUE(Writer({.batch_events_max = 2})->Append(Drops(6)).ok());
  const std::string whole = Slurp(SegmentPath());
  const size_t last_record = whole.size() - kRecordHeaderBytes - ScanSegment(whole)->payloads.back().size();
  for (size_t flip = 0; flip < whole.size(); ++flip) {
    std::string damaged = whole;
    damaged[flip] = static_cast<char>(damaged[flip] ^ 0x01);
    Spill(SegmentPath(), damaged);
    const auto writer = QueueWriter::Open(folder_, "devices/d1", {});
    if (flip >= last_record) {
      // Indistinguishable from a torn end: the last batch is gone, nothing else.
      ASSERT_TRUE(writer.ok()) << flip;
      EXPECT_EQ(ReadAll(), UpTo(4)) << flip;
    } else {
      ASSERT_EQ(writer.status().code(), absl::StatusCode::kDataLoss) << flip;
      EXPECT_THAT(std::string(writer.status().message()), HasSubstr(SegmentName(1)));
    }
  }
}

TEST_F(Queue, AReaderNamesTheDamage) {
  ASSERT_TRUE(Writer({.batch_events_max = 2})->Append(Drops(6)).ok());
  std::string bytes = Slurp(SegmentPath());
  bytes[kSegmentHeaderBytes + kRecordHeaderBytes + 3] ^= 1;
  Spill(SegmentPath(), bytes);
  const auto next = (*QueueReader::Open(folder_))->Next();
  EXPECT_EQ(next.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(next.status().message()), HasSubstr("offset 48"));
}

TEST(QueueFormat, GoldenBytes) {
  EXPECT_EQ(SegmentName(42), "00000000000000000042.seg");
  EXPECT_EQ(SegmentFirst("00000000000000000042.seg"), 42);
  for (const char* other : {"lock", "acked", "42.seg", "00000000000000000000.seg", "00000000000000000042.seg.new"}) {
    EXPECT_EQ(SegmentFirst(other), 0) << other;
  }
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);  // RFC 3720, appendix B.4
  EXPECT_EQ(EncodeRecord("123456789"), std::string("\x09\0\0\0\x83\x92\x06\xE3"
                                                   "123456789",
                                                   17));
  const std::string header = EncodeHeader({258, std::string(32, 'p')});
  EXPECT_EQ(header.substr(0, 44), std::string("FQ01\x02\x01\0\0\0\0\0\0", 12) + std::string(32, 'p'));
  EXPECT_EQ(DecodeHeader(header)->first_sequence, 258);
}

}  // namespace
}  // namespace fenfen::station
