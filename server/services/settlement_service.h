// SettlementService: merchants' statements, made, approved, paid and compared with the captures. Paying enters the money in each partition
// concerned; what it leaves undone, the job "enter-settlements" does. Thread-safe.
#pragma once

#include "fenfen/v1/settlement.grpc.pb.h"
#include "ledger/points/spending/settlement.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

// The commands that enter a paid statement in its partitions, and the one that then says so; each has its effect once, whoever submits it.
std::vector<Command> EnterSettlementCommands(const v1::Settlement& paid, const DecisionContext& decision);
Command SettlementEnteredCommand(const v1::Settlement& paid, const DecisionContext& decision);

class SettlementService final : public v1::SettlementService::CallbackService {
 public:
  SettlementService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* CreateSettlement(grpc::CallbackServerContext* context, const v1::CreateSettlementRequest* request,
                                             v1::CreateSettlementResponse* response) override;
  grpc::ServerUnaryReactor* ApproveSettlement(grpc::CallbackServerContext* context, const v1::ApproveSettlementRequest* request,
                                              v1::ApproveSettlementResponse* response) override;
  grpc::ServerUnaryReactor* RejectSettlement(grpc::CallbackServerContext* context, const v1::RejectSettlementRequest* request,
                                             v1::RejectSettlementResponse* response) override;
  grpc::ServerUnaryReactor* PaySettlement(grpc::CallbackServerContext* context, const v1::PaySettlementRequest* request,
                                          v1::PaySettlementResponse* response) override;
  grpc::ServerUnaryReactor* ListSettlements(grpc::CallbackServerContext* context, const v1::ListSettlementsRequest* request,
                                            v1::ListSettlementsResponse* response) override;
  grpc::ServerUnaryReactor* ReconcileSettlements(grpc::CallbackServerContext* context, const v1::ReconcileSettlementsRequest* request,
                                                 v1::ReconcileSettlementsResponse* response) override;

 private:
  void Create(Call& call, const v1::CreateSettlementRequest& request, v1::CreateSettlementResponse& response, Done done);
  // Submits a command of the catalogue's partition that leaves a statement, and puts it into `out`; `then` runs after that.
  void Write(Call& call, Command command, v1::Settlement& out, Done done);
  void Step(Call& call, const std::string& name, SettlementStepFacts facts, v1::Settlement& out, Done done);
  void Pay(Call& call, const v1::PaySettlementRequest& request, v1::PaySettlementResponse& response, Done done);
  absl::Status List(Call& call, const v1::ListSettlementsRequest& request, v1::ListSettlementsResponse& response) const;
  absl::Status Reconcile(Call& call, const v1::ReconcileSettlementsRequest& request, v1::ReconcileSettlementsResponse& response) const;
  std::vector<PeriodCapture> CapturesOf(absl::string_view merchant, int32_t first, int32_t last) const;
  // The statement that a request asks for, but for who makes it; SETTLEMENT_PERIOD, SETTLEMENT_NOTHING.
  absl::StatusOr<v1::Settlement> Draft(const Call& call, const v1::CreateSettlementRequest& request) const;

  const Gate& gate_;
  Backend& backend_;
  const Method& create_;
  const Method& approve_;
  const Method& reject_;
  const Method& pay_;
  const Method& list_;
  const Method& reconcile_;
};

}  // namespace fenfen::server
