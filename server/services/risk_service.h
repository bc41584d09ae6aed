// RiskService: cases, samples, collections and their reports. What they mean is ledger/points/trust's. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fenfen/v1/risk.grpc.pb.h"
#include "ledger/points/trust/reinspection.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class RiskService final : public v1::RiskService::CallbackService {
 public:
  // `backend.risk` is there.
  RiskService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* ListRiskCases(grpc::CallbackServerContext* context, const v1::ListRiskCasesRequest* request,
                                          v1::ListRiskCasesResponse* response) override;
  grpc::ServerUnaryReactor* GetRiskCase(grpc::CallbackServerContext* context, const v1::GetRiskCaseRequest* request,
                                        v1::GetRiskCaseResponse* response) override;
  grpc::ServerUnaryReactor* DecideRiskCase(grpc::CallbackServerContext* context, const v1::DecideRiskCaseRequest* request,
                                           v1::DecideRiskCaseResponse* response) override;
  grpc::ServerUnaryReactor* DrawReinspection(grpc::CallbackServerContext* context, const v1::DrawReinspectionRequest* request,
                                             v1::DrawReinspectionResponse* response) override;
  grpc::ServerUnaryReactor* GetReinspection(grpc::CallbackServerContext* context, const v1::GetReinspectionRequest* request,
                                            v1::GetReinspectionResponse* response) override;
  grpc::ServerUnaryReactor* RecordReinspection(grpc::CallbackServerContext* context, const v1::RecordReinspectionRequest* request,
                                               v1::RecordReinspectionResponse* response) override;
  grpc::ServerUnaryReactor* RecordCollections(grpc::CallbackServerContext* context, const v1::RecordCollectionsRequest* request,
                                              v1::RecordCollectionsResponse* response) override;
  grpc::ServerUnaryReactor* ReportStations(grpc::CallbackServerContext* context, const v1::ReportStationsRequest* request,
                                           v1::ReportStationsResponse* response) override;
  grpc::ServerUnaryReactor* GetRiskRules(grpc::CallbackServerContext* context, const v1::GetRiskRulesRequest* request,
                                         v1::GetRiskRulesResponse* response) override;
  grpc::ServerUnaryReactor* SetRiskRules(grpc::CallbackServerContext* context, const v1::SetRiskRulesRequest* request,
                                         v1::SetRiskRulesResponse* response) override;

 private:
  // Each is one method's; those that return a status run in the slow lane.
  absl::Status List(const Call& call, const v1::ListRiskCasesRequest& request, v1::ListRiskCasesResponse& response) const;
  absl::Status Get(const Call& call, const v1::GetRiskCaseRequest& request, v1::GetRiskCaseResponse& response) const;
  void Decide(Call& call, const v1::DecideRiskCaseRequest& request, v1::DecideRiskCaseResponse& response, Done done);
  absl::Status Draw(Call& call, const v1::DrawReinspectionRequest& request, v1::DrawReinspectionResponse& response);
  absl::Status GetDraw(const Call& call, const v1::GetReinspectionRequest& request, v1::GetReinspectionResponse& response) const;
  absl::Status RecordResult(Call& call, const v1::RecordReinspectionRequest& request, v1::RecordReinspectionResponse& response);
  absl::Status Collect(Call& call, const v1::RecordCollectionsRequest& request, v1::RecordCollectionsResponse& response);
  absl::Status Report(const Call& call, const v1::ReportStationsRequest& request, v1::ReportStationsResponse& response) const;
  void SetRules(Call& call, const v1::SetRiskRulesRequest& request, v1::SetRiskRulesResponse& response, Done done);

  // The household's record as it is durable; empty where there is none.
  absl::StatusOr<ledger::v1::HouseholdRisk> RiskOf(HouseholdId household) const;
  // The draw of a region and day, with its region. REGION_UNKNOWN, FIELD_MALFORMED, REINSPECTION_UNKNOWN.
  struct Drawn {
    const v1::Region* region = nullptr;
    RecordKey key{};
    ledger::v1::ReinspectionDraw draw;
  };
  absl::StatusOr<Drawn> FindDraw(const Call& call, const std::string& region, const std::string& day) const;
  // The command's outcome once it is durable, noted where it repeats an earlier one.
  absl::StatusOr<Outcome> Submit(Call& call, PartitionId partition, ReadSet reads, State::Decide decide);
  void InSlowLane(absl::AnyInvocable<absl::Status() &&> work, Done done);

  const Gate& gate_;
  Backend& backend_;
  const Method& list_;
  const Method& get_;
  const Method& decide_;
  const Method& draw_;
  const Method& get_draw_;
  const Method& record_result_;
  const Method& collect_;
  const Method& report_;
  const Method& get_rules_;
  const Method& set_rules_;
};

}  // namespace fenfen::server
