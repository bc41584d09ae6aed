// HTTP/1.1 over TCP: takes connections, reads requests within limits of size and time, hands them to a handler, writes the replies.
//
// Invariants: one request of a connection at a time; every wait has an end; a reply that refuses a body is followed by a lingering close,
// so that the client reads it. What is refused here: heads over 8 KiB, bodies over 256 KiB, clients that are too slow, connections
// beyond the limit (503, then closed).
// Thread-safe: Listen and Stop may be called from any thread. A connection is one thread's from beginning to end.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_HTTP_SERVER_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_HTTP_SERVER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mini_program_bridge/http.h"

namespace boost::asio {
class io_context;
}

namespace fenfen::bridge {

struct HttpLimits {
  std::size_t head_bytes = 8 << 10;
  std::size_t body_bytes = 256 << 10;
  // From a request's first byte to the end of its head; also from a new connection to its first byte.
  absl::Duration head_time = absl::Seconds(10);
  absl::Duration body_time = absl::Seconds(20);
  // Between requests of one connection.
  absl::Duration idle_time = absl::Seconds(60);
  // For a reply to be taken.
  absl::Duration write_time = absl::Seconds(60);
  std::size_t connections = 1024;
};

class HttpServer {
 public:
  // Listens on "host:port"; port 0 takes a free one. Each of `threads` is run by one thread; connections are dealt out to them in turn.
  // `handler` must outlive their run. Errors: InvalidArgument for an address
  // that is not one, Unavailable where it cannot be had.
  static absl::StatusOr<std::shared_ptr<HttpServer>> Listen(const std::vector<boost::asio::io_context*>& threads,
                                                            const std::string& address, HttpHandler* handler, const HttpLimits& limits);
  virtual ~HttpServer() = default;

  // "127.0.0.1:41234".
  virtual std::string address() const = 0;

  // Open connections.
  virtual std::size_t connections() const = 0;

  // Takes no more connections, closes idle ones, and lets the others finish the request they are at.
  virtual void Stop() = 0;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_HTTP_SERVER_H_
