// What a failed attempt means for the call that it belongs to: whose trouble it is, and whether the server may have done its work all the
// same.
//
//   its reason                              whose trouble     done all the same?
//   no connection                           the server's      no
//   the connection broke, no answer in time the server's      perhaps
//   SHUTTING_DOWN, STORAGE_FULL             the server's      no
//   JOURNAL_FAILED                          the server's      perhaps
//   OVERLOADED and other retryable ones     the load's        no; to be sent again after the delay that the server asks for
//   any other                               the request's     no; the answer
//
// Thread-safe: values and pure functions.
#ifndef FENFEN_CLIENTS_CPP_FAILURE_H_
#define FENFEN_CLIENTS_CPP_FAILURE_H_

#include <grpcpp/support/status.h>

#include <string>

#include "clients/cpp/error.h"

namespace fenfen::client {

// A failed attempt.
struct Failure {
  Error error;
  bool of_server = false;     // another server may do it at once, and this one is better left alone for a moment
  bool perhaps_done = false;  // only the same request id tells
};

// `peer` is the ClientContext's: a request that got as far as a connection is known by its address.
Failure JudgeFailure(const grpc::Status& status, const std::string& peer);

// The status that ends a call. Where an attempt of a change may have been done and the last one brought no answer either, it is one that
// ParseError reads as OUTCOME_UNKNOWN, and `last` as it came otherwise.
grpc::Status EndOfCall(const grpc::Status& last, const Failure& failure, bool perhaps_done);

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_FAILURE_H_
