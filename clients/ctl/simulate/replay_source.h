// ReplaySource: a journal's entries as they are replayed, from files or PostgreSQL, by reading alone: no lock is taken, and a server may
// write meanwhile.
//
// Thread-safe: each Read has a reader or a connection of its own.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/journal/file.h"
#include "ledger/journal/journal.h"

namespace fenfen::ctl {

class ReplaySource {
 public:
  // Of which partitions, up to which sequence number each; 0 for none of it.
  using Wanted = SequenceVector;
  // Its error ends the reading.
  using Take = absl::FunctionRef<absl::Status(const JournalEntryView&)>;

  virtual ~ReplaySource() = default;
  // Each partition's entries in their order, from the first.
  virtual absl::Status Read(const Wanted& wanted, Take take) const = 0;
};

// Everything there is.
inline ReplaySource::Wanted EveryEntry() {
  ReplaySource::Wanted wanted;
  wanted.fill(PartitionSeq(UINT64_MAX));
  return wanted;
}

// `files` outlives it. Read: NOT_FOUND where the folder holds no journal; FAILED_PRECONDITION where its oldest segments are archived and
// `archive` is empty; DATA_LOSS where it is damaged.
std::unique_ptr<ReplaySource> ReplayFiles(FileSystem& files, std::string folder, std::string archive);
// Read: UNAVAILABLE where no server answers; NOT_FOUND where the database has no journal; FAILED_PRECONDITION where months are archived.
std::unique_ptr<ReplaySource> ReplayPostgres(std::string conninfo);

}  // namespace fenfen::ctl
