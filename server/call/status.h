// From the ledger's statuses to gRPC's: the code and English sentence of the error table, with google.rpc ErrorInfo (reason, domain
// "fenfen", the facts, both sentences) and RetryInfo where trying again may help. Pure functions.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace fenfen::server {

// A status that Refuse did not make is our own bug: the caller learns only that, and the log (not here) the rest.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace fenfen::server
