// The way to fenfend: any unary RPC as bytes, by name, without its stub.
//
// Every call has a deadline and never blocks a thread; the answer comes on one of gRPC's threads.
// Thread-safe.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_BACKEND_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_BACKEND_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mini_program_bridge/refusal.h"

namespace fenfen::bridge {

// What came back.
struct BackendReply {
  MaybeRefusal refusal;
  // For the log, where the refusal is gRPC's and not the server's own: what gRPC says.
  std::string trouble;
  // The serialised reply where there is no refusal.
  std::string bytes;
  // The server answered from memory: the request id was used before, for the same.
  bool replayed = false;
};

class Backend {
 public:
  struct Options {
    // gRPC target, for example 127.0.0.1:7000.
    std::string target;
    // PEM file of the authority that signed the server's certificate; empty: plaintext.
    std::string server_ca;
    // For a call, from start to answer.
    absl::Duration deadline = absl::Seconds(10);
  };

  // Does not connect yet. Errors: InvalidArgument if `server_ca` cannot be read.
  static absl::StatusOr<std::unique_ptr<Backend>> Create(const Options& options);
  ~Backend();

  // Calls `rpc` ("/fenfen.v1.DropService/RecordDrop"). `authorization` is the whole header; empty for none.
  void Call(const std::string& rpc, const std::string& request, const std::string& authorization, const std::string& request_id,
            std::function<void(BackendReply)> done);

  // Asks the server's health service (grpc.health.v1) within two seconds.
  void CheckHealth(std::function<void(bool serving)> done);

 private:
  class Impl;
  explicit Backend(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_BACKEND_H_
