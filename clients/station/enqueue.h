// Takes drops as JSON lines and appends them to their devices' queues, many with one sync a device.
//
// Not thread-safe.
#ifndef FENFEN_CLIENTS_STATION_ENQUEUE_H_
#define FENFEN_CLIENTS_STATION_ENQUEUE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "clients/cpp/request_id.h"
#include "clients/station/device.h"
#include "clients/station/queue/queue_writer.h"

namespace fenfen::station {

// What became of the lines.
struct EnqueueReport {
  int64_t accepted = 0;  // on the disk
  int64_t refused = 0;
  std::vector<std::string> faults;  // the first 20
};

// Gathers lines and commits them.
class Enqueuer {
 public:
  // With one device, lines need not name it.
  Enqueuer(std::vector<Device> devices, QueueLimits limits, client::Clock clock);

  // Reads a line; it counts only after Commit. An empty line is nothing.
  void Line(absl::string_view line);
  // Appends what was gathered, each device's drops with one sync, several devices at a time.
  void Commit();
  // Lines gathered and not yet committed.
  int64_t gathered() const { return gathered_; }
  const EnqueueReport& report() const { return report_; }

 private:
  void Fault(int64_t lines, const std::string& what);

  const std::vector<Device> devices_;
  const QueueLimits limits_;
  const client::Clock clock_;
  std::map<std::string, size_t> by_id_;
  std::vector<std::vector<v1::DeviceDrop>> drops_;  // by device
  int64_t gathered_ = 0;
  int64_t line_ = 0;
  EnqueueReport report_;
};

// Reads lines from a file descriptor until its end, committing whenever nothing more is waiting or many lines are.
EnqueueReport EnqueueFrom(int fd, Enqueuer* enqueuer);

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_ENQUEUE_H_
