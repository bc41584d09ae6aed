// The journal's beginning: where it begins once its oldest segments were moved to an archive (docs/formats/journal.md, "Beginning"). The
// file BEGINNING is written before the first of them goes, so what it says is true whenever a crash comes: what lies before it is archived,
// or on its way there. Where there is none, the journal begins with segment 1.
//
// Values; the functions are thread-safe as far as the FileSystem is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/journal/file.h"
#include "ledger/journal/segment_index.h"

namespace fenfen {

// A snapshot that a start can begin from: how far each partition is in it, and the digest of its state there (state_digest.md), 32 bytes.
struct SnapshotCover {
  uint64_t number = 0;
  SequenceVector sequences{};
  std::array<std::string, kPartitions> sha256;

  friend bool operator==(const SnapshotCover&, const SnapshotCover&) = default;
};

struct JournalBeginning {
  static constexpr char kFile[] = "BEGINNING";
  static constexpr size_t kBytes = 12380;

  JournalStart start;   // its first segment, and what was before it
  SnapshotCover cover;  // the older of the snapshots that were kept when it was written; all that was before the beginning is within

  friend bool operator==(const JournalBeginning&, const JournalBeginning&) = default;
};

std::string EncodeBeginning(const JournalBeginning& beginning);
// nullopt for anything that EncodeBeginning does not write.
std::optional<JournalBeginning> DecodeBeginning(absl::string_view bytes);

// Of a journal's folder; nullopt where it begins with segment 1. DATA_LOSS (DamageOf) where the file does not hold.
absl::StatusOr<std::optional<JournalBeginning>> ReadBeginning(FileSystem& files, const std::string& directory);
// On disk, whole, once it returns OK; after an error the one before still stands, or this one.
absl::Status WriteBeginning(FileSystem& files, const std::string& directory, const JournalBeginning& beginning);

}  // namespace fenfen
