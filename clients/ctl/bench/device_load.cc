#include "clients/ctl/bench/device_load.h"

#include <grpcpp/support/client_callback.h>
#include <openssl/sha.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "ledger/core/ids.h"

namespace fenfen::bench {
namespace {

constexpr absl::string_view kSigned = "fenfen-device-batch-v1";
constexpr int64_t kGrams = 800;
constexpr absl::Duration kDeadline = absl::Minutes(10);

std::string Sha256(const std::string& bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace

// One stream: writes batch after batch, reads answer after answer. gRPC calls it one event of a kind at a time.
class DeviceLoad::Upload final : public grpc::ClientBidiReactor<v1::UploadDropsRequest, v1::UploadDropsResponse> {
 public:
  Upload(v1::StationService::Stub& stub, client::Client& client, std::vector<v1::UploadDropsRequest> queue) : queue_(std::move(queue)) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + kDeadline));
    client.Prepare(&context_, {});
    stub.async()->UploadDrops(&context_, this);
    StartWrite(&queue_.front());
    StartRead(&answer_);
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return;
    if (++written_ < queue_.size()) return StartWrite(&queue_[written_]);
    StartWritesDone();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    ++answered_;
    if (!answer_.reason().empty()) refused_ = answer_.reason();
    for (const v1::DropOutcome& outcome : answer_.outcomes()) {
      if (!outcome.reason().empty() || outcome.replayed()) refused_ = absl::StrCat("drop: ", outcome.reason());
    }
    StartRead(&answer_);
  }
  void OnDone(const grpc::Status& status) override {
    status_ = status;
    done_.Notify();
  }

  absl::Status Wait() {
    done_.WaitForNotification();
    if (!status_.ok()) return absl::UnavailableError(client::ParseError(status_).ToString());
    if (!refused_.empty()) return absl::InternalError(absl::StrCat("服务器没有入账 / not credited: ", refused_));
    return answered_ == queue_.size() ? absl::OkStatus() : absl::InternalError("有批次没有答复 / a batch got no answer");
  }

 private:
  grpc::ClientContext context_;
  const std::vector<v1::UploadDropsRequest> queue_;
  size_t written_ = 0;
  v1::UploadDropsResponse answer_;
  size_t answered_ = 0;
  std::string refused_;
  grpc::Status status_;
  absl::Notification done_;
};

DeviceLoad::DeviceLoad(std::string name, client::Ed25519Key key, std::unique_ptr<client::Client> client)
    : name_(std::move(name)),
      key_(std::move(key)),
      client_(std::move(client)),
      stub_(client_->channel()),
      random_(StableHash(name_)),
      last_sha256_(SHA256_DIGEST_LENGTH, '\0') {}

DeviceLoad::~DeviceLoad() {
  if (upload_ != nullptr) upload_->Wait().IgnoreError();
}

void DeviceLoad::Prepare(size_t batches, int drops, uint32_t households, absl::Time now) {
  std::uniform_int_distribution<int64_t> household(1, households);
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

void DeviceLoad::Begin() { upload_ = std::make_unique<Upload>(stub_, *client_, std::exchange(queue_, {})); }

absl::Status DeviceLoad::Wait() {
  const absl::Status status = upload_->Wait();
  upload_.reset();
  return status;
}

}  // namespace fenfen::bench
