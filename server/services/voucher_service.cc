#include "server/services/voucher_service.h"

#include <utility>

#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/codes.h"
#include "ledger/points/entry.h"
#include "ledger/points/spending/voucher_end.h"
#include "ledger/points/voucher.h"
#include "server/services/render.h"
#include "server/services/reservation.h"

namespace fenfen::server {
namespace {

constexpr size_t kVouchersMax = 100;

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

}  // namespace

VoucherService::VoucherService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      reserve_(methods.Get("fenfen.v1.VoucherService.ReserveVoucher")),
      get_(methods.Get("fenfen.v1.VoucherService.GetVoucher")),
      list_(methods.Get("fenfen.v1.VoucherService.ListVouchers")),
      capture_(methods.Get("fenfen.v1.VoucherService.CaptureVoucher")),
      cancel_(methods.Get("fenfen.v1.VoucherService.CancelVoucher")),
      refund_(methods.Get("fenfen.v1.VoucherService.RefundVoucher")),
      refund_capture_(methods.Get("fenfen.v1.VoucherService.RefundCapture")),
      capture_all_(methods.Get("fenfen.v1.VoucherService.CaptureVouchers")),
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

grpc::ServerUnaryReactor* VoucherService::CancelVoucher(grpc::CallbackServerContext* context, const v1::CancelVoucherRequest* request,
                                                        v1::CancelVoucherResponse* response) {
  return HandleUnary(gate_, cancel_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Cancel(call, in, out, std::move(done)); });
}

void VoucherService::Reserve(Call& call, const v1::ReserveVoucherRequest& request, v1::ReserveVoucherResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  const ReserveFacts facts{*household, CatalogueIdOf(request.offer()), request.quantity() == 0 ? 1 : request.quantity(),
                           call.caller().member};
  server::Reserve(backend_, call, facts, [this, &call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    const auto voucher = VoucherIn(outcome->committed.transaction);
    absl::StatusOr<v1::Entry> entry = RenderEntry(outcome->committed, call.catalogue());
    if (!voucher.ok() || !entry.ok()) return std::move(done)(voucher.ok() ? entry.status() : voucher.status());
    // As it was when reserved, also where this repeats an earlier reply; but for the screen's code, which is of now.
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

void VoucherService::Cancel(Call& call, const v1::CancelVoucherRequest& request, v1::CancelVoucherResponse& response, Done done) {
  const auto name = ParseVoucherName(request.name());
  if (!name) return std::move(done)(Malformed("name", "households/HOUSEHOLD/vouchers/VOUCHER"));
  const auto [household, id] = *name;
  if (PartitionOf(household) != PartitionOf(id)) return std::move(done)(Refuse(Reason::REASON_VOUCHER_UNKNOWN, {}, "name"));
  Command command{PartitionOf(household), call.key(), call.Decision().fingerprint, VoucherEndReads(household, id, CatalogueId(0)), nullptr};
  command.decide = [decision = call.Decision(), household = household, id = id](const View& view) {
    return DecideVoucherCancel(view, household, id, decision);
  };
  backend_.engine.Submit(std::move(command), [this, &call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    const auto voucher = VoucherIn(outcome->committed.transaction);
    absl::StatusOr<v1::Entry> entry = RenderEntry(outcome->committed, call.catalogue());
    if (!voucher.ok() || !entry.ok()) return std::move(done)(voucher.ok() ? entry.status() : voucher.status());
    *response.mutable_voucher() = WithCode(voucher->first, voucher->second, call.catalogue(), call.now());
    *response.mutable_entry() = *std::move(entry);
    GiveStockBack(backend_, call, outcome->committed.transaction,
                  [done = std::move(done)]() mutable { std::move(done)(absl::OkStatus()); });
  });
}

v1::Voucher VoucherService::WithCode(VoucherId id, const VoucherRecord& record, const Catalogue& catalogue, absl::Time now) const {
  v1::Voucher voucher = RenderVoucher(id, record, catalogue, now, gate_.zone);
  if (voucher.state() != v1::Voucher::STATE_RESERVED) return voucher;
  const uint64_t step = ScreenStepAt(gate_.clock.Now());
  voucher.set_code(MakeVoucherCode(backend_.codes_key, id));
  voucher.set_screen_code(MakeScreenCode(backend_.codes_key, id, step));
  SetTime(*voucher.mutable_screen_code_end_time(), ScreenStepBegin(step + 1));
  return voucher;
}

}  // namespace fenfen::server
