// Call: one call on its way through the server. Every handler goes the same way, one step after another:
//
//   Enter → Authenticate → Authorise → Validate → the service's own function → Conclude
//
// A call belongs to one handler at a time; the gate behind it is shared and thread-safe.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "ledger/core/clock.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "server/access/access.h"
#include "server/auth/authenticator.h"
#include "server/call/call_limit.h"
#include "server/call/method.h"
#include "server/log/audit_log.h"
#include "server/log/log.h"

namespace fenfen::server {

// What every call passes. All of it outlives the gRPC server.
struct Gate {
  Authenticator& authenticator;
  const CatalogueStore& catalogue;
  const HouseholdRegions& households;
  AuditLog& audit;
  Log& log;
  const Clock& clock;
  absl::TimeZone zone;
  CallLimits& limits;
};

class Call {
 public:
  Call(const Gate& gate, const Method& method, grpc::CallbackServerContext& context);

  // OVERLOADED where the server works on too many calls already. Of a unary call; it keeps its place as long as it lives.
  absl::Status Enter();
  // TOKEN_*, DEVICE_UNKNOWN. A public method takes any caller without looking at a token.
  absl::Status Authenticate();
  // PERMISSION_DENIED and what Authorise (access.h) says; for a stream, asked for each message.
  absl::Status Authorise(const google::protobuf::Message& request);
  // BODY_TOO_LARGE, FIELD_*, then REQUEST_ID_*. Sets the key and fingerprint. In a client's stream only the first message has a request id.
  absl::Status Validate(const google::protobuf::Message& request, bool first = true);
  // Takes the time and the catalogue anew and asks again whether the caller is who they were: TOKEN_EXPIRED, DEVICE_UNKNOWN, … For streams.
  absl::Status Refresh();

  // The end: counts, logs, writes the audit record where the method asks for one, and only then runs `leave` with the status to send.
  void Conclude(const absl::Status& status, absl::AnyInvocable<void(const grpc::Status&) &&> leave);

  const Caller& caller() const { return *caller_; }  // not for public methods
  const Catalogue& catalogue() const { return *catalogue_; }
  const std::shared_ptr<const Catalogue>& catalogue_ptr() const { return catalogue_; }
  absl::Time now() const { return now_; }
  absl::TimeZone zone() const { return gate_.zone; }
  const RequestKey& key() const { return key_; }
  // What a decision of this call goes by.
  DecisionContext Decision() const { return {key_, fingerprint_, caller_->actor, now_, gate_.zone}; }
  // Says in the reply that it repeats an earlier one.
  void MarkReplayed() { context_.AddTrailingMetadata("fenfen-replayed", "1"); }
  // What the audit record names, where the request does not say it.
  void set_audited(std::string resource) { audited_ = std::move(resource); }

 private:
  bool MustAudit() const;
  std::string AuditLine(const absl::Status& status);
  void Leave(const absl::Status& status, absl::AnyInvocable<void(const grpc::Status&) &&> leave);
  // The caller's x-request-id where it sent a proper one, else one of our own.
  const std::string& TraceId();

  const Gate& gate_;
  const Method& method_;
  grpc::CallbackServerContext& context_;
  const Counted counted_;
  CallLimit::Place place_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  absl::Time now_;
  std::shared_ptr<const Catalogue> catalogue_;
  std::shared_ptr<const Caller> caller_;
  RequestKey key_;
  uint64_t fingerprint_ = 0;
  std::string audited_;
  std::string trace_id_;
};

}  // namespace fenfen::server
