#include "tests/simulation/sim_disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fenfen::sim {

class SimFile final : public File {
 public:
  SimFile(SimDisk& disk, std::shared_ptr<SimDisk::Content> content) : disk_(disk), content_(std::move(content)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* out, size_t size) const override {
    if (disk_.dead_) return absl::AbortedError("the program has ended");
    if (offset >= content_->now.size()) return 0;
    const size_t got = std::min<size_t>(size, content_->now.size() - offset);
    std::memcpy(out, content_->now.data() + offset, got);
    return got;
  }
  absl::Status WriteAt(uint64_t offset, absl::string_view bytes) override { return disk_.Write(content_, offset, bytes); }
  absl::Status Sync() override { return disk_.Sync(*content_); }
  absl::StatusOr<uint64_t> Size() const override { return content_->now.size(); }

 private:
  SimDisk& disk_;
  const std::shared_ptr<SimDisk::Content> content_;
};

class SimFileLock final : public FileLock {
 public:
  SimFileLock(SimDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  ~SimFileLock() override { disk_.locks_.erase(path_); }

 private:
  SimDisk& disk_;
  const std::string path_;
};

// --- Names.

absl::StatusOr<std::unique_ptr<File>> SimDisk::Open(const std::string& path) {
  if (dead_) return absl::AbortedError("the program has ended");
  const auto found = names_.find(path);
  if (found == names_.end()) return absl::NotFoundError(path);
  return std::make_unique<SimFile>(*this, found->second);
}

absl::StatusOr<std::unique_ptr<File>> SimDisk::Create(const std::string& path) {
  if (absl::Status status = Change(); !status.ok()) return status;
  const auto [created, is_new] = names_.emplace(path, std::make_shared<Content>());
  if (!is_new) return absl::AlreadyExistsError(path);
  name_changes_.push_back({"", path, created->second});
  return Open(path);
}

absl::Status SimDisk::Rename(const std::string& from, const std::string& to) {
  if (absl::Status status = Change(); !status.ok()) return status;
  const auto found = names_.find(from);
  if (found == names_.end()) return absl::NotFoundError(from);
  const std::shared_ptr<Content> content = found->second;
  names_.erase(found);
  names_[to] = content;
  content->segment = absl::EndsWith(to, ".seg");
  name_changes_.push_back({from, to, content});
  return absl::OkStatus();
}

absl::Status SimDisk::Remove(const std::string& path) {
  if (absl::Status status = Change(); !status.ok()) return status;
  if (names_.erase(path) == 0) return absl::NotFoundError(path);
  name_changes_.push_back({path, "", nullptr});
  return absl::OkStatus();
}

absl::Status SimDisk::CreateDirectory(const std::string&) { return dead_ ? absl::AbortedError("the program has ended") : absl::OkStatus(); }

absl::Status SimDisk::SyncDirectory(const std::string&) {
  if (absl::Status status = Change(); !status.ok()) return status;
  if (fail_sync_in_ != 0 && --fail_sync_in_ == 0) {
    failed_ = true;
    return absl::UnknownError("input/output error");
  }
  if (!syncs_lie_) ApplyNames(name_changes_.size());
  return absl::OkStatus();
}

void SimDisk::ApplyNames(size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const NameChange& change = name_changes_[i];
    if (!change.removed.empty()) durable_names_.erase(change.removed);
    if (!change.added.empty()) durable_names_[change.added] = change.content;
  }
  name_changes_.erase(name_changes_.begin(), name_changes_.begin() + static_cast<std::ptrdiff_t>(count));
}

absl::StatusOr<std::vector<std::string>> SimDisk::List(const std::string& directory) {
  if (dead_) return absl::AbortedError("the program has ended");
  std::vector<std::string> names;
  const std::string prefix = absl::StrCat(directory, "/");
  for (const auto& [path, content] : names_) {
    if (absl::StartsWith(path, prefix)) names.push_back(path.substr(prefix.size()));
  }
  return names;
}

absl::StatusOr<std::unique_ptr<FileLock>> SimDisk::Lock(const std::string& path) {
  if (dead_) return absl::AbortedError("the program has ended");
  if (!locks_.insert(path).second) return absl::FailedPreconditionError(absl::StrCat(path, ": locked"));
  return std::make_unique<SimFileLock>(*this, path);
}

std::vector<std::string> SimDisk::Paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, content] : names_) paths.push_back(path);
  return paths;
}
uint64_t SimDisk::SizeOf(const std::string& path) const { return names_.at(path)->now.size(); }

// --- Bytes.

absl::Status SimDisk::Change() {
  if (die_in_ != 0 && --die_in_ == 0) dead_ = true;
  return dead_ ? absl::AbortedError("the program has ended") : absl::OkStatus();
}

uint64_t SimDisk::UsedBytes() const {
  uint64_t used = 0;
  for (const auto& [path, content] : names_) used += content->now.size();
  return used;
}

absl::StatusOr<uint64_t> SimDisk::FreeBytes(const std::string&) {
  if (dead_) return absl::AbortedError("the program has ended");
  if (!limited()) return uint64_t{1} << 40;
  const uint64_t used = UsedBytes();
  return (used < capacity_ ? capacity_ - used : 0) + overpromise_;
}

void SimDisk::LimitFreeBytes(uint64_t bytes, uint64_t overpromise) {
  capacity_ = UsedBytes() + bytes;
  overpromise_ = overpromise;
}

void SimDisk::Put(Content& content, uint64_t offset, absl::string_view bytes) {
  if (bytes.empty()) return;
  if (content.now.size() < offset + bytes.size()) content.now.resize(offset + bytes.size());
  std::memcpy(content.now.data() + offset, bytes.data(), bytes.size());
  for (Patch& patch : misdirection_) {
    // What is put right later is what the disk would hold if nothing had gone astray.
    const uint64_t begin = std::max(offset, patch.offset);
    const uint64_t end = std::min(offset + bytes.size(), patch.offset + patch.bytes.size());
    if (patch.content.get() == &content && begin < end) {
      std::memcpy(patch.bytes.data() + (begin - patch.offset), bytes.data() + (begin - offset), end - begin);
    }
  }
  content.sectors.resize((content.now.size() + kSectorBytes - 1) / kSectorBytes, kClean);
  for (uint64_t sector = offset / kSectorBytes; sector * kSectorBytes < offset + bytes.size(); ++sector) {
    if (content.sectors[sector] != kDirty) content.dirty.push_back(static_cast<uint32_t>(sector));
    content.sectors[sector] = kDirty;
  }
}

void SimDisk::MakeDurable(Content& content, uint32_t sector) {
  const size_t begin = sector * kSectorBytes;
  const size_t size = std::min(kSectorBytes, content.now.size() - begin);
  if (content.durable.size() < begin + size) content.durable.resize(begin + size);
  std::memcpy(content.durable.data() + begin, content.now.data() + begin, size);
}

// What an interrupted write leaves: its bytes up to the end of some sector. Unsynced as they are, any of them may be lost later.
void SimDisk::PutPart(Content& content, uint64_t offset, absl::string_view bytes) {
  const uint64_t end = (offset + random_.Below(bytes.size() + 1)) / kSectorBytes * kSectorBytes;
  if (end > offset) Put(content, offset, bytes.substr(0, end - offset));
}

absl::Status SimDisk::Write(const std::shared_ptr<Content>& content, uint64_t offset, absl::string_view bytes) {
  if (segment_failed_ && content->segment) ++tries_after_failure_;
  const bool was_dead = dead_;
  if (absl::Status status = Change(); !status.ok()) {
    if (!was_dead) PutPart(*content, offset, bytes);
    return status;
  }
  if (fail_write_in_ != 0 && --fail_write_in_ == 0) {
    PutPart(*content, offset, bytes);
    return IoError(*content);
  }
  const uint64_t growth = std::max<uint64_t>(content->now.size(), offset + bytes.size()) - content->now.size();
  if (growth != 0 && limited() && UsedBytes() + growth > capacity_) return absl::ResourceExhaustedError("no space left on device");
  if (std::exchange(misdirect_next_, false)) {
    Misdirect(content, offset, bytes);
  } else {
    Put(*content, offset, bytes);
  }
  return absl::OkStatus();
}

absl::Status SimDisk::IoError(const Content& content) {
  failed_ = true;
  segment_failed_ = segment_failed_ || content.segment;
  return absl::UnknownError("input/output error");
}

absl::Status SimDisk::Sync(Content& content) {
  if (segment_failed_ && content.segment) ++tries_after_failure_;
  if (absl::Status status = Change(); !status.ok()) return status;
  const bool fails = fail_sync_in_ != 0 && --fail_sync_in_ == 0;
  if (syncs_lie_ && !fails) return absl::OkStatus();
  for (const uint32_t sector : content.dirty) {
    if (!fails || random_.OneIn(2)) MakeDurable(content, sector);
    content.sectors[sector] = fails ? kForgotten : kClean;
  }
  content.dirty.clear();
  if (!fails) return absl::OkStatus();
  if (random_.OneIn(2)) Forget(content);
  return IoError(content);
}

// What a failed sync left in memory alone reads as the disk has it.
void SimDisk::Forget(Content& content) {
  for (uint32_t sector = 0; sector < content.sectors.size(); ++sector) {
    if (content.sectors[sector] != kForgotten) continue;
    content.sectors[sector] = kClean;
    const size_t begin = sector * kSectorBytes;
    const size_t size = std::min(kSectorBytes, content.now.size() - begin);
    std::memset(content.now.data() + begin, 0, size);
    if (begin >= content.durable.size()) continue;
    std::memcpy(content.now.data() + begin, content.durable.data() + begin, std::min(size, content.durable.size() - begin));
  }
}

}  // namespace fenfen::sim
