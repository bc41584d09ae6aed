// SegmentReader: reads one segment file, group by group, and judges where it ends. Shared by recovery, replay and the independent checker;
// journal_reader.h strings segments together.
//
// The judgement, where the next group would begin (docs/formats/journal.md, "Torn or damaged"):
//   all zeros to the segment's end                      the end
//   a sector of the last group was never written        the end, unfinished: a crash interrupted that write, nobody was told it was done
//   anything else that is not a valid group             DATA_LOSS
//
// Not thread-safe. Reads about a mebibyte at a time; holds at most one group.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/journal/file.h"
#include "ledger/journal/segment.h"

namespace fenfen {

// Where a journal is damaged.
struct Damage {
  std::string path;
  uint64_t offset = 0;  // of the record or header that does not hold, in bytes
  std::string what;
};
// DATA_LOSS with a sentence naming the place; and the place within such a status.
absl::Status DamageError(const Damage& damage);
std::optional<Damage> DamageOf(const absl::Status& status);

// A group as read. Its records' bytes are good until the reader's next call.
struct Group {
  uint64_t number = 0;
  uint64_t offset = 0;  // in the segment
  uint64_t bytes = 0;
  std::vector<segment::Record> records;
};

class SegmentReader {
 public:
  // Takes the file over. DATA_LOSS where its header does not hold or is not that of segment `number`.
  static absl::StatusOr<std::unique_ptr<SegmentReader>> Open(std::unique_ptr<File> file, std::string path, uint32_t number);

  const segment::Header& header() const { return header_; }
  const std::string& path() const { return path_; }

  // The next group, which must have the number `expected`; nullptr at the end. After the end it may be asked again, for a segment that is
  // being written. DATA_LOSS (DamageOf) where the bytes are neither.
  absl::StatusOr<const Group*> Next(uint64_t expected);

  // After the end: where the next group is to be written, and whether something unfinished lies there that must be cleared away first.
  uint64_t end() const { return end_; }
  bool unfinished() const { return unfinished_; }
  // True if the file is shorter than its header says.
  bool truncated() const { return truncated_; }

 private:
  SegmentReader(std::unique_ptr<File> file, std::string path, segment::Header header);

  // The bytes from `offset` on, at least `size` unless the segment ends, zeros where the file ends before the segment does. Good until the
  // next call.
  absl::StatusOr<absl::string_view> Bytes(uint64_t offset, size_t size);
  absl::StatusOr<const Group*> JudgeAt(uint64_t offset, uint64_t expected);
  // Parses the records of a group in `body`; the offset of the first thing that does not hold, or nullopt.
  std::optional<uint64_t> ParseGroup(const segment::GroupHeader& group, uint64_t offset, absl::string_view body);
  absl::StatusOr<const Group*> JudgeBroken(const segment::GroupHeader& group, uint64_t offset, uint64_t broken);
  absl::StatusOr<const Group*> JudgeHeaderless(uint64_t offset);
  absl::StatusOr<bool> ZeroFrom(uint64_t offset);
  absl::Status DamageAt(uint64_t offset, absl::string_view what) const;

  const std::unique_ptr<File> file_;
  const std::string path_;
  const segment::Header header_;
  uint64_t end_ = segment::kHeaderBytes;  // of the last group
  bool unfinished_ = false;
  bool truncated_ = false;
  uint64_t file_end_;  // the segment's size, or less where the file was found shorter
  Group group_;
  std::string window_;
  uint64_t window_offset_ = 0;
};

}  // namespace fenfen
