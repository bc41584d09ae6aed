#include "server/services/correction_service.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/correcting/adjustment.h"
#include "ledger/points/correcting/appeal.h"
#include "ledger/points/correcting/reversal.h"
#include "ledger/points/entry.h"
#include "server/call/page_token.h"
#include "server/services/correction_render.h"

namespace fenfen::server {
namespace {

template <typename Request>
CorrectionGrounds GroundsOf(const Request& request) {
  return {request.reason(), {request.attachments().begin(), request.attachments().end()}};
}

// The record of that kind as the transaction left it; a message of the form that the kind has.
template <typename Message>
std::optional<std::pair<uint64_t, Message>> WrittenIn(const Transaction& transaction, RecordKind kind) {
  for (const RecordChange& change : transaction.changes) {
    Message message;
    if (change.key.kind == kind && message.ParseFromString(change.bytes)) return std::make_pair(change.key.id, std::move(message));
  }
  return std::nullopt;
}

void FillResource(const Transaction& transaction, const Call& call, v1::Adjustment& adjustment) {
  const auto written = WrittenIn<ledger::v1::Proposal>(transaction, RecordKind::kProposal);
  // As of its own day, also where this repeats an earlier reply.
  const int32_t day = DayNumberOf(transaction.event_time, call.zone());
  if (written) adjustment = RenderAdjustment(written->first, written->second, call.catalogue(), day);
}

void FillResource(const Transaction& transaction, const Call& call, v1::Appeal& appeal) {
  const auto written = WrittenIn<ledger::v1::EntryCase>(transaction, RecordKind::kAppeal);
  if (written) appeal = RenderAppeal(written->first, written->second, call.catalogue());
}

}  // namespace

CorrectionService::CorrectionService(const Gate& gate, const Methods& methods, Backend& backend, const Corrections& corrections)
    : gate_(gate),
      backend_(backend),
      corrections_(corrections),
      reverse_(methods.Get("fenfen.v1.CorrectionService.ReverseEntry")),
      propose_(methods.Get("fenfen.v1.CorrectionService.ProposeAdjustment")),
      approve_(methods.Get("fenfen.v1.CorrectionService.ApproveAdjustment")),
      dismiss_(methods.Get("fenfen.v1.CorrectionService.DismissAdjustment")),
      list_adjustments_(methods.Get("fenfen.v1.CorrectionService.ListAdjustments")),
      appeal_(methods.Get("fenfen.v1.CorrectionService.CreateAppeal")),
      answer_(methods.Get("fenfen.v1.CorrectionService.AnswerAppeal")),
      list_appeals_(methods.Get("fenfen.v1.CorrectionService.ListAppeals")),
      list_household_appeals_(methods.Get("fenfen.v1.CorrectionService.ListHouseholdAppeals")) {}

grpc::ServerUnaryReactor* CorrectionService::ReverseEntry(grpc::CallbackServerContext* context, const v1::ReverseEntryRequest* request,
                                                          v1::ReverseEntryResponse* response) {
  return HandleUnary(gate_, reverse_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Reverse(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* CorrectionService::ProposeAdjustment(grpc::CallbackServerContext* context,
                                                               const v1::ProposeAdjustmentRequest* request,
                                                               v1::ProposeAdjustmentResponse* response) {
  return HandleUnary(gate_, propose_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Propose(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* CorrectionService::ApproveAdjustment(grpc::CallbackServerContext* context,
                                                               const v1::ApproveAdjustmentRequest* request,
                                                               v1::ApproveAdjustmentResponse* response) {
  return HandleUnary(gate_, approve_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Approve(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* CorrectionService::DismissAdjustment(grpc::CallbackServerContext* context,
                                                               const v1::DismissAdjustmentRequest* request,
                                                               v1::DismissAdjustmentResponse* response) {
  return HandleUnary(gate_, dismiss_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Dismiss(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* CorrectionService::CreateAppeal(grpc::CallbackServerContext* context, const v1::CreateAppealRequest* request,
                                                          v1::CreateAppealResponse* response) {
  return HandleUnary(gate_, appeal_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Appeal(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* CorrectionService::AnswerAppeal(grpc::CallbackServerContext* context, const v1::AnswerAppealRequest* request,
                                                          v1::AnswerAppealResponse* response) {
  return HandleUnary(gate_, answer_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Answer(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* CorrectionService::ListAdjustments(grpc::CallbackServerContext* context,
                                                             const v1::ListAdjustmentsRequest* request,
                                                             v1::ListAdjustmentsResponse* response) {
  return HandleUnary(gate_, list_adjustments_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    InSlowLane(
        [this, &call, &in, &out] {
          const CatalogueId region = CatalogueIdOf(in.region());
          const int32_t today = DayNumberOf(call.now(), call.zone());
          const Page page{Corrections::List::kProposals, RecordKind::kProposal,
                          absl::StrCat(in.region(), "/adjustments/", in.include_closed()), in.page_size(), in.page_token()};
          absl::StatusOr<std::string> next = FillPage(
              page,
              [&](const Corrections::Case& found) {
                const bool open = found.open && today <= found.last_day;
                return (open || in.include_closed()) && call.catalogue().IsWithin(found.region, region);
              },
              [&](uint64_t id, absl::string_view bytes) {
                ledger::v1::Proposal proposal;
                if (!proposal.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
                *out.add_adjustments() = RenderAdjustment(id, proposal, call.catalogue(), today);
              });
          if (!next.ok()) return next.status();
          out.set_next_page_token(*std::move(next));
          return absl::OkStatus();
        },
        std::move(done));
  });
}

grpc::ServerUnaryReactor* CorrectionService::ListAppeals(grpc::CallbackServerContext* context, const v1::ListAppealsRequest* request,
                                                         v1::ListAppealsResponse* response) {
  return HandleUnary(gate_, list_appeals_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    InSlowLane(
        [this, &call, &in, &out] {
          const CatalogueId region = CatalogueIdOf(in.region());
          const Page page{Corrections::List::kAppeals, RecordKind::kAppeal, absl::StrCat(in.region(), "/appeals/", in.include_closed()),
                          in.page_size(), in.page_token()};
          absl::StatusOr<std::string> next = FillPage(
              page,
              [&](const Corrections::Case& found) {
                return (found.open || in.include_closed()) && call.catalogue().IsWithin(found.region, region);
              },
              [&](uint64_t id, absl::string_view bytes) {
                ledger::v1::EntryCase entry_case;
                if (!entry_case.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
                *out.add_appeals() = RenderAppeal(id, entry_case, call.catalogue());
              });
          if (!next.ok()) return next.status();
          out.set_next_page_token(*std::move(next));
          return absl::OkStatus();
        },
        std::move(done));
  });
}

grpc::ServerUnaryReactor* CorrectionService::ListHouseholdAppeals(grpc::CallbackServerContext* context,
                                                                  const v1::ListHouseholdAppealsRequest* request,
                                                                  v1::ListHouseholdAppealsResponse* response) {
  return HandleUnary(gate_, list_household_appeals_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    const std::optional<HouseholdId> household = ParseHouseholdName(in.household());
    if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
    InSlowLane(
        [this, &call, &in, &out, household = *household] {
          const Page page{Corrections::List::kAppeals, RecordKind::kAppeal, absl::StrCat(in.household(), "/appeals"), in.page_size(),
                          in.page_token()};
          absl::StatusOr<std::string> next = FillPage(
              page, [&](const Corrections::Case& found) { return found.household == household; },
              [&](uint64_t id, absl::string_view bytes) {
                ledger::v1::EntryCase entry_case;
                if (!entry_case.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
                *out.add_appeals() = RenderAppeal(id, entry_case, call.catalogue());
              });
          if (!next.ok()) return next.status();
          out.set_next_page_token(*std::move(next));
          return absl::OkStatus();
        },
        std::move(done));
  });
}

absl::StatusOr<CorrectionService::StoredEntry> CorrectionService::LoadEntry(HouseholdId household, PartitionSeq seq,
                                                                            absl::string_view field) const {
  absl::StatusOr<CommittedTransaction> stored = backend_.engine.Load(PartitionOf(household), seq);
  if (!stored.ok()) return stored.status();
  // The number is the partition's: it may be another household's entry, which this caller must not learn of.
  const absl::StatusOr<HouseholdId> owner = HouseholdOf(stored->transaction);
  if (!owner.ok() || *owner != household) return Refuse(Reason::REASON_ENTRY_UNKNOWN, {}, field);
  return std::make_shared<const CommittedTransaction>(*std::move(stored));
}

template <typename Response>
void CorrectionService::Submit(Call& call, HouseholdId household, ReadSet reads, State::Decide decide, Response& response, Done done) {
  Command command{PartitionOf(household), call.key(), call.Decision().fingerprint, std::move(reads), std::move(decide)};
  backend_.engine.Submit(std::move(command), [&call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    absl::StatusOr<v1::Entry> entry = RenderEntry(outcome->committed, call.catalogue());
    if (!entry.ok()) return std::move(done)(entry.status());
    *response.mutable_entry() = *std::move(entry);
    const Transaction& transaction = outcome->committed.transaction;
    if constexpr (std::is_same_v<Response, v1::CreateAppealResponse> || std::is_same_v<Response, v1::AnswerAppealResponse>) {
      FillResource(transaction, call, *response.mutable_appeal());
    } else if constexpr (!std::is_same_v<Response, v1::ReverseEntryResponse>) {
      FillResource(transaction, call, *response.mutable_adjustment());
    }
    std::move(done)(absl::OkStatus());
  });
}

void CorrectionService::Reverse(Call& call, const v1::ReverseEntryRequest& request, v1::ReverseEntryResponse& response, Done done) {
  const auto name = ParseEntryName(request.name());
  if (!name) return std::move(done)(Malformed("name", "households/HOUSEHOLD/entries/SEQUENCE"));
  absl::StatusOr<StoredEntry> entry = LoadEntry(name->first, name->second, "name");
  if (!entry.ok()) return std::move(done)(entry.status());
  const ReversalTerms terms{name->first, entry->get(), GroundsOf(request)};
  Submit(
      call, terms.household, ReversalReads(terms.household, **entry),
      [&call, terms, kept = *entry](const View& view) { return DecideReversal(view, terms, call.catalogue(), call.Decision()); }, response,
      std::move(done));
}

void CorrectionService::Propose(Call& call, const v1::ProposeAdjustmentRequest& request, v1::ProposeAdjustmentResponse& response,
                                Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  const ProposalTerms terms{*household, request.asset(), request.amount(), GroundsOf(request)};
  Submit(
      call, *household, ProposalReads(*household, ProposalIdFor(*household, call.key())),
      [&call, terms](const View& view) { return DecideProposal(view, terms, call.Decision()); }, response, std::move(done));
}

void CorrectionService::Approve(Call& call, const v1::ApproveAdjustmentRequest& request, v1::ApproveAdjustmentResponse& response,
                                Done done) {
  const auto name = ParseAdjustmentName(request.name());
  if (!name) return std::move(done)(Malformed("name", "households/HOUSEHOLD/adjustments/ADJUSTMENT"));
  const auto [household, id] = *name;
  const absl::StatusOr<CatalogueId> region = RecordRegions(backend_.state).RegionOf(household);
  if (!region.ok()) return std::move(done)(region.status());
  const CatalogueId town = call.catalogue().TownOf(*region);
  Submit(
      call, household, ApprovalReads(household, id, town),
      [&call, household = household, id = id, town](const View& view) {
        return DecideApproval(view, household, id, town, call.catalogue(), call.Decision());
      },
      response, std::move(done));
}

void CorrectionService::Dismiss(Call& call, const v1::DismissAdjustmentRequest& request, v1::DismissAdjustmentResponse& response,
                                Done done) {
  const auto name = ParseAdjustmentName(request.name());
  if (!name) return std::move(done)(Malformed("name", "households/HOUSEHOLD/adjustments/ADJUSTMENT"));
  const auto [household, id] = *name;
  Submit(
      call, household, ProposalReads(household, id),
      [&call, household = household, id = id, grounds = GroundsOf(request)](const View& view) {
        return DecideDismissal(view, household, id, grounds, call.catalogue(), call.Decision());
      },
      response, std::move(done));
}

void CorrectionService::Appeal(Call& call, const v1::CreateAppealRequest& request, v1::CreateAppealResponse& response, Done done) {
  const auto name = ParseEntryName(request.entry());
  if (!name) return std::move(done)(Malformed("entry", "households/HOUSEHOLD/entries/SEQUENCE"));
  absl::StatusOr<StoredEntry> entry = LoadEntry(name->first, name->second, "entry");
  if (!entry.ok()) return std::move(done)(entry.status());
  const AppealTerms terms{name->first, entry->get(), static_cast<uint32_t>(call.caller().actor.sub), GroundsOf(request)};
  Submit(
      call, terms.household, AppealReads(terms.household, name->second),
      [&call, terms, kept = *entry](const View& view) { return DecideAppeal(view, terms, call.Decision()); }, response, std::move(done));
}

void CorrectionService::Answer(Call& call, const v1::AnswerAppealRequest& request, v1::AnswerAppealResponse& response, Done done) {
  const auto name = ParseAppealName(request.name());
  if (!name) return std::move(done)(Malformed("name", "households/HOUSEHOLD/appeals/SEQUENCE"));
  absl::StatusOr<StoredEntry> entry = LoadEntry(name->first, name->second, "name");
  if (!entry.ok()) return std::move(done)(entry.status());
  absl::StatusOr<StoredEntry> remedy = StoredEntry();
  if (!request.remedy().empty()) {
    const auto remedy_name = ParseEntryName(request.remedy());
    if (!remedy_name || remedy_name->first != name->first) return std::move(done)(Refuse(Reason::REASON_REMEDY_INVALID, {}, "remedy"));
    remedy = LoadEntry(remedy_name->first, remedy_name->second, "remedy");
    if (!remedy.ok()) return std::move(done)(remedy.status());
  }
  const AnswerTerms terms{name->first, entry->get(), remedy->get(), GroundsOf(request)};
  Submit(
      call, terms.household, AppealReads(terms.household, name->second),
      [&call, terms, kept = *entry, kept_remedy = *remedy](const View& view) {
        return DecideAppealAnswer(view, terms, call.catalogue(), call.Decision());
      },
      response, std::move(done));
}

absl::StatusOr<std::string> CorrectionService::FillPage(const Page& page, absl::FunctionRef<bool(const Corrections::Case&)> wanted,
                                                        absl::FunctionRef<void(uint64_t id, absl::string_view bytes)> add) const {
  if (page.size < 0) return Malformed("page_size", "1–100");
  const size_t size = static_cast<size_t>(page.size == 0 ? kPageDefault : std::min<int32_t>(page.size, limits::kPageSizeMax));
  std::optional<uint64_t> after = 0;
  if (!page.token.empty()) after = ReadPageToken(backend_.lookups_key, page.name, page.token);
  if (!after) return Refuse(Reason::REASON_PAGE_TOKEN_INVALID, {}, "page_token");
  const std::vector<Corrections::Found> found = corrections_.Find(page.list, wanted, *after, size + 1);
  for (size_t i = 0; i < std::min(size, found.size()); ++i) {
    // The projection has it once it is durable, so the record is there, maybe newer.
    std::string bytes;
    const absl::Status read = backend_.engine.ReadAndWait(PartitionOf(found[i].household), [&](const View& view) {
      const std::optional<RecordView> record = view.Record({page.kind, found[i].id});
      bytes = record ? std::string(record->bytes) : "";
    });
    if (!read.ok()) return read;
    add(found[i].id, bytes);
  }
  if (found.size() <= size) return std::string();
  return MakePageToken(backend_.lookups_key, page.name, found[size - 1].id);
}

void CorrectionService::InSlowLane(absl::AnyInvocable<absl::Status() &&> work, Done done) {
  auto shared = std::make_shared<Done>(std::move(done));
  const absl::Status posted =
      backend_.slow_lane.Post([work = std::move(work), shared]() mutable { std::move (*shared)(std::move(work)()); });
  if (!posted.ok()) std::move (*shared)(posted);
}

}  // namespace fenfen::server
