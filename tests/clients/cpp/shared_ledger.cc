#include "tests/clients/cpp/shared_ledger.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace fenfen::client {

namespace {

grpc::Status Refusal(v1::Reason reason) {
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonName(reason));
  info.set_domain("fenfen");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(10);
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(retry);
  return grpc::Status(static_cast<grpc::StatusCode>(RowOf(reason).code()), "no", details.SerializeAsString());
}

}  // namespace

void LedgerServer::Start() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  // Two servers on one port would share its calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_), grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(static_cast<v1::VoucherService::Service*>(this));
  builder.RegisterService(static_cast<v1::HouseholdService::Service*>(this));
  server_ = builder.BuildAndStart();
  if (server_ != nullptr) return;
  std::fprintf(stderr, "cannot listen on %s\n", target().c_str());
  std::abort();
}

void LedgerServer::Kill() {
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

void LedgerServer::SetServing(bool serving) { server_->GetHealthCheckService()->SetServingStatus(serving); }

grpc::Status LedgerServer::Enter(const std::string& household) {
  ++calls;
  if (refuse != v1::REASON_UNSPECIFIED) return Refusal(refuse);
  std::lock_guard<std::mutex> lock(ledger_->mutex);
  ledger_->served_by[household].insert(number_);
  return grpc::Status::OK;
}

void LedgerServer::Linger(grpc::ServerContext* context) const {
  if (unhurried) absl::SleepFor(absl::Milliseconds(2));
  for (int i = 0; silent && i < 1'000 && !context->IsCancelled(); ++i) absl::SleepFor(absl::Milliseconds(10));
}

grpc::Status LedgerServer::ReserveVoucher(grpc::ServerContext* context, const v1::ReserveVoucherRequest* request,
                                          v1::ReserveVoucherResponse* reply) {
  if (const grpc::Status status = Enter(request->household()); !status.ok()) return status;
  {
    std::lock_guard<std::mutex> lock(ledger_->mutex);
    const auto [first, fresh] = ledger_->bodies.emplace(request->request_id(), request->SerializeAsString());
    if (!fresh) context->AddInitialMetadata("fenfen-replayed", "1");
    if (first->second != request->SerializeAsString()) ++ledger_->differing;
  }
  Linger(context);
  reply->mutable_voucher()->set_name(request->household() + "/vouchers/" + request->request_id());
  return grpc::Status::OK;
}

grpc::Status LedgerServer::GetBalance(grpc::ServerContext* context, const v1::GetBalanceRequest* request, v1::GetBalanceResponse* reply) {
  if (const grpc::Status status = Enter(request->household()); !status.ok()) return status;
  Linger(context);
  reply->mutable_balance()->set_reward(number_);
  return grpc::Status::OK;
}

}  // namespace fenfen::client
