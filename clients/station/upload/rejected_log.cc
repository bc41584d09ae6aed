#include "clients/station/upload/rejected_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace fenfen::station {

namespace {

std::string Utc(absl::Time time) { return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()); }

}  // namespace

void RejectedLog::Add(const v1::DeviceDrop& drop, absl::string_view reason, absl::string_view detail, absl::Time now) {
  const boost::json::object line = {{"time", Utc(now)},
                                    {"sequence", drop.sequence()},
                                    {"household", drop.household()},
                                    {"category", v1::Category_Name(drop.category())},
                                    {"grams", drop.weight_grams()},
                                    {"event_time", Utc(absl::FromUnixMicros(drop.event_time_micros()))},
                                    {"reason", std::string(reason)},
                                    {"detail", std::string(detail)}};
  absl::StrAppend(&lines_, boost::json::serialize(line), "\n");
}

absl::Status RejectedLog::Flush() {
  if (lines_.empty()) return absl::OkStatus();
  const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return absl::ErrnoToStatus(errno, path_);
  const bool kept = write(fd, lines_.data(), lines_.size()) == static_cast<ssize_t>(lines_.size()) && fdatasync(fd) == 0;
  const int error = errno;
  close(fd);
  if (!kept) return absl::ErrnoToStatus(error == 0 ? EIO : error, path_);
  lines_.clear();
  return absl::OkStatus();
}

int64_t CountRejected(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::count(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>(), '\n');
}

}  // namespace fenfen::station
