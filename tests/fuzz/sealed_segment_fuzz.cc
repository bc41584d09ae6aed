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

}  // namespace

// The input: 1 byte for which file, and whether its head's checksum is made to hold; then any number of [offset, 2 bytes][length, 1 byte]
// [bytes].
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
