// Fuzzes what is made from full segments: overwrites the index or the compressed form of one as the input says, with its checksum made to
// hold again where the input says so, and opens the journal. An entry that is read is the one that was written, or the damage is found.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/core/crc32c.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/segment_files.h"
#include "tests/ledger/journal/memory_file_system.h"

namespace {

using namespace fenfen;

constexpr size_t kEntries = 40;

FileJournalOptions Options() {
  FileJournalOptions options;
  options.directory = "journal";
  options.segment_bytes = 16u << 10;
  options.transaction_bytes_max = 4u << 10;
  options.group_bytes_max = 8u << 10;
  options.uncompressed_segments = 1;
  options.own_threads = false;
  options.new_journal_id = 7;
  return options;
}

std::string EntryOf(uint64_t seq) {
  return absl::StrCat("entry ", seq, " ", std::string(800 + seq % 7 * 100, static_cast<char>('a' + seq % 26)));
}

// A journal of some segments, all but the last two compressed.
std::unique_ptr<MemoryFileSystem> MakeGood() {
  auto disk = std::make_unique<MemoryFileSystem>();
  auto journal = FileJournal::Open(*disk, Options());
  if (!journal.ok()) std::abort();
  for (uint64_t seq = 1; seq <= kEntries; ++seq) {
    (*journal)->Append({PartitionId(static_cast<uint16_t>(seq % 2)), PartitionSeq((seq + 1) / 2), absl::FromUnixMicros(1), EntryOf(seq)},
                       [](const absl::Status&) {});
    (*journal)->Flush().IgnoreError();
    (*journal)->RunOnce();
  }
  return disk;
}

// Entry 1 is partition 1's first, entry 2 partition 0's first.
uint64_t SeqOf(PartitionId partition, PartitionSeq seq) { return seq.value() * 2 - partition.value(); }

std::string PlainOf(const MemoryFileSystem& good, uint32_t number) {
  const auto disk = good.Copy();
  const auto file = OpenSegmentFile(*disk, "journal", number, std::make_shared<BlockCache>(0));
  std::string plain((*file)->Size().value(), '\0');
  if (!(*file)->ReadAt(0, plain.data(), plain.size()).ok()) std::abort();
  return plain;
}

// What the form alone says of the bytes; `mended` ones may say something else than what was written, but must not be misread.
void ReadForm(const MemoryFileSystem& good, const std::string& path, const std::string& bytes, bool of_index, bool mended) {
  static const auto cache = std::make_shared<BlockCache>(0);
  const uint32_t number = path.find("00000001") != std::string::npos ? 1 : 2;
  if (of_index) {
    const std::optional<IndexHead> head = DecodeIndexHead(absl::string_view(bytes).substr(0, IndexHead::kBytes));
    if (!head) return;
    if (!mended && bytes.substr(0, IndexHead::kBytes) != good.Bytes(path).substr(0, IndexHead::kBytes)) std::abort();
    for (uint16_t p = 0; p < kPartitions; ++p) {
      const std::optional<uint32_t> rank = head->Rank(PartitionId(p), PartitionSeq(head->start.last[p].value() + 1));
      if (rank && *rank >= head->records()) std::abort();
    }
    return;
  }
  MemoryFileSystem disk;
  disk.Put(path, bytes);
  const auto file = CompressedFile::Open(*disk.OpenForRead(path), path, number, cache);
  if (!file.ok()) return;
  std::string out((*file)->Size().value() % (1u << 20), '\0');
  if (!(*file)->ReadAt(0, out.data(), out.size()).ok() || mended) return;
  static const std::string plain[] = {PlainOf(good, 1), PlainOf(good, 2)};
  if (out != plain[number - 1]) std::abort();
}

}  // namespace

// The input: 1 byte for which file, whether its head's checksum is made to hold, and what reads it; then any number of [offset, 2
// bytes][length, 1 byte] [bytes].
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::unique_ptr<MemoryFileSystem> good = MakeGood();
  if (size == 0) return 0;
  const bool of_index = (data[0] & 1) != 0;
  const bool mend = (data[0] & 2) != 0;
  const std::string path = SegmentPath("journal", 1 + (data[0] >> 2) % 2, of_index ? segment::kIndexEnding : segment::kCompressedEnding);
  std::string bytes = good->Bytes(path);
  for (size_t at = 1; at + 3 <= size;) {
    const size_t offset = (data[at] | size_t{data[at + 1]} << 8) % bytes.size();
    const size_t length = std::min({size_t{data[at + 2]}, size - at - 3, bytes.size() - offset});
    bytes.replace(offset, length, reinterpret_cast<const char*>(data) + at + 3, length);
    at += 3 + length;
  }
  if (mend) {
    const size_t crc_offset = of_index ? IndexHead::kBytes - 4 : compressed::HeadBytes(1) - 4;
    const uint32_t crc = Crc32c(absl::string_view(bytes).substr(0, crc_offset));
    std::memcpy(bytes.data() + crc_offset, &crc, sizeof crc);
  }
  if ((data[0] & 0x18) != 0x18) {
    ReadForm(*good, path, bytes, of_index, mend);
    return 0;
  }
  const std::unique_ptr<MemoryFileSystem> disk = good->Copy();
  disk->Put(path, bytes);
  const auto journal = FileJournal::Open(*disk, Options());
  if (!journal.ok()) return 0;
  for (uint64_t seq = 1; seq <= kEntries; ++seq) {
    const auto entry = (*journal)->Read(PartitionId(static_cast<uint16_t>(seq % 2)), PartitionSeq((seq + 1) / 2));
    if (entry.ok() && entry->bytes != EntryOf(seq)) std::abort();
  }
  uint64_t replayed = 0;
  const absl::Status status = (*journal)->Replay([&](const JournalEntry& entry) {
    if (entry.bytes != EntryOf(SeqOf(entry.partition, entry.seq))) std::abort();
    ++replayed;
    return absl::OkStatus();
  });
  if (status.ok() && replayed != kEntries) std::abort();
  return 0;
}
