#include "ledger/state/redis/redis_fault.h"

#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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
    {RedisFault::kLoading, absl::StatusCode::kUnavailable, "Redis is busy or its cluster is down"},
    {RedisFault::kFunctionMissing, absl::StatusCode::kFailedPrecondition, "Redis does not have the function library fenfen"},
    {RedisFault::kWrongVersion, absl::StatusCode::kFailedPrecondition, "Redis is older than 7.0"},
    {RedisFault::kMayEvict, absl::StatusCode::kFailedPrecondition, "Redis may drop keys; set maxmemory-policy noeviction"},
    {RedisFault::kMoved, absl::StatusCode::kUnavailable, "the keys lie in another node of this Redis Cluster"},
    {RedisFault::kAsk, absl::StatusCode::kUnavailable, "the keys are on their way to another node of this Redis Cluster"},
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
    {"NOAUTH", RedisFault::kAccessDenied}, {"WRONGPASS", RedisFault::kAccessDenied},
    {"NOPERM", RedisFault::kAccessDenied}, {"READONLY", RedisFault::kReadOnly},
    {"MASTERDOWN", RedisFault::kReadOnly}, {"OOM", RedisFault::kOutOfMemory},
    {"MISCONF", RedisFault::kOutOfMemory}, {"LOADING", RedisFault::kLoading},
    {"BUSY", RedisFault::kLoading},        {"TRYAGAIN", RedisFault::kLoading},
    {"CLUSTERDOWN", RedisFault::kLoading}, {"NOREPLICAS", RedisFault::kLoading},
    {"MOVED", RedisFault::kMoved},         {"ASK", RedisFault::kAsk},
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

std::optional<Redirection> RedirectionOf(const absl::Status& status) {
  const RedisFault fault = FaultOf(status);
  if (fault != RedisFault::kMoved && fault != RedisFault::kAsk) return std::nullopt;
  const absl::string_view message = status.message();
  const size_t at = message.rfind(fault == RedisFault::kMoved ? "MOVED " : "ASK ");
  if (at == absl::string_view::npos) return std::nullopt;
  const std::vector<absl::string_view> words = absl::StrSplit(message.substr(at), ' ');
  if (words.size() != 3) return std::nullopt;
  const size_t colon = words[2].rfind(':');
  uint32_t slot = 0, port = 0;
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(words[1], &slot) || !absl::SimpleAtoi(words[2].substr(colon + 1), &port) ||
      slot > 16'383 || port == 0 || port > 65'535) {
    return std::nullopt;
  }
  return Redirection{static_cast<uint16_t>(slot), std::string(words[2].substr(0, colon)), static_cast<uint16_t>(port)};
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
