// BudgetService: towns' monthly budgets with what is issued and how long it lasts, and the outstanding liability. Thread-safe.
#pragma once

#include <string>

#include "fenfen/v1/budget.grpc.pb.h"
#include "ledger/points/budget/budget_store.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class BudgetService final : public v1::BudgetService::CallbackService {
 public:
  // `backend.budgets` is there.
  BudgetService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* SetBudgets(grpc::CallbackServerContext* context, const v1::SetBudgetsRequest* request,
                                       v1::SetBudgetsResponse* response) override;
  grpc::ServerUnaryReactor* ListBudgets(grpc::CallbackServerContext* context, const v1::ListBudgetsRequest* request,
                                        v1::ListBudgetsResponse* response) override;
  grpc::ServerUnaryReactor* GetBudget(grpc::CallbackServerContext* context, const v1::GetBudgetRequest* request,
                                      v1::GetBudgetResponse* response) override;
  grpc::ServerUnaryReactor* GetLiability(grpc::CallbackServerContext* context, const v1::GetLiabilityRequest* request,
                                         v1::GetLiabilityResponse* response) override;

 private:
  void CheckOnly(Call& call, const v1::SetBudgetsRequest& request, v1::SetBudgetsResponse& response, Done done);
  void Set(Call& call, const v1::SetBudgetsRequest& request, v1::SetBudgetsResponse& response, Done done);
  absl::Status List(const Call& call, const v1::ListBudgetsRequest& request, v1::ListBudgetsResponse& response) const;
  absl::Status Get(const Call& call, const std::string& name, v1::Budget& out) const;
  void Liability(Call& call, const v1::GetLiabilityRequest& request, v1::GetLiabilityResponse& response, Done done);
  // As stored, with what is issued and how long it lasts.
  v1::Budget Render(const BudgetStore::Stored& stored, const Call& call) const;

  const Gate& gate_;
  Backend& backend_;
  const Method& set_;
  const Method& list_;
  const Method& get_;
  const Method& liability_;
};

}  // namespace fenfen::server
