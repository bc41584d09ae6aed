#include "clients/station/queue/queue_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "clients/station/queue/format.h"
#include "clients/station/queue/segment_files.h"
#include "clients/station/queue/watermark.h"

namespace fenfen::station {

absl::StatusOr<std::unique_ptr<QueueReader>> QueueReader::Open(const std::string& folder) {
  std::unique_ptr<QueueReader> reader(new QueueReader(folder));
  reader->acked_ = ReadWatermark(folder);
  const absl::Status sought = reader->Seek();
  if (!sought.ok()) return sought;
  return reader;
}

QueueReader::~QueueReader() {
  if (fd_ >= 0) close(fd_);
}

absl::Status QueueReader::Seek() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  segment_first_ = 0;
  read_ = acked_;
  if (!std::filesystem::is_directory(folder_)) return absl::OkStatus();
  const absl::StatusOr<std::vector<int64_t>> segments = ListSegments(folder_);
  if (!segments.ok()) return segments.status();
  if (segments->empty()) return absl::OkStatus();
  // A watermark that a power cut took back may lie before the oldest segment; what is gone was answered.
  acked_ = std::max(acked_, segments->front() - 1);
  read_ = acked_;
  const auto after = std::upper_bound(segments->begin(), segments->end(), acked_ + 1);
  return OpenSegment(*(after - 1));
}

absl::Status QueueReader::OpenSegment(int64_t first_sequence) {
  const std::string path = absl::StrCat(folder_, "/", SegmentName(first_sequence));
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  char header[kSegmentHeaderBytes];
  const ssize_t got = pread(fd, header, sizeof header, 0);
  if (got != static_cast<ssize_t>(sizeof header) || !DecodeHeader(absl::string_view(header, sizeof header)).ok()) {
    close(fd);
    return absl::DataLossError(absl::StrCat(path, ": offset 0: not the header of a queue segment"));
  }
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
  segment_first_ = first_sequence;
  offset_ = kSegmentHeaderBytes;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> QueueReader::NextSegment() const {
  const absl::StatusOr<std::vector<int64_t>> segments = ListSegments(folder_);
  if (!segments.ok()) return segments.status();
  const auto after = std::upper_bound(segments->begin(), segments->end(), segment_first_);
  return after == segments->end() ? 0 : *after;
}

absl::StatusOr<absl::string_view> QueueReader::ReadRecord(size_t bytes_max, std::string* bytes, size_t* bytes_used) const {
  bytes->resize(bytes_max);
  const ssize_t got = pread(fd_, bytes->data(), bytes_max, offset_);
  if (got < 0) return absl::ErrnoToStatus(errno, folder_);
  bytes->resize(static_cast<size_t>(got));
  return DecodeRecord(*bytes, bytes_used);
}

absl::StatusOr<std::optional<QueuedBatch>> QueueReader::Next() {
  if (segment_first_ == 0) {
    const absl::Status sought = Seek();
    if (!sought.ok()) return sought;
    if (segment_first_ == 0) return std::nullopt;
  }
  while (true) {
    struct stat info;
    if (fstat(fd_, &info) != 0) return absl::ErrnoToStatus(errno, folder_);
    if (info.st_size <= offset_) {
      const absl::StatusOr<int64_t> next = NextSegment();
      if (!next.ok()) return next.status();
      // Events are only in the next segment when this one is complete, but this one may have grown between the two looks.
      if (*next == 0 || (fstat(fd_, &info) == 0 && info.st_size > offset_)) {
        if (info.st_size > offset_) continue;
        return std::nullopt;
      }
      const absl::Status opened = OpenSegment(*next);
      if (!opened.ok()) return opened;
      continue;
    }
    // Most batches are small; only a larger one costs a second look.
    std::string bytes;
    size_t used = 0;
    absl::StatusOr<absl::string_view> payload = ReadRecord(4096, &bytes, &used);
    if (absl::IsOutOfRange(payload.status())) payload = ReadRecord(kRecordHeaderBytes + kRecordBytesMax, &bytes, &used);
    if (!payload.ok()) {
      // Either somebody is writing it at this moment or it is a torn end that the next writer cuts; a damaged middle is neither.
      const absl::StatusOr<std::string> whole = ReadSegment(absl::StrCat(folder_, "/", SegmentName(segment_first_)));
      if (!whole.ok()) return whole.status();
      const absl::StatusOr<SegmentScan> scan = ScanSegment(*whole);
      if (scan.ok()) return std::nullopt;
      return absl::DataLossError(absl::StrCat(folder_, "/", SegmentName(segment_first_), ": ", scan.status().message()));
    }
    QueuedBatch queued;
    queued.bytes = std::string(*payload);
    if (!queued.batch.ParseFromString(queued.bytes) || queued.batch.drops().empty()) {
      return absl::DataLossError(absl::StrCat(folder_, "/", SegmentName(segment_first_), ": offset ", offset_, ": not a batch"));
    }
    offset_ += static_cast<int64_t>(used);
    queued.last_sequence = queued.batch.drops(queued.batch.drops_size() - 1).sequence();
    if (queued.last_sequence <= acked_) continue;
    read_ = queued.last_sequence;
    return queued;
  }
}

bool QueueReader::MayHaveMore() {
  if (segment_first_ == 0) return std::filesystem::exists(folder_);
  struct stat info;
  if (fstat(fd_, &info) != 0 || info.st_size > offset_) return true;
  // A new segment is named after the event behind the last one given.
  return access(absl::StrCat(folder_, "/", SegmentName(read_ + 1)).c_str(), F_OK) == 0 && read_ + 1 != segment_first_;
}

absl::Status QueueReader::Ack(int64_t sequence) {
  if (sequence <= acked_) return absl::OkStatus();
  const absl::Status written = WriteWatermark(folder_, sequence);
  if (!written.ok()) return written;
  acked_ = sequence;
  const absl::StatusOr<std::vector<int64_t>> segments = ListSegments(folder_);
  if (!segments.ok()) return segments.status();
  // A segment is done when the next one begins at or before the watermark's successor. The last one stays: it carries the numbering.
  for (size_t i = 0; i + 1 < segments->size() && (*segments)[i + 1] <= acked_ + 1; ++i) {
    unlink(absl::StrCat(folder_, "/", SegmentName((*segments)[i])).c_str());
  }
  return absl::OkStatus();
}

absl::Status QueueReader::Rewind() { return Seek(); }

}  // namespace fenfen::station
