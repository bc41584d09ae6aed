#include "clients/station/queue/watermark.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/string_view.h"
#include "clients/station/queue/format.h"

namespace fenfen::station {

namespace {

constexpr size_t kSlotBytes = 12;

std::string Slot(int64_t sequence) {
  std::string slot;
  for (int i = 0; i < 8; ++i) slot.push_back(static_cast<char>(sequence >> (8 * i)));
  const uint32_t crc = Crc32c(slot);
  for (int i = 0; i < 4; ++i) slot.push_back(static_cast<char>(crc >> (8 * i)));
  return slot;
}

}  // namespace

int64_t ReadWatermark(const std::string& folder) {
  char bytes[2 * kSlotBytes] = {};
  const int fd = open((folder + "/acked").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t size = pread(fd, bytes, sizeof bytes, 0);
  close(fd);
  int64_t highest = 0;
  for (size_t at = 0; at + kSlotBytes <= static_cast<size_t>(std::max<ssize_t>(size, 0)); at += kSlotBytes) {
    int64_t sequence = 0;
    for (int i = 8; i-- > 0;) sequence = sequence << 8 | static_cast<unsigned char>(bytes[at + static_cast<size_t>(i)]);
    if (sequence > highest && Slot(sequence) == std::string(bytes + at, kSlotBytes)) highest = sequence;
  }
  return highest;
}

absl::Status WriteWatermark(const std::string& folder, int64_t sequence) {
  const std::string path = folder + "/acked";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  // The slot that does not hold the highest mark is the one to write.
  char first[kSlotBytes] = {};
  const ssize_t got = pread(fd, first, sizeof first, 0);
  const bool first_is_highest = got == kSlotBytes && Slot(ReadWatermark(folder)) == std::string(first, kSlotBytes);
  const std::string slot = Slot(sequence);
  const ssize_t put = pwrite(fd, slot.data(), slot.size(), first_is_highest ? kSlotBytes : 0);
  const int error = errno;
  close(fd);
  return put == static_cast<ssize_t>(slot.size()) ? absl::OkStatus() : absl::ErrnoToStatus(put < 0 ? error : ENOSPC, path);
}

}  // namespace fenfen::station
