#include "ledger/journal/beginning.h"

#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/core/crc32c.h"
#include "ledger/journal/segment_files.h"
#include "ledger/journal/segment_reader.h"
#include "ledger/journal/stored_integers.h"

namespace fenfen {
namespace {

// On disk, do not change. 0 magic · 8 journal id u64 · 16 first segment u32 · 20 zero u32 · 24 groups before u64 · 32 the snapshot's number
// u64 · 40 for each partition: last sequence before u64, last in the snapshot u64, digest · 12376 crc u32.
constexpr char kBeginningMagic[] = "FENFENB1";  // the last character is the format's version
constexpr size_t kBeginningPartitionsOffset = 40;
constexpr size_t kDigestBytes = 32;
constexpr size_t kBeginningPartitionBytes = 16 + kDigestBytes;
constexpr size_t kBeginningCrcOffset = kBeginningPartitionsOffset + kPartitions * kBeginningPartitionBytes;
static_assert(kBeginningCrcOffset + 4 == JournalBeginning::kBytes);

}  // namespace

std::string EncodeBeginning(const JournalBeginning& beginning) {
  std::string out(JournalBeginning::kBytes, '\0');
  char* const at = out.data();
  std::memcpy(at, kBeginningMagic, 8);
  PutStored<uint64_t>(at + 8, beginning.start.journal_id);
  PutStored<uint32_t>(at + 16, beginning.start.segment);
  PutStored<uint64_t>(at + 24, beginning.start.groups);
  PutStored<uint64_t>(at + 32, beginning.cover.number);
  for (uint16_t p = 0; p < kPartitions; ++p) {
    FENFEN_CHECK(beginning.cover.sha256[p].size() == kDigestBytes);
    char* const partition = at + kBeginningPartitionsOffset + p * kBeginningPartitionBytes;
    PutStored<uint64_t>(partition, beginning.start.last[p].value());
    PutStored<uint64_t>(partition + 8, beginning.cover.sequences[p].value());
    std::memcpy(partition + 16, beginning.cover.sha256[p].data(), kDigestBytes);
  }
  PutStored<uint32_t>(at + kBeginningCrcOffset, Crc32c(absl::string_view(out).substr(0, kBeginningCrcOffset)));
  return out;
}

std::optional<JournalBeginning> DecodeBeginning(absl::string_view bytes) {
  if (bytes.size() != JournalBeginning::kBytes) return std::nullopt;
  JournalBeginning beginning;
  beginning.start.journal_id = GetStored<uint64_t>(bytes, 8);
  beginning.start.segment = GetStored<uint32_t>(bytes, 16);
  beginning.start.groups = GetStored<uint64_t>(bytes, 24);
  beginning.cover.number = GetStored<uint64_t>(bytes, 32);
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const size_t partition = kBeginningPartitionsOffset + p * kBeginningPartitionBytes;
    beginning.start.last[p] = PartitionSeq(GetStored<uint64_t>(bytes, partition));
    beginning.cover.sequences[p] = PartitionSeq(GetStored<uint64_t>(bytes, partition + 8));
    beginning.cover.sha256[p] = std::string(bytes.substr(partition + 16, kDigestBytes));
    if (beginning.cover.sequences[p] < beginning.start.last[p]) return std::nullopt;
  }
  if (beginning.start.journal_id == 0 || beginning.start.segment < 2 || beginning.cover.number == 0) return std::nullopt;
  // The checksum, the magic and what is zero.
  if (EncodeBeginning(beginning) != bytes) return std::nullopt;
  return beginning;
}

absl::StatusOr<std::optional<JournalBeginning>> ReadBeginning(FileSystem& files, const std::string& directory) {
  const std::string path = absl::StrCat(directory, "/", JournalBeginning::kFile);
  const absl::StatusOr<std::unique_ptr<File>> file = files.OpenForRead(path);
  if (absl::IsNotFound(file.status())) return std::optional<JournalBeginning>();
  if (!file.ok()) return file.status();
  // One byte more than there should be, so that a file that is too long is found.
  std::string bytes(JournalBeginning::kBytes + 1, '\0');
  const absl::StatusOr<size_t> got = (*file)->ReadAt(0, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  bytes.resize(*got);
  std::optional<JournalBeginning> beginning = DecodeBeginning(bytes);
  if (beginning) return beginning;
  if (bytes.size() < JournalBeginning::kBytes) return DamageError({path, bytes.size(), "the journal's beginning is cut off"});
  return DamageError({path, 0,
                      "the journal's beginning does not hold; with the archived segments back in the journal's folder it is not needed: "
                      "remove it then"});
}

absl::Status WriteBeginning(FileSystem& files, const std::string& directory, const JournalBeginning& beginning) {
  return WriteWholeFile(files, directory, absl::StrCat(directory, "/", JournalBeginning::kFile), EncodeBeginning(beginning));
}

}  // namespace fenfen
