// Fuzzes a snapshot: overwrites a good one as the input says and reads it back, and takes the input itself for a partition's section. What
// was damaged is found, by the engine's reader and by the checker's; what is taken as a partition is what encoding it gives again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "clients/ctl/verify/stored_snapshot.h"
#include "ledger/core/check.h"
#include "ledger/engine/snapshot_file.h"
#include "ledger/state/partition_form.h"
#include "tests/ledger/journal/memory_file_system.h"

namespace {

using fenfen::PartitionContents;

// A file in memory.
class MemoryFile final : public fenfen::File {
 public:
  explicit MemoryFile(std::string& bytes) : bytes_(bytes) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* out, size_t size) const override {
    if (offset >= bytes_.size()) return size_t{0};
    const size_t count = std::min(size, bytes_.size() - static_cast<size_t>(offset));
    std::memcpy(out, bytes_.data() + offset, count);
    return count;
  }
  absl::Status WriteAt(uint64_t offset, absl::string_view bytes) override {
    bytes_.resize(std::max<size_t>(bytes_.size(), offset + bytes.size()));
    std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  absl::Status Sync() override { return absl::OkStatus(); }
  absl::StatusOr<uint64_t> Size() const override { return bytes_.size(); }

 private:
  std::string& bytes_;
};

PartitionContents ContentsOf(uint16_t partition) {
  PartitionContents contents;
  contents.partition = fenfen::PartitionId(partition);
  if (partition % 16 != 0) return contents;
  contents.last = fenfen::PartitionSeq(partition + 1u);
  contents.records = {{{fenfen::RecordKind::kHousehold, partition + 7u}, fenfen::PartitionSeq(1), "a household's record"}};
  contents.accounts = {{{fenfen::AccountKind::kProgramme, fenfen::Asset::kReward, 1}, fenfen::Points(-5)},
                       {{fenfen::AccountKind::kHousehold, fenfen::Asset::kReward, partition + 7u}, fenfen::Points(5)}};
  contents.keys = {{{uint64_t{partition} << 16 | 0x7000, uint64_t{2} << 62}, {1, 1}}};
  contents.devices = {{fenfen::CatalogueId(3), 0, {{4, {2, 1}}}}};
  return contents;
}

std::string MakeGood() {
  std::string bytes;
  fenfen::SnapshotWriter writer(std::make_unique<MemoryFile>(bytes), {7, 1, absl::FromUnixSeconds(1)});
  for (uint16_t p = 0; p < fenfen::kPartitions; ++p) {
    const PartitionContents contents = ContentsOf(p);
    FENFEN_CHECK(writer.AddPartition({contents.last, fenfen::DigestOf(contents), fenfen::EncodePartition(contents)}).ok());
  }
  FENFEN_CHECK(writer.AddMemos({{"memo", "what it says"}}).ok() && writer.Finish().ok());
  return bytes;
}

void CheckPartition(absl::string_view bytes) {
  const absl::StatusOr<PartitionContents> contents = fenfen::DecodePartition(bytes);
  if (contents.ok() && fenfen::EncodePartition(*contents) != bytes) std::abort();
}

// The checker takes what was written, and nothing else.
void CheckByChecker(const std::string& bytes, bool sound) {
  fenfen::MemoryFileSystem disk;
  disk.Put("00000001.snap", bytes);
  const auto snapshot = fenfen::ctl::StoredSnapshot::Open(disk, "00000001.snap");
  FENFEN_CHECK(snapshot.ok() || !sound);
  if (!snapshot.ok()) return;
  for (uint16_t p = 0; p < fenfen::kPartitions; ++p) {
    const auto partition = (*snapshot)->Read(fenfen::PartitionId(p));
    FENFEN_CHECK(partition.ok() || !sound);
    if (!partition.ok()) continue;
    const PartitionContents contents = ContentsOf(p);
    FENFEN_CHECK(partition->records.size() == contents.records.size() && partition->accounts.size() == contents.accounts.size());
    for (size_t n = 0; n < contents.records.size(); ++n) {
      FENFEN_CHECK(partition->records[n].bytes == contents.records[n].bytes);
      FENFEN_CHECK(partition->accounts[n].second == contents.accounts[n].balance.hundredths());
    }
  }
}

}  // namespace

// The input: any number of [offset, 2 bytes][length, 1 byte][bytes].
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  CheckPartition({reinterpret_cast<const char*>(data), size});
  static const std::string good = MakeGood();
  std::string bytes = good;
  for (size_t at = 0; at + 3 <= size;) {
    const size_t offset = (data[at] | size_t{data[at + 1]} << 8) % bytes.size();
    const size_t length = std::min({size_t{data[at + 2]}, size - at - 3, bytes.size() - offset});
    bytes.replace(offset, length, reinterpret_cast<const char*>(data) + at + 3, length);
    at += 3 + length;
  }
  CheckByChecker(bytes, bytes == good);
  const auto reader = fenfen::SnapshotReader::Open(std::make_unique<MemoryFile>(bytes), "snapshot");
  if (!reader.ok()) return 0;
  std::string buffer;
  for (uint16_t p = 0; p < fenfen::kPartitions; ++p) {
    const absl::StatusOr<absl::string_view> section = (*reader)->Read(p, buffer);
    if (!section.ok()) return 0;
    if (*section != fenfen::EncodePartition(ContentsOf(p))) std::abort();
  }
  const absl::StatusOr<fenfen::StoredMemos> memos = (*reader)->ReadMemos();
  if (memos.ok() && bytes != good) std::abort();
  return 0;
}
