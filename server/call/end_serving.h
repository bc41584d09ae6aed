// EndServing: the end of a gRPC server. New calls are refused, those that are under way are finished, and when all are, connections that
// their clients keep open are closed.
//
// gRPC by itself waits for each client's word that it has understood, and a client that makes no call gives it when it next looks at its
// connection: a C++ one every five seconds, one that hangs never.
#pragma once

#include <grpcpp/server.h>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fenfen::server {

enum class ServingEnd {
  kLeft,    // all clients closed their connections
  kLetGo,   // the calls were finished, and some connections closed by us
  kCutOff,  // calls were not finished in time, and cancelled
};
// A word for the log.
absl::string_view NameOfEnd(ServingEnd end);

// Returns when nothing is served any more, after `most` and a little at the latest. `calls`: how many are under way, from their beginning
// until their answer has left; asked from this thread.
ServingEnd EndServing(grpc::Server& server, absl::Duration most, absl::FunctionRef<int64_t()> calls);

}  // namespace fenfen::server
