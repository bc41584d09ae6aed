// A failed call as the error table knows it. The table itself is the descriptor of fenfen.v1.Reason; nothing here repeats it.
//
//   Error error = ParseError(status);
//   if (error.reason == v1::REASON_POINTS_INSUFFICIENT) Show(error.zh);
//
// Thread-safe: values and pure functions.
#ifndef FENFEN_CLIENTS_CPP_ERROR_H_
#define FENFEN_CLIENTS_CPP_ERROR_H_

#include <map>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/reason.pb.h"

namespace grpc {
class Status;
}

namespace fenfen::client {

// The error table's row of a reason; the row of REASON_UNSPECIFIED for a number that this build does not know.
const v1::ErrorRow& RowOf(v1::Reason reason);

// The stable name without REASON_, for example "POINTS_INSUFFICIENT".
std::string ReasonName(v1::Reason reason);

// The reason of a name without REASON_; REASON_UNSPECIFIED if this build does not know it.
v1::Reason ReasonOf(absl::string_view name);

// A sentence of the table with each `{key}` filled from the facts; a key without a fact stays as it is.
std::string FillSentence(absl::string_view sentence, const std::map<std::string, std::string>& facts);

// Why a call failed.
struct Error {
  v1::Reason reason = v1::REASON_UNSPECIFIED;
  std::string reason_name;                      // as it came, also where this build does not know it
  int code = 0;                                 // the gRPC status code
  std::map<std::string, std::string> metadata;  // `field` and the facts of the sentence
  std::string zh;                               // ready to show
  std::string en;
  absl::Duration retry_delay;  // what the server asked to wait; zero if it did not say
  bool retryable = false;      // the same call with the same request id may succeed later

  // "POINTS_INSUFFICIENT 积分不足… / Not enough points…", for logs and terminals.
  std::string ToString() const;
};

// Reads a failed status. One without ErrorInfo comes from the transport and is mapped by its code: UNAVAILABLE, and CANCELLED by a server
// that ends, to SERVER_UNREACHABLE, DEADLINE_EXCEEDED to OUTCOME_UNKNOWN, RESOURCE_EXHAUSTED to BODY_TOO_LARGE, UNAUTHENTICATED to
// TOKEN_INVALID, PERMISSION_DENIED to PERMISSION_DENIED, UNIMPLEMENTED to ROUTE_UNKNOWN; anything else is REASON_UNSPECIFIED with the
// status's own message.
Error ParseError(const grpc::Status& status);

// A reply or the reason why there is none.
template <typename Reply>
class Result {
 public:
  Result(Reply reply, bool replayed) : value_(std::move(reply)), replayed_(replayed) {}
  Result(Error error) : value_(std::move(error)) {}  // NOLINT: meant to convert

  bool ok() const { return std::holds_alternative<Reply>(value_); }
  // Only where ok().
  const Reply& operator*() const { return std::get<Reply>(value_); }
  Reply& operator*() { return std::get<Reply>(value_); }
  const Reply* operator->() const { return &std::get<Reply>(value_); }
  Reply* operator->() { return &std::get<Reply>(value_); }
  // Only where not ok().
  const Error& error() const { return std::get<Error>(value_); }
  // True if the server gave the reply of an earlier call with the same request id.
  bool replayed() const { return replayed_; }

 private:
  std::variant<Reply, Error> value_;
  bool replayed_ = false;
};

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_ERROR_H_
