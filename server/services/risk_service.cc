#include "server/services/risk_service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/entry.h"
#include "ledger/points/trust/cases.h"
#include "server/call/page_token.h"
#include "server/services/risk_backend.h"
#include "server/services/risk_render.h"

namespace fenfen::server {
namespace {

const ledger::v1::RiskCase* FindCase(const ledger::v1::HouseholdRisk& risk, uint32_t number) {
  for (const ledger::v1::RiskCase& one : risk.cases()) {
    if (one.number() == number) return &one;
  }
  return nullptr;
}

// The case that a transaction wrote, as it was then.
std::optional<ledger::v1::RiskCase> CaseIn(const Transaction& transaction) {
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  const FactsWhy* facts = why.ok() ? std::get_if<FactsWhy>(&*why) : nullptr;
  if (facts == nullptr || !facts->facts.trust().has_risk_case()) return std::nullopt;
  return facts->facts.trust().risk_case();
}

}  // namespace

RiskService::RiskService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      list_(methods.Get("fenfen.v1.RiskService.ListRiskCases")),
      get_(methods.Get("fenfen.v1.RiskService.GetRiskCase")),
      decide_(methods.Get("fenfen.v1.RiskService.DecideRiskCase")),
      draw_(methods.Get("fenfen.v1.RiskService.DrawReinspection")),
      get_draw_(methods.Get("fenfen.v1.RiskService.GetReinspection")),
      record_result_(methods.Get("fenfen.v1.RiskService.RecordReinspection")),
      collect_(methods.Get("fenfen.v1.RiskService.RecordCollections")),
      report_(methods.Get("fenfen.v1.RiskService.ReportStations")),
      get_rules_(methods.Get("fenfen.v1.RiskService.GetRiskRules")),
      set_rules_(methods.Get("fenfen.v1.RiskService.SetRiskRules")) {}

grpc::ServerUnaryReactor* RiskService::ListRiskCases(grpc::CallbackServerContext* context, const v1::ListRiskCasesRequest* request,
                                                     v1::ListRiskCasesResponse* response) {
  return HandleUnary(gate_, list_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    InSlowLane([this, &call, &in, &out] { return List(call, in, out); }, std::move(done));
  });
}

grpc::ServerUnaryReactor* RiskService::GetRiskCase(grpc::CallbackServerContext* context, const v1::GetRiskCaseRequest* request,
                                                   v1::GetRiskCaseResponse* response) {
  return HandleUnary(gate_, get_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    InSlowLane([this, &call, &in, &out] { return Get(call, in, out); }, std::move(done));
  });
}

grpc::ServerUnaryReactor* RiskService::DecideRiskCase(grpc::CallbackServerContext* context, const v1::DecideRiskCaseRequest* request,
                                                      v1::DecideRiskCaseResponse* response) {
  return HandleUnary(gate_, decide_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Decide(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* RiskService::DrawReinspection(grpc::CallbackServerContext* context, const v1::DrawReinspectionRequest* request,
                                                        v1::DrawReinspectionResponse* response) {
  return HandleUnary(gate_, draw_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    InSlowLane([this, &call, &in, &out] { return Draw(call, in, out); }, std::move(done));
  });
}

grpc::ServerUnaryReactor* RiskService::GetReinspection(grpc::CallbackServerContext* context, const v1::GetReinspectionRequest* request,
                                                       v1::GetReinspectionResponse* response) {
  return HandleUnary(gate_, get_draw_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    InSlowLane([this, &call, &in, &out] { return GetDraw(call, in, out); }, std::move(done));
  });
}

grpc::ServerUnaryReactor* RiskService::RecordReinspection(grpc::CallbackServerContext* context,
                                                          const v1::RecordReinspectionRequest* request,
                                                          v1::RecordReinspectionResponse* response) {
  return HandleUnary(gate_, record_result_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    InSlowLane([this, &call, &in, &out] { return RecordResult(call, in, out); }, std::move(done));
  });
}

grpc::ServerUnaryReactor* RiskService::RecordCollections(grpc::CallbackServerContext* context, const v1::RecordCollectionsRequest* request,
                                                         v1::RecordCollectionsResponse* response) {
  return HandleUnary(gate_, collect_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    InSlowLane([this, &call, &in, &out] { return Collect(call, in, out); }, std::move(done));
  });
}

grpc::ServerUnaryReactor* RiskService::ReportStations(grpc::CallbackServerContext* context, const v1::ReportStationsRequest* request,
                                                      v1::ReportStationsResponse* response) {
  return HandleUnary(gate_, report_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    InSlowLane([this, &call, &in, &out] { return Report(call, in, out); }, std::move(done));
  });
}

grpc::ServerUnaryReactor* RiskService::GetRiskRules(grpc::CallbackServerContext* context, const v1::GetRiskRulesRequest* request,
                                                    v1::GetRiskRulesResponse* response) {
  return HandleUnary(gate_, get_rules_, context, request, response, [this](Call&, const auto&, auto& out, Done done) {
    out.set_defaults(backend_.risk->rules.IsDefault());
    *out.mutable_rules() = *backend_.risk->rules.Snapshot();
    std::move(done)(absl::OkStatus());
  });
}

grpc::ServerUnaryReactor* RiskService::SetRiskRules(grpc::CallbackServerContext* context, const v1::SetRiskRulesRequest* request,
                                                    v1::SetRiskRulesResponse* response) {
  return HandleUnary(gate_, set_rules_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { SetRules(call, in, out, std::move(done)); });
}

absl::Status RiskService::List(const Call& call, const v1::ListRiskCasesRequest& request, v1::ListRiskCasesResponse& response) const {
  if (request.page_size() < 0) return Malformed("page_size", "1–100");
  if (!v1::RiskSignal_IsValid(request.signal())) return Malformed("signal", "RISK_SIGNAL_…");
  const RiskQueue& queue = backend_.risk->queue;
  const auto size = static_cast<size_t>(request.page_size() == 0 ? kPageDefault : std::min(request.page_size(), limits::kPageSizeMax));
  const std::string list = absl::StrCat(request.region(), "/riskCases/", request.include_closed(), "/", static_cast<int>(request.signal()));
  std::optional<RiskQueue::Case> after;
  if (!request.page_token().empty()) {
    const std::optional<uint64_t> position = ReadPageToken(backend_.lookups_key, list, request.page_token());
    after = position ? queue.AtPosition(*position) : std::nullopt;
    if (!after) return Refuse(Reason::REASON_PAGE_TOKEN_INVALID, {}, "page_token");
  }
  const CatalogueId region = CatalogueIdOf(request.region());
  const auto of_list = [&](const RiskQueue::Case& one) {
    return (request.signal() == v1::RISK_SIGNAL_UNSPECIFIED || one.signal == request.signal()) &&
           call.catalogue().IsWithin(one.region, region);
  };
  const auto wanted = [&](const RiskQueue::Case& one) { return (one.open || request.include_closed()) && of_list(one); };
  const std::vector<RiskQueue::Case> found = queue.Find(wanted, after ? &*after : nullptr, size + 1);
  for (size_t i = 0; i < std::min(size, found.size()); ++i) {
    const absl::StatusOr<ledger::v1::HouseholdRisk> risk = RiskOf(found[i].household);
    if (!risk.ok()) return risk.status();
    // The record may be newer than the queue, and not have it any more.
    const ledger::v1::RiskCase* one = FindCase(*risk, found[i].number);
    if (one != nullptr) *response.add_risk_cases() = RenderRiskCase(found[i].household, *one, call.catalogue(), call.zone());
  }
  response.set_open_count(static_cast<int32_t>(queue.Count([&](const RiskQueue::Case& one) { return one.open && of_list(one); })));
  if (found.size() > size) {
    response.set_next_page_token(MakePageToken(backend_.lookups_key, list, RiskQueue::PositionOf(found[size - 1])));
  }
  return absl::OkStatus();
}

absl::Status RiskService::Get(const Call& call, const v1::GetRiskCaseRequest& request, v1::GetRiskCaseResponse& response) const {
  const auto name = ParseRiskCaseName(request.name());
  if (!name) return Malformed("name", "households/HOUSEHOLD/riskCases/NUMBER");
  const absl::StatusOr<ledger::v1::HouseholdRisk> risk = RiskOf(name->first);
  if (!risk.ok()) return risk.status();
  const ledger::v1::RiskCase* one = FindCase(*risk, name->second);
  if (one == nullptr) return Refuse(Reason::REASON_RISK_CASE_UNKNOWN, {}, "name");
  *response.mutable_risk_case() = RenderRiskCase(name->first, *one, call.catalogue(), call.zone());
  return absl::OkStatus();
}

void RiskService::Decide(Call& call, const v1::DecideRiskCaseRequest& request, v1::DecideRiskCaseResponse& response, Done done) {
  const auto name = ParseRiskCaseName(request.name());
  if (!name) return std::move(done)(Malformed("name", "households/HOUSEHOLD/riskCases/NUMBER"));
  const bool confirmed = request.decision() == v1::RiskCase::STATE_CONFIRMED;
  if (!confirmed && request.decision() != v1::RiskCase::STATE_CLEARED) {
    return std::move(done)(Malformed("decision", "STATE_CLEARED | STATE_CONFIRMED"));
  }
  const CaseDecision decision{
      name->first, name->second, confirmed, {request.reason(), {request.attachments().begin(), request.attachments().end()}}};
  Command command{PartitionOf(name->first), call.key(), call.Decision().fingerprint, CaseReads(name->first), nullptr};
  command.decide = [&call, decision](const View& view) { return DecideHoldEnd(view, decision, call.catalogue(), call.Decision()); };
  backend_.engine.Submit(std::move(command),
                         [&call, &response, household = name->first, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
                           if (!outcome.ok()) return std::move(done)(outcome.status());
                           if (outcome->replayed) call.MarkReplayed();
                           const std::optional<ledger::v1::RiskCase> one = CaseIn(outcome->committed.transaction);
                           if (one) *response.mutable_risk_case() = RenderRiskCase(household, *one, call.catalogue(), call.zone());
                           absl::StatusOr<v1::Entry> entry = RenderEntry(outcome->committed, call.catalogue());
                           if (!entry.ok()) return std::move(done)(entry.status());
                           *response.mutable_entry() = *std::move(entry);
                           std::move(done)(absl::OkStatus());
                         });
}

void RiskService::SetRules(Call& call, const v1::SetRiskRulesRequest& request, v1::SetRiskRulesResponse& response, Done done) {
  if (!request.has_rules()) return std::move(done)(Refuse(Reason::REASON_FIELD_MISSING, {}, "rules"));
  Command command{kCataloguePartition, call.key(), call.Decision().fingerprint, RiskRulesReads(), nullptr};
  command.decide = [&call, &request](const View& view) { return DecideRiskRules(view, request.rules(), call.Decision()); };
  backend_.engine.Submit(std::move(command), [&call, &request, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    call.set_audited("riskRules");
    *response.mutable_rules() = request.rules();
    std::move(done)(absl::OkStatus());
  });
}

absl::StatusOr<ledger::v1::HouseholdRisk> RiskService::RiskOf(HouseholdId household) const {
  absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> stored;
  const absl::Status read =
      backend_.engine.ReadAndWait(PartitionOf(household), [&](const View& view) { stored = ReadRisk(view, household); });
  if (!read.ok()) return read;
  if (!stored.ok()) return stored.status();
  return std::move(*stored->message.mutable_household());
}

absl::StatusOr<Outcome> RiskService::Submit(Call& call, PartitionId partition, ReadSet reads, State::Decide decide) {
  Command command{partition, call.key(), call.Decision().fingerprint, std::move(reads), std::move(decide)};
  absl::StatusOr<Outcome> outcome = backend_.engine.SubmitAndWait(std::move(command));
  if (outcome.ok() && outcome->replayed) call.MarkReplayed();
  return outcome;
}

void RiskService::InSlowLane(absl::AnyInvocable<absl::Status() &&> work, Done done) {
  auto shared = std::make_shared<Done>(std::move(done));
  const absl::Status posted =
      backend_.slow_lane.Post([work = std::move(work), shared]() mutable { std::move (*shared)(std::move(work)()); });
  if (!posted.ok()) std::move (*shared)(posted);
}

}  // namespace fenfen::server
