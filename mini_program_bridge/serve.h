// Runs HTTP servers until the process is told to stop: the part that the bridge and the WeChat sandbox have in common.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_SERVE_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_SERVE_H_

#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "mini_program_bridge/http_server.h"

namespace fenfen::bridge {

// Owns the io_context, so that a main file needs none of Asio's headers.
class ServeLoop {
 public:
  ServeLoop();
  ~ServeLoop();

  boost::asio::io_context* io() const { return io_.get(); }

  // Runs `threads` threads until SIGTERM or SIGINT; then stops the servers and gives requests in flight up to `grace`.
  void Run(const std::vector<std::shared_ptr<HttpServer>>& servers, int threads, absl::Duration grace);

 private:
  const std::unique_ptr<boost::asio::io_context> io_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_SERVE_H_
