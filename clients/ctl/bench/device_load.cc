#include "clients/ctl/bench/device_load.h"

#include <grpcpp/support/client_callback.h>
#include <openssl/sha.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "ledger/core/ids.h"

namespace fenfen::bench {
namespace {

constexpr absl::string_view kSigned = "fenfen-device-batch-v1";
constexpr int64_t kGrams = 800;
constexpr absl::Duration kDeadline = absl::Minutes(10);
constexpr size_t kBatchesAhead = 8;  // of the answers, of one device

std::string Sha256(const std::string& bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace

// One stream over the queue from a batch on. Where the server is busy it writes no more, takes the answers that are still to come, and
// ends: as a device does, since its events must not overtake one another by far. gRPC calls it one event of a kind at a time.
class DeviceLoad::Upload final : public grpc::ClientBidiReactor<v1::UploadDropsRequest, v1::UploadDropsResponse> {
 public:
  // `queue` and `client` outlive it.
  Upload(v1::StationService::Stub& stub, client::Client& client, const std::vector<v1::UploadDropsRequest>& queue, size_t begin)
      : queue_(queue), written_(begin), answered_(begin), credited_(begin) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + kDeadline));
    client.Prepare(&context_, {});
    stub.async()->UploadDrops(&context_, this);
    AddHold();
    StartRead(&answer_);
    StartCall();
    Advance();
    RemoveHold();
  }

  void OnWriteDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      if (!ok) stopped_ = true;
    }
    Advance();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    TakeAnswer();
    StartRead(&answer_);
    Advance();
  }
  void OnDone(const grpc::Status& status) override {
    status_ = status;
    done_.Notify();
  }

  // How many batches of the queue are credited.
  absl::StatusOr<size_t> Wait() {
    done_.WaitForNotification();
    absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return absl::UnavailableError(client::ParseError(status_).ToString());
    if (!refused_.empty()) return absl::InternalError(absl::StrCat("服务器没有入账 / not credited: ", refused_));
    return credited_;
  }

 private:
  void TakeAnswer() {
    bool retry = false;
    std::string refused;
    for (const v1::DropOutcome& outcome : answer_.outcomes()) {
      retry = retry || outcome.retry();
      if (!outcome.reason().empty() && !outcome.retry()) refused = outcome.reason();
    }
    // What was credited before the server was busy is only told again.
    if (answer_.outcomes().empty()) refused = answer_.reason();
    absl::MutexLock lock(&mutex_);
    ++answered_;
    stopped_ = stopped_ || retry || !refused.empty();
    if (!stopped_) credited_ = answered_;
    if (!refused.empty()) refused_ = refused;
  }

  // Writes the next batch, or says that there are no more, where it is time.
  void Advance() {
    bool write = false, end = false;
    {
      absl::MutexLock lock(&mutex_);
      const bool more = !stopped_ && written_ < queue_.size();
      write = more && !writing_ && written_ - answered_ < kBatchesAhead;
      end = !more && !writing_ && written_ == answered_ && !ended_;
      writing_ = writing_ || write;
      ended_ = ended_ || end;
      if (write) ++written_;
    }
    if (write) StartWrite(&queue_[written_ - 1]);  // nobody else changes it while writing_
    if (end) StartWritesDone();
  }

  grpc::ClientContext context_;
  const std::vector<v1::UploadDropsRequest>& queue_;
  v1::UploadDropsResponse answer_;
  grpc::Status status_;
  absl::Notification done_;
  absl::Mutex mutex_;
  size_t written_;  // batches of the queue, as the next two
  size_t answered_ ABSL_GUARDED_BY(mutex_);
  size_t credited_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::string refused_ ABSL_GUARDED_BY(mutex_);
};

DeviceLoad::DeviceLoad(std::string name, client::Ed25519Key key, std::unique_ptr<client::Client> client)
    : name_(std::move(name)),
      key_(std::move(key)),
      client_(std::move(client)),
      stub_(client_->channel()),
      random_(StableHash(name_)),
      last_sha256_(SHA256_DIGEST_LENGTH, '\0') {}

DeviceLoad::~DeviceLoad() {
  if (upload_ != nullptr) upload_->Wait().status().IgnoreError();
}

void DeviceLoad::Prepare(size_t batches, int drops, uint32_t households, absl::Time now) {
  std::uniform_int_distribution<int64_t> household(1, households);
  queue_.clear();
  credited_ = 0;
  v1::DeviceBatch batch;
  batch.set_device(name_);
  for (size_t n = 0; n < batches; ++n) {
    batch.clear_drops();
    for (int i = 0; i < drops; ++i) {
      v1::DeviceDrop& drop = *batch.add_drops();
      drop.set_sequence(++last_sequence_);
      drop.set_household(household(random_));
      drop.set_member(1);
      drop.set_category(v1::CATEGORY_FOOD);
      drop.set_weight_grams(kGrams);
      drop.set_event_time_micros(absl::ToUnixMicros(now));
    }
    batch.set_previous_sha256(last_sha256_);
    v1::UploadDropsRequest& request = queue_.emplace_back();
    request.set_device(name_);
    request.set_batch(batch.SerializeAsString());
    request.set_signature(key_.Sign(absl::StrCat(kSigned, absl::string_view("\0", 1), request.batch())));
    last_sha256_ = Sha256(request.batch());
  }
}

void DeviceLoad::Begin() { upload_ = std::make_unique<Upload>(stub_, *client_, queue_, credited_); }

absl::Status DeviceLoad::Wait() {
  const absl::StatusOr<size_t> credited = upload_->Wait();
  upload_.reset();
  if (!credited.ok()) return credited.status();
  credited_ = *credited;
  return absl::OkStatus();
}

}  // namespace fenfen::bench
