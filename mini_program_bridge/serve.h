// Runs HTTP servers until the process is told to stop: the part that the bridge and the WeChat sandbox have in common.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_SERVE_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_SERVE_H_

#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "mini_program_bridge/http_server.h"

namespace fenfen::bridge {

// Owns the io_contexts, one a thread, so that a main file needs none of Asio's headers. With one that several threads share, they would
// wake and lock each other at every step of every request.
class ServeLoop {
 public:
  explicit ServeLoop(int threads);
  ~ServeLoop();

  const std::vector<boost::asio::io_context*>& threads() const { return threads_; }
  // The first thread's: for what is done seldom.
  boost::asio::io_context* io() const { return threads_.front(); }

  // Runs until SIGTERM or SIGINT; then stops the servers and gives requests in flight up to `grace`.
  void Run(const std::vector<std::shared_ptr<HttpServer>>& servers, absl::Duration grace);

 private:
  std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
  std::vector<boost::asio::io_context*> threads_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_SERVE_H_
