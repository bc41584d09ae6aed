// The checker's own reading of a snapshot (docs/formats/snapshot.md), as far as it needs it: each partition's records and balances. Written
// from the page, not from the engine's code, so that the two check each other.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/core/transaction.h"
#include "ledger/journal/file.h"

namespace fenfen::ctl {

struct StoredPartition {
  struct Record {
    RecordKey key;
    uint64_t version = 0;
    std::string bytes;
  };
  std::vector<Record> records;
  std::vector<std::pair<AccountId, int64_t>> accounts;  // hundredths of a point
};

class StoredSnapshot {
 public:
  // DATA_LOSS (DamageOf) where the file is no whole snapshot. The partitions are looked at when they are read.
  static absl::StatusOr<std::unique_ptr<StoredSnapshot>> Open(FileSystem& files, const std::string& path);
  // The newest in the folder that is one of that journal and reaches at least as far as `least` in each partition, with every checksum
  // right; NOT_FOUND, saying why each was not taken, where there is none.
  static absl::StatusOr<std::unique_ptr<StoredSnapshot>> Find(FileSystem& files, const std::string& folder, uint64_t journal_id,
                                                              const std::array<PartitionSeq, kPartitions>& least);

  uint64_t journal_id() const { return journal_id_; }
  uint64_t number() const { return number_; }
  // How far a partition is in it, and what it says of its state's digest, 32 bytes.
  PartitionSeq last(PartitionId partition) const { return rows_[partition.value()].last; }
  const std::string& sha256(PartitionId partition) const { return rows_[partition.value()].sha256; }

  // DATA_LOSS (DamageOf) where the bytes do not hold.
  absl::StatusOr<StoredPartition> Read(PartitionId partition) const;

 private:
  static constexpr size_t kSections = kPartitions + 1u;
  struct Row {
    uint64_t offset = 0;
    uint64_t bytes = 0;
    PartitionSeq last;
    uint64_t crc = 0;
    std::string sha256;
  };

  StoredSnapshot(std::unique_ptr<File> file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  absl::Status ReadHeader();
  absl::Status ReadTable();
  absl::StatusOr<std::string> Section(size_t section) const;
  absl::StatusOr<std::string> Bytes(uint64_t offset, uint64_t size) const;
  // CRC32C over the bytes and then over their place.
  uint64_t PlacedCrc(absl::string_view bytes, uint64_t offset) const;

  const std::unique_ptr<File> file_;
  const std::string path_;
  uint64_t journal_id_ = 0;
  uint64_t number_ = 0;
  std::array<Row, kSections> rows_;
};

}  // namespace fenfen::ctl
