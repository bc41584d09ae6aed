// What can go wrong with a Redis, in kinds that ask for different answers; and the one mapping from Redis's own error replies to them.
//
//   if (FaultOf(reply.status()) == RedisFault::kUnknownOutcome) …  // it may have been done
#pragma once

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
  kLoading,          // reading its files after a start, or busy with a script; nothing was done
  kFunctionMissing,  // our library is not loaded
  kWrongVersion,     // Redis older than 7.0
  kMayEvict,         // it may drop keys of ours when its memory is full
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

// True where nothing can have been done. An error within a function may come half-way.
constexpr bool CertainlyNotDone(RedisFault fault) {
  return fault != RedisFault::kUnknownOutcome && fault != RedisFault::kRefused && fault != RedisFault::kNone;
}

}  // namespace fenfen
