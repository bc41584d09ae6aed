#include "ledger/journal/journal_reader.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ledger/journal/segment_files.h"

namespace fenfen {
namespace {

constexpr int kLooks = 50;
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(10);

}  // namespace

absl::StatusOr<std::unique_ptr<JournalReader>> JournalReader::Open(FileSystem& files, std::string directory, Options options) {
  const absl::StatusOr<SegmentList> list = ListSegments(files, directory);
  if (!list.ok()) return list.status();
  if (list->last == 0) return absl::NotFoundError(absl::StrCat(directory, ": no journal segment here"));
  if (options.at_beginning) options.from = list->beginning ? list->beginning->start : JournalStart();
  if (options.from.segment < list->first && options.archive.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(directory, ": the journal begins with segment ", list->first,
                                                      ", those before it are archived: the archive is needed too"));
  }
  if (options.from.segment > list->last) {
    return DamageError({SegmentPath(directory, options.from.segment), 0, "the segment is missing"});
  }
  std::unique_ptr<JournalReader> reader(new JournalReader(files, directory, options));
  reader->beginning_ = list->beginning;
  absl::StatusOr<std::unique_ptr<SegmentReader>> first = reader->OpenSegment(options.from.segment);
  if (absl::IsNotFound(first.status()) && options.at_beginning && !reader->CheckNotArchived(options.from.segment).ok()) {
    return Open(files, std::move(directory), std::move(options));  // the beginning went on since it was read
  }
  if (absl::IsNotFound(first.status())) return DamageError({SegmentPath(directory, options.from.segment), 0, "the segment is missing"});
  if (!first.ok()) return first.status();
  reader->tail_.journal_id = (*first)->header().journal_id;
  reader->current_ = *std::move(first);
  return reader;
}

JournalReader::JournalReader(FileSystem& files, std::string directory, Options options)
    : files_(files), directory_(std::move(directory)), options_(std::move(options)), last_seq_(options_.from.last) {
  tail_.journal_id = options_.from.journal_id;
  tail_.groups = options_.from.groups;
}

absl::StatusOr<std::unique_ptr<SegmentReader>> JournalReader::OpenSegment(uint32_t number) {
  // What is found in the bytes of a segment is told by its own offsets, also where they come from a compressed one.
  std::string path = SegmentPath(directory_, number);
  absl::StatusOr<std::unique_ptr<File>> file = OpenSegmentFile(files_, directory_, number, no_cache_);
  // In this order: what is archived goes from the folder only once it is in the archive.
  if (absl::IsNotFound(file.status()) && !options_.archive.empty()) {
    const absl::StatusOr<std::optional<JournalBeginning>> beginning = ReadBeginning(files_, directory_);
    if (!beginning.ok()) return beginning.status();
    if (!*beginning || number >= (*beginning)->start.segment) return file.status();
    path = SegmentPath(options_.archive, number);
    file = OpenSegmentFile(files_, options_.archive, number, no_cache_);
    if (absl::IsNotFound(file.status())) return DamageError({path, 0, "the segment is missing"});
  }
  if (!file.ok()) return file.status();
  absl::StatusOr<std::unique_ptr<SegmentReader>> reader = SegmentReader::Open(*std::move(file), path, number);
  if (reader.ok() && tail_.journal_id != 0 && (*reader)->header().journal_id != tail_.journal_id) {
    return DamageError({path, 0, "the segment is another journal's"});
  }
  return reader;
}

absl::StatusOr<const Group*> JournalReader::Next() {
  absl::StatusOr<const Group*> group = NextOnce();
  for (int look = 1; options_.live && absl::IsDataLoss(group.status()) && look < kLooks; ++look) {
    absl::SleepFor(kBetweenLooks);
    group = NextOnce();
  }
  if (!group.ok() || *group == nullptr) return group;
  if (const absl::Status status = CheckSequences(**group); !status.ok()) return status;
  tail_.groups = (*group)->number;
  tail_.group_segment = segment();
  tail_.group_offset = (*group)->offset;
  tail_.group_bytes = (*group)->bytes;
  return group;
}

absl::StatusOr<const Group*> JournalReader::NextOnce() {
  const uint64_t expected = tail_.groups + 1;
  absl::StatusOr<const Group*> group = current_->Next(expected);
  if (!group.ok() || *group != nullptr) return group;
  if (current_->unfinished()) return EndAt(*current_, segment() + 1);

  absl::StatusOr<std::unique_ptr<SegmentReader>> next = OpenSegment(segment() + 1);
  if (absl::IsNotFound(next.status())) {
    if (absl::Status status = CheckNotArchived(segment() + 1); !status.ok()) return status;
    return EndAt(*current_, segment() + 1);
  }
  if (!next.ok()) return next.status();
  group = (*next)->Next(expected);
  if (options_.live) {
    // A segment is never written again once the next one has a group; but this one may have grown since it was looked at.
    absl::StatusOr<const Group*> grown = current_->Next(expected);
    if (!grown.ok() || *grown != nullptr) return grown;
  }
  if (!group.ok()) return group.status();
  if (*group == nullptr && !(*next)->unfinished()) return EndAt(*current_, (*next)->header().number + 1);
  current_ = *std::move(next);
  if (*group != nullptr) return group;
  return EndAt(*current_, segment() + 1);
}

// A segment that is not there is the journal's end, unless it was moved away while those before it were read.
absl::Status JournalReader::CheckNotArchived(uint32_t number) const {
  const absl::StatusOr<std::optional<JournalBeginning>> beginning = ReadBeginning(files_, directory_);
  if (!beginning.ok()) return beginning.status();
  if (!*beginning || number >= (*beginning)->start.segment) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(SegmentPath(directory_, number), ": archived while the journal was read; read it again"));
}

absl::StatusOr<const Group*> JournalReader::EndAt(const SegmentReader& last, uint32_t empty_from) {
  tail_.segment = last.header().number;
  tail_.offset = last.end();
  tail_.unfinished = last.unfinished();
  for (tail_.last_segment = empty_from - 1;; ++tail_.last_segment) {
    const absl::StatusOr<std::unique_ptr<SegmentReader>> above = OpenSegment(tail_.last_segment + 1);
    if (absl::IsNotFound(above.status())) return nullptr;
    if (!above.ok()) return above.status();
    const absl::StatusOr<const Group*> group = (*above)->Next(tail_.groups + 1);
    if (!group.ok() && !DamageOf(group.status())) return group.status();
    if (!group.ok() || *group != nullptr || (*above)->unfinished()) {
      return DamageError({last.path(), last.end(), absl::StrCat("a group is missing here, and ", (*above)->path(), " holds others")});
    }
  }
}

absl::Status JournalReader::CheckSequences(const Group& group) {
  for (const segment::Record& record : group.records) {
    PartitionSeq& last = last_seq_[record.partition.value()];
    if (record.seq.value() != last.value() + 1) {
      return DamageError(
          {path(), record.offset,
           absl::StrCat("partition ", record.partition.value(), " goes on with ", record.seq.value(), " after ", last.value())});
    }
    last = record.seq;
  }
  return absl::OkStatus();
}

}  // namespace fenfen
