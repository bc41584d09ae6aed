// The reading half of FileJournal.
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/journal/archiving.h"
#include "ledger/journal/batch_reader.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/journal_reader.h"

namespace fenfen {
namespace {

// A record that most transactions fit; a longer one costs a second read.
constexpr size_t kFirstReadBytes = 1024;

// Where the record of that position is said to be: in an open segment the position itself says so, else the segment's index file. An index
// that cannot tell says 0, where no record is.
absl::StatusOr<uint64_t> OffsetOf(const JournalPosition& position, const OpenSegment& in) {
  if (!position.sealed) return position.value;
  uint32_t offset = 0;
  if (in.index == nullptr) return offset;
  const absl::StatusOr<size_t> got =
      in.index->ReadAt(IndexHead::OffsetPlace(position.value), reinterpret_cast<char*>(&offset), sizeof offset);
  if (!got.ok()) return got.status();
  return *got == sizeof offset ? offset : 0;
}

}  // namespace

absl::StatusOr<FileJournal::Stored> FileJournal::ReadAt(const JournalPosition& position, PartitionId partition, PartitionSeq seq) {
  const absl::StatusOr<OpenSegment> in = to_read_.Get(position.segment);
  if (!in.ok()) return in.status();
  const absl::StatusOr<uint64_t> offset = OffsetOf(position, *in);
  if (!offset.ok()) return offset.status();
  Stored stored;
  stored.segment = position.segment;
  stored.buffer.resize(kFirstReadBytes);
  for (int reads = 0; reads < 2; ++reads) {
    const absl::StatusOr<size_t> got = in->file->ReadAt(*offset, stored.buffer.data(), stored.buffer.size());
    if (!got.ok()) return got.status();
    stored.buffer.resize(*got);
    const std::optional<uint64_t> size = segment::PlausibleRecordBytes(stored.buffer);
    if (!size || *size <= stored.buffer.size()) break;
    stored.buffer.resize(*size);
  }
  const std::optional<segment::Record> record = segment::DecodeRecord(in->header, *offset, stored.buffer);
  if (!record || record->partition != partition || record->seq != seq) {
    return DamageError({in->path, *offset, "a record's checksum does not hold"});
  }
  stored.record = *record;
  return stored;
}

absl::StatusOr<FileJournal::Stored> FileJournal::ReadStored(PartitionId partition, PartitionSeq seq) {
  const std::optional<JournalPosition> position = index_.Find(partition, seq);
  if (!position) {
    if (index_.IsBeforeBegin(partition, seq)) return Archived(partition, seq);
    return absl::NotFoundError(absl::StrCat("the journal has no transaction ", seq.value(), " of partition ", partition.value()));
  }
  absl::StatusOr<Stored> stored = ReadAt(*position, partition, seq);
  if (!stored.ok() && index_.IsBeforeBegin(partition, seq)) return Archived(partition, seq);  // meanwhile
  if (!absl::IsDataLoss(stored.status()) || !position->sealed) return stored;
  // The record may be damaged, or only what led there.
  const absl::StatusOr<bool> mended = keeper_.MendIndex(position->segment);
  if (!mended.ok()) return mended.status();
  return *mended ? ReadAt(*position, partition, seq) : std::move(stored);
}

// The refusal that names the archived file, without its folder, which is nobody's business outside.
absl::Status FileJournal::Archived(PartitionId partition, PartitionSeq seq) {
  const uint32_t first = index_.Begin().segment;
  const absl::StatusOr<uint32_t> segment = FindInArchive(files_, options_.archive_directory, first, partition, seq);
  // Without the archive at hand nobody knows it more closely.
  const std::string file = segment.ok() ? segment::FileName(*segment, segment::kCompressedEnding)
                                        : absl::StrCat(segment::FileName(1, segment::kCompressedEnding), "–",
                                                       segment::FileName(first - 1, segment::kCompressedEnding));
  return Refuse(Reason::REASON_ENTRY_ARCHIVED, {{"file", file}});
}

absl::StatusOr<JournalEntry> FileJournal::Read(PartitionId partition, PartitionSeq seq) {
  const absl::StatusOr<Stored> stored = ReadStored(partition, seq);
  if (!stored.ok()) return stored.status();
  return JournalEntry{partition, seq, stored->record.record_time, std::string(stored->record.bytes)};
}

absl::StatusOr<JournalPlace> FileJournal::Locate(PartitionId partition, PartitionSeq seq) {
  const absl::StatusOr<Stored> stored = ReadStored(partition, seq);
  if (!stored.ok()) return stored.status();
  return JournalPlace{segment::FileName(stored->segment), stored->record.offset, stored->record.crc32c};
}

// Nothing that is to be replayed lies before the journal's beginning.
absl::Status FileJournal::CheckNotArchived(const SequenceVector& after) const {
  const JournalStart begin = index_.Begin();
  for (uint16_t p = 0; p < kPartitions; ++p) {
    if (after[p] >= begin.last[p]) continue;
    std::string why = absl::StrCat(options_.directory, ": the journal begins with segment ", begin.segment, "; entry ",
                                   after[p].value() + 1, " of partition ", p, " is archived");
    if (!options_.archive_directory.empty()) absl::StrAppend(&why, " in ", options_.archive_directory);
    const absl::StatusOr<std::optional<JournalBeginning>> beginning = ReadBeginning(files_, options_.directory);
    if (beginning.ok() && *beginning) {
      absl::StrAppend(&why, ". Snapshot ", (*beginning)->cover.number, " or a newer one is needed and was not found whole");
    }
    return absl::FailedPreconditionError(
        absl::StrCat(why, "; or copy the archived segments back into the journal's folder and remove ", JournalBeginning::kFile));
  }
  return absl::OkStatus();
}

absl::Status FileJournal::Replay(const SequenceVector& after, Visitor visitor) {
  if (absl::Status status = CheckNotArchived(after); !status.ok()) return status;
  const absl::StatusOr<std::unique_ptr<JournalReader>> reader =
      JournalReader::Open(files_, options_.directory, {.from = index_.StartFor(after)});
  if (!reader.ok()) return reader.status();
  while (true) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    if (!group.ok()) return group.status();
    if (*group == nullptr) return absl::OkStatus();
    for (const segment::Record& record : (*group)->records) {
      if (record.seq <= after[record.partition.value()]) continue;
      absl::Status status = visitor({record.partition, record.seq, record.record_time, std::string(record.bytes)});
      if (!status.ok()) return status;
    }
  }
}

absl::Status FileJournal::ReplayBatches(const SequenceVector& after, BatchVisitor visitor) {
  if (absl::Status status = CheckNotArchived(after); !status.ok()) return status;
  const absl::StatusOr<std::unique_ptr<JournalReader>> reader =
      JournalReader::Open(files_, options_.directory, {.from = index_.StartFor(after)});
  if (!reader.ok()) return reader.status();
  BatchReader batches(**reader, after, options_.own_threads ? BatchReader::kAheadMax : 0);
  while (true) {
    absl::StatusOr<std::shared_ptr<const JournalBatch>> batch = batches.Next();
    if (!batch.ok()) return batch.status();
    if (*batch == nullptr) return absl::OkStatus();
    if (absl::Status status = visitor(*std::move(batch)); !status.ok()) return status;
  }
}

PartitionSeq FileJournal::LastDurable(PartitionId partition) const { return index_.Last(partition); }

}  // namespace fenfen
