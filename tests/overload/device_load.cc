#include "tests/overload/device_load.h"

#include <openssl/sha.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/bench/district.h"
#include "fenfen/v1/station.grpc.pb.h"

namespace fenfen::overload {
namespace {

constexpr absl::string_view kSigned = absl::string_view("fenfen-device-batch-v1\0", 23);
constexpr int64_t kGrams = 800;
// As the stations' agent has them (clients/station/upload).
constexpr absl::Duration kStreamDeadline = absl::Seconds(40);
constexpr absl::Duration kSessionMax = absl::Seconds(20);
constexpr absl::Duration kIdle = absl::Milliseconds(1);

std::string Sha256(const std::string& bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace

// One device with a thread of its own, as the agent hosts them. The thread owns everything but the offers.
class DeviceLoad::Device {
 public:
  Device(std::string name, client::Ed25519Key key, std::unique_ptr<client::Client> client, uint32_t households)
      : name_(std::move(name)),
        key_(std::move(key)),
        client_(std::move(client)),
        stub_(client_->channel()),
        households_(households),
        random_(StableHash(name_)),
        last_sha256_(SHA256_DIGEST_LENGTH, '\0') {}

  // Batches that came to the device since it was started.
  void Offer(int64_t batches) { offered_.fetch_add(batches); }
  void Start(double end) {
    end_ = end;
    offered_ = 0;
    stop_ = false;
    result_ = {};
    status_ = absl::OkStatus();
    thread_ = std::thread([this] { Run(); });
  }
  void Stop() { stop_ = true; }
  absl::Status Join() {
    thread_.join();
    return status_;
  }
  // After Join.
  DeviceResult& result() { return result_; }
  const std::vector<SentDrop>& drops() const { return drops_; }

 private:
  using Stream = grpc::ClientReaderWriter<v1::UploadDropsRequest, v1::UploadDropsResponse>;
  struct Batch {
    v1::UploadDropsRequest request;
    size_t first = 0;  // place of its first drop
    double begin = 0;
  };

  void Run() {
    while (!stop_ && status_.ok()) {
      if (queue_.empty() && !TakeOffered()) {
        absl::SleepFor(kIdle);
        continue;
      }
      const absl::Duration wait = RunSession();
      for (const absl::Time until = absl::Now() + wait; !stop_ && absl::Now() < until;) absl::SleepFor(kIdle);
    }
  }

  bool TakeOffered() {
    if (offered_.load() <= 0) return false;
    offered_.fetch_sub(1);
    MakeBatch();
    return true;
  }

  void MakeBatch() {
    v1::DeviceBatch batch;
    batch.set_device(name_);
    batch.set_previous_sha256(last_sha256_);
    Batch& made = queue_.emplace_back();
    made.first = drops_.size();
    const int64_t now = absl::ToUnixMicros(absl::Now());
    for (int i = 0; i < kDropsPerBatch; ++i) {
      SentDrop sent;
      sent.household = static_cast<uint32_t>(1 + random_() % households_);
      drops_.push_back(sent);
      v1::DeviceDrop& drop = *batch.add_drops();
      drop.set_sequence(static_cast<int64_t>(drops_.size()));
      drop.set_household(sent.household);
      drop.set_member(1);
      drop.set_category(v1::CATEGORY_FOOD);
      drop.set_weight_grams(kGrams);
      drop.set_event_time_micros(now);
    }
    made.request.set_device(name_);
    made.request.set_batch(batch.SerializeAsString());
    made.request.set_signature(key_.Sign(absl::StrCat(kSigned, made.request.batch())));
    last_sha256_ = Sha256(made.request.batch());
  }

  // One stream, until it is time for another, the server asks to come again, or all is answered and the run is over. Returns how long to
  // wait.
  absl::Duration RunSession() {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kStreamDeadline));
    client_->Prepare(&context, {});
    const std::unique_ptr<Stream> stream = stub_.UploadDrops(&context);
    const absl::Time turn_over = absl::Now() + kSessionMax;
    size_t in_flight = 0;
    v1::UploadDropsResponse answer;
    while (true) {
      const bool taking = !stop_ && absl::Now() < turn_over;
      while (taking && in_flight < kBatchesAhead && (in_flight < queue_.size() || TakeOffered())) {
        const bool written = Write(*stream, queue_[in_flight++]);
        if (!written) return Ended(stream->Finish(), in_flight);
      }
      if (in_flight == 0 && taking) {
        absl::SleepFor(kIdle);
        continue;
      }
      if (in_flight == 0) break;
      if (!stream->Read(&answer)) return Ended(stream->Finish(), in_flight);
      --in_flight;
      if (!TakeAnswer(answer)) {
        context.TryCancel();
        stream->Finish();
        LeaveInDoubt(1, in_flight);
        return absl::Milliseconds(answer.retry_delay_ms());
      }
    }
    stream->WritesDone();
    return Ended(stream->Finish(), 0);
  }

  bool Write(Stream& stream, Batch& batch) {
    for (size_t i = batch.first; i < batch.first + kDropsPerBatch; ++i) {
      if (drops_[i].fate != DropFate::kAccepted) drops_[i].fate = DropFate::kUnanswered;
    }
    batch.begin = bench::MonotonicSeconds();
    return stream.Write(batch.request);
  }

  // So many batches of the queue, from one on, will not be answered.
  void LeaveInDoubt(size_t from, size_t count) {
    for (size_t n = from; n < from + count; ++n) {
      for (size_t i = queue_[n].first; i < queue_[n].first + kDropsPerBatch; ++i) drops_[i].doubtful = true;
    }
  }

  // The stream is over; the batches under way come again, unless the server never wants them. One that nothing was written to may end
  // badly too: where a device is told to stop before it was connected, which takes seconds while the server has three times what it can do.
  absl::Duration Ended(const grpc::Status& status, size_t in_flight) {
    LeaveInDoubt(0, in_flight);
    if (status.ok()) return absl::ZeroDuration();
    const client::Error error = client::ParseError(status);
    if (!error.retryable) status_ = absl::InternalError(absl::StrCat(name_, ": ", error.ToString()));
    return std::max(error.retry_delay, absl::Milliseconds(100));
  }

  // Of the first in the queue. False where it has to come again.
  bool TakeAnswer(const v1::UploadDropsResponse& answer) {
    const Batch& batch = queue_.front();
    const double now = bench::MonotonicSeconds();
    if (answer.outcomes_size() != kDropsPerBatch) {
      status_ = absl::InternalError(absl::StrCat(name_, ": a batch without outcomes: ", answer.reason(), " ", answer.detail()));
      return false;
    }
    bool all = true;
    for (int i = 0; i < kDropsPerBatch; ++i) {
      const v1::DropOutcome& outcome = answer.outcomes(i);
      SentDrop& drop = drops_[batch.first + static_cast<size_t>(i)];
      if (outcome.reason().empty()) {
        if (drop.fate != DropFate::kAccepted && now < end_) ++result_.accepted;
        drop.fate = DropFate::kAccepted;
        drop.entry = static_cast<uint32_t>(outcome.entry_sequence());
        drop.reward = static_cast<int32_t>(outcome.reward());
        continue;
      }
      all = false;
      ++result_.refused;
      if (drop.fate != DropFate::kAccepted && !drop.doubtful) drop.fate = DropFate::kRefused;
      if (answer.retry_delay_ms() <= 0) ++result_.refused_untold;
      if (!outcome.retry()) status_ = absl::InternalError(absl::StrCat(name_, ": refused for good: ", outcome.reason()));
    }
    if (!all) return false;
    result_.latencies.push_back(now - batch.begin);
    queue_.pop_front();
    return true;
  }

  const std::string name_;
  const client::Ed25519Key key_;
  const std::unique_ptr<client::Client> client_;
  v1::StationService::Stub stub_;
  const uint32_t households_;
  std::mt19937_64 random_;
  std::string last_sha256_;
  std::vector<SentDrop> drops_;
  std::deque<Batch> queue_;  // not credited as a whole
  std::atomic<int64_t> offered_{0};
  std::atomic<bool> stop_{false};
  double end_ = 0;
  DeviceResult result_;
  absl::Status status_;
  std::thread thread_;
};

DeviceLoad::DeviceLoad() = default;
DeviceLoad::~DeviceLoad() = default;

absl::StatusOr<std::unique_ptr<DeviceLoad>> DeviceLoad::Connect(const Fenfend& server, size_t devices, uint32_t households) {
  std::unique_ptr<DeviceLoad> load(new DeviceLoad);
  for (size_t n = 0; n < devices; ++n) {
    absl::StatusOr<std::unique_ptr<client::Client>> client = server.ConnectAsDevice(n);
    if (!client.ok()) return client.status();
    load->devices_.push_back(std::make_unique<Device>(bench::DeviceName(n), server.device_keys()[n], *std::move(client), households));
  }
  return load;
}

const std::vector<SentDrop>& DeviceLoad::drops(size_t device) const { return devices_[device]->drops(); }

absl::StatusOr<DeviceResult> DeviceLoad::Closed(size_t devices, absl::Duration time) {
  constexpr double kMoreThanAny = 1e8;
  return Run(devices, kMoreThanAny, time, [] {});
}

absl::StatusOr<DeviceResult> DeviceLoad::Open(double drops_per_second, absl::Duration time, const std::function<void()>& meanwhile) {
  return Run(devices_.size(), drops_per_second, time, meanwhile);
}

absl::StatusOr<DeviceResult> DeviceLoad::Run(size_t devices, double drops_per_second, absl::Duration time,
                                             const std::function<void()>& meanwhile) {
  DeviceResult all;
  all.seconds = absl::ToDoubleSeconds(time);
  const double begin = bench::MonotonicSeconds();
  size_t turn = 0;
  for (size_t n = 0; n < devices; ++n) devices_[n]->Start(begin + all.seconds);
  for (double now = begin; now < begin + all.seconds; now = bench::MonotonicSeconds()) {
    const auto due = static_cast<uint64_t>((now - begin) * drops_per_second);
    for (; all.offered + kDropsPerBatch <= due; all.offered += kDropsPerBatch) devices_[turn++ % devices]->Offer(1);
    meanwhile();
    absl::SleepFor(absl::Milliseconds(20));
  }
  for (size_t n = 0; n < devices; ++n) devices_[n]->Stop();
  absl::Status status;
  for (size_t n = 0; n < devices; ++n) {
    status.Update(devices_[n]->Join());
    DeviceResult& one = devices_[n]->result();
    all.accepted += one.accepted;
    all.refused += one.refused;
    all.refused_untold += one.refused_untold;
    all.latencies.insert(all.latencies.end(), one.latencies.begin(), one.latencies.end());
  }
  if (!status.ok()) return status;
  return all;
}

}  // namespace fenfen::overload
