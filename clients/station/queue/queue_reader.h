// Reads a device's queue from its watermark on, while others may append to it.
//
//   auto reader = QueueReader::Open(folder);
//   while (auto batch = reader->Next()) …send…;
//   reader->Ack(last);          // answered up to here: never sent again
//   reader->Rewind();           // send again what is not
//
// There is one reader a queue. Not thread-safe.
#ifndef FENFEN_CLIENTS_STATION_QUEUE_QUEUE_READER_H_
#define FENFEN_CLIENTS_STATION_QUEUE_QUEUE_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fenfen/v1/station.pb.h"

namespace fenfen::station {

// A batch as it lies in the queue.
struct QueuedBatch {
  std::string bytes;      // what is signed and sent
  v1::DeviceBatch batch;  // the same, read
  int64_t last_sequence = 0;
};

// The reading end of a queue.
class QueueReader {
 public:
  // Opens a queue; one that is not there yet is empty.
  static absl::StatusOr<std::unique_ptr<QueueReader>> Open(const std::string& folder);
  ~QueueReader();
  QueueReader(const QueueReader&) = delete;
  QueueReader& operator=(const QueueReader&) = delete;

  // The next whole batch; nothing where there is none yet. DataLoss, naming file and offset, where the queue is damaged.
  absl::StatusOr<std::optional<QueuedBatch>> Next();
  // Whether something may have been appended behind what Next has given. Cheap enough to be asked several times a second.
  bool MayHaveMore();
  // Everything up to `sequence` is answered: moves the watermark and removes segments that hold nothing else.
  absl::Status Ack(int64_t sequence);
  // Next starts again behind the watermark.
  absl::Status Rewind();

  int64_t acked() const { return acked_; }

 private:
  explicit QueueReader(std::string folder) : folder_(std::move(folder)) {}
  // Goes to the segment that holds the event behind the watermark.
  absl::Status Seek();
  absl::Status OpenSegment(int64_t first_sequence);
  // The record at the reading position out of at most `bytes_max` bytes, which `bytes` keeps; errors as DecodeRecord.
  absl::StatusOr<absl::string_view> ReadRecord(size_t bytes_max, std::string* bytes, size_t* bytes_used) const;
  // The segment behind the present one, 0 if there is none.
  absl::StatusOr<int64_t> NextSegment() const;

  const std::string folder_;
  int fd_ = -1;
  int64_t segment_first_ = 0;  // 0: no segment is open
  int64_t offset_ = 0;
  int64_t acked_ = 0;
  int64_t read_ = 0;  // the last event that Next has given
};

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_QUEUE_QUEUE_READER_H_
