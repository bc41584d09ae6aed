// UploadCall: one stream of StationService.UploadDrops. A message is read, its signature checked over the bytes as they came, its events
// submitted; answers leave in the order of the messages. At most kBatchesMax batches are being worked on: then nothing more is read, and
// gRPC's flow control makes the device wait.
//
// The device's standing is asked anew for each message, so that revoking it ends its stream at the next one. gRPC runs the callbacks, the
// journal the completions; what they share is under `mutex_`, which is never held while calling gRPC or the engine. The stream is finished
// only when every batch is answered and no thread is about to start a read or a write (`acting_`); after that nobody touches it but gRPC.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "fenfen/v1/station.pb.h"
#include "server/call/call.h"
#include "server/services/backend.h"

namespace fenfen::server {

class UploadCall;

// The streams that are open, so that they can be ended before the server stops. Thread-safe.
class UploadStreams {
 public:
  void Add(UploadCall* call);
  void Remove(UploadCall* call);
  // Ends all streams with SHUTTING_DOWN, each once its answers have left; those that begin later too.
  void Drain();
  size_t size() const;

 private:
  mutable absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<UploadCall*> calls_ ABSL_GUARDED_BY(mutex_);
};

class UploadCall final : public grpc::ServerBidiReactor<v1::UploadDropsRequest, v1::UploadDropsResponse>, private Call {
 public:
  // Batches being worked on at a time, in one stream.
  static constexpr size_t kBatchesMax = 4;

  static UploadCall* Begin(const Gate& gate, const Method& method, Backend& backend, Metrics& metrics, UploadStreams& streams,
                           grpc::CallbackServerContext& context);

  // Ends the stream once its answers have left.
  void End(const absl::Status& status);

  // Keeps the object, not the stream: for one who ends it from outside.
  void Hold() { holds_.fetch_add(1); }
  void Release() {
    if (holds_.fetch_sub(1) == 1) delete this;
  }

 private:
  struct Batch {
    v1::DeviceBatch events;
    v1::UploadDropsResponse response;
    std::vector<v1::DropOutcome*> submitted;  // the response's outcomes of the events that the engine got
    CallLimit::Place place;                   // from its submission until its answer has left
    bool ready = false;                       // guarded by the call's mutex_
  };

  UploadCall(const Gate& gate, const Method& method, Backend& backend, Metrics& metrics, UploadStreams& streams,
             grpc::CallbackServerContext& context)
      : Call(gate, method, context), backend_(backend), metrics_(metrics), streams_(streams), limit_(gate.limits.batches) {}

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // Checks the message; OK where a batch of it can be submitted. A refusal of the batch is in its response; a refusal of the device is
  // returned.
  absl::Status TakeMessage(Batch& batch);
  // Batches are used again: parsing into a message that has held as much before takes a third of the time.
  std::unique_ptr<Batch> FreshBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LetGoOfFirst() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SubmitEvents(Batch& batch);
  // Tells the device to send all of the batch again later.
  void RefuseEvents(Batch& batch, const absl::Status& status);
  absl::StatusOr<Command> CommandFor(const v1::DeviceDrop& drop, CatalogueId station);
  void Answer(Batch& batch);
  // Takes one step after another while there is one: write the next answer that is ready, read on if there is room, finish the stream.
  // `ready`: a batch whose answer is complete, or null.
  void Advance(Batch* ready);

  Backend& backend_;
  Metrics& metrics_;
  UploadStreams& streams_;
  CallLimit& limit_;
  v1::UploadDropsRequest message_;
  std::atomic<int> holds_{1};  // the first is gRPC's

  absl::Mutex mutex_;
  std::deque<std::unique_ptr<Batch>> batches_ ABSL_GUARDED_BY(mutex_);  // in the order of the messages
  std::vector<std::unique_ptr<Batch>> spare_ ABSL_GUARDED_BY(mutex_);   // at most kBatchesMax
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;                         // from the start of a read until its batch is submitted
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  int acting_ ABSL_GUARDED_BY(mutex_) = 0;         // threads about to start a read or write
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;     // no more is read
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;    // nobody hears the answers any more
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen::server
