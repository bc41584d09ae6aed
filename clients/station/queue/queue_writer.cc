#include "clients/station/queue/queue_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "clients/station/queue/format.h"
#include "clients/station/queue/segment_files.h"
#include "clients/station/queue/watermark.h"

namespace fenfen::station {

absl::StatusOr<std::unique_ptr<QueueWriter>> QueueWriter::Open(const std::string& folder, const std::string& device, QueueLimits limits) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::ErrnoToStatus(error.value(), folder);
  std::unique_ptr<QueueWriter> writer(new QueueWriter(folder, device, limits));
  writer->lock_fd_ = open(absl::StrCat(folder, "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (writer->lock_fd_ < 0) return absl::ErrnoToStatus(errno, folder);
  absl::Status ready = writer->Lock();
  if (ready.ok()) ready = writer->CatchUp();
  flock(writer->lock_fd_, LOCK_UN);
  if (!ready.ok()) return ready;
  return writer;
}

QueueWriter::~QueueWriter() {
  if (segment_fd_ >= 0) close(segment_fd_);
  if (lock_fd_ >= 0) close(lock_fd_);
}

absl::Status QueueWriter::Lock() {
  while (flock(lock_fd_, LOCK_EX) != 0) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, folder_);
  }
  return absl::OkStatus();
}

absl::Status QueueWriter::CatchUp() {
  const absl::StatusOr<std::vector<int64_t>> segments = ListSegments(folder_);
  if (!segments.ok()) return segments.status();
  if (segments->empty()) {
    last_sequence_ = 0;
    previous_sha256_ = std::string(32, '\0');
    return StartSegment();
  }
  struct stat info;
  const bool same =
      segment_fd_ >= 0 && segments->back() == segment_first_ && fstat(segment_fd_, &info) == 0 && info.st_size == segment_bytes_;
  return same ? absl::OkStatus() : OpenLastSegment(segments->back());
}

absl::Status QueueWriter::OpenLastSegment(int64_t first_sequence) {
  const std::string path = absl::StrCat(folder_, "/", SegmentName(first_sequence));
  absl::StatusOr<std::string> bytes = ReadSegment(path);
  if (!bytes.ok()) return bytes.status();
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  if (segment_fd_ >= 0) close(segment_fd_);
  segment_fd_ = fd;
  const absl::StatusOr<SegmentScan> scan = ScanSegment(*bytes);
  if (!scan.ok()) return absl::DataLossError(absl::StrCat(path, ": ", scan.status().message()));
  const SegmentHeader header = *DecodeHeader(*bytes);
  segment_first_ = first_sequence;
  last_sequence_ = header.first_sequence - 1;
  previous_sha256_ = header.previous_sha256;
  if (!scan->payloads.empty()) {
    v1::DeviceBatch batch;
    if (!batch.ParseFromArray(scan->payloads.back().data(), static_cast<int>(scan->payloads.back().size())) || batch.drops().empty()) {
      return absl::DataLossError(absl::StrCat(path, ": the last record is not a batch"));
    }
    last_sequence_ = batch.drops(batch.drops_size() - 1).sequence();
    previous_sha256_ = Sha256(scan->payloads.back());
  }
  segment_bytes_ = static_cast<int64_t>(scan->valid_bytes);
  if (scan->valid_bytes == bytes->size()) return absl::OkStatus();
  // A torn end was never acknowledged, so it goes.
  if (ftruncate(segment_fd_, segment_bytes_) != 0 || fsync(segment_fd_) != 0) return Failed("cannot cut a torn end", errno);
  return absl::OkStatus();
}

absl::Status QueueWriter::StartSegment() {
  const std::string path = absl::StrCat(folder_, "/", SegmentName(last_sequence_ + 1));
  const std::string header = EncodeHeader({last_sequence_ + 1, previous_sha256_});
  // Written under another name first, so that a segment always has its whole header.
  const std::string draft = absl::StrCat(path, ".new");
  const int fd = open(draft.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return absl::ErrnoToStatus(errno, draft);
  const bool written = write(fd, header.data(), header.size()) == static_cast<ssize_t>(header.size());
  if (!written || fdatasync(fd) != 0 || rename(draft.c_str(), path.c_str()) != 0) {
    const absl::Status status = absl::ErrnoToStatus(errno, draft);
    close(fd);
    unlink(draft.c_str());
    return status;
  }
  const absl::Status synced = SyncFolder(folder_);
  if (!synced.ok()) {
    close(fd);
    return synced;
  }
  if (segment_fd_ >= 0) close(segment_fd_);
  segment_fd_ = fd;
  segment_first_ = last_sequence_ + 1;
  segment_bytes_ = static_cast<int64_t>(header.size());
  return absl::OkStatus();
}

std::string QueueWriter::Encode(absl::Span<const v1::DeviceDrop> drops, int64_t* sequence, std::string* previous) const {
  std::string records;
  v1::DeviceBatch batch;
  size_t batch_bytes = 0;
  const auto finish = [&] {
    if (batch.drops().empty()) return;
    batch.set_device(device_);
    batch.set_previous_sha256(*previous);
    const std::string payload = batch.SerializeAsString();
    *previous = Sha256(payload);
    records += EncodeRecord(payload);
    batch.Clear();
    batch_bytes = 0;
  };
  for (const v1::DeviceDrop& drop : drops) {
    v1::DeviceDrop* added = batch.add_drops();
    *added = drop;
    added->set_sequence(++*sequence);
    batch_bytes += added->ByteSizeLong() + 4;
    if (batch.drops_size() >= limits_.batch_events_max || batch_bytes > kRecordBytesMax / 2) finish();
  }
  finish();
  return records;
}

absl::StatusOr<int64_t> QueueWriter::Append(absl::Span<const v1::DeviceDrop> drops) {
  if (!broken_.ok()) return broken_;
  absl::Status ready = Lock();
  if (!ready.ok()) return ready;
  absl::Cleanup unlock = [this] { flock(lock_fd_, LOCK_UN); };
  ready = CatchUp();
  if (!ready.ok()) return ready;
  if (drops.empty()) return last_sequence_;
  const int64_t pending = last_sequence_ - std::max(ReadWatermark(folder_), int64_t{0});
  if (pending + static_cast<int64_t>(drops.size()) > limits_.pending_events_max) {
    return absl::ResourceExhaustedError(absl::StrCat("队列已满：", pending, " 条待上传，上限 ", limits_.pending_events_max,
                                                     " / the queue of ", device_, " is full: ", pending, " events wait, the limit is ",
                                                     limits_.pending_events_max));
  }
  if (segment_bytes_ > limits_.segment_bytes_max) {
    ready = StartSegment();
    if (!ready.ok()) return ready;
  }
  int64_t sequence = last_sequence_;
  std::string previous = previous_sha256_;
  const std::string records = Encode(drops, &sequence, &previous);
  ready = WriteAndSync(records);
  if (!ready.ok()) return ready;
  segment_bytes_ += static_cast<int64_t>(records.size());
  last_sequence_ = sequence;
  previous_sha256_ = previous;
  return last_sequence_;
}

absl::Status QueueWriter::WriteAndSync(const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = pwrite(segment_fd_, bytes.data() + done, bytes.size() - done, segment_bytes_ + static_cast<int64_t>(done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const int error = errno;
      // Nothing of it counts yet, so it can be taken back; a full disk is no reason to stop for good.
      if (ftruncate(segment_fd_, segment_bytes_) != 0) return Failed("cannot take back a partial write", errno);
      return error == ENOSPC ? absl::ResourceExhaustedError(absl::StrCat("磁盘已满 / the disk of ", folder_, " is full"))
                             : absl::ErrnoToStatus(error, folder_);
    }
    done += static_cast<size_t>(put);
  }
  if (fdatasync(segment_fd_) != 0) return Failed("the disk did not keep the events", errno);
  return absl::OkStatus();
}

absl::Status QueueWriter::Failed(absl::string_view what, int error) {
  broken_ = absl::FailedPreconditionError(
      absl::StrCat(folder_, ": ", what, ": ", absl::ErrnoToStatus(error, "").message(), "; start again to find out what the disk holds"));
  return broken_;
}

}  // namespace fenfen::station
