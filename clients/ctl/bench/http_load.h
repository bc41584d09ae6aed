// HttpLoad: one GET again and again over a fixed number of connections that are kept, one request at a time on each. As little as a client
// can do: a request that is written out once, and of an answer only its status and length are looked at.
//
// Not thread-safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fenfen::bench {

class HttpLoad {
 public:
  // Connects. `address`: HOST:PORT with a numeric host.
  static absl::StatusOr<std::unique_ptr<HttpLoad>> Connect(const std::string& address, const std::string& path, int connections);
  ~HttpLoad();

  // One answer's body.
  absl::StatusOr<std::string> Once();
  // Answers a second, each 200. An error where one is not, or a connection breaks.
  absl::StatusOr<double> Run(absl::Duration time);

 private:
  class Loop;
  explicit HttpLoad(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace fenfen::bench
