// JournalReader: reads a journal's folder from the first segment to the last, in the order of writing, and checks that it hangs together:
// every segment there, one journal id, groups and each partition's sequence numbers counted without gap, nothing behind an unfinished
// group. Segments may be compressed.
//
//   auto reader = JournalReader::Open(files, "data/journal", {});
//   while (true) {
//     absl::StatusOr<const Group*> group = (*reader)->Next();
//     if (!group.ok()) return group.status();  // DATA_LOSS: DamageOf(status) names file and offset
//     if (*group == nullptr) break;            // the end
//     for (const segment::Record& record : (*group)->records) …
//   }
//
// A journal whose oldest segments were archived is read from its beginning on, or as a whole where the archive is given too; never from the
// beginning on by someone who believes that it is the whole.
//
// It takes no lock and changes nothing, so it may read beside a running server (`live`). Not thread-safe.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "ledger/core/ids.h"
#include "ledger/journal/beginning.h"
#include "ledger/journal/compressed_file.h"
#include "ledger/journal/file.h"
#include "ledger/journal/segment_index.h"
#include "ledger/journal/segment_reader.h"

namespace fenfen {

// Where a journal ends.
struct JournalEnd {
  uint64_t journal_id = 0;
  uint32_t segment = 0;        // that the next group goes to
  uint64_t offset = 0;         // where the last group in it ends
  bool unfinished = false;     // a crash left part of a group there
  uint64_t groups = 0;         // the last group's number; 0 for none
  uint32_t last_segment = 0;   // the highest there is; those above `segment` hold nothing yet
  uint32_t group_segment = 0;  // where the last group lies; 0 where none was read
  uint64_t group_offset = 0;
  uint64_t group_bytes = 0;
};

class JournalReader {
 public:
  struct Options {
    // A server may be writing: what looks damaged is looked at again for up to half a second before it is believed.
    bool live = false;
    // Where to begin. What lies before is not looked at.
    JournalStart from = {};
    // Where the oldest segments were moved to (beginning.h), if they are wanted too: segments are looked for there as well.
    std::string archive = {};
    // Begin where the journal does, instead of `from`.
    bool at_beginning = false;
  };

  // NOT_FOUND where the folder holds no segment; DATA_LOSS where one is missing; FAILED_PRECONDITION where `from` is archived, and the
  // archive is not given.
  static absl::StatusOr<std::unique_ptr<JournalReader>> Open(FileSystem& files, std::string directory, Options options);

  // The next group, good until the next call; nullptr at the end. At the end of a journal that is being written it may be asked again.
  // UNAVAILABLE where a server archived meanwhile what was still to be read.
  absl::StatusOr<const Group*> Next();

  // The segment of the last group that Next returned.
  uint32_t segment() const { return current_->header().number; }
  const segment::Header& header() const { return current_->header(); }
  const std::string& path() const { return current_->path(); }

  // Nullopt where the journal begins with segment 1.
  const std::optional<JournalBeginning>& beginning() const { return beginning_; }

  // After Next returned nullptr.
  const JournalEnd& tail() const { return tail_; }

 private:
  JournalReader(FileSystem& files, std::string directory, Options options);

  absl::StatusOr<std::unique_ptr<SegmentReader>> OpenSegment(uint32_t number);
  absl::StatusOr<const Group*> NextOnce();
  absl::Status CheckNotArchived(uint32_t number) const;
  // Notes the end behind `last` and checks that the segments from `empty_from` on hold nothing. Returns nullptr.
  absl::StatusOr<const Group*> EndAt(const SegmentReader& last, uint32_t empty_from);
  absl::Status CheckSequences(const Group& group);

  FileSystem& files_;
  const std::string directory_;
  const Options options_;
  std::optional<JournalBeginning> beginning_;
  std::unique_ptr<SegmentReader> current_;
  const std::shared_ptr<BlockCache> no_cache_ = std::make_shared<BlockCache>(0);  // reads each block once
  SequenceVector last_seq_{};
  JournalEnd tail_;
};

}  // namespace fenfen
