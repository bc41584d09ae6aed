// VerificationService: drops that wait, and tagged bags. What they mean is ledger/points/verification's. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "fenfen/v1/verification.grpc.pb.h"
#include "ledger/projections/pending_drops.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class VerificationService final : public v1::VerificationService::CallbackService {
 public:
  // With backend.pending_drops.
  VerificationService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* ListPendingDrops(grpc::CallbackServerContext* context, const v1::ListPendingDropsRequest* request,
                                             v1::ListPendingDropsResponse* response) override;
  grpc::ServerUnaryReactor* ListHouseholdPendingDrops(grpc::CallbackServerContext* context,
                                                      const v1::ListHouseholdPendingDropsRequest* request,
                                                      v1::ListHouseholdPendingDropsResponse* response) override;
  grpc::ServerUnaryReactor* InspectDrop(grpc::CallbackServerContext* context, const v1::InspectDropRequest* request,
                                        v1::InspectDropResponse* response) override;
  grpc::ServerUnaryReactor* ReleaseDrop(grpc::CallbackServerContext* context, const v1::ReleaseDropRequest* request,
                                        v1::ReleaseDropResponse* response) override;
  grpc::ServerUnaryReactor* RejectDrop(grpc::CallbackServerContext* context, const v1::RejectDropRequest* request,
                                       v1::RejectDropResponse* response) override;
  grpc::ServerUnaryReactor* ClawBackDrop(grpc::CallbackServerContext* context, const v1::ClawBackDropRequest* request,
                                         v1::ClawBackDropResponse* response) override;
  grpc::ServerUnaryReactor* IssueBags(grpc::CallbackServerContext* context, const v1::IssueBagsRequest* request,
                                      v1::IssueBagsResponse* response) override;
  grpc::ServerUnaryReactor* RevokeBag(grpc::CallbackServerContext* context, const v1::RevokeBagRequest* request,
                                      v1::RevokeBagResponse* response) override;
  grpc::ServerUnaryReactor* InspectBag(grpc::CallbackServerContext* context, const v1::InspectBagRequest* request,
                                       v1::InspectBagResponse* response) override;

 private:
  // Decides a pending drop by its name: `decide(view, household, id)`.
  template <typename Request, typename Response, typename Decide>
  void DecideNamed(Call& call, const Request& request, Response& response, Done done, Decide decide);
  void ClawBack(Call& call, const v1::ClawBackDropRequest& request, v1::ClawBackDropResponse& response, Done done);
  void Issue(Call& call, const v1::IssueBagsRequest& request, v1::IssueBagsResponse& response, Done done);
  void Revoke(Call& call, const v1::RevokeBagRequest& request, v1::RevokeBagResponse& response, Done done);
  void Inspect(Call& call, const v1::InspectBagRequest& request, v1::InspectBagResponse& response, Done done);
  // Commits, and fills the response's entry and, where it has one, its pending drop or tags.
  template <typename Response>
  void Submit(Call& call, HouseholdId household, ReadSet reads, State::Decide decide, Response& response, Done done);
  // A page of a list. The slow lane's work.
  template <typename Request, typename Response>
  absl::Status FillPage(const Call& call, const Request& request, const std::string& list,
                        absl::FunctionRef<std::vector<PendingDrops::Found>(PendingDrops::Place after, size_t limit)> find,
                        Response& response) const;
  void InSlowLane(absl::AnyInvocable<absl::Status() &&> work, Done done);

  const Gate& gate_;
  Backend& backend_;
  const Method& list_;
  const Method& list_household_;
  const Method& inspect_;
  const Method& release_;
  const Method& reject_;
  const Method& claw_back_;
  const Method& issue_bags_;
  const Method& revoke_bag_;
  const Method& inspect_bag_;
};

}  // namespace fenfen::server
