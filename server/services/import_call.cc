#include "server/services/import_call.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kCancelGrace = absl::Milliseconds(200);

// The file's key for one household: the same time, the rest spread by the household's number; the variant bits stay a UUID's.
RequestKey KeyFor(const RequestKey& file, HouseholdId household) {
  const uint64_t low = MixBits(file.low ^ MixBits(household.value()));
  return {file.high, (uint64_t{2} << 62) | (low >> 2)};
}

uint64_t FingerprintOf(const EnrolmentFacts& facts) {
  uint64_t hash = MixBits(facts.household.value());
  for (const uint64_t part : {facts.region.value(), facts.card_hash, facts.door_hash}) hash = MixBits(hash ^ part);
  for (const uint64_t member : facts.members) hash = MixBits(hash ^ member);
  return hash;
}

// Counts what is on its way and keeps the first refusal.
class InFlight {
 public:
  void Begin() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return count_ < ImportCall::kInFlightMax; });
    ++count_;
  }
  void End(const absl::Status& status, bool created) {
    std::lock_guard<std::mutex> lock(mutex_);
    --count_;
    created_ += created;
    if (!status.ok() && refusal_.ok()) refusal_ = status;
    changed_.notify_all();
  }
  bool failed() {
    std::lock_guard<std::mutex> lock(mutex_);
    return !refusal_.ok();
  }
  absl::Status Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return count_ == 0; });
    return refusal_;
  }
  int created() const { return created_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t count_ = 0;
  int created_ = 0;
  absl::Status refusal_;
};

}  // namespace

ImportCall* ImportCall::Begin(const Gate& gate, const Method& method, Backend& backend, grpc::CallbackServerContext& context,
                              v1::ImportHouseholdsResponse& response) {
  auto* call = new ImportCall(gate, method, backend, context, response);
  if (absl::Status status = call->Authenticate(); !status.ok()) {
    call->End(status);
  } else {
    call->StartRead(&call->message_);
  }
  return call;
}

void ImportCall::OnReadDone(bool ok) {
  if (ok) {
    if (absl::Status status = TakeMessage(); !status.ok()) return End(status);
    return StartRead(&message_);
  }
  // The client has sent all, or is gone, which CheckAndWrite asks. Without a first message there is no request id.
  if (first_) return End(Refuse(Reason::REASON_REQUEST_ID_MISSING, {}, "request_id"));
  absl::Status posted = backend_.slow_lane.Post([this] { End(CheckAndWrite()); });
  if (!posted.ok()) End(posted);
}

absl::Status ImportCall::TakeMessage() {
  absl::Status status = Authorise(message_);
  if (status.ok()) status = Validate(message_, first_);
  if (!status.ok()) return status;
  if (first_) validate_only_ = message_.validate_only();
  first_ = false;
  if (rows_.rows() + message_.rows_size() > limits::kImportRowsMax) {
    return Refuse(Reason::REASON_IMPORT_TOO_LARGE, {{"limit", absl::StrCat(limits::kImportRowsMax)}}, "rows");
  }
  for (const v1::HouseholdRow& row : message_.rows()) rows_.Add(row, catalogue());
  return absl::OkStatus();
}

void ImportCall::End(const absl::Status& status) {
  set_audited(absl::StrCat("rows: ", rows_.rows(), ", created: ", response_.created()));
  Conclude(status, [this](const grpc::Status& leaving) { Finish(leaving); });
}

absl::Status ImportCall::CheckAndWrite() {
  if (absl::Status status = rows_.Compare(backend_.state, backend_.directory); !status.ok()) return status;
  for (const v1::RowError& error : rows_.errors()) *response_.add_errors() = error;
  if (!rows_.errors().empty()) return absl::OkStatus();
  response_.set_unchanged(rows_.unchanged());
  if (validate_only_) {
    response_.set_created(static_cast<int32_t>(rows_.fresh().size()));
    return absl::OkStatus();
  }
  // A client that is gone may not have sent all of its file, and would not learn what became of the part. gRPC tells of the end of the
  // reading and of the cancelling in no certain order, so the latter is given a moment.
  if (cancelled_.WaitForNotificationWithTimeout(kCancelGrace)) return Refuse(Reason::REASON_OUTCOME_UNKNOWN);
  return WriteAll();
}

absl::Status ImportCall::WriteAll() {
  InFlight in_flight;
  for (const EnrolmentFacts& facts : rows_.fresh()) {
    if (in_flight.failed() || cancelled_.HasBeenNotified()) break;
    in_flight.Begin();
    backend_.engine.Submit(CommandFor(facts), [&in_flight](absl::StatusOr<Outcome> outcome) {
      in_flight.End(outcome.status(), outcome.ok() && !outcome->replayed);
    });
  }
  absl::Status status = in_flight.Wait();
  response_.set_created(in_flight.created());
  return status.ok() && cancelled_.HasBeenNotified() ? Refuse(Reason::REASON_OUTCOME_UNKNOWN) : status;
}

Command ImportCall::CommandFor(const EnrolmentFacts& facts) const {
  DecisionContext context = Decision();
  context.key = KeyFor(key(), facts.household);
  context.fingerprint = FingerprintOf(facts);
  Command command{PartitionOf(facts.household), context.key, context.fingerprint, EnrolmentReads(facts.household), nullptr};
  command.decide = [this, &facts, context](const View& view) { return DecideEnrolment(view, facts, catalogue(), context); };
  return command;
}

}  // namespace fenfen::server
