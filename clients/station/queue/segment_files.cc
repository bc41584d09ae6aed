#include "clients/station/queue/segment_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "clients/station/queue/format.h"

namespace fenfen::station {

absl::StatusOr<std::vector<int64_t>> ListSegments(const std::string& folder) {
  std::vector<int64_t> firsts;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const int64_t first = SegmentFirst(entry.path().filename().string());
    if (first > 0) firsts.push_back(first);
  }
  if (error) return absl::ErrnoToStatus(error.value(), folder);
  std::sort(firsts.begin(), firsts.end());
  return firsts;
}

absl::StatusOr<std::string> ReadSegment(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::ErrnoToStatus(errno, path);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return absl::DataLossError(path + ": cannot be read");
  return bytes;
}

absl::Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, folder);
  const bool synced = fsync(fd) == 0;
  const int error = errno;
  close(fd);
  return synced ? absl::OkStatus() : absl::ErrnoToStatus(error, folder);
}

}  // namespace fenfen::station
