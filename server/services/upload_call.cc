#include "server/services/upload_call.h"

#include <utility>
#include <vector>

#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/drop.h"
#include "server/services/device_batch.h"

namespace fenfen::server {
namespace {

absl::Status ShuttingDown() { return RefuseUntil(Reason::REASON_SHUTTING_DOWN, limits::kRetryDelayWhenBusy); }

}  // namespace

void UploadStreams::Add(UploadCall* call) {
  bool draining = false;
  {
    absl::MutexLock lock(&mutex_);
    calls_.insert(call);
    draining = draining_;
  }
  if (draining) call->End(ShuttingDown());
}

void UploadStreams::Remove(UploadCall* call) {
  absl::MutexLock lock(&mutex_);
  calls_.erase(call);
}

void UploadStreams::Drain() {
  std::vector<UploadCall*> calls;
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    for (UploadCall* call : calls_) {
      call->Hold();
      calls.push_back(call);
    }
  }
  for (UploadCall* call : calls) {
    call->End(ShuttingDown());
    call->Release();
  }
}

size_t UploadStreams::size() const {
  absl::MutexLock lock(&mutex_);
  return calls_.size();
}

UploadCall* UploadCall::Begin(const Gate& gate, const Method& method, Backend& backend, Metrics& metrics, UploadStreams& streams,
                              grpc::CallbackServerContext& context) {
  auto* call = new UploadCall(gate, method, backend, metrics, streams, context);
  if (absl::Status status = call->Authenticate(); !status.ok()) {
    call->End(status);
  } else {
    call->StartRead(&call->message_);
  }
  streams.Add(call);
  return call;
}

void UploadCall::OnReadDone(bool ok) {
  Batch* batch = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    if (!ok) ended_ = true;
    // What comes after the end is dropped: it has no answer, so the device sends it again.
    if (!ended_) {
      batches_.push_back(FreshBatch());
      batch = batches_.back().get();
    }
  }
  absl::Status status;
  if (batch != nullptr) {
    status = TakeMessage(*batch);
    if (!status.ok()) {
      absl::MutexLock lock(&mutex_);
      spare_.push_back(std::move(batches_.back()));
      batches_.pop_back();
    } else {
      batch->response.reason().empty() ? SubmitEvents(*batch) : Answer(*batch);
    }
  }
  if (!status.ok()) return End(status);
  {
    absl::MutexLock lock(&mutex_);
    reading_ = false;
  }
  Advance(nullptr);
}

std::unique_ptr<UploadCall::Batch> UploadCall::FreshBatch() {
  if (spare_.empty()) return std::make_unique<Batch>();
  std::unique_ptr<Batch> batch = std::move(spare_.back());
  spare_.pop_back();
  batch->response.Clear();
  batch->submitted.clear();
  batch->ready = false;
  return batch;
}

void UploadCall::LetGoOfFirst() {
  batches_.front()->place.GiveBack();
  spare_.push_back(std::move(batches_.front()));
  batches_.pop_front();
}

absl::Status UploadCall::TakeMessage(Batch& batch) {
  if (absl::Status status = Refresh(); !status.ok()) return status;
  if (absl::Status status = Authorise(message_); !status.ok()) return status;
  absl::Status status = Validate(message_);
  if (!status.ok()) {
    const Refusal what = RefusalOf(status);
    status = Refuse(Reason::REASON_DEVICE_BATCH_MALFORMED, {{"detail", what.en}}, what.field);
  }
  // The key of the catalogue as it is now: Refresh has just compared the token's with it.
  if (status.ok()) status = CheckBatchSignature(caller().key, message_.batch(), message_.signature());
  if (status.ok()) status = ParseBatch(message_.batch(), message_.device(), batch.events);
  if (!status.ok()) {
    metrics_.device_events().Add(RefusalOf(status).reason);
    FillRefusal(status, 0, batch.response);
  }
  return absl::OkStatus();
}

void UploadCall::SubmitEvents(Batch& batch) {
  if (absl::Status status = limit_.Enter(batch.place); !status.ok()) return RefuseEvents(batch, status);
  const v1::Device* device = catalogue().Find<v1::Device>(CatalogueId(caller().actor.id));
  const CatalogueId station = CatalogueIdOf(device->station());
  const int count = batch.events.drops_size();
  batch.response.mutable_outcomes()->Reserve(count);
  std::vector<Command> commands;
  commands.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    v1::DropOutcome& outcome = *batch.response.add_outcomes();
    outcome.set_sequence(batch.events.drops(i).sequence());
    absl::StatusOr<Command> command = CommandFor(batch.events.drops(i), station);
    if (command.ok()) {
      commands.push_back(*std::move(command));
      batch.submitted.push_back(&outcome);
    } else {
      metrics_.device_events().Add(FillOutcome(command.status(), outcome));
    }
  }
  if (commands.empty()) return Answer(batch);
  backend_.engine.SubmitAll(std::move(commands), [this, &batch](const std::vector<absl::StatusOr<Outcome>>& outcomes) {
    for (size_t i = 0; i < outcomes.size(); ++i) metrics_.device_events().Add(FillOutcome(outcomes[i], *batch.submitted[i]));
    Answer(batch);
  });
}

void UploadCall::RefuseEvents(Batch& batch, const absl::Status& status) {
  for (const v1::DeviceDrop& drop : batch.events.drops()) {
    v1::DropOutcome& outcome = *batch.response.add_outcomes();
    outcome.set_sequence(drop.sequence());
    metrics_.device_events().Add(FillOutcome(status, outcome));
  }
  Answer(batch);
}

absl::StatusOr<Command> UploadCall::CommandFor(const v1::DeviceDrop& drop, CatalogueId station) {
  const absl::StatusOr<DropFacts> facts = FactsOf(drop, station);
  if (!facts.ok()) return facts.status();
  DecisionContext context = Decision();
  context.key = DeviceEventKey(CatalogueId(caller().actor.id), static_cast<uint64_t>(drop.sequence()));
  context.fingerprint = FingerprintOf(drop);
  const PartitionId partition = PartitionOf(facts->household);
  if (backend_.device_sequences.UsedElsewhere(context.key, partition)) {
    return Refuse(Reason::REASON_DEVICE_SEQUENCE_REUSED, {}, "sequence");
  }
  Command command{partition, context.key, context.fingerprint, DropReads(*facts, catalogue(), context), nullptr};
  command.decide = [facts = *facts, context, catalogue = catalogue_ptr()](const View& view) {
    return DecideDrop(view, facts, *catalogue, context);
  };
  return command;
}

void UploadCall::Answer(Batch& batch) {
  if (batch.response.reason().empty()) FillSummary(batch.response);
  Advance(&batch);
}

void UploadCall::Advance(Batch* ready) {
  absl::ReleasableMutexLock lock(&mutex_);
  if (ready != nullptr) ready->ready = true;
  while (true) {
    while (broken_ && !writing_ && !batches_.empty() && batches_.front()->ready) LetGoOfFirst();
    const bool write = !writing_ && !batches_.empty() && batches_.front()->ready;
    const bool read = !ended_ && !reading_ && batches_.size() < kBatchesMax;
    if (!write && !read) break;
    const v1::UploadDropsResponse* answer = write ? &batches_.front()->response : nullptr;
    writing_ = writing_ || write;
    reading_ = reading_ || read;
    ++acting_;
    mutex_.Unlock();
    if (answer != nullptr) StartWrite(answer);
    if (read) StartRead(&message_);
    mutex_.Lock();
    --acting_;
  }
  // A read may still be open where it is we who end the stream; gRPC closes it with the call.
  if (!ended_ || finished_ || writing_ || acting_ > 0 || !batches_.empty()) return;
  finished_ = true;
  const absl::Status status = status_;
  lock.Release();
  Conclude(status, [this](const grpc::Status& leaving) { Finish(leaving); });
}

void UploadCall::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    LetGoOfFirst();
    if (!ok) broken_ = ended_ = true;
  }
  Advance(nullptr);
}

void UploadCall::End(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    if (!ended_) status_ = status;
    ended_ = true;
  }
  Advance(nullptr);
}

void UploadCall::OnCancel() {
  {
    absl::MutexLock lock(&mutex_);
    broken_ = ended_ = true;
  }
  Advance(nullptr);
}

void UploadCall::OnDone() {
  streams_.Remove(this);
  Release();
}

}  // namespace fenfen::server
