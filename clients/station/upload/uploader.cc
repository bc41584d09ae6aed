#include "clients/station/upload/uploader.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fenfen/v1/station.grpc.pb.h"

namespace fenfen::station {

namespace {

// Ahead of the answers: enough to keep the server busy, little enough that neither side blocks writing while the other does.
constexpr size_t kBatchesInFlightMax = 4;
constexpr size_t kBytesInFlightMax = 32 << 10;
// A session is short, so that a fixed number of threads serves any number of devices; a stream that does not answer ends with it.
constexpr absl::Duration kSessionMax = absl::Seconds(20);
constexpr absl::Duration kStreamDeadline = absl::Seconds(40);
constexpr absl::string_view kSigned = "fenfen-device-batch-v1";

v1::UploadDropsRequest Sign(const Device& device, const std::string& bytes) {
  v1::UploadDropsRequest request;
  request.set_device(device.name);
  request.set_batch(bytes);
  request.set_signature(device.key.Sign(absl::StrCat(kSigned, absl::string_view("\0", 1), bytes)));
  return request;
}

}  // namespace

Uploader::Uploader(Device device, std::unique_ptr<QueueReader> reader, client::Client* client, client::Clock clock, UploadCounts* counts)
    : device_(std::move(device)),
      reader_(std::move(reader)),
      client_(client),
      clock_(std::move(clock)),
      tokens_(DeviceTokens(device_, clock_)),
      rejected_(device_.rejected_file()),
      counts_(counts) {}

absl::StatusOr<std::unique_ptr<Uploader>> Uploader::Open(Device device, client::Client* client, client::Clock clock, UploadCounts* counts) {
  absl::StatusOr<std::unique_ptr<QueueReader>> reader = QueueReader::Open(device.queue_folder());
  if (!reader.ok()) return reader.status();
  return std::unique_ptr<Uploader>(new Uploader(std::move(device), *std::move(reader), client, std::move(clock), counts));
}

bool Uploader::HasWork() {
  // A session that did not end in order leaves the reader behind batches that have no answer.
  if (unsettled_) {
    if (!reader_->Rewind().ok()) return true;  // damage is for the session to report
    unsettled_ = false;
  }
  if (peeked_) return true;
  if (!reader_->MayHaveMore()) return false;
  // A torn end looks like more, but is none.
  const absl::StatusOr<std::optional<QueuedBatch>> next = reader_->Next();
  peeked_ = !next.ok() || next->has_value();
  return peeked_;
}

SessionEnd Uploader::Session(const std::atomic<bool>& stop) {
  unsettled_ = true;
  peeked_ = false;
  SessionEnd end = RunSession(stop);
  unsettled_ = end.kind != SessionEnd::Kind::kEmpty;
  return end;
}

SessionEnd Uploader::RunSession(const std::atomic<bool>& stop) {
  in_flight_.clear();
  in_flight_bytes_ = 0;
  const absl::Status rewound = reader_->Rewind();
  if (!rewound.ok()) return {SessionEnd::Kind::kBlocked, {}, false, std::string(rewound.message())};

  queue_empty_ = false;
  server_ = client_->servers().Choose(client::AffinityOfText(device_.name), /*tried=*/0);
  const bool began_healthy = client_->servers().IsHealthy(server_);
  v1::StationService::Stub stub(client_->servers().channel(server_));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kStreamDeadline));
  client_->Prepare(&context, {.deadline = {}, .token = tokens_(renew_token_), .metadata = {}, .attempts_max = 0});
  renew_token_ = false;
  std::unique_ptr<Stream> stream = stub.UploadDrops(&context);

  const absl::Time turn_over = absl::Now() + kSessionMax;
  SessionEnd end;
  bool cut = false, read_to_end = false;
  while (end.kind == SessionEnd::Kind::kEmpty && !read_to_end) {
    // A server that is about to end gets nothing new, even before it ends the stream.
    const bool leaving = began_healthy && !client_->servers().IsHealthy(server_);
    const bool taking = !cut && !stop && !leaving && absl::Now() < turn_over;
    const absl::StatusOr<bool> sent = taking ? Fill(stream.get()) : absl::StatusOr<bool>(true);
    if (!sent.ok()) {
      end = {SessionEnd::Kind::kBlocked, {}, false, std::string(sent.status().message())};
      break;
    }
    // A stream that takes no more may still hold answers, and has no status before they are read.
    cut = cut || !*sent;
    if (in_flight_.empty() && !cut) break;
    v1::UploadDropsResponse answer;
    read_to_end = !stream->Read(&answer);
    if (!read_to_end && !in_flight_.empty()) TakeAnswer(answer, &end);
  }
  if (end.kind != SessionEnd::Kind::kEmpty) {
    context.TryCancel();
    stream->Finish();
    return end;
  }
  if (read_to_end) return FromStatus(stream->Finish());
  stream->WritesDone();
  v1::UploadDropsResponse surplus;
  while (stream->Read(&surplus)) {
  }
  stream->Finish();
  return {queue_empty_ ? SessionEnd::Kind::kEmpty : SessionEnd::Kind::kTurnOver, {}, false, ""};
}

absl::StatusOr<bool> Uploader::Fill(Stream* stream) {
  queue_empty_ = false;
  while (in_flight_.empty() || (in_flight_.size() < kBatchesInFlightMax && in_flight_bytes_ < kBytesInFlightMax)) {
    absl::StatusOr<std::optional<QueuedBatch>> next = reader_->Next();
    if (!next.ok()) return next.status();
    if (!next->has_value()) {
      queue_empty_ = true;
      return true;
    }
    in_flight_bytes_ += (*next)->bytes.size();
    in_flight_.push_back(*std::move(*next));
    if (!stream->Write(Sign(device_, in_flight_.back().bytes))) return false;
  }
  return true;
}

void Uploader::TakeAnswer(const v1::UploadDropsResponse& answer, SessionEnd* end) {
  const QueuedBatch& queued = in_flight_.front();
  // Answers come in the order of the batches; anything else is a fault of the server that sending again may cure.
  if (answer.last_sequence() != queued.last_sequence && answer.reason().empty()) {
    *end = {SessionEnd::Kind::kRetry, {}, false, absl::StrCat("answer to ", answer.last_sequence(), ", expected ", queued.last_sequence)};
    return;
  }
  const bool answered = answer.outcomes().empty() ? TakeRefusal(queued, answer, end) : TakeOutcomes(queued, answer);
  if (!answered) {
    if (end->kind != SessionEnd::Kind::kBlocked) {
      *end = {SessionEnd::Kind::kRetry, absl::Milliseconds(answer.retry_delay_ms()), false, answer.reason()};
    }
    return;
  }
  absl::Status kept = rejected_.Flush();
  if (kept.ok()) kept = reader_->Ack(queued.last_sequence);
  if (!kept.ok()) {
    *end = {SessionEnd::Kind::kBlocked, {}, false, std::string(kept.message())};
    return;
  }
  in_flight_bytes_ -= queued.bytes.size();
  in_flight_.pop_front();
}

bool Uploader::TakeOutcomes(const QueuedBatch& queued, const v1::UploadDropsResponse& answer) {
  if (answer.outcomes_size() != queued.batch.drops_size()) return false;
  for (const v1::DropOutcome& outcome : answer.outcomes()) {
    if (outcome.retry()) return false;
  }
  for (int i = 0; i < answer.outcomes_size(); ++i) {
    const v1::DropOutcome& outcome = answer.outcomes(i);
    if (outcome.reason().empty()) {
      ++counts_->credited;
      if (outcome.replayed()) ++counts_->replayed;
      continue;
    }
    ++counts_->rejected;
    rejected_.Add(queued.batch.drops(i), outcome.reason(), client::RowOf(client::ReasonOf(outcome.reason())).zh(), clock_());
  }
  return true;
}

bool Uploader::TakeRefusal(const QueuedBatch& queued, const v1::UploadDropsResponse& answer, SessionEnd* end) {
  const v1::Reason reason = client::ReasonOf(answer.reason());
  if (answer.reason().empty() || answer.retry_delay_ms() > 0 || client::RowOf(reason).retryable()) return false;
  if (reason == v1::REASON_DEVICE_BATCH_REPLAYED) {
    counts_->credited += queued.batch.drops_size();
    counts_->replayed += queued.batch.drops_size();
    return true;
  }
  // A signature that does not hold means a wrong key: every batch would be refused, so none is given up.
  if (reason == v1::REASON_DEVICE_SIGNATURE_INVALID || reason == v1::REASON_DEVICE_UNKNOWN) {
    *end = {SessionEnd::Kind::kBlocked, {}, false, absl::StrCat(answer.reason(), " ", answer.detail())};
    return false;
  }
  for (const v1::DeviceDrop& drop : queued.batch.drops()) rejected_.Add(drop, answer.reason(), answer.detail(), clock_());
  counts_->rejected += queued.batch.drops_size();
  return true;
}

SessionEnd Uploader::FromStatus(const grpc::Status& status) {
  if (status.ok()) return {SessionEnd::Kind::kRetry, {}, false, "the server ended the stream"};
  const client::Error error = client::ParseError(status);
  renew_token_ = error.reason == v1::REASON_TOKEN_EXPIRED;
  const bool of_server = error.reason == v1::REASON_SERVER_UNREACHABLE || error.reason == v1::REASON_SHUTTING_DOWN;
  if (of_server || error.reason == v1::REASON_OUTCOME_UNKNOWN) client_->servers().Avoid(server_);
  // Where there is another server the device goes on there, and the wait that this one asks for does not matter.
  if (of_server && client_->servers().HasOther(server_)) return {SessionEnd::Kind::kRetry, {}, false, error.ToString()};
  if (error.retryable || error.reason == v1::REASON_UNSPECIFIED || renew_token_) {
    return {SessionEnd::Kind::kRetry, error.retry_delay, of_server, error.ToString()};
  }
  return {SessionEnd::Kind::kBlocked, {}, false, error.ToString()};
}

}  // namespace fenfen::station
