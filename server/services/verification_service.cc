#include "server/services/verification_service.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/codes.h"
#include "ledger/points/correcting/reversal.h"
#include "ledger/points/entry.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/verification/bag.h"
#include "ledger/points/verification/release.h"
#include "server/call/page_token.h"
#include "server/services/pending_render.h"

namespace fenfen::server {
namespace {

// A record that is a message, whose parts that never change may be read ahead of the decision.
template <typename Message>
absl::StatusOr<std::optional<Message>> ReadAhead(const State& state, PartitionId partition, const RecordKey& key) {
  std::optional<Message> message;
  const absl::Status read = state.Read(partition, [&](const View& view, PartitionSeq) {
    absl::StatusOr<StoredMessage<Message>> stored = ReadMessage<Message>(view, key);
    if (stored.ok() && stored->found()) message = std::move(stored->message);
  });
  if (!read.ok()) return read;
  return message;
}

// A place in the list as a token: its time in clear, its id signed together with it.
std::string TokenOf(absl::string_view key, const std::string& list, const PendingDrops::Place& place) {
  return absl::StrCat(place.first, "~", MakePageToken(key, absl::StrCat(list, "/", place.first), place.second));
}

std::optional<PendingDrops::Place> PlaceIn(absl::string_view key, const std::string& list, absl::string_view token) {
  if (token.empty()) return PendingDrops::Place{};
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(token, absl::MaxSplits('~', 1));
  int64_t micros = 0;
  if (!absl::SimpleAtoi(parts.first, &micros) || absl::StrCat(micros) != parts.first) return std::nullopt;
  const std::optional<uint64_t> id = ReadPageToken(key, absl::StrCat(list, "/", micros), parts.second);
  if (!id) return std::nullopt;
  return PendingDrops::Place{micros, *id};
}

// What a transaction left of the pending drop that it decided.
void FillDrop(const Transaction& transaction, const Catalogue& catalogue, v1::PendingDrop& out) {
  for (const RecordChange& change : transaction.changes) {
    ledger::v1::PendingDrop drop;
    if (change.key.kind != RecordKind::kPendingDrop || !drop.ParseFromString(change.bytes)) continue;
    out = RenderPendingDrop(change.key.id, drop, catalogue);
  }
}

Finding FindingOf(const v1::InspectDropRequest& request) {
  Finding found;
  found.category = request.category();
  if (request.has_weight_grams()) found.grams = request.weight_grams();
  if (request.has_material()) found.material = request.material();
  if (request.has_pieces()) found.pieces = request.pieces();
  return found;
}

}  // namespace

VerificationService::VerificationService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      list_(methods.Get("fenfen.v1.VerificationService.ListPendingDrops")),
      list_household_(methods.Get("fenfen.v1.VerificationService.ListHouseholdPendingDrops")),
      inspect_(methods.Get("fenfen.v1.VerificationService.InspectDrop")),
      release_(methods.Get("fenfen.v1.VerificationService.ReleaseDrop")),
      reject_(methods.Get("fenfen.v1.VerificationService.RejectDrop")),
      claw_back_(methods.Get("fenfen.v1.VerificationService.ClawBackDrop")),
      issue_bags_(methods.Get("fenfen.v1.VerificationService.IssueBags")),
      revoke_bag_(methods.Get("fenfen.v1.VerificationService.RevokeBag")),
      inspect_bag_(methods.Get("fenfen.v1.VerificationService.InspectBag")) {}

grpc::ServerUnaryReactor* VerificationService::ListPendingDrops(grpc::CallbackServerContext* context,
                                                                const v1::ListPendingDropsRequest* request,
                                                                v1::ListPendingDropsResponse* response) {
  return HandleUnary(gate_, list_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    InSlowLane(
        [this, &call, &in, &out] {
          const CatalogueId region = CatalogueIdOf(in.region());
          const auto lies_within = [&](const PendingDrops::Waiting& waiting) { return call.catalogue().IsWithin(waiting.region, region); };
          return FillPage(
              call, in, absl::StrCat(in.region(), "/pendingDrops"),
              [&](PendingDrops::Place after, size_t limit) { return backend_.pending_drops->Find(lies_within, after, limit); }, out);
        },
        std::move(done));
  });
}

grpc::ServerUnaryReactor* VerificationService::ListHouseholdPendingDrops(grpc::CallbackServerContext* context,
                                                                         const v1::ListHouseholdPendingDropsRequest* request,
                                                                         v1::ListHouseholdPendingDropsResponse* response) {
  return HandleUnary(gate_, list_household_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    const std::optional<HouseholdId> household = ParseHouseholdName(in.household());
    if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
    InSlowLane(
        [this, &call, &in, &out, household = *household] {
          return FillPage(
              call, in, absl::StrCat(in.household(), "/pendingDrops"),
              [&](PendingDrops::Place after, size_t limit) { return backend_.pending_drops->FindOf(household, after, limit); }, out);
        },
        std::move(done));
  });
}

grpc::ServerUnaryReactor* VerificationService::InspectDrop(grpc::CallbackServerContext* context, const v1::InspectDropRequest* request,
                                                           v1::InspectDropResponse* response) {
  return HandleUnary(gate_, inspect_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    DecideNamed(call, in, out, std::move(done), [&call, found = FindingOf(in)](const View& view, HouseholdId household, uint64_t id) {
      return DecideRelease(view, household, id, found, call.catalogue(), call.Decision());
    });
  });
}

grpc::ServerUnaryReactor* VerificationService::ReleaseDrop(grpc::CallbackServerContext* context, const v1::ReleaseDropRequest* request,
                                                           v1::ReleaseDropResponse* response) {
  return HandleUnary(gate_, release_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    DecideNamed(call, in, out, std::move(done), [&call](const View& view, HouseholdId household, uint64_t id) {
      return DecideRelease(view, household, id, std::nullopt, call.catalogue(), call.Decision());
    });
  });
}

grpc::ServerUnaryReactor* VerificationService::RejectDrop(grpc::CallbackServerContext* context, const v1::RejectDropRequest* request,
                                                          v1::RejectDropResponse* response) {
  return HandleUnary(gate_, reject_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    DecideNamed(call, in, out, std::move(done), [&call, reason = in.reason()](const View& view, HouseholdId household, uint64_t id) {
      return DecideRejection(view, household, id, reason, call.catalogue(), call.Decision());
    });
  });
}

grpc::ServerUnaryReactor* VerificationService::ClawBackDrop(grpc::CallbackServerContext* context, const v1::ClawBackDropRequest* request,
                                                            v1::ClawBackDropResponse* response) {
  return HandleUnary(gate_, claw_back_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { ClawBack(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VerificationService::IssueBags(grpc::CallbackServerContext* context, const v1::IssueBagsRequest* request,
                                                         v1::IssueBagsResponse* response) {
  return HandleUnary(gate_, issue_bags_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Issue(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VerificationService::RevokeBag(grpc::CallbackServerContext* context, const v1::RevokeBagRequest* request,
                                                         v1::RevokeBagResponse* response) {
  return HandleUnary(gate_, revoke_bag_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Revoke(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VerificationService::InspectBag(grpc::CallbackServerContext* context, const v1::InspectBagRequest* request,
                                                          v1::InspectBagResponse* response) {
  return HandleUnary(gate_, inspect_bag_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Inspect(call, in, out, std::move(done)); });
}

template <typename Response>
void VerificationService::Submit(Call& call, HouseholdId household, ReadSet reads, State::Decide decide, Response& response, Done done) {
  Command command{PartitionOf(household), call.key(), call.Decision().fingerprint, std::move(reads), std::move(decide)};
  backend_.engine.Submit(std::move(command), [this, &call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    absl::StatusOr<v1::Entry> entry = RenderEntry(outcome->committed, call.catalogue());
    if (!entry.ok()) return std::move(done)(entry.status());
    *response.mutable_entry() = *std::move(entry);
    if constexpr (requires { response.mutable_pending_drop(); }) {
      FillDrop(outcome->committed.transaction, call.catalogue(), *response.mutable_pending_drop());
    } else if constexpr (requires { response.mutable_tags(); }) {
      for (const RecordChange& change : outcome->committed.transaction.changes) {
        ledger::v1::Bag bag;
        const bool is_bag = change.key.kind == RecordKind::kBag && bag.ParseFromString(change.bytes);
        if (is_bag && bag.state() == ledger::v1::Bag::STATE_ISSUED) response.add_tags(MakeBagTag(backend_.codes_key, change.key.id));
      }
    }
    std::move(done)(absl::OkStatus());
  });
}

template <typename Request, typename Response, typename Decide>
void VerificationService::DecideNamed(Call& call, const Request& request, Response& response, Done done, Decide decide) {
  const auto name = ParsePendingDropName(request.name());
  if (!name) return std::move(done)(Malformed("name", "households/HOUSEHOLD/pendingDrops/PENDING_DROP"));
  const auto [household, id] = *name;
  const auto drop = ReadAhead<ledger::v1::PendingDrop>(backend_.state, PartitionOf(household), PendingDropKey(id));
  if (!drop.ok()) return std::move(done)(drop.status());
  const uint64_t bag = drop->has_value() ? (*drop)->bag() : 0;
  Submit(
      call, household, PendingReads(household, id, bag),
      [decide = std::move(decide), household = household, id = id](const View& view) { return decide(view, household, id); }, response,
      std::move(done));
}

void VerificationService::ClawBack(Call& call, const v1::ClawBackDropRequest& request, v1::ClawBackDropResponse& response, Done done) {
  const auto name = ParseEntryName(request.name());
  if (!name) return std::move(done)(Malformed("name", "households/HOUSEHOLD/entries/SEQUENCE"));
  absl::StatusOr<CommittedTransaction> stored = backend_.engine.Load(PartitionOf(name->first), name->second);
  if (!stored.ok()) return std::move(done)(stored.status());
  // The number is the partition's: it may be another household's entry, which this caller must not learn of.
  const absl::StatusOr<HouseholdId> owner = HouseholdOf(stored->transaction);
  if (!owner.ok() || *owner != name->first) return std::move(done)(Refuse(Reason::REASON_ENTRY_UNKNOWN, {}, "name"));
  absl::StatusOr<CorrectionGrounds> grounds = ClawBackGrounds(stored->transaction, request.reason());
  if (!grounds.ok()) return std::move(done)(grounds.status());
  const auto entry = std::make_shared<const CommittedTransaction>(*std::move(stored));
  const ReversalTerms terms{name->first, entry.get(), *std::move(grounds)};
  Submit(
      call, terms.household, ReversalReads(terms.household, *entry),
      [&call, terms, entry](const View& view) { return DecideReversal(view, terms, call.catalogue(), call.Decision()); }, response,
      std::move(done));
}

void VerificationService::Issue(Call& call, const v1::IssueBagsRequest& request, v1::IssueBagsResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  Submit(
      call, *household, BagIssueReads(*household, call.key(), request.count()),
      [&call, household = *household, count = request.count()](const View& view) {
        return DecideBagIssue(view, household, count, call.catalogue(), call.Decision());
      },
      response, std::move(done));
}

void VerificationService::Revoke(Call& call, const v1::RevokeBagRequest& request, v1::RevokeBagResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  const std::optional<uint64_t> bag = ReadBagTag(backend_.codes_key, request.tag());
  if (!bag) return std::move(done)(Refuse(Reason::REASON_BAG_UNKNOWN, {}, "tag"));
  Submit(
      call, *household, BagRevocationReads(*household, *bag),
      [&call, household = *household, bag = *bag](const View& view) { return DecideBagRevocation(view, household, bag, call.Decision()); },
      response, std::move(done));
}

void VerificationService::Inspect(Call& call, const v1::InspectBagRequest& request, v1::InspectBagResponse& response, Done done) {
  const std::optional<uint64_t> number = ReadBagTag(backend_.codes_key, request.tag());
  if (!number) return std::move(done)(Refuse(Reason::REASON_BAG_UNKNOWN, {}, "tag"));
  const auto bag = ReadAhead<ledger::v1::Bag>(backend_.state, PartitionOfBag(*number), BagKey(*number));
  if (!bag.ok()) return std::move(done)(bag.status());
  if (!bag->has_value()) return std::move(done)(Refuse(Reason::REASON_BAG_UNKNOWN, {}, "tag"));
  BagInspection inspection;
  inspection.bag = *number;
  inspection.pending_drop = (*bag)->pending_drop();
  inspection.rejection_reason = request.rejection_reason();
  DropFacts& drop = inspection.drop;
  drop.household = HouseholdId((*bag)->household());
  drop.category = request.category();
  if (request.has_weight_grams()) drop.grams = request.weight_grams();
  drop.station = CatalogueIdOf(request.station());
  drop.event_time = call.now();
  if (request.has_put_in_time()) {
    drop.event_time = absl::FromUnixMicros(request.put_in_time().seconds() * 1'000'000 + request.put_in_time().nanos() / 1000);
  }
  drop.material = request.material();
  drop.pieces = request.pieces();
  drop.verification = v1::VERIFICATION_KIND_INSPECTED;
  Submit(
      call, drop.household, BagInspectionReads(inspection),
      [&call, inspection](const View& view) { return DecideBagInspection(view, inspection, call.catalogue(), call.Decision()); }, response,
      std::move(done));
}

template <typename Request, typename Response>
absl::Status VerificationService::FillPage(const Call& call, const Request& request, const std::string& list,
                                           absl::FunctionRef<std::vector<PendingDrops::Found>(PendingDrops::Place, size_t)> find,
                                           Response& response) const {
  if (request.page_size() < 0) return Malformed("page_size", "1–100");
  const auto size = static_cast<size_t>(request.page_size() == 0 ? kPageDefault : std::min(request.page_size(), limits::kPageSizeMax));
  const std::optional<PendingDrops::Place> after = PlaceIn(backend_.lookups_key, list, request.page_token());
  if (!after) return Refuse(Reason::REASON_PAGE_TOKEN_INVALID, {}, "page_token");
  const std::vector<PendingDrops::Found> found = find(*after, size + 1);
  for (size_t i = 0; i < std::min(size, found.size()); ++i) {
    // The projection has it once it is durable, so the record is there, maybe newer.
    const uint64_t id = found[i].place.second;
    std::optional<v1::PendingDrop> drop;
    const absl::Status read = backend_.engine.ReadAndWait(PartitionOf(found[i].waiting.household), [&](const View& view) {
      const auto stored = ReadMessage<ledger::v1::PendingDrop>(view, PendingDropKey(id));
      drop = stored.ok() && stored->found() ? std::optional(RenderPendingDrop(id, stored->message, call.catalogue())) : std::nullopt;
    });
    if (!read.ok()) return read;
    if (drop) *response.add_pending_drops() = *std::move(drop);
  }
  if (found.size() > size) response.set_next_page_token(TokenOf(backend_.lookups_key, list, found[size - 1].place));
  return absl::OkStatus();
}

void VerificationService::InSlowLane(absl::AnyInvocable<absl::Status() &&> work, Done done) {
  auto shared = std::make_shared<Done>(std::move(done));
  const absl::Status posted =
      backend_.slow_lane.Post([work = std::move(work), shared]() mutable { std::move (*shared)(std::move(work)()); });
  if (!posted.ok()) std::move (*shared)(posted);
}

}  // namespace fenfen::server
