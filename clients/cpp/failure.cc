#include "clients/cpp/failure.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fenfen::client {

namespace {

// Before there is a connection, gRPC gives the target in place of the peer. It names a target by host and port, so that a target is never
// taken for a peer but where both are a unix socket; that errs on the safe side.
bool Reached(const std::string& peer) {
  return absl::StartsWith(peer, "ipv4:") || absl::StartsWith(peer, "ipv6:") || absl::StartsWith(peer, "unix:");
}

}  // namespace

Failure JudgeFailure(const grpc::Status& status, const std::string& peer) {
  Failure failure{ParseError(status)};
  switch (failure.error.reason) {
    case v1::REASON_SERVER_UNREACHABLE:
    case v1::REASON_OUTCOME_UNKNOWN:
      failure.of_server = true;
      failure.perhaps_done = Reached(peer);
      break;
    case v1::REASON_JOURNAL_FAILED:
      failure.of_server = failure.perhaps_done = true;
      break;
    case v1::REASON_SHUTTING_DOWN:
    case v1::REASON_STORAGE_FULL:
      failure.of_server = true;
      break;
    default:
      break;
  }
  return failure;
}

grpc::Status EndOfCall(const grpc::Status& last, const Failure& failure, bool perhaps_done) {
  if (!perhaps_done || !failure.error.retryable) return last;
  return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, absl::StrCat(failure.error.reason_name, ": ", last.error_message()));
}

}  // namespace fenfen::client
