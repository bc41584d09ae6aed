// Uploads one device's queue by a stream, a bounded number of batches ahead of the answers, and moves the queue on by the outcomes:
//
//   credited, or refused for good   the batch counts as answered; refused events go to the device's rejected.jsonl first
//   to be sent again                the session ends after the answers that are under way; the next one starts with that batch
//   nothing (a cut stream)          the same
//
// A batch is always sent as the very bytes in the queue, so sending it again is harmless: the server repeats its outcomes. Of several
// servers a device keeps to one, session after session, and moves to another while that one is gone or ending.
// Not thread-safe; one uploader a device, sessions one at a time.
#ifndef FENFEN_CLIENTS_STATION_UPLOAD_UPLOADER_H_
#define FENFEN_CLIENTS_STATION_UPLOAD_UPLOADER_H_

#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/station/device.h"
#include "clients/station/queue/queue_reader.h"
#include "clients/station/upload/rejected_log.h"
#include "fenfen/v1/station.pb.h"

namespace fenfen::station {

// What a fleet has done, for progress; written by many threads.
struct UploadCounts {
  std::atomic<int64_t> credited{0};
  std::atomic<int64_t> replayed{0};  // of these, credited by an earlier upload
  std::atomic<int64_t> rejected{0};
};

// How a session ended.
struct SessionEnd {
  enum class Kind {
    kEmpty,     // everything in the queue is answered
    kTurnOver,  // there is more, but others shall have their turn
    kRetry,     // send again after `delay`
    kBlocked,   // the server does not accept this device, or its queue is damaged; a person must see to it
  };
  Kind kind = Kind::kEmpty;
  absl::Duration delay;    // what the server asked for; zero if it did not
  bool transport = false;  // kRetry because no server could be reached, which concerns every device
  std::string why;
};

// Uploads of one device.
class Uploader {
 public:
  // Opens the device's queue. DataLoss if it is damaged.
  static absl::StatusOr<std::unique_ptr<Uploader>> Open(Device device, client::Client* client, client::Clock clock, UploadCounts* counts);

  // Uploads until the queue is empty, something is in the way, or the session is long enough. `stop` ends it early.
  SessionEnd Session(const std::atomic<bool>& stop);
  // Whether a session would find something to send. Not while one runs.
  bool HasWork();

  const Device& device() const { return device_; }
  int64_t acked() const { return reader_->acked(); }

 private:
  using Stream = grpc::ClientReaderWriterInterface<v1::UploadDropsRequest, v1::UploadDropsResponse>;

  Uploader(Device device, std::unique_ptr<QueueReader> reader, client::Client* client, client::Clock clock, UploadCounts* counts);
  SessionEnd RunSession(const std::atomic<bool>& stop);
  // Sends batches while the window has room. False if the stream is cut.
  absl::StatusOr<bool> Fill(Stream* stream);
  // Takes the answer to the oldest batch in flight; `end` is set if the session cannot go on.
  void TakeAnswer(const v1::UploadDropsResponse& answer, SessionEnd* end);
  // Sorts a batch's outcomes; false if any is to be sent again.
  bool TakeOutcomes(const QueuedBatch& queued, const v1::UploadDropsResponse& answer);
  // A whole batch was refused. True if the queue moves on without it.
  bool TakeRefusal(const QueuedBatch& queued, const v1::UploadDropsResponse& answer, SessionEnd* end);
  SessionEnd FromStatus(const grpc::Status& status);

  const Device device_;
  const std::unique_ptr<QueueReader> reader_;
  client::Client* const client_;
  const client::Clock clock_;
  const client::TokenSource tokens_;
  RejectedLog rejected_;
  UploadCounts* const counts_;
  size_t server_ = 0;  // of the present session
  bool renew_token_ = false;
  bool queue_empty_ = false;
  bool unsettled_ = false;  // the reader may stand behind batches that have no answer
  bool peeked_ = false;     // there is something to send
  std::deque<QueuedBatch> in_flight_;
  size_t in_flight_bytes_ = 0;
};

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_UPLOAD_UPLOADER_H_
