// DeviceLoad: a station's device with a queue of signed batches, and their upload over one stream.
//
// Not thread-safe, but for the upload itself, which gRPC's threads drive.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/key_file.h"
#include "fenfen/v1/station.grpc.pb.h"

namespace fenfen::bench {

class DeviceLoad {
 public:
  // `client` is connected as the device.
  DeviceLoad(std::string name, client::Ed25519Key key, std::unique_ptr<client::Client> client);
  ~DeviceLoad();

  // Signs `batches` of `drops` each, by households 1 to `households`, and keeps them for the upload.
  void Prepare(size_t batches, int drops, uint32_t households, absl::Time now);
  // Uploads what is prepared, some batches ahead of the answers. Returns at once.
  void Begin();
  // Waits until the stream has ended: all is credited, or the server was busy and asked to come again. An error where the stream failed or
  // a drop was refused.
  absl::Status Wait();
  // False where Begin has to be called again, after limits::kRetryDelayWhenBusy.
  bool Finished() const { return credited_ == queue_.size(); }

 private:
  class Upload;

  const std::string name_;
  const client::Ed25519Key key_;
  const std::unique_ptr<client::Client> client_;
  v1::StationService::Stub stub_;
  std::mt19937_64 random_;
  int64_t last_sequence_ = 0;
  std::string last_sha256_;
  std::vector<v1::UploadDropsRequest> queue_;
  size_t credited_ = 0;  // batches, from the queue's begin
  std::unique_ptr<Upload> upload_;
};

}  // namespace fenfen::bench
