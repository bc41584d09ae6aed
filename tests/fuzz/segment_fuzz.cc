// Fuzzes a journal segment: overwrites a good one as the input says and reads it back. Whatever was damaged, what is read is a beginning
// of what was written, or the damage is found: never another entry, never one in another place.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/journal/segment.h"
#include "ledger/journal/segment_reader.h"

namespace {

namespace segment = fenfen::segment;

// A read-only file in memory.
class MemoryFile final : public fenfen::File {
 public:
  explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* out, size_t size) const override {
    if (offset >= bytes_.size()) return size_t{0};
    const size_t count = std::min(size, bytes_.size() - static_cast<size_t>(offset));
    std::memcpy(out, bytes_.data() + offset, count);
    return count;
  }
  absl::Status WriteAt(uint64_t, absl::string_view) override { return absl::UnimplementedError("read-only"); }
  absl::Status Sync() override { return absl::OkStatus(); }
  absl::StatusOr<uint64_t> Size() const override { return bytes_.size(); }

 private:
  const std::string bytes_;
};

struct Good {
  std::string bytes;
  std::vector<std::string> entries;
};

// Three groups of 1, 2 and 3 entries of different sizes in a segment of 16 KiB.
Good MakeGood() {
  Good good;
  const segment::Header header{.journal_id = 7, .number = 1, .bytes = 16 << 10};
  good.bytes = segment::EncodeHeader(header);
  good.bytes.resize(header.bytes, '\0');
  uint64_t offset = segment::kHeaderBytes;
  uint64_t seq = 0;
  for (uint64_t group = 1; group <= 3; ++group) {
    segment::GroupBuilder builder;
    offset = segment::GroupStart(offset);
    builder.Begin(header, offset, group);
    for (uint64_t i = 0; i < group; ++i) {
      ++seq;
      good.entries.push_back(absl::StrCat("entry ", seq, std::string(static_cast<size_t>(seq * seq * 40), static_cast<char>('a' + seq))));
      builder.Add({fenfen::PartitionId(3), fenfen::PartitionSeq(seq), absl::FromUnixMicros(1), good.entries.back()});
    }
    const absl::string_view bytes = builder.Finish();
    good.bytes.replace(static_cast<size_t>(offset), bytes.size(), bytes.data(), bytes.size());
    offset += bytes.size();
  }
  return good;
}

}  // namespace

// The input: any number of [offset, 2 bytes][length, 1 byte][bytes].
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Good good = MakeGood();
  std::string bytes = good.bytes;
  for (size_t at = 0; at + 3 <= size;) {
    const size_t offset = (data[at] | size_t{data[at + 1]} << 8) % bytes.size();
    const size_t length = std::min({size_t{data[at + 2]}, size - at - 3, bytes.size() - offset});
    bytes.replace(offset, length, reinterpret_cast<const char*>(data) + at + 3, length);
    at += 3 + length;
  }
  auto reader = fenfen::SegmentReader::Open(std::make_unique<MemoryFile>(bytes), "segment", 1);
  if (!reader.ok()) return 0;
  size_t next = 0;
  for (uint64_t number = 1;; ++number) {
    const auto group = (*reader)->Next(number);
    if (!group.ok() || *group == nullptr) return 0;
    for (const segment::Record& record : (*group)->records) {
      if (next >= good.entries.size() || record.bytes != good.entries[next] || record.seq.value() != next + 1) std::abort();
      ++next;
    }
  }
}
