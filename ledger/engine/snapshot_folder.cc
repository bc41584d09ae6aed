#include "ledger/engine/snapshot_folder.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace fenfen {
namespace {

constexpr absl::string_view kSuffix = ".snap";
constexpr absl::string_view kDraftSuffix = ".snap.tmp";

std::string NameOf(uint64_t number) { return absl::StrFormat("%08d.snap", number); }

std::optional<uint64_t> NumberOf(absl::string_view name) {
  uint64_t number = 0;
  absl::string_view digits = name;
  if (!absl::ConsumeSuffix(&digits, kSuffix) || !absl::SimpleAtoi(digits, &number) || NameOf(number) != name) return std::nullopt;
  return number;
}

}  // namespace

std::string SnapshotFolder::PathOf(uint64_t number) const { return absl::StrCat(directory_, "/", NameOf(number)); }
std::string SnapshotFolder::DraftOf(uint64_t number) const { return absl::StrCat(PathOf(number), ".tmp"); }

absl::Status SnapshotFolder::Open() {
  if (absl::Status status = files_.CreateDirectory(directory_); !status.ok()) return status;
  const absl::StatusOr<std::vector<std::string>> names = files_.List(directory_);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (!absl::EndsWith(name, kDraftSuffix)) continue;
    if (absl::Status status = files_.Remove(absl::StrCat(directory_, "/", name)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint64_t>> SnapshotFolder::Numbers() const {
  const absl::StatusOr<std::vector<std::string>> names = files_.List(directory_);
  if (!names.ok()) return names.status();
  std::vector<uint64_t> numbers;
  for (const std::string& name : *names) {
    if (const std::optional<uint64_t> number = NumberOf(name)) numbers.push_back(*number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  return numbers;
}

absl::StatusOr<std::unique_ptr<SnapshotReader>> SnapshotFolder::Read(uint64_t number) const {
  absl::StatusOr<std::unique_ptr<File>> file = files_.OpenForRead(PathOf(number));
  if (!file.ok()) return file.status();
  absl::StatusOr<std::unique_ptr<SnapshotReader>> reader = SnapshotReader::Open(*std::move(file), PathOf(number));
  if (reader.ok() && (*reader)->header().number != number) {
    return absl::DataLossError(absl::StrCat(PathOf(number), ": damaged at byte 0: this is snapshot ", (*reader)->header().number));
  }
  return reader;
}

absl::StatusOr<std::unique_ptr<File>> SnapshotFolder::Begin(uint64_t number) { return files_.Create(DraftOf(number)); }

absl::Status SnapshotFolder::Publish(uint64_t number) {
  if (absl::Status status = files_.Rename(DraftOf(number), PathOf(number)); !status.ok()) return status;
  if (absl::Status status = files_.SyncDirectory(directory_); !status.ok()) return status;
  return Prune();
}

void SnapshotFolder::Abandon(uint64_t number) { files_.Remove(DraftOf(number)).IgnoreError(); }

absl::StatusOr<std::vector<uint64_t>> SnapshotFolder::Kept() const {
  absl::StatusOr<std::vector<uint64_t>> numbers = Numbers();
  if (!numbers.ok()) return numbers.status();
  std::vector<uint64_t> kept;
  for (const uint64_t number : *numbers) {
    if (kept.size() < kKept && refused_.count(number) == 0) kept.push_back(number);
  }
  return kept;
}

absl::Status SnapshotFolder::Prune() {
  const absl::StatusOr<std::vector<uint64_t>> numbers = Numbers();
  if (!numbers.ok()) return numbers.status();
  const absl::StatusOr<std::vector<uint64_t>> kept = Kept();
  if (!kept.ok()) return kept.status();
  for (const uint64_t number : *numbers) {
    if (std::find(kept->begin(), kept->end(), number) != kept->end()) continue;
    if (absl::Status status = files_.Remove(PathOf(number)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fenfen
