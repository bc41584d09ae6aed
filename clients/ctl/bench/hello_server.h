// The bare limit of an HTTP read: a Boost.Beast server on one thread, in a process of its own, which answers every request with the same
// JSON body, kept connections and all, and does nothing else.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fenfen::bench {

// Serves until the process is ended. `body_file` holds the body; `ready_file` gets {"http": "HOST:PORT"}.
absl::Status ServeHello(const std::string& body_file, const std::string& ready_file);

}  // namespace fenfen::bench
