// Where servers are: HOST:PORT, [IPv6]:PORT, or unix:/absolute/path. One check for the client, the station and the bridge, so that a wrong
// address is refused when a program starts and not when its first call fails.
//
//   if (absl::Status status = CheckTargets("targets", targets); !status.ok()) return status;
//
// Thread-safe: pure functions.
#ifndef FENFEN_CLIENTS_CPP_TARGETS_H_
#define FENFEN_CLIENTS_CPP_TARGETS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace fenfen::client {

// Servers that one client balances over.
inline constexpr size_t kTargetsMax = 16;

// InvalidArgument, naming the field and the reason, for a text that is no address. The port is 1 to 65535.
absl::Status CheckTarget(absl::string_view field, absl::string_view target);

// The same for a list; also for none, for more than kTargetsMax, and for one that is named twice (a host's letter case does not matter).
absl::Status CheckTargets(absl::string_view field, absl::Span<const std::string> targets);

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_TARGETS_H_
