// CatalogueService: reads and changes the catalogue. Reads come from the call's snapshot. Thread-safe.
#pragma once

#include "fenfen/v1/catalogue.grpc.pb.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class CatalogueService final : public v1::CatalogueService::CallbackService {
 public:
  CatalogueService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* UpdateCatalogue(grpc::CallbackServerContext* context, const v1::UpdateCatalogueRequest* request,
                                            v1::UpdateCatalogueResponse* response) override;
  grpc::ServerUnaryReactor* ListRegions(grpc::CallbackServerContext* context, const v1::ListRegionsRequest* request,
                                        v1::ListRegionsResponse* response) override;
  grpc::ServerUnaryReactor* ListStations(grpc::CallbackServerContext* context, const v1::ListStationsRequest* request,
                                         v1::ListStationsResponse* response) override;
  grpc::ServerUnaryReactor* GetRuleSet(grpc::CallbackServerContext* context, const v1::GetRuleSetRequest* request,
                                       v1::GetRuleSetResponse* response) override;
  grpc::ServerUnaryReactor* ListOffers(grpc::CallbackServerContext* context, const v1::ListOffersRequest* request,
                                       v1::ListOffersResponse* response) override;

 private:
  void Update(Call& call, const v1::UpdateCatalogueRequest& request, v1::UpdateCatalogueResponse& response, Done done);
  void CheckOnly(Call& call, const v1::UpdateCatalogueRequest& request, v1::UpdateCatalogueResponse& response, Done done);

  const Gate& gate_;
  Backend& backend_;
  const Method& update_;
  const Method& list_regions_;
  const Method& list_stations_;
  const Method& get_rule_set_;
  const Method& list_offers_;
};

}  // namespace fenfen::server
