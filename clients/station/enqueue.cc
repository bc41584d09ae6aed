#include "clients/station/enqueue.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/station/drop_json.h"

namespace fenfen::station {

namespace {

constexpr size_t kFaultsMax = 20;
constexpr int kSyncThreads = 8;
constexpr int64_t kLinesPerCommitMax = 100'000;
constexpr int kQuietMillis = 20;

}  // namespace

Enqueuer::Enqueuer(std::vector<Device> devices, QueueLimits limits, client::Clock clock)
    : devices_(std::move(devices)), limits_(limits), clock_(std::move(clock)), drops_(devices_.size()) {
  for (size_t i = 0; i < devices_.size(); ++i) by_id_[std::string(absl::StripPrefix(devices_[i].name, "devices/"))] = i;
}

void Enqueuer::Fault(int64_t lines, const std::string& what) {
  report_.refused += lines;
  if (report_.faults.size() < kFaultsMax) report_.faults.push_back(what);
}

void Enqueuer::Line(absl::string_view line) {
  ++line_;
  line = absl::StripAsciiWhitespace(line);
  if (line.empty()) return;
  const absl::StatusOr<ParsedDrop> parsed = ParseDropLine(line, clock_());
  if (!parsed.ok()) return Fault(1, absl::StrCat("第 ", line_, " 行 / line ", line_, ": ", parsed.status().message()));
  size_t device = 0;
  if (!parsed->device.empty() || devices_.size() != 1) {
    const auto found = by_id_.find(parsed->device);
    if (found == by_id_.end()) {
      return Fault(1, absl::StrCat("第 ", line_, " 行：没有设备“", parsed->device, "” / line ", line_, ": no such device"));
    }
    device = found->second;
  }
  drops_[device].push_back(parsed->drop);
  ++gathered_;
}

void Enqueuer::Commit() {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  const auto work = [&] {
    for (size_t i = next++; i < devices_.size(); i = next++) {
      if (drops_[i].empty()) continue;
      const auto writer = QueueWriter::Open(devices_[i].queue_folder(), devices_[i].name, limits_);
      const absl::Status kept = writer.ok() ? (*writer)->Append(drops_[i]).status() : writer.status();
      const auto count = static_cast<int64_t>(drops_[i].size());
      std::lock_guard<std::mutex> lock(mutex);
      if (kept.ok()) {
        report_.accepted += count;
      } else {
        Fault(count, absl::StrCat(devices_[i].name, ": ", kept.message()));
      }
      drops_[i].clear();
    }
  };
  std::vector<std::thread> threads;
  // Syncs wait for the disk, not for a processor.
  for (int i = 1; i < kSyncThreads && gathered_ > 1; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  gathered_ = 0;
}

EnqueueReport EnqueueFrom(int fd, Enqueuer* enqueuer) {
  std::string rest;
  std::string chunk(64 << 10, '\0');
  while (true) {
    pollfd waiting = {fd, POLLIN, 0};
    const int ready = poll(&waiting, 1, enqueuer->gathered() > 0 ? kQuietMillis : -1);
    if (ready == 0) {
      enqueuer->Commit();
      continue;
    }
    const ssize_t got = read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    rest.append(chunk.data(), static_cast<size_t>(got));
    size_t begin = 0;
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      enqueuer->Line(absl::string_view(rest).substr(begin, end - begin));
      begin = end + 1;
    }
    rest.erase(0, begin);
    // A line without an end is refused by its length, not gathered for ever.
    if (rest.size() > kDropLineBytesMax) rest.resize(kDropLineBytesMax + 1);
    if (enqueuer->gathered() >= kLinesPerCommitMax) enqueuer->Commit();
  }
  enqueuer->Line(rest);
  enqueuer->Commit();
  return enqueuer->report();
}

}  // namespace fenfen::station
