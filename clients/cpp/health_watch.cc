#include "clients/cpp/health_watch.h"

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/unknown_field_set.h>
#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace fenfen::client {

namespace {

constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";
// Between two streams to one server: the first is for one whose connection broke, doubling for one that ends them without a word.
constexpr absl::Duration kPauseFirst = absl::Milliseconds(50);
constexpr absl::Duration kPauseMax = absl::Seconds(1);
// Where there is no health service; a newer server may come to the same address.
constexpr absl::Duration kPauseWithoutService = absl::Seconds(30);

}  // namespace

// One server's stream. Exactly one operation of it is on the queue at any time, so its members need no more than the watch's lock.
class HealthWatch::Stream {
 public:
  Stream(const std::shared_ptr<grpc::Channel>& channel, size_t server, const Report& report, grpc::CompletionQueue* queue)
      : stub_(channel), server_(server), report_(report), queue_(queue) {}

  void Begin() {
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_wait_for_ready(true);
    call_ = stub_.PrepareCall(context_.get(), kWatch, queue_);
    heard_ = false;
    step_ = Step::kStart;
    call_->StartCall(this);
  }

  void Cancel() {
    if (context_ != nullptr) context_->TryCancel();
    if (step_ == Step::kPause) alarm_->Cancel();
  }

  // Takes the end of the operation; false if there is nothing more to do.
  bool Advance(bool ok, bool stopping) {
    if (step_ == Step::kPause || step_ == Step::kFinish) {
      if (step_ == Step::kFinish) TakeEnd();
      if (stopping) return false;
      step_ == Step::kFinish ? Pause() : Begin();
      return true;
    }
    if (stopping) context_->TryCancel();
    if (!ok || stopping) {
      Finish();
    } else if (step_ == Step::kStart) {
      step_ = Step::kSend;
      // An empty HealthCheckRequest asks for the server as a whole.
      const grpc::Slice nothing;
      call_->WriteLast(grpc::ByteBuffer(&nothing, 1), grpc::WriteOptions(), this);
    } else if (step_ == Step::kRead && !TakeAnswer()) {
      context_->TryCancel();
      Finish();
    } else {
      step_ = Step::kRead;
      call_->Read(&answer_, this);
    }
    return true;
  }

 private:
  enum class Step { kStart, kSend, kRead, kFinish, kPause };

  bool TakeAnswer() {
    heard_ = true;
    const bool serving = SaysServing(BytesOf(answer_));
    report_(server_, serving ? Health::kServing : Health::kDown);
    pause_ = serving ? kPauseFirst : kPauseMax;
    return serving;
  }

  void Finish() {
    step_ = Step::kFinish;
    call_->Finish(&status_, this);
  }

  void TakeEnd() {
    const bool no_service = status_.error_code() == grpc::StatusCode::UNIMPLEMENTED;
    report_(server_, no_service ? Health::kUnknown : Health::kDown);
    if (no_service) {
      pause_ = kPauseWithoutService;
    } else if (!heard_) {
      pause_ = std::min(pause_ * 2, kPauseMax);
    }
    call_.reset();
    context_.reset();
  }

  void Pause() {
    step_ = Step::kPause;
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(queue_, absl::ToChronoTime(absl::Now() + pause_), this);
  }

  grpc::GenericStub stub_;
  const size_t server_;
  const Report& report_;
  grpc::CompletionQueue* const queue_;
  Step step_ = Step::kStart;
  absl::Duration pause_ = kPauseFirst;
  bool heard_ = false;  // this stream has said something
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  std::unique_ptr<grpc::Alarm> alarm_;
  grpc::ByteBuffer answer_;
  grpc::Status status_;
};

HealthWatch::HealthWatch(const std::vector<std::shared_ptr<grpc::Channel>>& channels, Report report) : report_(std::move(report)) {
  for (size_t i = 0; i < channels.size(); ++i) streams_.push_back(std::make_unique<Stream>(channels[i], i, report_, &queue_));
  open_ = streams_.size();
  for (const std::unique_ptr<Stream>& stream : streams_) stream->Begin();
  thread_ = std::thread([this] { Run(); });
}

HealthWatch::~HealthWatch() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    for (const std::unique_ptr<Stream>& stream : streams_) stream->Cancel();
  }
  thread_.join();
}

void HealthWatch::Run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!static_cast<Stream*>(tag)->Advance(ok, stopping_) && --open_ == 0) queue_.Shutdown();
  }
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

bool SaysServing(const std::string& health_check_response) {
  // HealthCheckResponse has one field, `status = 1`, and SERVING is 1; that is all we need to know of it.
  google::protobuf::Empty reply;
  if (!reply.ParseFromString(health_check_response)) return false;
  const google::protobuf::UnknownFieldSet& fields = reply.GetReflection()->GetUnknownFields(reply);
  bool serving = false;
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() == 1 && field.type() == google::protobuf::UnknownField::TYPE_VARINT) serving = field.varint() == 1;
  }
  return serving;
}

}  // namespace fenfen::client
