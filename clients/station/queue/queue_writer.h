// Appends drops to a device's queue. When Append returns, the events are on the disk.
//
//   auto writer = QueueWriter::Open(folder, "devices/d1", limits);
//   absl::StatusOr<int64_t> last = writer->Append(drops);
//
// Any number of processes may append to one queue: each append holds the folder's lock and looks at what others have added. After a failed
// sync the writer refuses everything, since nobody knows what the disk holds; opening again finds out.
// Not thread-safe.
#ifndef FENFEN_CLIENTS_STATION_QUEUE_QUEUE_WRITER_H_
#define FENFEN_CLIENTS_STATION_QUEUE_QUEUE_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fenfen/v1/station.pb.h"

namespace fenfen::station {

// How much a queue holds.
struct QueueLimits {
  int64_t pending_events_max = 100'000;  // more than this unanswered, and Append refuses
  int batch_events_max = 100;            // events a batch, at most 1,000
  int64_t segment_bytes_max = 1 << 20;   // a new segment is started beyond
};

// The writing end of a queue.
class QueueWriter {
 public:
  // Opens or makes the queue in a folder and cuts a torn end. DataLoss, naming file and offset, if it is damaged before its end.
  static absl::StatusOr<std::unique_ptr<QueueWriter>> Open(const std::string& folder, const std::string& device, QueueLimits limits);
  ~QueueWriter();
  QueueWriter(const QueueWriter&) = delete;
  QueueWriter& operator=(const QueueWriter&) = delete;

  // Numbers the drops, in order, and appends them durably with one sync. Returns the last sequence number given. ResourceExhausted if the
  // queue is full or the disk is, and then nothing is kept; FailedPrecondition after a failed sync.
  absl::StatusOr<int64_t> Append(absl::Span<const v1::DeviceDrop> drops);

 private:
  QueueWriter(std::string folder, std::string device, QueueLimits limits)
      : folder_(std::move(folder)), device_(std::move(device)), limits_(limits) {}

  absl::Status Lock();
  // Finds the queue's end again if others have moved it since.
  absl::Status CatchUp();
  absl::Status OpenLastSegment(int64_t first_sequence);
  absl::Status StartSegment();
  // The records of some drops as batches that follow the queue's end; the new end in `sequence` and `previous`.
  std::string Encode(absl::Span<const v1::DeviceDrop> drops, int64_t* sequence, std::string* previous) const;
  absl::Status WriteAndSync(const std::string& bytes);
  absl::Status Failed(absl::string_view what, int error);

  const std::string folder_;
  const std::string device_;
  const QueueLimits limits_;
  int lock_fd_ = -1;
  int segment_fd_ = -1;
  int64_t segment_first_ = 0;
  int64_t segment_bytes_ = 0;  // the valid part
  int64_t last_sequence_ = 0;
  std::string previous_sha256_;
  absl::Status broken_;
};

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_QUEUE_QUEUE_WRITER_H_
