// IdentityService and AuditService: who a WeChat subject is, and proof of the ledger's state. Thread-safe.
#pragma once

#include "fenfen/v1/audit.grpc.pb.h"
#include "fenfen/v1/identity.grpc.pb.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class IdentityService final : public v1::IdentityService::CallbackService {
 public:
  IdentityService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* ResolveSubject(grpc::CallbackServerContext* context, const v1::ResolveSubjectRequest* request,
                                           v1::ResolveSubjectResponse* response) override;

 private:
  absl::Status Resolve(const Call& call, const v1::ResolveSubjectRequest& request, v1::ResolveSubjectResponse& response) const;

  const Gate& gate_;
  Backend& backend_;
  const Method& resolve_;
};

class AuditService final : public v1::AuditService::CallbackService {
 public:
  AuditService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* GetStateDigests(grpc::CallbackServerContext* context, const v1::GetStateDigestsRequest* request,
                                            v1::GetStateDigestsResponse* response) override;

 private:
  const Gate& gate_;
  Backend& backend_;
  const Method& digests_;
};

}  // namespace fenfen::server
