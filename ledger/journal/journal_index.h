// JournalIndex: where each partition's records lie, held in memory and rebuilt whenever the journal is opened. Eight bytes a record.
// Not thread-safe: its owner guards it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "ledger/core/check.h"
#include "ledger/core/ids.h"

namespace fenfen {

struct JournalPosition {
  uint32_t segment = 0;
  uint32_t offset = 0;  // of the record header
};

class JournalIndex {
 public:
  // The partition's next record.
  void Add(PartitionId partition, PartitionSeq seq, JournalPosition position) {
    std::vector<JournalPosition>& positions = positions_[partition.value()];
    FENFEN_CHECK(seq.value() == positions.size() + 1);
    positions.push_back(position);
  }
  std::optional<JournalPosition> Find(PartitionId partition, PartitionSeq seq) const {
    if (partition.value() >= kPartitions) return std::nullopt;
    const std::vector<JournalPosition>& positions = positions_[partition.value()];
    if (seq.value() == 0 || seq.value() > positions.size()) return std::nullopt;
    return positions[seq.value() - 1];
  }
  PartitionSeq Last(PartitionId partition) const { return PartitionSeq(positions_[partition.value()].size()); }

 private:
  std::array<std::vector<JournalPosition>, kPartitions> positions_;
};

}  // namespace fenfen
