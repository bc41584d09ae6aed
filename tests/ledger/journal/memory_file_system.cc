#include "tests/ledger/journal/memory_file_system.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fenfen {

class MemoryFile final : public File {
 public:
  MemoryFile(MemoryFileSystem& system, std::shared_ptr<MemoryFileSystem::Content> content)
      : system_(system), content_(std::move(content)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* out, size_t size) const override {
    if (absl::Status fault = system_.AskFault("read", Path()); !fault.ok()) return fault;
    absl::MutexLock held(&system_.mutex_);
    if (offset >= content_->now.size()) return 0;
    const size_t got = std::min<size_t>(size, content_->now.size() - offset);
    std::memcpy(out, content_->now.data() + offset, got);
    return got;
  }

  absl::Status WriteAt(uint64_t offset, absl::string_view bytes) override {
    if (absl::Status fault = system_.AskFault("write", Path()); !fault.ok()) return fault;
    absl::MutexLock held(&system_.mutex_);
    const size_t grown = std::max<size_t>(content_->now.size(), offset + bytes.size()) - content_->now.size();
    if (system_.UsedBytes() + grown > system_.capacity_) return absl::ResourceExhaustedError(absl::StrCat(content_->path, ": no room"));
    content_->now.resize(content_->now.size() + grown);
    std::memcpy(content_->now.data() + offset, bytes.data(), bytes.size());
    constexpr size_t kSector = MemoryFileSystem::kSectorBytes;
    for (size_t sector = offset / kSector; sector * kSector < offset + bytes.size(); ++sector) content_->dirty.insert(sector);
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    absl::Status fault = system_.AskFault("sync", Path());
    absl::MutexLock held(&system_.mutex_);
    if (fault.ok()) {
      constexpr size_t kSector = MemoryFileSystem::kSectorBytes;
      content_->durable.resize(content_->now.size());
      for (const size_t sector : content_->dirty) {
        const size_t size = std::min(kSector, content_->now.size() - sector * kSector);
        std::memcpy(content_->durable.data() + sector * kSector, content_->now.data() + sector * kSector, size);
      }
    }
    content_->dirty.clear();
    return fault;
  }

  absl::StatusOr<uint64_t> Size() const override {
    absl::MutexLock held(&system_.mutex_);
    return content_->now.size();
  }

 private:
  std::string Path() const {
    absl::MutexLock held(&system_.mutex_);
    return content_->path;
  }

  MemoryFileSystem& system_;
  const std::shared_ptr<MemoryFileSystem::Content> content_;
};

class MemoryFileLock final : public FileLock {
 public:
  MemoryFileLock(MemoryFileSystem& system, std::string path) : system_(system), path_(std::move(path)) {}
  ~MemoryFileLock() override {
    absl::MutexLock held(&system_.mutex_);
    system_.locks_.erase(path_);
  }

 private:
  MemoryFileSystem& system_;
  const std::string path_;
};

absl::Status MemoryFileSystem::AskFault(absl::string_view operation, const std::string& path) {
  Fault fault;
  {
    absl::MutexLock held(&mutex_);
    if (operation != "read" || watch_reads_) fault = fault_;
  }
  return fault ? fault(operation, path) : absl::OkStatus();
}

uint64_t MemoryFileSystem::UsedBytes() const {
  uint64_t used = 0;
  for (const auto& [path, content] : names_) used += content->now.size();
  return used;
}

absl::StatusOr<std::unique_ptr<File>> MemoryFileSystem::Open(const std::string& path) {
  absl::MutexLock held(&mutex_);
  const auto found = names_.find(path);
  if (found == names_.end()) return absl::NotFoundError(path);
  return std::make_unique<MemoryFile>(*this, found->second);
}
absl::StatusOr<std::unique_ptr<File>> MemoryFileSystem::OpenForRead(const std::string& path) { return Open(path); }
absl::StatusOr<std::unique_ptr<File>> MemoryFileSystem::OpenForWrite(const std::string& path) { return Open(path); }

absl::StatusOr<std::unique_ptr<File>> MemoryFileSystem::Create(const std::string& path) {
  if (absl::Status fault = AskFault("create", path); !fault.ok()) return fault;
  {
    absl::MutexLock held(&mutex_);
    const auto [created, is_new] = names_.emplace(path, std::make_shared<Content>());
    if (!is_new) return absl::AlreadyExistsError(path);
    created->second->path = path;
  }
  return Open(path);
}

absl::Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  if (absl::Status fault = AskFault("rename", from); !fault.ok()) return fault;
  absl::MutexLock held(&mutex_);
  const auto found = names_.find(from);
  if (found == names_.end()) return absl::NotFoundError(from);
  names_[to] = found->second;
  names_[to]->path = to;
  names_.erase(from);
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::Remove(const std::string& path) {
  if (absl::Status fault = AskFault("remove", path); !fault.ok()) return fault;
  absl::MutexLock held(&mutex_);
  return names_.erase(path) == 1 ? absl::OkStatus() : absl::NotFoundError(path);
}

absl::Status MemoryFileSystem::CreateDirectory(const std::string&) { return absl::OkStatus(); }

absl::Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  if (absl::Status fault = AskFault("sync", path); !fault.ok()) return fault;
  absl::MutexLock held(&mutex_);
  // Of this folder alone: those of another may still go either way.
  const auto within = [prefix = absl::StrCat(path, "/")](const auto& name) { return absl::StartsWith(name.first, prefix); };
  for (auto at = durable_names_.begin(); at != durable_names_.end();) at = within(*at) ? durable_names_.erase(at) : std::next(at);
  for (const auto& name : names_) {
    if (within(name)) durable_names_.insert(name);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> MemoryFileSystem::List(const std::string& directory) {
  absl::MutexLock held(&mutex_);
  std::vector<std::string> names;
  const std::string prefix = absl::StrCat(directory, "/");
  for (const auto& [path, content] : names_) {
    if (absl::StartsWith(path, prefix)) names.push_back(path.substr(prefix.size()));
  }
  return names;
}

absl::StatusOr<uint64_t> MemoryFileSystem::FreeBytes(const std::string&) {
  absl::MutexLock held(&mutex_);
  const uint64_t used = UsedBytes();
  return used < capacity_ ? capacity_ - used : 0;
}

absl::StatusOr<std::unique_ptr<FileLock>> MemoryFileSystem::Lock(const std::string& path) {
  absl::MutexLock held(&mutex_);
  if (!locks_.insert(path).second) return absl::FailedPreconditionError(absl::StrCat(path, ": locked"));
  return std::make_unique<MemoryFileLock>(*this, path);
}

std::unique_ptr<MemoryFileSystem> MemoryFileSystem::AfterCrash(const std::function<bool(size_t)>& kept, NamesKept names) const {
  auto after = std::make_unique<MemoryFileSystem>();
  absl::MutexLock held(&mutex_);
  size_t counted = 0;
  for (const auto& [path, content] : names == NamesKept::kAll ? names_ : durable_names_) {
    std::string bytes = content->durable;
    for (const size_t sector : content->dirty) {
      if (!kept(counted++)) continue;
      const size_t begin = sector * kSectorBytes;
      const size_t size = std::min(kSectorBytes, content->now.size() - begin);
      bytes.resize(std::max(bytes.size(), begin + size));
      std::memcpy(bytes.data() + begin, content->now.data() + begin, size);
    }
    after->Put(path, std::move(bytes));
  }
  return after;
}

size_t MemoryFileSystem::UnsyncedSectors(NamesKept names) const {
  absl::MutexLock held(&mutex_);
  size_t count = 0;
  for (const auto& [path, content] : names == NamesKept::kAll ? names_ : durable_names_) count += content->dirty.size();
  return count;
}

std::unique_ptr<MemoryFileSystem> MemoryFileSystem::Copy() const {
  auto copy = std::make_unique<MemoryFileSystem>();
  absl::MutexLock held(&mutex_);
  for (const auto& [path, content] : names_) copy->Put(path, content->now);
  return copy;
}

std::string MemoryFileSystem::Bytes(const std::string& path) const {
  absl::MutexLock held(&mutex_);
  return names_.at(path)->now;
}

void MemoryFileSystem::Put(const std::string& path, std::string bytes) {
  absl::MutexLock held(&mutex_);
  std::shared_ptr<Content>& content = names_[path];
  // The same content object, so that a file that is open sees it.
  if (content == nullptr) content = std::make_shared<Content>();
  content->path = path;
  content->now = bytes;
  content->durable = std::move(bytes);
  content->dirty.clear();
  durable_names_[path] = content;
}

bool MemoryFileSystem::Exists(const std::string& path) const {
  absl::MutexLock held(&mutex_);
  return names_.count(path) > 0;
}

void MemoryFileSystem::SetFault(Fault fault) {
  absl::MutexLock held(&mutex_);
  fault_ = std::move(fault);
}

void MemoryFileSystem::WatchReads() {
  absl::MutexLock held(&mutex_);
  watch_reads_ = true;
}

void MemoryFileSystem::SetCapacity(uint64_t bytes) {
  absl::MutexLock held(&mutex_);
  capacity_ = bytes;
}

}  // namespace fenfen
