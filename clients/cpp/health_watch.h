// Watches several servers by the standard health service (grpc.health.v1.Health.Watch), one stream a server, from one thread for all.
//
// A server is kServing while its stream says so, kDown when it says otherwise or the connection is gone, and kUnknown before it has said
// anything or where it has no health service. A stream that waits for its connection keeps the channel reconnecting, so recovery needs no
// call to find out. A server that says NOT_SERVING is about to stop: its stream is let go at once, since it would hold up the server's
// orderly end, and opened anew every second.
//
// Thread-safe: reports come from the watching thread, none after the destructor.
#ifndef FENFEN_CLIENTS_CPP_HEALTH_WATCH_H_
#define FENFEN_CLIENTS_CPP_HEALTH_WATCH_H_

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fenfen::client {

enum class Health : uint8_t { kUnknown, kServing, kDown };

class HealthWatch {
 public:
  // Called with a lock held: it must be short and not come back here.
  using Report = std::function<void(size_t server, Health health)>;

  HealthWatch(const std::vector<std::shared_ptr<grpc::Channel>>& channels, Report report);
  ~HealthWatch();

 private:
  class Stream;

  void Run();

  const Report report_;
  grpc::CompletionQueue queue_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Stream>> streams_;  // guarded by mutex_ once the thread runs
  size_t open_ = 0;                               // guarded by mutex_; streams with something on the queue
  bool stopping_ = false;                         // guarded by mutex_
  std::thread thread_;
};

// The bytes of a buffer in one piece.
std::string BytesOf(const grpc::ByteBuffer& buffer);

// Whether the bytes of a grpc.health.v1.HealthCheckResponse say SERVING.
bool SaysServing(const std::string& health_check_response);

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_HEALTH_WATCH_H_
