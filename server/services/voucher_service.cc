#include "server/services/voucher_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/codes.h"
#include "ledger/points/entry.h"
#include "ledger/points/voucher.h"
#include "server/call/page_token.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

constexpr size_t kVouchersMax = 100;
constexpr int kCapturesDefault = 50;

absl::Status Malformed(absl::string_view field, std::string detail) {
  return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", std::move(detail)}}, field);
}

// The record of a voucher as its transaction left it, and the voucher's id.
absl::StatusOr<std::pair<VoucherId, VoucherRecord>> VoucherIn(const Transaction& transaction) {
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind != RecordKind::kVoucher) continue;
    absl::StatusOr<VoucherRecord> record = DecodeVoucher(change.bytes);
    if (!record.ok()) return record.status();
    return std::make_pair(VoucherId(change.key.id), *std::move(record));
  }
  return absl::DataLossError("a voucher's transaction without a voucher");
}

// Whose a voucher is; that never changes, so it may be read ahead of the decision.
absl::StatusOr<HouseholdId> OwnerOf(const State& state, VoucherId voucher) {
  absl::StatusOr<HouseholdId> owner = Refuse(Reason::REASON_VOUCHER_UNKNOWN, {}, "code");
  const absl::Status read = state.Read(PartitionOf(voucher), [&](const View& view, PartitionSeq) {
    const absl::StatusOr<Versioned<VoucherRecord>> found = ReadVoucher(view, voucher);
    if (found.ok()) owner = found->record.household;
  });
  if (!read.ok()) return read;
  return owner;
}

}  // namespace

VoucherService::VoucherService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      reserve_(methods.Get("fenfen.v1.VoucherService.ReserveVoucher")),
      get_(methods.Get("fenfen.v1.VoucherService.GetVoucher")),
      list_(methods.Get("fenfen.v1.VoucherService.ListVouchers")),
      capture_(methods.Get("fenfen.v1.VoucherService.CaptureVoucher")),
      list_captures_(methods.Get("fenfen.v1.VoucherService.ListCaptures")) {}

grpc::ServerUnaryReactor* VoucherService::ReserveVoucher(grpc::CallbackServerContext* context, const v1::ReserveVoucherRequest* request,
                                                         v1::ReserveVoucherResponse* response) {
  return HandleUnary(gate_, reserve_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Reserve(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VoucherService::GetVoucher(grpc::CallbackServerContext* context, const v1::GetVoucherRequest* request,
                                                     v1::GetVoucherResponse* response) {
  return HandleUnary(gate_, get_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Get(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VoucherService::ListVouchers(grpc::CallbackServerContext* context, const v1::ListVouchersRequest* request,
                                                       v1::ListVouchersResponse* response) {
  return HandleUnary(gate_, list_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { List(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VoucherService::CaptureVoucher(grpc::CallbackServerContext* context, const v1::CaptureVoucherRequest* request,
                                                         v1::CaptureVoucherResponse* response) {
  return HandleUnary(gate_, capture_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Capture(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VoucherService::ListCaptures(grpc::CallbackServerContext* context, const v1::ListCapturesRequest* request,
                                                       v1::ListCapturesResponse* response) {
  return HandleUnary(gate_, list_captures_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { std::move(done)(ListOfDay(call, in, out)); });
}

void VoucherService::Reserve(Call& call, const v1::ReserveVoucherRequest& request, v1::ReserveVoucherResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  Command command{PartitionOf(*household), call.key(), call.Decision().fingerprint,
                  ReserveReads(*household, VoucherIdFor(*household, call.key())), nullptr};
  command.decide = [&call, household = *household, offer = CatalogueIdOf(request.offer())](const View& view) {
    return DecideReserve(view, household, offer, call.catalogue(), call.Decision());
  };
  backend_.engine.Submit(std::move(command), [this, &call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    const auto voucher = VoucherIn(outcome->committed.transaction);
    absl::StatusOr<v1::Entry> entry = RenderEntry(outcome->committed, call.catalogue());
    if (!voucher.ok() || !entry.ok()) return std::move(done)(voucher.ok() ? entry.status() : voucher.status());
    // As it was when reserved, also where this repeats an earlier reply.
    *response.mutable_voucher() = WithCode(voucher->first, voucher->second, call.catalogue(), voucher->second.reserve_time);
    *response.mutable_entry() = *std::move(entry);
    std::move(done)(absl::OkStatus());
  });
}

void VoucherService::Get(Call& call, const v1::GetVoucherRequest& request, v1::GetVoucherResponse& response, Done done) {
  const auto name = ParseVoucherName(request.name());
  if (!name) return std::move(done)(Malformed("name", "households/HOUSEHOLD/vouchers/VOUCHER"));
  const auto [household, id] = *name;
  absl::Status found = Refuse(Reason::REASON_VOUCHER_UNKNOWN, {}, "name");
  if (PartitionOf(household) != PartitionOf(id)) return std::move(done)(found);
  const auto reader = [&, household = household, id = id](const View& view) {
    const absl::StatusOr<Versioned<VoucherRecord>> voucher = ReadVoucher(view, id);
    if (!voucher.ok() || voucher->record.household != household) return;
    *response.mutable_voucher() = WithCode(id, voucher->record, call.catalogue(), call.now());
    found = absl::OkStatus();
  };
  ReadThenReply(backend_.engine, PartitionOf(id), reader, found, std::move(done));
}

void VoucherService::List(Call& call, const v1::ListVouchersRequest& request, v1::ListVouchersResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  absl::Status found;
  const auto reader = [&](const View& view) {
    const absl::StatusOr<Versioned<HouseholdRecord>> owner = ReadHousehold(view, *household);
    found = owner.status();
    VoucherId id = owner.ok() ? owner->record.last_voucher : VoucherId(0);
    while (id != VoucherId(0) && response.vouchers_size() < static_cast<int>(kVouchersMax)) {
      const absl::StatusOr<Versioned<VoucherRecord>> voucher = ReadVoucher(view, id);
      if (!voucher.ok()) break;
      *response.add_vouchers() = WithCode(id, voucher->record, call.catalogue(), call.now());
      id = voucher->record.previous;
    }
  };
  ReadThenReply(backend_.engine, PartitionOf(*household), reader, found, std::move(done));
}

void VoucherService::Capture(Call& call, const v1::CaptureVoucherRequest& request, v1::CaptureVoucherResponse& response, Done done) {
  if (request.merchant() != call.caller().merchant) return std::move(done)(Malformed("merchant", "merchants/MERCHANT"));
  const std::optional<VoucherId> voucher = ReadVoucherCode(backend_.codes_key, request.code());
  if (!voucher) return std::move(done)(Refuse(Reason::REASON_VOUCHER_UNKNOWN, {}, "code"));
  const absl::StatusOr<HouseholdId> owner = OwnerOf(backend_.state, *voucher);
  if (!owner.ok()) return std::move(done)(owner.status());
  const CaptureFacts facts{*owner, *voucher, CatalogueIdOf(request.merchant()), CatalogueIdOf(call.caller().subject)};
  Command command{PartitionOf(*voucher), call.key(), call.Decision().fingerprint, CaptureReads(*owner, *voucher), nullptr};
  command.decide = [&call, facts](const View& view) { return DecideCapture(view, facts, call.Decision()); };
  backend_.engine.Submit(std::move(command), [&call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    absl::StatusOr<v1::Capture> capture = RenderCapture(outcome->committed, call.catalogue());
    if (!capture.ok()) return std::move(done)(capture.status());
    *response.mutable_capture() = *std::move(capture);
    std::move(done)(absl::OkStatus());
  });
}

absl::Status VoucherService::ListOfDay(Call& call, const v1::ListCapturesRequest& request, v1::ListCapturesResponse& response) {
  const CatalogueId merchant = CatalogueIdOf(request.merchant());
  const v1::Merchant* known = call.catalogue().Find<v1::Merchant>(merchant);
  if (known == nullptr || known->name() != request.merchant()) return Refuse(Reason::REASON_MERCHANT_UNKNOWN, {}, "merchant");
  absl::CivilDay day = absl::ToCivilDay(call.now(), call.zone());
  if (!request.day().empty() && (request.day().size() != 10 || !absl::ParseCivilTime(request.day(), &day))) {
    return Malformed("day", "YYYY-MM-DD");
  }
  if (request.page_size() < 0) return Malformed("page_size", "1–100");
  const int size = request.page_size() == 0 ? kCapturesDefault : std::min(request.page_size(), limits::kPageSizeMax);
  const std::string list = absl::StrCat(request.merchant(), "/captures/", absl::FormatCivilTime(day));
  // Counted from the day's first capture, so that captures that come meanwhile do not shift the pages.
  std::optional<uint64_t> left;
  if (!request.page_token().empty()) {
    left = ReadPageToken(backend_.lookups_key, list, request.page_token());
    if (!left) return Refuse(Reason::REASON_PAGE_TOKEN_INVALID, {}, "page_token");
  }
  const int32_t number = DayNumber(day);
  const size_t count = backend_.captures.OfDay(merchant, number, 0, 0).day_count;
  const size_t skip = left ? count - std::min<size_t>(count, *left) : 0;
  const Captures::Page page = backend_.captures.OfDay(merchant, number, skip, static_cast<size_t>(size));
  for (const Captures::Capture& capture : page.captures) {
    const absl::StatusOr<CommittedTransaction> stored = backend_.engine.Load(capture.partition, capture.seq);
    if (!stored.ok()) return stored.status();
    absl::StatusOr<v1::Capture> rendered = RenderCapture(*stored, call.catalogue());
    if (!rendered.ok()) return rendered.status();
    *response.add_captures() = *std::move(rendered);
  }
  response.set_day_count(static_cast<int32_t>(page.day_count));
  response.set_day_amount(page.day_amount.hundredths());
  const size_t older = page.day_count - std::min(page.day_count, skip + page.captures.size());
  if (older > 0) response.set_next_page_token(MakePageToken(backend_.lookups_key, list, older));
  return absl::OkStatus();
}

v1::Voucher VoucherService::WithCode(VoucherId id, const VoucherRecord& record, const Catalogue& catalogue, absl::Time now) const {
  v1::Voucher voucher = RenderVoucher(id, record, catalogue, now);
  if (voucher.state() == v1::Voucher::STATE_RESERVED) voucher.set_code(MakeVoucherCode(backend_.codes_key, id));
  return voucher;
}

}  // namespace fenfen::server
