#include "server/services/drop_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/codes.h"
#include "ledger/points/drop.h"
#include "ledger/points/entry.h"
#include "ledger/points/keeping/membership.h"
#include "ledger/points/verification/pending.h"
#include "server/services/pending_render.h"

namespace fenfen::server {
namespace {

// A resident proves to be at the station by its code, and is known by the token.
absl::Status ReadAsResident(const Call& call, const v1::RecordDropRequest& request, absl::string_view codes_key, DropFacts& facts) {
  if (!request.station().empty()) return Malformed("station", "居民扫码投放，不填站点 / a resident scans the code instead");
  if (request.station_code().empty()) return Refuse(Reason::REASON_FIELD_MISSING, {}, "station_code");
  const std::optional<StationCode> code = ReadStationCode(codes_key, request.station_code());
  if (!code) return Refuse(Reason::REASON_STATION_CODE_UNKNOWN, {}, "station_code");
  facts.station = CatalogueIdOf(absl::StrCat("stations/", code->station));
  facts.code_step = code->step;
  facts.member = call.caller().member;
  return absl::OkStatus();
}

// An attendant stands at the station and says who came.
absl::Status ReadAsAttendant(const v1::RecordDropRequest& request, DropFacts& facts) {
  if (!request.station_code().empty()) return Malformed("station_code", "指导员填站点，不扫码 / an attendant names the station instead");
  if (request.station().empty()) return Refuse(Reason::REASON_FIELD_MISSING, {}, "station");
  facts.station = CatalogueIdOf(request.station());
  facts.verification = v1::VERIFICATION_KIND_ATTENDANT;
  if (request.member().empty()) return absl::OkStatus();
  const auto member = ParseMemberName(request.member());
  if (!member || member->first != facts.household) return Refuse(Reason::REASON_MEMBER_UNKNOWN, {}, "member");
  facts.member = member->second;
  return absl::OkStatus();
}

// Where nobody of the household is there with a card or code, somebody must have agreed to be served.
absl::Status CheckProxy(const View& view, const DropFacts& facts, bool by_proxy) {
  if (!by_proxy) return absl::OkStatus();
  const absl::StatusOr<Versioned<HouseholdRecord>> household = ReadHousehold(view, facts.household);
  return household.ok() ? CheckMayBeServed(household->record, facts.member) : household.status();
}

}  // namespace

DropService::DropService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate), backend_(backend), record_drop_(methods.Get("fenfen.v1.DropService.RecordDrop")) {}

grpc::ServerUnaryReactor* DropService::RecordDrop(grpc::CallbackServerContext* context, const v1::RecordDropRequest* request,
                                                  v1::RecordDropResponse* response) {
  return HandleUnary(gate_, record_drop_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Record(call, in, out, std::move(done)); });
}

void DropService::Record(Call& call, const v1::RecordDropRequest& request, v1::RecordDropResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  DropFacts facts;
  facts.household = *household;
  facts.category = request.category();
  if (request.has_weight_grams()) facts.grams = request.weight_grams();
  facts.material = request.material();
  facts.pieces = request.pieces();
  facts.event_time = call.now();
  absl::Status status =
      call.caller().role == v1::ROLE_RESIDENT ? ReadAsResident(call, request, backend_.codes_key, facts) : ReadAsAttendant(request, facts);
  if (!status.ok()) return std::move(done)(status);
  if (!request.bag().empty()) {
    const std::optional<uint64_t> bag = ReadBagTag(backend_.codes_key, request.bag());
    if (!bag) return std::move(done)(Refuse(Reason::REASON_BAG_UNKNOWN, {}, "bag"));
    facts.bag = *bag;
  }

  ReadSet reads = DropReads(facts, call.catalogue(), call.Decision());
  Command command{PartitionOf(*household), call.key(), call.Decision().fingerprint, std::move(reads), nullptr};
  // Whether the code is still good is asked within the decision: a repetition that comes after the code's time gets its former reply.
  const bool by_proxy = call.caller().role != v1::ROLE_RESIDENT && request.by_proxy();
  command.decide = [&call, facts, by_proxy](const View& view) -> absl::StatusOr<Transaction> {
    if (absl::Status consent = CheckProxy(view, facts, by_proxy); !consent.ok()) return consent;
    if (facts.code_step && call.catalogue().Find<v1::Station>(facts.station) == nullptr) {
      return Refuse(Reason::REASON_STATION_CODE_UNKNOWN, {}, "station_code");
    }
    if (absl::Status code = CheckStationStep(facts.code_step, call.now()); !code.ok()) return code;
    return DecideDrop(view, facts, call.catalogue(), call.Decision());
  };
  backend_.engine.Submit(std::move(command), [&call, &request, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    absl::StatusOr<v1::Entry> entry = RenderEntry(outcome->committed, call.catalogue());
    if (!entry.ok()) return std::move(done)(entry.status());
    *response.mutable_entry() = *std::move(entry);
    if (response.entry().kind() == v1::ENTRY_KIND_PENDING_DROP) {
      const HouseholdId owner = *ParseHouseholdName(request.household());
      response.set_pending_drop(PendingDropName(owner, PendingDropIdFor(owner, call.key())));
    }
    std::move(done)(absl::OkStatus());
  });
}

}  // namespace fenfen::server
