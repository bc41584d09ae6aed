#include "ledger/journal/segment_index.h"

#include <cstring>

#include "ledger/core/check.h"
#include "ledger/core/crc32c.h"
#include "ledger/journal/stored_integers.h"

namespace fenfen {
namespace {

// On disk, do not change. 0 magic · 8 journal id u64 · 16 segment u32 · 20 end u32 · 24 groups before u64 · 32 groups u64 · 40 records u32
// · 44 crc of the offsets u32 · 48 for each partition: last sequence before u64, records u32 · 3132 crc u32.
constexpr char kIndexMagic[] = "FENFENX1";  // the last character is the format's version
constexpr size_t kIndexPartitionsOffset = 48;
constexpr size_t kIndexPartitionBytes = 12;
constexpr size_t kIndexCrcOffset = kIndexPartitionsOffset + kPartitions * kIndexPartitionBytes;
static_assert(kIndexCrcOffset + 4 == IndexHead::kBytes);

absl::string_view BytesOf(const std::vector<uint32_t>& offsets) {
  return {reinterpret_cast<const char*>(offsets.data()), offsets.size() * sizeof(uint32_t)};
}

}  // namespace

JournalStart IndexHead::Next() const {
  JournalStart next = start;
  next.segment = start.segment + 1;
  next.groups = start.groups + groups;
  for (uint16_t p = 0; p < kPartitions; ++p) next.last[p] = PartitionSeq(start.last[p].value() + records_of(PartitionId(p)));
  return next;
}

std::optional<uint32_t> IndexHead::Rank(PartitionId partition, PartitionSeq seq) const {
  if (partition.value() >= kPartitions) return std::nullopt;
  const uint64_t before = start.last[partition.value()].value();
  if (seq.value() <= before || seq.value() - before > records_of(partition)) return std::nullopt;
  return begin[partition.value()] + static_cast<uint32_t>(seq.value() - before - 1);
}

std::string EncodeIndexHead(const IndexHead& head) {
  std::string out(IndexHead::kBytes, '\0');
  char* const at = out.data();
  std::memcpy(at, kIndexMagic, 8);
  PutStored<uint64_t>(at + 8, head.start.journal_id);
  PutStored<uint32_t>(at + 16, head.start.segment);
  PutStored<uint32_t>(at + 20, head.end);
  PutStored<uint64_t>(at + 24, head.start.groups);
  PutStored<uint64_t>(at + 32, head.groups);
  PutStored<uint32_t>(at + 40, head.records());
  PutStored<uint32_t>(at + 44, head.offsets_crc32c);
  for (uint16_t p = 0; p < kPartitions; ++p) {
    char* const partition = at + kIndexPartitionsOffset + p * kIndexPartitionBytes;
    PutStored<uint64_t>(partition, head.start.last[p].value());
    PutStored<uint32_t>(partition + 8, head.records_of(PartitionId(p)));
  }
  PutStored<uint32_t>(at + kIndexCrcOffset, Crc32c(absl::string_view(out).substr(0, kIndexCrcOffset)));
  return out;
}

std::optional<IndexHead> DecodeIndexHead(absl::string_view bytes) {
  if (bytes.size() != IndexHead::kBytes) return std::nullopt;
  IndexHead head;
  head.start.journal_id = GetStored<uint64_t>(bytes, 8);
  head.start.segment = GetStored<uint32_t>(bytes, 16);
  head.end = GetStored<uint32_t>(bytes, 20);
  head.start.groups = GetStored<uint64_t>(bytes, 24);
  head.groups = GetStored<uint64_t>(bytes, 32);
  head.offsets_crc32c = GetStored<uint32_t>(bytes, 44);
  uint64_t records = 0;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const size_t partition = kIndexPartitionsOffset + p * kIndexPartitionBytes;
    head.start.last[p] = PartitionSeq(GetStored<uint64_t>(bytes, partition));
    records += GetStored<uint32_t>(bytes, partition + 8);
    if (records * segment::kRecordHeaderBytes > head.end) return std::nullopt;
    head.begin[p + 1u] = static_cast<uint32_t>(records);
  }
  if (head.start.journal_id == 0 || head.start.segment == 0 || head.end < segment::kHeaderBytes) return std::nullopt;
  if (EncodeIndexHead(head) != bytes) return std::nullopt;
  return head;
}

bool OffsetsHold(const IndexHead& head, absl::string_view offsets) {
  return offsets.size() == head.records() * sizeof(uint32_t) && Crc32c(offsets) == head.offsets_crc32c;
}

void SegmentIndex::AddGroup(absl::Span<const IndexedRecord> records, uint64_t end) {
  for (const IndexedRecord& record : records) {
    std::vector<uint32_t>& offsets = offsets_[record.partition.value()];
    FENFEN_CHECK(record.seq.value() == start_.last[record.partition.value()].value() + offsets.size() + 1);
    offsets.push_back(record.offset);
  }
  ++groups_;
  end_ = end;
}

std::optional<uint32_t> SegmentIndex::Find(PartitionId partition, PartitionSeq seq) const {
  const uint64_t before = start_.last[partition.value()].value();
  const std::vector<uint32_t>& offsets = offsets_[partition.value()];
  if (seq.value() <= before || seq.value() - before > offsets.size()) return std::nullopt;
  return offsets[seq.value() - before - 1];
}

IndexHead SegmentIndex::Head() const {
  IndexHead head;
  head.start = start_;
  head.groups = groups_;
  head.end = static_cast<uint32_t>(end_);
  for (uint16_t p = 0; p < kPartitions; ++p) {
    head.begin[p + 1u] = head.begin[p] + static_cast<uint32_t>(offsets_[p].size());
    head.offsets_crc32c = Crc32c(BytesOf(offsets_[p]), head.offsets_crc32c);
  }
  return head;
}

std::string SegmentIndex::Encode() const {
  std::string out = EncodeIndexHead(Head());
  for (const std::vector<uint32_t>& offsets : offsets_) out.append(BytesOf(offsets).data(), BytesOf(offsets).size());
  return out;
}

}  // namespace fenfen
