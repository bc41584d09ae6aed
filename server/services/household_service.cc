#include "server/services/household_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/codes.h"
#include "ledger/points/entry.h"
#include "server/call/page_token.h"
#include "server/services/import_call.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

constexpr int kEntriesDefault = 20;

absl::StatusOr<HouseholdId> HouseholdOf(const std::string& name) {
  const std::optional<HouseholdId> household = ParseHouseholdName(name);
  if (!household) return Malformed("household", "households/HOUSEHOLD");
  return *household;
}

std::string ListOf(HouseholdId household) { return absl::StrCat(HouseholdName(household), "/entries"); }

}  // namespace

HouseholdService::HouseholdService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      get_(methods.Get("fenfen.v1.HouseholdService.GetHousehold")),
      balance_(methods.Get("fenfen.v1.HouseholdService.GetBalance")),
      entries_(methods.Get("fenfen.v1.HouseholdService.ListEntries")),
      trace_(methods.Get("fenfen.v1.HouseholdService.TraceEntry")),
      find_(methods.Get("fenfen.v1.HouseholdService.FindHousehold")),
      import_(methods.Get("fenfen.v1.HouseholdService.ImportHouseholds")) {}

grpc::ServerUnaryReactor* HouseholdService::GetHousehold(grpc::CallbackServerContext* context, const v1::GetHouseholdRequest* request,
                                                         v1::GetHouseholdResponse* response) {
  return HandleUnary(gate_, get_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Get(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* HouseholdService::GetBalance(grpc::CallbackServerContext* context, const v1::GetBalanceRequest* request,
                                                       v1::GetBalanceResponse* response) {
  return HandleUnary(gate_, balance_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Balance(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* HouseholdService::ListEntries(grpc::CallbackServerContext* context, const v1::ListEntriesRequest* request,
                                                        v1::ListEntriesResponse* response) {
  return HandleUnary(gate_, entries_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Entries(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* HouseholdService::TraceEntry(grpc::CallbackServerContext* context, const v1::TraceEntryRequest* request,
                                                       v1::TraceEntryResponse* response) {
  return HandleUnary(gate_, trace_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { std::move(done)(Trace(call, in, out)); });
}

grpc::ServerUnaryReactor* HouseholdService::FindHousehold(grpc::CallbackServerContext* context, const v1::FindHouseholdRequest* request,
                                                          v1::FindHouseholdResponse* response) {
  return HandleUnary(gate_, find_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Find(call, in, out, std::move(done)); });
}

grpc::ServerReadReactor<v1::ImportHouseholdsRequest>* HouseholdService::ImportHouseholds(grpc::CallbackServerContext* context,
                                                                                         v1::ImportHouseholdsResponse* response) {
  return ImportCall::Begin(gate_, import_, backend_, *context, *response);
}

void HouseholdService::Get(Call& call, const v1::GetHouseholdRequest& request, v1::GetHouseholdResponse& response, Done done) {
  const absl::StatusOr<HouseholdId> household = HouseholdOf(request.household());
  if (!household.ok()) return std::move(done)(household.status());
  absl::Status found;
  const auto reader = [&](const View& view) {
    const absl::StatusOr<Versioned<HouseholdRecord>> record = ReadHousehold(view, *household);
    found = record.status();
    if (record.ok()) *response.mutable_household() = RenderHousehold(*household, record->record, call.catalogue());
  };
  ReadThenReply(backend_.engine, PartitionOf(*household), reader, found, std::move(done));
}

void HouseholdService::Balance(Call& call, const v1::GetBalanceRequest& request, v1::GetBalanceResponse& response, Done done) {
  const absl::StatusOr<HouseholdId> household = HouseholdOf(request.household());
  if (!household.ok()) return std::move(done)(household.status());
  const int32_t today = DayNumberOf(call.now(), call.zone());
  absl::Status found;
  const auto reader = [&](const View& view) {
    const absl::StatusOr<Versioned<HouseholdRecord>> record = ReadHousehold(view, *household);
    found = record.status();
    if (record.ok()) *response.mutable_balance() = RenderBalance(view, *household, record->record, today);
  };
  ReadThenReply(backend_.engine, PartitionOf(*household), reader, found, std::move(done));
}

void HouseholdService::Entries(Call& call, const v1::ListEntriesRequest& request, v1::ListEntriesResponse& response, Done done) {
  const absl::StatusOr<HouseholdId> household = HouseholdOf(request.household());
  if (!household.ok()) return std::move(done)(household.status());
  if (request.page_size() < 0) return std::move(done)(Malformed("page_size", "1–100"));
  const int size = request.page_size() == 0 ? kEntriesDefault : std::min(request.page_size(), limits::kPageSizeMax);
  std::optional<uint64_t> from;
  if (!request.page_token().empty()) {
    from = ReadPageToken(backend_.lookups_key, ListOf(*household), request.page_token());
    if (!from) return std::move(done)(Refuse(Reason::REASON_PAGE_TOKEN_INVALID, {}, "page_token"));
  }
  auto newest = std::make_shared<absl::StatusOr<PartitionSeq>>(PartitionSeq(0));
  backend_.engine.Read(
      PartitionOf(*household),
      [&](const View& view) {
        const absl::StatusOr<Versioned<HouseholdRecord>> record = ReadHousehold(view, *household);
        if (record.ok()) {
          *newest = record->version;
        } else {
          *newest = record.status();
        }
      },
      // The household's record is of its newest entry, and names in its journal entry the one before.
      [this, &call, &response, newest, from, size, household = *household, done = std::move(done)](const absl::Status& durable) mutable {
        if (!durable.ok() || !newest->ok()) return std::move(done)(durable.ok() ? newest->status() : durable);
        std::move(done)(FillPage(call, household, from ? PartitionSeq(*from) : **newest, size, response));
      });
}

absl::Status HouseholdService::FillPage(Call& call, HouseholdId household, PartitionSeq seq, int page_size,
                                        v1::ListEntriesResponse& response) {
  while (seq != PartitionSeq(0) && response.entries_size() < page_size) {
    const absl::StatusOr<CommittedTransaction> stored = backend_.engine.Load(PartitionOf(household), seq);
    if (!stored.ok() && RefusalOf(stored.status()).reason == Reason::REASON_ENTRY_ARCHIVED) {
      // The statement ends here; what is older can still be asked for, from people.
      response.set_archived_zh("更早的记录已转入归档，如需查询请联系工作人员");
      response.set_archived_en("Older entries lie in the archive; please ask the staff for them");
      return absl::OkStatus();
    }
    if (!stored.ok()) return stored.status();
    absl::StatusOr<v1::Entry> entry = RenderEntry(*stored, call.catalogue());
    if (!entry.ok()) return entry.status();
    *response.add_entries() = *std::move(entry);
    seq = PreviousEntryOf(stored->transaction, household);
  }
  if (seq != PartitionSeq(0)) response.set_next_page_token(MakePageToken(backend_.lookups_key, ListOf(household), seq.value()));
  return absl::OkStatus();
}

absl::Status HouseholdService::Trace(Call& call, const v1::TraceEntryRequest& request, v1::TraceEntryResponse& response) {
  const auto name = ParseEntryName(request.name());
  if (!name) return Malformed("name", "households/HOUSEHOLD/entries/SEQUENCE");
  const auto [household, seq] = *name;
  const PartitionId partition = PartitionOf(household);
  const absl::StatusOr<CommittedTransaction> stored = backend_.engine.Load(partition, seq);
  if (!stored.ok()) return stored.status();
  // The number is the partition's: it may be another household's entry, which this caller must not learn of.
  const absl::StatusOr<HouseholdId> owner = fenfen::HouseholdOf(stored->transaction);
  if (!owner.ok() || *owner != household) return Refuse(Reason::REASON_ENTRY_UNKNOWN, {}, "name");
  absl::StatusOr<v1::EntryTrace> trace = RenderTrace(*stored, call.catalogue());
  if (!trace.ok()) return trace.status();
  const absl::StatusOr<JournalPlace> place = backend_.engine.Locate(partition, seq);
  if (!place.ok()) return place.status();
  trace->set_journal_segment(place->segment);
  trace->set_journal_offset(static_cast<int64_t>(place->offset));
  trace->set_journal_crc32c(absl::StrCat(absl::Hex(place->crc32c, absl::kZeroPad8)));
  *response.mutable_trace() = *std::move(trace);
  return absl::OkStatus();
}

std::optional<HouseholdId> HouseholdService::LookUp(const v1::FindHouseholdRequest& request) const {
  switch (request.key_case()) {
    case v1::FindHouseholdRequest::kNumber:
      return ParseHouseholdName(absl::StrCat("households/", request.number()));
    case v1::FindHouseholdRequest::kCard:
      return backend_.directory.ByCard(HashCard(backend_.lookups_key, request.card()));
    case v1::FindHouseholdRequest::kDoor:
      return backend_.directory.ByDoor(HashDoor(backend_.lookups_key, absl::StripPrefix(request.region(), "regions/"), request.door()));
    case v1::FindHouseholdRequest::KEY_NOT_SET:
      break;
  }
  return std::nullopt;
}

void HouseholdService::Find(Call& call, const v1::FindHouseholdRequest& request, v1::FindHouseholdResponse& response, Done done) {
  if (request.number().empty() && request.card().empty() && request.door().empty()) {
    return std::move(done)(Refuse(Reason::REASON_FIELD_MISSING, {}, "number"));
  }
  absl::Status found = Refuse(Reason::REASON_HOUSEHOLD_UNKNOWN, {}, "number");
  const std::optional<HouseholdId> household = LookUp(request);
  if (!household) return std::move(done)(found);
  const auto reader = [&](const View& view) {
    const absl::StatusOr<Versioned<HouseholdRecord>> record = ReadHousehold(view, *household);
    // One outside the region asked about is not found there, whoever asks.
    if (!record.ok() || !call.catalogue().IsWithin(record->record.region, CatalogueIdOf(request.region()))) return;
    *response.mutable_household() = RenderHousehold(*household, record->record, call.catalogue());
    call.set_audited(HouseholdName(*household));
    found = absl::OkStatus();
  };
  ReadThenReply(backend_.engine, PartitionOf(*household), reader, found, std::move(done));
}

}  // namespace fenfen::server
