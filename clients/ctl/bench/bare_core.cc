#include "clients/ctl/bench/bare_core.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "clients/ctl/bench/measure.h"
#include "ledger/core/check.h"
#include "ledger/core/crc32c.h"

namespace fenfen::bench {
namespace {

constexpr size_t kIdsReserved = 4'000'000;
constexpr int64_t kPlenty = int64_t{1} << 50;
constexpr size_t kBlockBytes = 4096;

}  // namespace

absl::StatusOr<std::unique_ptr<ZeroedFile>> ZeroedFile::Make(const std::string& path, size_t bytes) {
  const int fd = open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  std::unique_ptr<ZeroedFile> file(new ZeroedFile(fd, bytes));
  const std::string zeros(1 << 20, '\0');
  for (size_t at = 0; at < bytes; at += zeros.size()) {
    const size_t size = std::min(zeros.size(), bytes - at);
    if (pwrite(fd, zeros.data(), size, static_cast<off_t>(at)) != static_cast<ssize_t>(size)) return absl::ErrnoToStatus(errno, path);
  }
  if (fsync(fd) != 0) return absl::ErrnoToStatus(errno, path);
  return file;
}

ZeroedFile::~ZeroedFile() { close(fd_); }

absl::Status ZeroedFile::WriteDurably(absl::string_view bytes) {
  FENFEN_CHECK(bytes.size() <= bytes_);
  if (at_ + bytes.size() > bytes_) at_ = 0;
  if (pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at_)) != static_cast<ssize_t>(bytes.size()) || fdatasync(fd_) != 0) {
    return absl::ErrnoToStatus(errno, "pwrite, fdatasync");
  }
  at_ += bytes.size();
  return absl::OkStatus();
}

absl::StatusOr<double> ZeroedFile::MedianSync(absl::Duration time) {
  const std::string block(kBlockBytes, 'x');
  std::vector<double> seconds;
  const double begin = MonotonicSeconds();
  double now = begin;
  do {
    if (absl::Status status = WriteDurably(block); !status.ok()) return status;
    const double after = MonotonicSeconds();
    seconds.push_back(after - now);
    now = after;
  } while (now - begin < absl::ToDoubleSeconds(time));
  return Median(std::move(seconds));
}

BareCore::BareCore(ZeroedFile& file, uint32_t accounts) : file_(file), balances_(accounts, kPlenty) {}

bool BareCore::Apply(const Picks::Pick& pick, size_t stored_bytes) {
  const RequestKey key = keys_.Next();
  if (!ids_->try_emplace(key, count_).second) return false;
  if (balances_[pick.from] < 1) return false;
  --balances_[pick.from];
  ++balances_[pick.to];
  char* record = buffer_.data() + filled_;
  std::memcpy(record, &count_, sizeof count_);
  std::memcpy(record + 8, &key, sizeof key);
  const uint32_t checksum = Crc32c(absl::string_view(record, stored_bytes));
  std::memcpy(record, &checksum, sizeof checksum);
  filled_ += stored_bytes;
  ++count_;
  return true;
}

absl::StatusOr<double> BareCore::Run(const Picks& picks, size_t batch, size_t stored_bytes, absl::Duration time) {
  FENFEN_CHECK(picks.accounts() <= balances_.size() && stored_bytes >= 8 + sizeof(RequestKey));
  if (ids_ == nullptr || ids_->size() > kIdsReserved / 2) {
    ids_ = std::make_unique<Ids>();
    ids_->reserve(kIdsReserved);
  }
  // The bytes that stand for the transaction are copied for each, from one that was "encoded" before.
  const std::string transaction(stored_bytes, 't');
  buffer_.assign(batch * stored_bytes, '\0');
  uint64_t done = 0;
  const double begin = MonotonicSeconds();
  double seconds = 0;
  do {
    filled_ = 0;
    keys_.Tick();
    for (size_t i = 0; i < batch; ++i) {
      std::memcpy(buffer_.data() + filled_, transaction.data(), stored_bytes);
      if (!Apply(picks.At(count_), stored_bytes)) return absl::InternalError("bare core: a key came twice or an account is empty");
    }
    if (absl::Status status = file_.WriteDurably(absl::string_view(buffer_).substr(0, filled_)); !status.ok()) return status;
    done += batch;
    seconds = MonotonicSeconds() - begin;
  } while (seconds < absl::ToDoubleSeconds(time) && ids_->size() + batch <= kIdsReserved);
  return static_cast<double>(done) / seconds;
}

}  // namespace fenfen::bench
