// The bare limit of a unary call: a gRPC server of the same service by the same callback API, in a process of its own, which answers every
// RecordDrop with the same reply and does nothing else.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fenfen::bench {

// Serves until the process is ended. `reply_file` holds a serialised RecordDropResponse; `ready_file` gets {"grpc": "HOST:PORT"}.
// With a `sync_file`, which is made, it answers only after some bytes for each call are durable there, by one thread and in groups.
absl::Status ServeEcho(const std::string& reply_file, const std::string& ready_file, const std::string& sync_file = "");

}  // namespace fenfen::bench
