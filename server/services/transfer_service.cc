#include "server/services/transfer_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/codes.h"
#include "ledger/points/entry.h"
#include "server/services/transfer_flow.h"

namespace fenfen::server {
namespace {

// How many merges, one after the other, are followed from a household that was closed long ago.
constexpr int kMergesFollowed = 16;

v1::Transfer Render(const ledger::v1::Transfer& transfer) {
  v1::Transfer out;
  out.set_from(HouseholdName(HouseholdId(transfer.from())));
  out.set_to(HouseholdName(HouseholdId(transfer.to())));
  int64_t sum = 0;
  for (const ledger::v1::TransferLot& lot : transfer.lots()) {
    v1::Lot& shown = *out.add_lots();
    shown.set_amount(lot.amount());
    shown.set_expires_on(absl::FormatCivilTime(CivilDayOf(lot.expires_day())));
    sum += lot.amount();
  }
  out.set_amount(sum);
  out.set_civic(transfer.civic());
  return out;
}

// A member's number of this household; 0 for an empty name.
absl::StatusOr<uint32_t> GiverIn(const std::string& name, HouseholdId household, absl::string_view field) {
  if (name.empty()) return 0;
  const auto member = ParseMemberName(name);
  if (!member || member->first != household) return Refuse(Reason::REASON_MEMBER_UNKNOWN, {}, field);
  return member->second;
}

}  // namespace

TransferService::TransferService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      gift_(methods.Get("fenfen.v1.TransferService.GiftPoints")),
      merge_(methods.Get("fenfen.v1.TransferService.MergeHousehold")),
      split_(methods.Get("fenfen.v1.TransferService.SplitHousehold")) {}

grpc::ServerUnaryReactor* TransferService::GiftPoints(grpc::CallbackServerContext* context, const v1::GiftPointsRequest* request,
                                                      v1::GiftPointsResponse* response) {
  return HandleUnary(gate_, gift_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Gift(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* TransferService::MergeHousehold(grpc::CallbackServerContext* context, const v1::MergeHouseholdRequest* request,
                                                          v1::MergeHouseholdResponse* response) {
  return HandleUnary(gate_, merge_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Merge(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* TransferService::SplitHousehold(grpc::CallbackServerContext* context, const v1::SplitHouseholdRequest* request,
                                                          v1::SplitHouseholdResponse* response) {
  return HandleUnary(gate_, split_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Split(call, in, out, std::move(done)); });
}

void TransferService::Gift(Call& call, const v1::GiftPointsRequest& request, v1::GiftPointsResponse& response, Done done) {
  const std::optional<HouseholdId> from = ParseHouseholdName(request.household());
  const std::optional<HouseholdId> to = ParseHouseholdName(request.to());
  if (!from || !to) return std::move(done)(Malformed(from ? "to" : "household", "households/HOUSEHOLD"));
  const std::optional<Points> amount = Points::Make(request.amount());
  if (!amount) return std::move(done)(Malformed("amount", absl::StrCat("1–", Points::kMax)));
  // A number that nobody has would only be there and back.
  const RecordRegions households(backend_.state);
  if (const auto region = households.RegionOf(*to); !region.ok()) return std::move(done)(region.status());
  Send(
      call, *from,
      [&call, facts = GiftFacts{*from, *to, *amount}](const View& view) {
        return DecideGift(view, facts, call.catalogue(), call.Decision());
      },
      {response.mutable_transfer(), response.mutable_entry()}, std::move(done));
}

void TransferService::Merge(Call& call, const v1::MergeHouseholdRequest& request, v1::MergeHouseholdResponse& response, Done done) {
  const std::optional<HouseholdId> from = ParseHouseholdName(request.household());
  const std::optional<HouseholdId> to = ParseHouseholdName(request.into());
  if (!from || !to) return std::move(done)(Malformed(from ? "into" : "household", "households/HOUSEHOLD"));
  const RecordRegions households(backend_.state);
  const absl::StatusOr<CatalogueId> region = households.RegionOf(*to);
  if (!region.ok()) return std::move(done)(region.status());
  if (absl::Status status = CheckReach(call, *region); !status.ok()) return std::move(done)(status);
  const absl::StatusOr<HouseholdId> via = ViaOf(*from, *to);
  if (!via.ok()) return std::move(done)(via.status());
  Send(
      call, *from,
      [&call, facts = MergeFacts{*from, *to, *via}](const View& view) {
        return DecideMerge(view, facts, call.catalogue(), call.Decision());
      },
      {response.mutable_transfer(), response.mutable_entry()}, std::move(done));
}

absl::StatusOr<HouseholdId> TransferService::ViaOf(HouseholdId from, HouseholdId to) const {
  HouseholdId first(0);
  HouseholdId at = from;
  for (int merges = 0; merges < kMergesFollowed; ++merges) {
    HouseholdId next(0);
    absl::Status found;
    const absl::Status read = backend_.state.Read(PartitionOf(at), [&](const View& view, PartitionSeq) {
      const absl::StatusOr<Versioned<HouseholdRecord>> household = ReadHousehold(view, at);
      found = household.status();
      if (household.ok()) next = household->record.merged_into;
    });
    if (!read.ok()) return read;
    // An unknown one is told by the decision.
    if (!found.ok() || next == HouseholdId(0)) return HouseholdId(0);
    if (first == HouseholdId(0)) first = next;
    if (next == to) return first;
    at = next;
  }
  return HouseholdId(0);
}

absl::StatusOr<SplitFacts> TransferService::ReadSplit(const v1::SplitHouseholdRequest& request) const {
  const std::optional<HouseholdId> from = ParseHouseholdName(request.household());
  if (!from) return Malformed("household", "households/HOUSEHOLD");
  const std::optional<HouseholdId> to = ParseHouseholdName(absl::StrCat("households/", request.number()));
  if (!to) return Malformed("number", absl::StrCat("1–", limits::kHouseholdIdMax));
  const std::optional<Points> amount = Points::Make(request.amount());
  if (!amount) return Malformed("amount", absl::StrCat("0–", Points::kMax));
  const absl::StatusOr<uint32_t> member = GiverIn(request.member(), *from, "member");
  if (!member.ok()) return member.status();
  const absl::StatusOr<uint32_t> next_head = GiverIn(request.next_head(), *from, "next_head");
  if (!next_head.ok()) return next_head.status();
  SplitFacts facts{*from, *member, *next_head, *amount, *to, CatalogueIdOf(request.region()), 0, 0};
  const std::string& key = backend_.lookups_key;
  if (!request.card().empty()) facts.card_hash = HashCard(key, request.card());
  if (!request.door().empty()) facts.door_hash = HashDoor(key, absl::StripPrefix(request.region(), "regions/"), request.door());
  return facts;
}

void TransferService::Split(Call& call, const v1::SplitHouseholdRequest& request, v1::SplitHouseholdResponse& response, Done done) {
  const absl::StatusOr<SplitFacts> facts = ReadSplit(request);
  if (!facts.ok()) return std::move(done)(facts.status());
  if (call.catalogue().Find<v1::Region>(facts->region) == nullptr) {
    return std::move(done)(Refuse(Reason::REASON_REGION_UNKNOWN, {}, "region"));
  }
  if (absl::Status status = CheckReach(call, facts->region); !status.ok()) return std::move(done)(status);
  // A repetition finds its own: that its card and its household are there by then is no fault.
  Send(
      call, facts->from,
      [this, &call, facts = *facts](const View& view) -> absl::StatusOr<Transaction> {
        const std::optional<HouseholdId> holder = facts.card_hash == 0 ? std::nullopt : backend_.directory.ByCard(facts.card_hash);
        if (holder) return Refuse(Reason::REASON_CARD_TAKEN, {}, "card");
        return DecideSplit(view, facts, call.catalogue(), call.Decision());
      },
      {response.mutable_transfer(), response.mutable_entry()}, std::move(done));
}

absl::Status TransferService::CheckReach(const Call& call, CatalogueId region) const {
  const v1::Staff* staff = call.catalogue().Find<v1::Staff>(CatalogueId(call.caller().actor.id));
  const bool within = staff != nullptr && call.catalogue().IsWithin(region, CatalogueIdOf(staff->region()));
  return within ? absl::OkStatus() : Refuse(Reason::REASON_PERMISSION_DENIED);
}

void TransferService::Send(Call& call, HouseholdId from, Decide decide, Reply reply, Done done) {
  Command command{PartitionOf(from), call.key(), call.Decision().fingerprint, TransferOutReads(from, TransferNumberFor(from, call.key())),
                  std::move(decide)};
  backend_.engine.Submit(std::move(command), [this, &call, reply, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    absl::StatusOr<ledger::v1::Transfer> sent = TransferIn(outcome->committed.transaction);
    absl::StatusOr<v1::Entry> entry = RenderEntry(outcome->committed, call.catalogue());
    if (!sent.ok() || !entry.ok()) return std::move(done)(sent.ok() ? entry.status() : sent.status());
    *reply.entry = *std::move(entry);
    auto shared = std::make_shared<Done>(std::move(done));
    const absl::Status posted = backend_.slow_lane.Post([this, &call, reply, sent = *std::move(sent), shared] {
      const absl::StatusOr<ledger::v1::Transfer> ended = FinishTransfer(backend_.engine, sent, call.Decision());
      if (!ended.ok()) return std::move(*shared)(ended.status());
      if (ended->state() != ledger::v1::Transfer::STATE_ARRIVED) return std::move(*shared)(RefusalOf(*ended));
      *reply.transfer = Render(*ended);
      std::move (*shared)(absl::OkStatus());
    });
    // It has left, and the job sees it through; the same request tells later how it ended.
    if (!posted.ok()) std::move (*shared)(posted);
  });
}

}  // namespace fenfen::server
