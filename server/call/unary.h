// Unary calls: the one way from a request to its reply. It changes threads at most once: the reply leaves from whichever thread makes the
// effect durable, and where nothing else is being written that is this one (Journal::Push), which then waits for one write of a quick disk.
//
//   grpc::ServerUnaryReactor* GetBalance(context, request, response) override {
//     return HandleUnary(gate_, get_balance_, context, request, response, [this](auto&... args) { … });
//   }
#pragma once

#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/functional/any_invocable.h"
#include "server/call/call.h"

namespace fenfen::server {

// Runs once, with the outcome of a service's function; the response is filled before.
using Done = absl::AnyInvocable<void(absl::Status) &&>;

class UnaryCall final : public grpc::ServerUnaryReactor, public Call {
 public:
  using Call::Call;
  void Reply(const absl::Status& status) {
    Conclude(status, [this](const grpc::Status& leaving) { Finish(leaving); });
  }

 private:
  void OnDone() override { delete this; }
};

// `serve(Call&, const Request&, Response&, Done)` is the service's own function. The call, the request and the response live until Done has
// run.
template <typename Request, typename Response, typename Serve>
grpc::ServerUnaryReactor* HandleUnary(const Gate& gate, const Method& method, grpc::CallbackServerContext* context, const Request* request,
                                      Response* response, Serve&& serve) {
  auto* call = new UnaryCall(gate, method, *context);
  absl::Status status = call->Enter();
  if (status.ok()) status = call->Authenticate();
  if (status.ok()) status = call->Authorise(*request);
  if (status.ok()) status = call->Validate(*request);
  if (!status.ok()) {
    call->Reply(status);
    return call;
  }
  serve(static_cast<Call&>(*call), *request, *response, Done([call](const absl::Status& outcome) { call->Reply(outcome); }));
  return call;
}

}  // namespace fenfen::server
