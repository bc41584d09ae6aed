// TransferService: gifts, merges and splits. What leaves is written by the call itself; to see it through takes two more writes, which the
// slow lane waits for. Thread-safe.
#pragma once

#include <memory>

#include "fenfen/ledger/v1/transfer.pb.h"
#include "fenfen/v1/transfer.grpc.pb.h"
#include "ledger/points/keeping/transfer.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class TransferService final : public v1::TransferService::CallbackService {
 public:
  TransferService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* GiftPoints(grpc::CallbackServerContext* context, const v1::GiftPointsRequest* request,
                                       v1::GiftPointsResponse* response) override;
  grpc::ServerUnaryReactor* MergeHousehold(grpc::CallbackServerContext* context, const v1::MergeHouseholdRequest* request,
                                           v1::MergeHouseholdResponse* response) override;
  grpc::ServerUnaryReactor* SplitHousehold(grpc::CallbackServerContext* context, const v1::SplitHouseholdRequest* request,
                                           v1::SplitHouseholdResponse* response) override;

 private:
  using Decide = State::Decide;
  // Where the reply goes.
  struct Reply {
    v1::Transfer* transfer;
    v1::Entry* entry;
  };

  void Gift(Call& call, const v1::GiftPointsRequest& request, v1::GiftPointsResponse& response, Done done);
  void Merge(Call& call, const v1::MergeHouseholdRequest& request, v1::MergeHouseholdResponse& response, Done done);
  void Split(Call& call, const v1::SplitHouseholdRequest& request, v1::SplitHouseholdResponse& response, Done done);
  // Writes what leaves and then sees it through.
  void Send(Call& call, HouseholdId from, Decide decide, Reply reply, Done done);
  // What a merge's or a split's other household must be: within the caller's own region.
  absl::Status CheckReach(const Call& call, CatalogueId region) const;
  // What `from` was merged into, where that one's merges lead on to `to`; 0 where they do not, or it was not merged.
  absl::StatusOr<HouseholdId> ViaOf(HouseholdId from, HouseholdId to) const;
  absl::StatusOr<SplitFacts> ReadSplit(const v1::SplitHouseholdRequest& request) const;

  const Gate& gate_;
  Backend& backend_;
  const Method& gift_;
  const Method& merge_;
  const Method& split_;
};

}  // namespace fenfen::server
