// UnaryLoad: RecordDrop over gRPC by the callback API, a fixed number of calls in flight, each followed by the next.
//
// Not thread-safe; gRPC's threads drive the calls.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "fenfen/v1/drop.grpc.pb.h"

namespace fenfen::bench {

// What a run gave.
struct UnaryResult {
  double calls_per_second = 0;
  double median_seconds = 0;  // of one call
};

class UnaryLoad {
 public:
  // Drops are made by households/1 to households/N.
  UnaryLoad(std::unique_ptr<client::Client> client, uint32_t households);

  // One call, waited for.
  absl::StatusOr<v1::RecordDropResponse> Once();
  // Calls for as long as `time`, then waits for the last. The first error of any.
  absl::StatusOr<UnaryResult> Run(int in_flight, absl::Duration time);

 private:
  class Runner;

  const std::unique_ptr<client::Client> client_;
  v1::DropService::Stub stub_;
  const uint32_t households_;
  std::mt19937_64 random_;
};

}  // namespace fenfen::bench
