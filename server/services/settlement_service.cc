#include "server/services/settlement_service.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/spending/offer_terms.h"

namespace fenfen::server {
namespace {

using v1::Settlement;

// For captures under way at midnight, and servers whose clocks differ.
constexpr absl::Duration kAfterTheDay = absl::Minutes(10);
constexpr int kSettlementsMax = 100;

// The statement that a transaction leaves.
absl::StatusOr<Settlement> SettlementIn(const Transaction& transaction) {
  for (const RecordChange& change : transaction.changes) {
    Settlement settlement;
    if (change.key.kind == RecordKind::kSettlement && settlement.ParseFromString(change.bytes)) return settlement;
  }
  return absl::DataLossError("a settlement's transaction without a settlement");
}

absl::Status MerchantUnknown() { return Refuse(Reason::REASON_MERCHANT_UNKNOWN, {}, "merchant"); }

absl::Status WrongPeriod(int32_t last) {
  return Refuse(Reason::REASON_SETTLEMENT_PERIOD, {{"last", absl::FormatCivilTime(CivilDayOf(last))}}, "last_day");
}

void SetMerchantName(Settlement& settlement, const Catalogue& catalogue) {
  const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(settlement.merchant());
  if (merchant != nullptr) settlement.set_merchant_display_name(merchant->display_name());
}

std::string CaptureName(absl::string_view merchant, const PeriodCapture& capture) {
  return absl::StrCat(merchant, "/captures/", capture.partition.value(), "-", capture.seq.value());
}

}  // namespace

std::vector<Command> EnterSettlementCommands(const Settlement& paid, const DecisionContext& decision) {
  std::vector<Command> commands;
  const auto shared = std::make_shared<const Settlement>(paid);
  for (const v1::SettlementPart& part : paid.parts()) {
    DecisionContext of_part = decision;
    of_part.key = DerivedKey(decision.now, absl::StrCat(paid.name(), "/", part.partition()));
    Command command{PartitionId(static_cast<uint16_t>(part.partition())), of_part.key, of_part.fingerprint, SettlementPaymentReads(paid),
                    nullptr};
    command.decide = [shared, part, of_part](const View& view) { return DecideSettlementPayment(view, *shared, part, of_part); };
    commands.push_back(std::move(command));
  }
  return commands;
}

Command SettlementEnteredCommand(const Settlement& paid, const DecisionContext& decision) {
  DecisionContext entered = decision;
  entered.key = DerivedKey(decision.now, absl::StrCat(paid.name(), "/entered"));
  Command command{kCataloguePartition, entered.key, entered.fingerprint, SettlementStepReads(paid), nullptr};
  command.decide = [paid, entered](const View& view) {
    return DecideSettlementStep(view, paid, {Settlement::STATE_SETTLED, "", "", ""}, entered);
  };
  return command;
}

SettlementService::SettlementService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      create_(methods.Get("fenfen.v1.SettlementService.CreateSettlement")),
      approve_(methods.Get("fenfen.v1.SettlementService.ApproveSettlement")),
      reject_(methods.Get("fenfen.v1.SettlementService.RejectSettlement")),
      pay_(methods.Get("fenfen.v1.SettlementService.PaySettlement")),
      list_(methods.Get("fenfen.v1.SettlementService.ListSettlements")),
      reconcile_(methods.Get("fenfen.v1.SettlementService.ReconcileSettlements")) {}

grpc::ServerUnaryReactor* SettlementService::CreateSettlement(grpc::CallbackServerContext* context,
                                                              const v1::CreateSettlementRequest* request,
                                                              v1::CreateSettlementResponse* response) {
  return HandleUnary(gate_, create_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Create(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* SettlementService::ApproveSettlement(grpc::CallbackServerContext* context,
                                                               const v1::ApproveSettlementRequest* request,
                                                               v1::ApproveSettlementResponse* response) {
  return HandleUnary(gate_, approve_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    Step(call, in.name(), {Settlement::STATE_APPROVED, call.caller().subject, "", ""}, *out.mutable_settlement(), std::move(done));
  });
}

grpc::ServerUnaryReactor* SettlementService::RejectSettlement(grpc::CallbackServerContext* context,
                                                              const v1::RejectSettlementRequest* request,
                                                              v1::RejectSettlementResponse* response) {
  return HandleUnary(gate_, reject_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    Step(call, in.name(), {Settlement::STATE_REJECTED, call.caller().subject, in.reason(), ""}, *out.mutable_settlement(), std::move(done));
  });
}

grpc::ServerUnaryReactor* SettlementService::PaySettlement(grpc::CallbackServerContext* context, const v1::PaySettlementRequest* request,
                                                           v1::PaySettlementResponse* response) {
  return HandleUnary(gate_, pay_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Pay(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* SettlementService::ListSettlements(grpc::CallbackServerContext* context,
                                                             const v1::ListSettlementsRequest* request,
                                                             v1::ListSettlementsResponse* response) {
  return HandleUnary(gate_, list_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { std::move(done)(List(call, in, out)); });
}

grpc::ServerUnaryReactor* SettlementService::ReconcileSettlements(grpc::CallbackServerContext* context,
                                                                  const v1::ReconcileSettlementsRequest* request,
                                                                  v1::ReconcileSettlementsResponse* response) {
  return HandleUnary(gate_, reconcile_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { std::move(done)(Reconcile(call, in, out)); });
}

std::vector<PeriodCapture> SettlementService::CapturesOf(absl::string_view merchant, int32_t first, int32_t last) const {
  std::vector<PeriodCapture> captures;
  for (const Captures::Capture& capture : backend_.captures.OfDays(CatalogueIdOf(merchant), first, last)) {
    captures.push_back({capture.partition, capture.seq, capture.amount, capture.refunded});
  }
  return captures;
}

absl::StatusOr<Settlement> SettlementService::Draft(const Call& call, const v1::CreateSettlementRequest& request) const {
  const v1::Merchant* merchant = call.catalogue().Find<v1::Merchant>(request.merchant());
  if (merchant == nullptr || merchant->name() != request.merchant()) return MerchantUnknown();
  absl::CivilDay last;
  const int32_t latest = DayNumberOf(call.now() - kAfterTheDay, call.zone()) - 1;
  if (request.last_day().size() != 10 || !absl::ParseCivilTime(request.last_day(), &last)) {
    return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", "YYYY-MM-DD"}}, "last_day");
  }
  if (DayNumber(last) > latest) return WrongPeriod(latest);
  Settlement draft;
  std::optional<int32_t> first = backend_.captures.FirstDay(CatalogueIdOf(request.merchant()));
  for (const SettlementBook::Item& item : backend_.settlements.OfMerchant(request.merchant())) {
    if (item->state() == Settlement::STATE_REJECTED) continue;
    draft.set_previous(item->name());
    first = DayOfText(item->last_day()) + 1;
  }
  if (first && DayNumber(last) < *first) return WrongPeriod(latest);
  draft.set_merchant(request.merchant());
  draft.set_last_day(absl::FormatCivilTime(last));
  if (first) {
    draft.set_name(SettlementName(request.merchant(), *first));
    draft.set_first_day(absl::FormatCivilTime(CivilDayOf(*first)));
    SetCaptures(CapturesOf(request.merchant(), *first, DayNumber(last)), draft);
  }
  if (draft.count() == 0) {
    return Refuse(Reason::REASON_SETTLEMENT_NOTHING, {{"first", draft.first_day()}, {"last", draft.last_day()}}, "last_day");
  }
  return draft;
}

void SettlementService::Create(Call& call, const v1::CreateSettlementRequest& request, v1::CreateSettlementResponse& response, Done done) {
  Command command{kCataloguePartition, call.key(), call.Decision().fingerprint, {}, nullptr};
  absl::StatusOr<Settlement> draft = Draft(call, request);
  if (draft.ok()) command.reads = SettlementReads(*draft);
  // Also a draft that is refused is submitted: a repetition finds the reply that it had, and anything else its refusal.
  command.decide = [draft = std::move(draft), decision = call.Decision(),
                    maker = call.caller().subject](const View& view) -> absl::StatusOr<Transaction> {
    if (!draft.ok()) return draft.status();
    return DecideSettlement(view, *draft, maker, decision);
  };
  Write(call, std::move(command), *response.mutable_settlement(), std::move(done));
}

void SettlementService::Write(Call& call, Command command, Settlement& out, Done done) {
  backend_.engine.Submit(std::move(command), [&call, &out, done = std::move(done)](const absl::StatusOr<Outcome>& outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    absl::StatusOr<Settlement> settlement = SettlementIn(outcome->committed.transaction);
    if (!settlement.ok()) return std::move(done)(settlement.status());
    out = *std::move(settlement);
    SetMerchantName(out, call.catalogue());
    std::move(done)(absl::OkStatus());
  });
}

void SettlementService::Step(Call& call, const std::string& name, SettlementStepFacts facts, Settlement& out, Done done) {
  const SettlementBook::Item known = backend_.settlements.Find(name);
  if (known == nullptr) return std::move(done)(Refuse(Reason::REASON_SETTLEMENT_UNKNOWN, {}, "name"));
  if (facts.to == Settlement::STATE_APPROVED) {
    Settlement now;
    SetCaptures(CapturesOf(known->merchant(), DayOfText(known->first_day()), DayOfText(known->last_day())), now);
    facts.present_sha256 = now.captures_sha256();
  }
  Command command{kCataloguePartition, call.key(), call.Decision().fingerprint, SettlementStepReads(*known), nullptr};
  command.decide = [known, facts = std::move(facts), decision = call.Decision()](const View& view) {
    return DecideSettlementStep(view, *known, facts, decision);
  };
  Write(call, std::move(command), out, std::move(done));
}

void SettlementService::Pay(Call& call, const v1::PaySettlementRequest& request, v1::PaySettlementResponse& response, Done done) {
  SettlementStepFacts facts{Settlement::STATE_PAID, call.caller().subject, request.bank_reference(), ""};
  Settlement& paid = *response.mutable_settlement();
  Step(call, request.name(), std::move(facts), paid, [this, &call, &paid, done = std::move(done)](const absl::Status& status) mutable {
    if (!status.ok()) return std::move(done)(status);
    const DecisionContext decision = call.Decision();
    backend_.engine.SubmitAll(EnterSettlementCommands(paid, decision), [this, &paid, decision, done = std::move(done)](
                                                                           const std::vector<absl::StatusOr<Outcome>>& parts) mutable {
      // The payment stands; what is not entered here, the job enters.
      const bool all = std::all_of(parts.begin(), parts.end(),
                                   [](const absl::StatusOr<Outcome>& part) { return part.ok() || absl::IsAlreadyExists(part.status()); });
      if (!all) return std::move(done)(absl::OkStatus());
      backend_.engine.Submit(SettlementEnteredCommand(paid, decision),
                             [done = std::move(done)](const absl::StatusOr<Outcome>&) mutable { std::move(done)(absl::OkStatus()); });
    });
  });
}

absl::Status SettlementService::List(Call& call, const v1::ListSettlementsRequest& request, v1::ListSettlementsResponse& response) const {
  if (call.catalogue().Find<v1::Merchant>(request.merchant()) == nullptr) return MerchantUnknown();
  const std::vector<SettlementBook::Item> all = backend_.settlements.OfMerchant(request.merchant());
  for (auto item = all.rbegin(); item != all.rend() && response.settlements_size() < kSettlementsMax; ++item) {
    v1::Settlement& out = *response.add_settlements();
    out = **item;
    SetMerchantName(out, call.catalogue());
  }
  return absl::OkStatus();
}

absl::Status SettlementService::Reconcile(Call& call, const v1::ReconcileSettlementsRequest& request,
                                          v1::ReconcileSettlementsResponse& response) const {
  const CatalogueId merchant = CatalogueIdOf(request.merchant());
  if (call.catalogue().Find<v1::Merchant>(merchant) == nullptr) return MerchantUnknown();
  std::map<std::pair<PartitionId, PartitionSeq>, int> statements;  // each capture is in
  int32_t last = INT32_MIN;
  for (const SettlementBook::Item& item : backend_.settlements.OfMerchant(request.merchant())) {
    if (item->state() == Settlement::STATE_REJECTED) continue;
    last = std::max(last, DayOfText(item->last_day()));
    const auto captures = CapturesOf(request.merchant(), DayOfText(item->first_day()), DayOfText(item->last_day()));
    for (const PeriodCapture& capture : captures) ++statements[{capture.partition, capture.seq}];
    Settlement now;
    SetCaptures(captures, now);
    if (now.captures_sha256() != item->captures_sha256()) response.add_changed(item->name());
  }
  const int32_t first = backend_.captures.FirstDay(merchant).value_or(0);
  for (const PeriodCapture& capture : CapturesOf(request.merchant(), first, INT32_MAX)) {
    const int in = statements[{capture.partition, capture.seq}];
    const std::string name = CaptureName(request.merchant(), capture);
    if (in > 1 && response.in_two_size() < kSettlementsMax) response.add_in_two(name);
    if (in > 0 || capture.refunded) continue;
    response.set_open_count(response.open_count() + 1);
    response.set_open_amount(response.open_amount() + capture.amount.hundredths());
  }
  // Those before the last statement's day should be in one.
  for (const PeriodCapture& capture : last == INT32_MIN ? std::vector<PeriodCapture>() : CapturesOf(request.merchant(), first, last)) {
    if (capture.refunded || statements[{capture.partition, capture.seq}] > 0) continue;
    if (response.in_none_size() < kSettlementsMax) response.add_in_none(CaptureName(request.merchant(), capture));
    response.set_open_count(response.open_count() - 1);
    response.set_open_amount(response.open_amount() - capture.amount.hundredths());
  }
  return absl::OkStatus();
}

}  // namespace fenfen::server
