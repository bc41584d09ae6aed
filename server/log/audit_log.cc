#include "server/log/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen::server {

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open the audit log ", path));
  return std::unique_ptr<AuditLog>(new AuditLog(fd));
}

AuditLog::~AuditLog() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  close(fd_);
}

void AuditLog::Append(std::string line, Done done) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.size() < kWaitingMax && !stopping_) {
      line += '\n';
      waiting_.push_back({std::move(line), std::move(done)});
      done = nullptr;
    }
  }
  if (done) return std::move(done)(RefuseUntil(Reason::REASON_OVERLOADED, limits::kRetryDelayWhenBusy));
  wake_.notify_one();
}

void AuditLog::Run() {
  std::vector<Waiting> batch;
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    batch.swap(waiting_);
    lock.unlock();
    const absl::Status status = WriteAll(batch);
    for (Waiting& waiting : batch) std::move(waiting.done)(status);
    batch.clear();
    lock.lock();
  }
}

absl::Status AuditLog::WriteAll(const std::vector<Waiting>& batch) {
  std::string bytes;
  for (const Waiting& waiting : batch) bytes += waiting.line;
  for (size_t written = 0; written < bytes.size() && !failed_;) {
    const ssize_t n = write(fd_, bytes.data() + written, bytes.size() - written);
    if (n > 0) written += static_cast<size_t>(n);
    failed_ = n < 0 && errno != EINTR;
  }
  failed_ = failed_ || fdatasync(fd_) != 0;
  return failed_ ? Refuse(Reason::REASON_STORAGE_FULL) : absl::OkStatus();
}

}  // namespace fenfen::server
