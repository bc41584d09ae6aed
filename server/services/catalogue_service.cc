#include "server/services/catalogue_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/catalogue_update.h"
#include "ledger/points/earning/rules.h"
#include "ledger/points/spending/offer_terms.h"
#include "ledger/points/spending/stock.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/why.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

constexpr int kListMax = 1000;

absl::Status ListRegions(const Call& call, const v1::ListRegionsRequest& request, v1::ListRegionsResponse& response) {
  if (!request.parent().empty() && call.catalogue().Find<v1::Region>(request.parent()) == nullptr) {
    return Refuse(Reason::REASON_REGION_UNKNOWN, {}, "parent");
  }
  for (const v1::Region* region : call.catalogue().All<v1::Region>()) {
    if (region->parent() == request.parent()) *response.add_regions() = *region;
  }
  return absl::OkStatus();
}

absl::Status ListStations(const Call& call, const v1::ListStationsRequest& request, v1::ListStationsResponse& response) {
  const CatalogueId within = CatalogueIdOf(request.region());
  if (call.catalogue().Find<v1::Region>(within) == nullptr) return Refuse(Reason::REASON_REGION_UNKNOWN, {}, "region");
  for (const v1::Station* station : call.catalogue().All<v1::Station>()) {
    if (response.stations_size() >= kListMax) break;
    if (call.catalogue().IsWithin(CatalogueIdOf(station->region()), within)) *response.add_stations() = *station;
  }
  return absl::OkStatus();
}

absl::Status GetRuleSet(const Call& call, const v1::GetRuleSetRequest& request, v1::GetRuleSetResponse& response) {
  const Catalogue& catalogue = call.catalogue();
  const Rules* rules = request.version() == 0 ? catalogue.RulesOn(DayNumberOf(call.now(), call.zone()))
                                              : catalogue.RulesVersion(static_cast<uint32_t>(request.version()));
  if (rules == nullptr) return Refuse(Reason::REASON_RULES_ABSENT);
  *response.mutable_rule_set() = rules->set();
  response.set_latest_version(catalogue.rules()->version());
  SetTime(*response.mutable_create_time(), call.catalogue().rules_set_at());
  return absl::OkStatus();
}

// What is left of an offer's stock; as of now, for people to look at.
int64_t StockLeft(const v1::Offer& offer, const State& state) {
  const CatalogueId id = CatalogueIdOf(offer.name());
  int64_t left = offer.stock();
  const absl::Status read = state.Read(PartitionOfStock(id), [&](const View& view, PartitionSeq) {
    const auto stock = ReadMessage<ledger::v1::OfferStock>(view, {RecordKind::kOfferStock, id.value()});
    if (stock.ok()) left = offer.stock() - stock->message.held() - stock->message.taken();
  });
  return read.ok() ? std::max<int64_t>(0, left) : 0;
}

absl::Status ListOffers(const Call& call, const State& state, v1::ListOffersResponse& response) {
  const int32_t today = DayNumberOf(call.now(), call.zone());
  std::vector<std::pair<Points, const v1::Offer*>> offers;  // with the prices of the day
  for (const v1::Offer* offer : call.catalogue().All<v1::Offer>()) {
    if (!offer->withdrawn()) offers.emplace_back(PriceOn(*offer, today).first, offer);
  }
  std::stable_sort(offers.begin(), offers.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [price, offer] : offers) {
    if (response.offers_size() >= kListMax) break;
    v1::Offer& out = *response.add_offers();
    out = *offer;
    out.set_price(price.hundredths());
    if (HasStock(*offer)) out.set_stock_left(StockLeft(*offer, state));
    if (const v1::Merchant* merchant = call.catalogue().Find<v1::Merchant>(offer->merchant())) {
      out.set_merchant_display_name(merchant->display_name());
    }
  }
  return absl::OkStatus();
}

void Fill(const CatalogueChange& change, PartitionSeq version, v1::UpdateCatalogueResponse& response) {
  response.clear_errors();  // a decision may run again
  for (const v1::RowError& error : change.errors) *response.add_errors() = error;
  response.set_version(static_cast<int64_t>(version.value()));
  if (!change.errors.empty()) return;
  response.set_written(change.written);
  response.set_unchanged(change.unchanged);
}

}  // namespace

CatalogueService::CatalogueService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      update_(methods.Get("fenfen.v1.CatalogueService.UpdateCatalogue")),
      list_regions_(methods.Get("fenfen.v1.CatalogueService.ListRegions")),
      list_stations_(methods.Get("fenfen.v1.CatalogueService.ListStations")),
      get_rule_set_(methods.Get("fenfen.v1.CatalogueService.GetRuleSet")),
      list_offers_(methods.Get("fenfen.v1.CatalogueService.ListOffers")) {}

grpc::ServerUnaryReactor* CatalogueService::UpdateCatalogue(grpc::CallbackServerContext* context, const v1::UpdateCatalogueRequest* request,
                                                            v1::UpdateCatalogueResponse* response) {
  return HandleUnary(gate_, update_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    in.validate_only() ? CheckOnly(call, in, out, std::move(done)) : Update(call, in, out, std::move(done));
  });
}

grpc::ServerUnaryReactor* CatalogueService::ListRegions(grpc::CallbackServerContext* context, const v1::ListRegionsRequest* request,
                                                        v1::ListRegionsResponse* response) {
  return HandleUnary(gate_, list_regions_, context, request, response,
                     [](Call& call, const auto& in, auto& out, Done done) { std::move(done)(server::ListRegions(call, in, out)); });
}

grpc::ServerUnaryReactor* CatalogueService::ListStations(grpc::CallbackServerContext* context, const v1::ListStationsRequest* request,
                                                         v1::ListStationsResponse* response) {
  return HandleUnary(gate_, list_stations_, context, request, response,
                     [](Call& call, const auto& in, auto& out, Done done) { std::move(done)(server::ListStations(call, in, out)); });
}

grpc::ServerUnaryReactor* CatalogueService::GetRuleSet(grpc::CallbackServerContext* context, const v1::GetRuleSetRequest* request,
                                                       v1::GetRuleSetResponse* response) {
  return HandleUnary(gate_, get_rule_set_, context, request, response,
                     [](Call& call, const auto& in, auto& out, Done done) { std::move(done)(server::GetRuleSet(call, in, out)); });
}

grpc::ServerUnaryReactor* CatalogueService::ListOffers(grpc::CallbackServerContext* context, const v1::ListOffersRequest* request,
                                                       v1::ListOffersResponse* response) {
  return HandleUnary(gate_, list_offers_, context, request, response, [this](Call& call, const auto&, auto& out, Done done) {
    std::move(done)(server::ListOffers(call, backend_.state, out));
  });
}

void CatalogueService::CheckOnly(Call& call, const v1::UpdateCatalogueRequest& request, v1::UpdateCatalogueResponse& response, Done done) {
  const absl::Status found;
  const auto reader = [&](const View& view) {
    Fill(PlanCatalogueUpdate(view, request, call.Decision()), call.catalogue().version(), response);
  };
  ReadThenReply(backend_.engine, kCataloguePartition, reader, found, std::move(done));
}

void CatalogueService::Update(Call& call, const v1::UpdateCatalogueRequest& request, v1::UpdateCatalogueResponse& response, Done done) {
  Command command{kCataloguePartition, call.key(), call.Decision().fingerprint, CatalogueReads(request), nullptr};
  // All errors go into the reply, so that a whole file is mended at once; the refusal itself only keeps the change from being made.
  command.decide = [&call, &request, &response](const View& view) -> absl::StatusOr<Transaction> {
    CatalogueChange change = PlanCatalogueUpdate(view, request, call.Decision());
    if (change.errors.empty()) return std::move(change.transaction);
    Fill(change, call.catalogue().version(), response);
    return Refuse(Reason::REASON_ROW_INVALID);
  };
  backend_.engine.Submit(std::move(command), [&call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(response.errors().empty() ? outcome.status() : absl::OkStatus());
    if (outcome->replayed) call.MarkReplayed();
    const Transaction& transaction = outcome->committed.transaction;
    const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
    if (!why.ok()) return std::move(done)(why.status());
    const auto& counts = std::get<CatalogueWhy>(*why);
    response.set_written(static_cast<int32_t>(counts.written));
    response.set_unchanged(static_cast<int32_t>(counts.unchanged));
    response.set_version(static_cast<int64_t>(outcome->committed.seq.value()));
    call.set_audited(absl::StrCat("catalogue version ", response.version()));
    std::move(done)(absl::OkStatus());
  });
}

}  // namespace fenfen::server
