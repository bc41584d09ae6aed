// GrpcConnection: one HTTP/2 connection that makes unary gRPC calls (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), over
// nghttp2. A load generator must cost less than what it loads: gRPC's own client costs as much a call as its server, so on one machine it
// could never offer several times what the server can do.
//
//   auto connection = GrpcConnection::Connect("127.0.0.1:7070", {.method = "/fenfen.v1.DropService/RecordDrop", .token = …}, answered);
//   if ((*connection)->HasRoom()) (*connection)->Send(7, request.SerializeAsString());
//   (*connection)->Move();     whenever its socket can be read or written
//
// What it keeps to, as any client does: no more calls at a time than the server's SETTINGS_MAX_CONCURRENT_STREAMS, flow control, the call's
// deadline in `grpc-timeout`. Not thread-safe; the callback runs within Move.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fenfen::overload {

// What is the same for all calls of a connection.
struct CallHead {
  std::string method;  // "/fenfen.v1.DropService/RecordDrop"
  std::string token;   // without "Bearer "
  absl::Duration deadline;
};

// How a call ended.
struct Answer {
  static constexpr int kNoStatus = -1;
  uint64_t call = 0;             // as given to Send
  int status = kNoStatus;        // gRPC's code; kNoStatus where the stream ended without one
  std::string message = {};      // the reply's bytes, without gRPC's prefix
  std::string status_text = {};  // percent-encoded, as it came
  std::string details = {};      // google.rpc.Status, as bytes; empty for none
};

class GrpcConnection {
 public:
  using Answered = std::function<void(const Answer&)>;

  // Connects to HOST:PORT of this machine, an IPv4 address. UNAVAILABLE where nobody listens.
  static absl::StatusOr<std::unique_ptr<GrpcConnection>> Connect(const std::string& address, CallHead head, Answered answered);
  ~GrpcConnection();
  GrpcConnection(const GrpcConnection&) = delete;
  GrpcConnection& operator=(const GrpcConnection&) = delete;

  // False where the server lets no further call begin, or the socket takes no more bytes.
  bool HasRoom() const;
  // Begins a call. It leaves with the next Move.
  void Send(uint64_t call, std::string message);
  // Gives a call up, as a client does whose deadline has passed: it is answered with kNoStatus.
  void Cancel(uint64_t call);
  // Reads and writes what can be without waiting. UNAVAILABLE where the connection is lost.
  absl::Status Move();

  int socket() const { return socket_; }
  bool WantsToWrite() const { return written_ < out_.size() || nghttp2_session_want_write(session_) != 0; }
  size_t in_flight() const { return streams_.size(); }

 private:
  struct Stream {
    Answer answer;
    std::string request;  // with gRPC's prefix
    size_t sent = 0;
    std::string reply;  // likewise
  };

  GrpcConnection(int socket, CallHead head, std::string authority, Answered answered);
  absl::Status Begin();
  absl::Status Read();
  absl::Status Write();
  void TakeHeader(Stream& stream, absl::string_view name, absl::string_view value);
  void Close(int32_t id);
  // nghttp2's callbacks.
  static ssize_t GiveRequest(nghttp2_session*, int32_t id, uint8_t* out, size_t size, uint32_t* flags, nghttp2_data_source*, void* self);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size, const uint8_t* value,
                      size_t value_size, uint8_t flags, void* self);
  static int OnData(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* bytes, size_t size, void* self);
  static int OnClose(nghttp2_session*, int32_t id, uint32_t error, void* self);

  const int socket_;
  const CallHead head_;
  const std::string authority_;
  const std::string authorization_;
  const std::string timeout_;
  const Answered answered_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, Stream> streams_;
  std::unordered_map<uint64_t, int32_t> ids_;  // of the calls
  std::string out_;
  size_t written_ = 0;  // of out_
};

}  // namespace fenfen::overload
