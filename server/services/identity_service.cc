#include "server/services/identity_service.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/codes.h"
#include "ledger/points/entry.h"

namespace fenfen::server {
namespace {

void SetRegion(v1::Principal& principal, const std::string& region_name, const Catalogue& catalogue) {
  principal.set_region(region_name);
  const v1::Region* region = catalogue.Find<v1::Region>(region_name);
  if (region != nullptr && principal.display_name().empty()) principal.set_display_name(region->display_name());
}

absl::Status FillDigests(Engine& engine, v1::GetStateDigestsResponse& response) {
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const absl::StatusOr<State::Digest> digest = engine.DigestOf(PartitionId(p));
    if (!digest.ok()) return digest.status();
    v1::PartitionDigest& out = *response.add_partitions();
    out.set_partition(p);
    out.set_sequence(static_cast<int64_t>(digest->seq.value()));
    out.set_sha256(digest->sha256);
  }
  return absl::OkStatus();
}

}  // namespace

IdentityService::IdentityService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate), backend_(backend), resolve_(methods.Get("fenfen.v1.IdentityService.ResolveSubject")) {}

grpc::ServerUnaryReactor* IdentityService::ResolveSubject(grpc::CallbackServerContext* context, const v1::ResolveSubjectRequest* request,
                                                          v1::ResolveSubjectResponse* response) {
  return HandleUnary(gate_, resolve_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { std::move(done)(Resolve(call, in, out)); });
}

absl::Status IdentityService::Resolve(const Call& call, const v1::ResolveSubjectRequest& request,
                                      v1::ResolveSubjectResponse& response) const {
  const Catalogue& catalogue = call.catalogue();
  const RecordRegions regions(backend_.state);
  for (const auto& [household, member] : backend_.directory.BySubject(HashSubject(backend_.lookups_key, request.wechat_subject()))) {
    const absl::StatusOr<CatalogueId> id = regions.RegionOf(household);
    const v1::Region* region = id.ok() ? catalogue.Find<v1::Region>(*id) : nullptr;
    v1::Principal& principal = *response.add_principals();
    principal.set_role(v1::ROLE_RESIDENT);
    principal.set_household(HouseholdName(household));
    principal.set_subject(absl::StrCat(principal.household(), "/members/", member));
    if (region != nullptr) SetRegion(principal, region->name(), catalogue);
  }
  for (const auto& [merchant, person] : catalogue.OperatorsWithSubject(request.wechat_subject())) {
    v1::Principal& principal = *response.add_principals();
    principal.set_role(v1::ROLE_MERCHANT);
    principal.set_merchant(merchant->name());
    principal.set_subject(person->name());
    principal.set_display_name(merchant->display_name());
    SetRegion(principal, merchant->region(), catalogue);
  }
  for (const v1::Staff* staff : catalogue.StaffWithSubject(request.wechat_subject())) {
    v1::Principal& principal = *response.add_principals();
    principal.set_role(staff->role());
    principal.set_subject(staff->name());
    SetRegion(principal, staff->region(), catalogue);
  }
  return response.principals().empty() ? Refuse(Reason::REASON_PERSON_UNKNOWN, {}, "wechat_subject") : absl::OkStatus();
}

AuditService::AuditService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate), backend_(backend), digests_(methods.Get("fenfen.v1.AuditService.GetStateDigests")) {}

grpc::ServerUnaryReactor* AuditService::GetStateDigests(grpc::CallbackServerContext* context, const v1::GetStateDigestsRequest* request,
                                                        v1::GetStateDigestsResponse* response) {
  return HandleUnary(gate_, digests_, context, request, response, [this](Call&, const auto&, auto& out, Done done) {
    auto shared = std::make_shared<Done>(std::move(done));
    const absl::Status posted = backend_.slow_lane.Post([this, &out, shared] { std::move (*shared)(FillDigests(backend_.engine, out)); });
    if (!posted.ok()) std::move (*shared)(posted);
  });
}

}  // namespace fenfen::server
