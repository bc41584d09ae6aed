// What can go wrong with a Redis, in kinds that ask for different answers; and the one mapping from Redis's own error replies to them.
//
//   if (FaultOf(reply.status()) == RedisFault::kUnknownOutcome) …  // it may have been done
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fenfen {

enum class RedisFault {
  kNone,             // OK, or a status that is not about Redis
  kUnreachable,      // no connection; nothing was done
  kUnknownOutcome,   // the connection was lost, or no reply came in time: it may have been done
  kTooManyInFlight,  // the client's own bound; nothing was done
  kAccessDenied,     // wrong user or password, or the ACL does not allow the command
  kReadOnly,         // a replica: the master is another
  kOutOfMemory,      // maxmemory, or Redis cannot write its own files; nothing was done
  kLoading,          // reading its files, busy with a script, a slot half-way to another node, a cluster that is down; nothing was done
  kFunctionMissing,  // our library is not loaded
  kWrongVersion,     // Redis older than 7.0
  kMayEvict,         // it may drop keys of ours when its memory is full
  kMoved,            // a cluster's: the slot lies in another node (RedirectionOf); nothing was done
  kAsk,              // the same, for what is not here of a slot that is on its way to another node; nothing was done
  kFenced,           // our function's: the partition is not open here
  kForeign,          // our function's: the keys are another journal's, or the library is not ours
  kRefused,          // any other error reply
};

// A status of the kind, with a sentence that says what to look at. `fault` is not kNone.
absl::Status RedisError(RedisFault fault, absl::string_view detail);

// What RedisError put into a status.
RedisFault FaultOf(const absl::Status& status);

// The kind of an error reply ("WRONGPASS invalid username-password pair …").
RedisFault FaultOfReply(absl::string_view reply);

// Where a cluster's node sends whoever asked it.
struct Redirection {
  uint16_t slot = 0;
  std::string host;  // empty: that of the node which said so
  uint16_t port = 0;
};
// What the reply behind a status of kMoved or kAsk says ("MOVED 3999 127.0.0.1:6381"); nothing where it does not have its form.
std::optional<Redirection> RedirectionOf(const absl::Status& status);

// True where nothing can have been done. An error within a function may come half-way.
constexpr bool CertainlyNotDone(RedisFault fault) {
  return fault != RedisFault::kUnknownOutcome && fault != RedisFault::kRefused && fault != RedisFault::kNone;
}

}  // namespace fenfen
