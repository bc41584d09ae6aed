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
  // Uploads what is prepared, as fast as the server takes it, without waiting for answers. Returns at once.
  void Begin();
  // Waits until every batch is answered and the stream has ended. An error where the stream failed or a drop was not credited.
  absl::Status Wait();

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
  std::unique_ptr<Upload> upload_;
};

}  // namespace fenfen::bench
