// What merchants, and staff for them, do with vouchers: captures, one or many, refunds, and the list of a day.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/codes.h"
#include "ledger/points/entry.h"
#include "ledger/points/spending/voucher_end.h"
#include "ledger/points/voucher.h"
#include "server/call/page_token.h"
#include "server/services/render.h"
#include "server/services/reservation.h"
#include "server/services/voucher_service.h"

namespace fenfen::server {
namespace {

constexpr int kCapturesDefault = 50;

// The record of a voucher, for what of it never changes: whose it is, and for which merchant.
absl::StatusOr<VoucherRecord> FindVoucher(const State& state, VoucherId voucher, absl::string_view field) {
  absl::StatusOr<VoucherRecord> record = Refuse(Reason::REASON_VOUCHER_UNKNOWN, {}, field);
  const absl::Status read = state.Read(PartitionOf(voucher), [&](const View& view, PartitionSeq) {
    const absl::StatusOr<Versioned<VoucherRecord>> found = ReadVoucher(view, voucher);
    if (found.ok()) record = found->record;
  });
  if (!read.ok()) return read;
  return record;
}

// A code of either kind; the step of one from a screen.
struct ScannedCode {
  VoucherId voucher;
  std::optional<uint64_t> step;
};
std::optional<ScannedCode> ReadCode(absl::string_view key, absl::string_view text) {
  if (const std::optional<ScreenCode> screen = ReadScreenCode(key, text)) return ScannedCode{screen->voucher, screen->step};
  if (const std::optional<VoucherId> printed = ReadVoucherCode(key, text)) return ScannedCode{*printed, std::nullopt};
  return std::nullopt;
}

// The partition and sequence number of "merchants/m/captures/12-345".
std::optional<std::pair<PartitionId, PartitionSeq>> ParseCaptureName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[0] != "merchants" || parts[2] != "captures") return std::nullopt;
  const std::vector<absl::string_view> place = absl::StrSplit(parts[3], '-');
  uint32_t partition = 0;
  uint64_t seq = 0;
  if (place.size() != 2 || !absl::SimpleAtoi(place[0], &partition) || !absl::SimpleAtoi(place[1], &seq)) return std::nullopt;
  if (partition >= kHouseholdPartitions || seq == 0 || absl::StrCat(partition, "-", seq) != parts[3]) return std::nullopt;
  return std::make_pair(PartitionId(static_cast<uint16_t>(partition)), PartitionSeq(seq));
}

void SetRefusal(const absl::Status& status, v1::CaptureOutcome& outcome) {
  const Refusal refusal = RefusalOf(status);
  outcome.set_reason(std::string(NameOf(refusal.reason)));
  outcome.set_reason_zh(refusal.zh);
  outcome.set_reason_en(refusal.en);
}

}  // namespace

grpc::ServerUnaryReactor* VoucherService::CaptureVoucher(grpc::CallbackServerContext* context, const v1::CaptureVoucherRequest* request,
                                                         v1::CaptureVoucherResponse* response) {
  return HandleUnary(gate_, capture_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Capture(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VoucherService::CaptureVouchers(grpc::CallbackServerContext* context, const v1::CaptureVouchersRequest* request,
                                                          v1::CaptureVouchersResponse* response) {
  return HandleUnary(gate_, capture_all_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { CaptureAll(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VoucherService::RefundVoucher(grpc::CallbackServerContext* context, const v1::RefundVoucherRequest* request,
                                                        v1::RefundVoucherResponse* response) {
  return HandleUnary(gate_, refund_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Refund(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VoucherService::RefundCapture(grpc::CallbackServerContext* context, const v1::RefundCaptureRequest* request,
                                                        v1::RefundCaptureResponse* response) {
  return HandleUnary(gate_, refund_capture_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { RefundByMerchant(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* VoucherService::ListCaptures(grpc::CallbackServerContext* context, const v1::ListCapturesRequest* request,
                                                       v1::ListCapturesResponse* response) {
  return HandleUnary(gate_, list_captures_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { std::move(done)(ListOfDay(call, in, out)); });
}

absl::StatusOr<Command> VoucherService::CaptureCommand(Call& call, absl::string_view code, const RequestKey& key) const {
  const std::optional<ScannedCode> scanned = ReadCode(backend_.codes_key, code);
  if (!scanned) return Refuse(Reason::REASON_VOUCHER_UNKNOWN, {}, "code");
  const absl::StatusOr<VoucherRecord> voucher = FindVoucher(backend_.state, scanned->voucher, "code");
  if (!voucher.ok()) return voucher.status();
  const CaptureFacts facts{voucher->household, scanned->voucher, CatalogueIdOf(call.caller().merchant),
                           CatalogueIdOf(call.caller().subject), scanned->step};
  DecisionContext decision = call.Decision();
  decision.key = key;
  Command command{PartitionOf(facts.voucher), key, decision.fingerprint, CaptureReads(facts.household, facts.voucher), nullptr};
  command.decide = [facts, decision](const View& view) { return DecideCapture(view, facts, decision); };
  return command;
}

void VoucherService::Capture(Call& call, const v1::CaptureVoucherRequest& request, v1::CaptureVoucherResponse& response, Done done) {
  if (request.merchant() != call.caller().merchant) return std::move(done)(Malformed("merchant", "merchants/MERCHANT"));
  absl::StatusOr<Command> command = CaptureCommand(call, request.code(), call.key());
  if (!command.ok()) return std::move(done)(command.status());
  backend_.engine.Submit(*std::move(command), [&call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    absl::StatusOr<v1::Capture> capture = RenderCapture(outcome->committed, call.catalogue());
    if (!capture.ok()) return std::move(done)(capture.status());
    *response.mutable_capture() = *std::move(capture);
    std::move(done)(absl::OkStatus());
  });
}

// Each code's capture has a key of its own, made of the request's and the voucher: so a repetition of the whole repeats each outcome, and a
// code that comes twice in one request is captured once.
void VoucherService::CaptureAll(Call& call, const v1::CaptureVouchersRequest& request, v1::CaptureVouchersResponse& response, Done done) {
  if (request.merchant() != call.caller().merchant) return std::move(done)(Malformed("merchant", "merchants/MERCHANT"));
  std::vector<Command> commands;
  std::vector<int> places;  // of each command's code
  absl::flat_hash_set<uint64_t> seen;
  for (const std::string& code : request.codes()) {
    v1::CaptureOutcome& outcome = *response.add_outcomes();
    const std::optional<ScannedCode> scanned = ReadCode(backend_.codes_key, code);
    const uint64_t id = scanned ? scanned->voucher.value() : 0;
    if (scanned && !seen.insert(id).second) {
      SetRefusal(Refuse(Reason::REASON_VOUCHER_USED, {{"time", FormatMinute(call.now(), call.zone())}}, "codes"), outcome);
      continue;
    }
    absl::StatusOr<Command> command = CaptureCommand(call, code, DerivedKey(call.key(), absl::StrCat("capture/", id)));
    if (!command.ok()) {
      SetRefusal(command.status(), outcome);
      continue;
    }
    commands.push_back(*std::move(command));
    places.push_back(response.outcomes_size() - 1);
  }
  if (commands.empty()) return std::move(done)(absl::OkStatus());
  backend_.engine.SubmitAll(std::move(commands), [&call, &response, places,
                                                  done = std::move(done)](const std::vector<absl::StatusOr<Outcome>>& outcomes) mutable {
    for (size_t i = 0; i < outcomes.size(); ++i) {
      v1::CaptureOutcome& out = *response.mutable_outcomes(places[i]);
      if (!outcomes[i].ok()) {
        SetRefusal(outcomes[i].status(), out);
        continue;
      }
      absl::StatusOr<v1::Capture> capture = RenderCapture(outcomes[i]->committed, call.catalogue());
      if (!capture.ok()) return std::move(done)(capture.status());
      response.set_captured(response.captured() + 1);
      response.set_amount(response.amount() + capture->amount());
      *out.mutable_capture() = *std::move(capture);
    }
    std::move(done)(absl::OkStatus());
  });
}

void VoucherService::RefundThis(Call& call, HouseholdId household, VoucherId voucher, bool by_staff, Written done) {
  const absl::StatusOr<VoucherRecord> record = FindVoucher(backend_.state, voucher, "name");
  if (!record.ok()) return std::move(done)(record.status());
  const CatalogueId merchant = by_staff ? record->merchant : CatalogueIdOf(call.caller().merchant);
  const int32_t day = DayNumberOf(record->capture_time, call.zone());
  const RefundFacts facts{household, voucher, merchant, by_staff, backend_.settlements.Covering(record->merchant, day)};
  const DecisionContext decision = call.Decision();
  Command command{PartitionOf(voucher), decision.key, decision.fingerprint, VoucherEndReads(household, voucher, record->merchant), nullptr};
  command.decide = [facts, decision](const View& view) { return DecideRefund(view, facts, decision); };
  backend_.engine.Submit(std::move(command), [this, &call, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(std::move(outcome));
    if (outcome->replayed) call.MarkReplayed();
    const Transaction transaction = outcome->committed.transaction;
    GiveStockBack(backend_, call, transaction,
                  [done = std::move(done), outcome = std::move(outcome)]() mutable { std::move(done)(std::move(outcome)); });
  });
}

void VoucherService::Refund(Call& call, const v1::RefundVoucherRequest& request, v1::RefundVoucherResponse& response, Done done) {
  const auto name = ParseVoucherName(request.name());
  if (!name) return std::move(done)(Malformed("name", "households/HOUSEHOLD/vouchers/VOUCHER"));
  const auto [household, id] = *name;
  if (PartitionOf(household) != PartitionOf(id)) return std::move(done)(Refuse(Reason::REASON_VOUCHER_UNKNOWN, {}, "name"));
  RefundThis(call, household, id, true, [this, id = id, &call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    absl::StatusOr<v1::Entry> entry = RenderEntry(outcome->committed, call.catalogue());
    if (!entry.ok()) return std::move(done)(entry.status());
    *response.mutable_entry() = *std::move(entry);
    for (const RecordChange& change : outcome->committed.transaction.changes) {
      const absl::StatusOr<VoucherRecord> record = change.key == KeyOf(id) ? DecodeVoucher(change.bytes) : absl::NotFoundError("");
      if (record.ok()) *response.mutable_voucher() = WithCode(id, *record, call.catalogue(), call.now());
    }
    std::move(done)(absl::OkStatus());
  });
}

void VoucherService::RefundByMerchant(Call& call, const v1::RefundCaptureRequest& request, v1::RefundCaptureResponse& response, Done done) {
  const auto place = ParseCaptureName(request.name());
  if (!place) return std::move(done)(Malformed("name", "merchants/MERCHANT/captures/PARTITION-SEQUENCE"));
  const absl::Status unknown = Refuse(Reason::REASON_VOUCHER_UNKNOWN, {}, "name");
  const absl::StatusOr<CommittedTransaction> capture = backend_.engine.Load(place->first, place->second);
  if (!capture.ok()) return std::move(done)(unknown);
  absl::StatusOr<v1::Capture> rendered = RenderCapture(*capture, call.catalogue());
  if (!rendered.ok() || rendered->name() != request.name()) return std::move(done)(unknown);
  const absl::StatusOr<Why> why = DecodeWhy(capture->transaction.kind, capture->transaction.why);
  const auto& voucher = std::get<VoucherWhy>(*why);
  RefundThis(call, voucher.after.household, voucher.voucher, false,
             [&response, rendered = *std::move(rendered), done = std::move(done)](const absl::StatusOr<Outcome>& outcome) mutable {
               if (!outcome.ok()) return std::move(done)(outcome.status());
               *response.mutable_capture() = std::move(rendered);
               response.mutable_capture()->set_refunded(true);
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
    rendered->set_refunded(capture.refunded);
    *response.add_captures() = *std::move(rendered);
  }
  response.set_day_count(static_cast<int32_t>(page.day_count));
  response.set_day_amount(page.day_amount.hundredths());
  const size_t older = page.day_count - std::min(page.day_count, skip + page.captures.size());
  if (older > 0) response.set_next_page_token(MakePageToken(backend_.lookups_key, list, older));
  return absl::OkStatus();
}

}  // namespace fenfen::server
