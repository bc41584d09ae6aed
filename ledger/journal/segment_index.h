// SegmentIndex: where each partition's records lie within one segment. While a segment is written the index grows in memory; once it is
// full the index becomes a file beside it, and only the head stays in memory (docs/formats/journal.md, "Index"). It is made from the
// segment and can be made again; nothing trusts an offset without looking at the record there.
//
//   index := head (3,136 bytes), the records' offsets by partition and sequence, 4 bytes each
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ledger/core/ids.h"
#include "ledger/journal/segment.h"

namespace fenfen {

// A place in the journal where reading can begin: between two segments.
struct JournalStart {
  uint64_t journal_id = 0;  // 0 where it is not known yet
  uint32_t segment = 1;     // the first to read
  uint64_t groups = 0;      // before it
  SequenceVector last{};    // each partition's last sequence number before it

  friend bool operator==(const JournalStart&, const JournalStart&) = default;
};

// What an index says besides the offsets.
struct IndexHead {
  static constexpr size_t kBytes = 3136;

  JournalStart start;           // what was before the segment, whose number is start.segment
  uint64_t groups = 0;          // in the segment
  uint32_t end = 0;             // where the last of them ends
  uint32_t offsets_crc32c = 0;  // of the bytes behind the head
  // The rank of each partition's first record among the offsets; the last value is how many there are.
  std::array<uint32_t, kPartitions + 1> begin{};

  uint32_t records() const { return begin[kPartitions]; }
  uint32_t records_of(PartitionId partition) const { return begin[partition.value() + 1u] - begin[partition.value()]; }
  // What is before the next segment.
  JournalStart Next() const;
  // The rank of a record; nullopt where it is not in the segment.
  std::optional<uint32_t> Rank(PartitionId partition, PartitionSeq seq) const;
  // Where the offset of that rank stands in the file.
  static constexpr uint64_t OffsetPlace(uint32_t rank) { return kBytes + uint64_t{rank} * sizeof(uint32_t); }

  friend bool operator==(const IndexHead&, const IndexHead&) = default;
};

std::string EncodeIndexHead(const IndexHead& head);
// `bytes` are the file's first IndexHead::kBytes. nullopt for anything that EncodeIndexHead does not write.
std::optional<IndexHead> DecodeIndexHead(absl::string_view bytes);
// True if the bytes behind the head are those that it was written for.
bool OffsetsHold(const IndexHead& head, absl::string_view offsets);

// A record of a group, as the index needs it.
struct IndexedRecord {
  PartitionId partition;
  PartitionSeq seq;
  uint32_t offset = 0;  // of the record header
};

class SegmentIndex {
 public:
  explicit SegmentIndex(const JournalStart& start) : start_(start) {}

  // The next group, and where it ends.
  void AddGroup(absl::Span<const IndexedRecord> records, uint64_t end);
  // The offset of a record's header; nullopt where it is not in the segment.
  std::optional<uint32_t> Find(PartitionId partition, PartitionSeq seq) const;

  const JournalStart& start() const { return start_; }
  uint32_t number() const { return start_.segment; }
  IndexHead Head() const;
  // The whole file.
  std::string Encode() const;

 private:
  JournalStart start_;
  uint64_t groups_ = 0;
  uint64_t end_ = segment::kHeaderBytes;
  std::array<std::vector<uint32_t>, kPartitions> offsets_;
};

}  // namespace fenfen
