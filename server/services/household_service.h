// HouseholdService: a household's account, balance and statement; finding and enrolling households. Thread-safe.
#pragma once

#include "fenfen/v1/household.grpc.pb.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class HouseholdService final : public v1::HouseholdService::CallbackService {
 public:
  HouseholdService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* GetHousehold(grpc::CallbackServerContext* context, const v1::GetHouseholdRequest* request,
                                         v1::GetHouseholdResponse* response) override;
  grpc::ServerUnaryReactor* GetBalance(grpc::CallbackServerContext* context, const v1::GetBalanceRequest* request,
                                       v1::GetBalanceResponse* response) override;
  grpc::ServerUnaryReactor* ListEntries(grpc::CallbackServerContext* context, const v1::ListEntriesRequest* request,
                                        v1::ListEntriesResponse* response) override;
  grpc::ServerUnaryReactor* TraceEntry(grpc::CallbackServerContext* context, const v1::TraceEntryRequest* request,
                                       v1::TraceEntryResponse* response) override;
  grpc::ServerUnaryReactor* FindHousehold(grpc::CallbackServerContext* context, const v1::FindHouseholdRequest* request,
                                          v1::FindHouseholdResponse* response) override;
  grpc::ServerReadReactor<v1::ImportHouseholdsRequest>* ImportHouseholds(grpc::CallbackServerContext* context,
                                                                         v1::ImportHouseholdsResponse* response) override;

 private:
  void Get(Call& call, const v1::GetHouseholdRequest& request, v1::GetHouseholdResponse& response, Done done);
  void Balance(Call& call, const v1::GetBalanceRequest& request, v1::GetBalanceResponse& response, Done done);
  void Entries(Call& call, const v1::ListEntriesRequest& request, v1::ListEntriesResponse& response, Done done);
  // The entries of one page, along the household's chain from its transaction `seq` on.
  absl::Status FillPage(Call& call, HouseholdId household, PartitionSeq seq, int page_size, v1::ListEntriesResponse& response);
  absl::Status Trace(Call& call, const v1::TraceEntryRequest& request, v1::TraceEntryResponse& response);
  void Find(Call& call, const v1::FindHouseholdRequest& request, v1::FindHouseholdResponse& response, Done done);
  std::optional<HouseholdId> LookUp(const v1::FindHouseholdRequest& request) const;

  const Gate& gate_;
  Backend& backend_;
  const Method& get_;
  const Method& balance_;
  const Method& entries_;
  const Method& trace_;
  const Method& find_;
  const Method& import_;
};

}  // namespace fenfen::server
