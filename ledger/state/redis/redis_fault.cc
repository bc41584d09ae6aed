#include "ledger/state/redis/redis_fault.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"

namespace fenfen {
namespace {

constexpr absl::string_view kPayload = "fenfen.RedisFault";

struct Row {
  RedisFault fault;
  absl::StatusCode code;
  absl::string_view sentence;
};
constexpr Row kRows[] = {
    {RedisFault::kUnreachable, absl::StatusCode::kUnavailable, "Redis cannot be reached"},
    {RedisFault::kUnknownOutcome, absl::StatusCode::kDeadlineExceeded, "Redis did not answer; whether it was done is not known"},
    {RedisFault::kTooManyInFlight, absl::StatusCode::kResourceExhausted, "too much is on its way to Redis"},
    {RedisFault::kAccessDenied, absl::StatusCode::kPermissionDenied, "Redis refuses the user, the password or the command"},
    {RedisFault::kReadOnly, absl::StatusCode::kUnavailable, "this Redis is a replica, not the master"},
    {RedisFault::kOutOfMemory, absl::StatusCode::kResourceExhausted, "Redis takes no writes: maxmemory is reached or its disk is full"},
    {RedisFault::kLoading, absl::StatusCode::kUnavailable, "Redis is busy: loading its files or running a script"},
    {RedisFault::kFunctionMissing, absl::StatusCode::kFailedPrecondition, "Redis does not have the function library fenfen"},
    {RedisFault::kWrongVersion, absl::StatusCode::kFailedPrecondition, "Redis is older than 7.0"},
    {RedisFault::kMayEvict, absl::StatusCode::kFailedPrecondition, "Redis may drop keys; set maxmemory-policy noeviction"},
    {RedisFault::kFenced, absl::StatusCode::kUnavailable, "the partition is not open in this Redis"},
    {RedisFault::kForeign, absl::StatusCode::kFailedPrecondition, "what this Redis holds is not ours"},
    {RedisFault::kRefused, absl::StatusCode::kInternal, "Redis refused the command"},
};

// By the first word of the reply.
struct Code {
  absl::string_view word;
  RedisFault fault;
};
constexpr Code kCodes[] = {
    {"NOAUTH", RedisFault::kAccessDenied}, {"WRONGPASS", RedisFault::kAccessDenied}, {"NOPERM", RedisFault::kAccessDenied},
    {"READONLY", RedisFault::kReadOnly},   {"MASTERDOWN", RedisFault::kReadOnly},    {"OOM", RedisFault::kOutOfMemory},
    {"MISCONF", RedisFault::kOutOfMemory}, {"LOADING", RedisFault::kLoading},        {"BUSY", RedisFault::kLoading},
    {"TRYAGAIN", RedisFault::kLoading},    {"CLUSTERDOWN", RedisFault::kLoading},    {"NOREPLICAS", RedisFault::kLoading},
    {"FENCED", RedisFault::kFenced},       {"FOREIGN", RedisFault::kForeign},
};

}  // namespace

absl::Status RedisError(RedisFault fault, absl::string_view detail) {
  for (const Row& row : kRows) {
    if (row.fault != fault) continue;
    absl::Status status(row.code, detail.empty() ? std::string(row.sentence) : absl::StrCat(row.sentence, ": ", detail));
    status.SetPayload(kPayload, absl::Cord(absl::StrCat(static_cast<int>(fault))));
    return status;
  }
  FENFEN_CHECK(false);
  return {};
}

RedisFault FaultOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayload);
  int fault = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &fault)) return RedisFault::kNone;
  return static_cast<RedisFault>(fault);
}

RedisFault FaultOfReply(absl::string_view reply) {
  const absl::string_view word = reply.substr(0, reply.find(' '));
  for (const Code& code : kCodes) {
    if (word == code.word) return code.fault;
  }
  // These two have no word of their own.
  if (absl::StrContains(reply, "Function not found")) return RedisFault::kFunctionMissing;
  if (absl::StrContains(reply, "invalid password") || absl::StrContains(reply, "without any password configured")) {
    return RedisFault::kAccessDenied;
  }
  return RedisFault::kRefused;
}

}  // namespace fenfen
