#include "server/services/notice_service.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/entry.h"
#include "ledger/points/keeping/expiry.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

v1::Notice Render(HouseholdId household, const ExpiryNotice& notice) {
  const std::string last_day = absl::FormatCivilTime(CivilDayOf(notice.expires_day));
  v1::Notice out;
  out.set_name(absl::StrCat(HouseholdName(household), "/notices/expiry-", last_day, "-", notice.days_ahead));
  out.set_kind(v1::Notice::KIND_EXPIRY);
  out.set_notice_date(absl::FormatCivilTime(CivilDayOf(notice.notice_day)));
  out.set_expires_on(last_day);
  out.set_amount(notice.amount.hundredths());
  out.set_text_zh(notice.sentence.zh);
  out.set_text_en(notice.sentence.en);
  return out;
}

}  // namespace

NoticeService::NoticeService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate), backend_(backend), list_(methods.Get("fenfen.v1.NoticeService.ListNotices")) {}

grpc::ServerUnaryReactor* NoticeService::ListNotices(grpc::CallbackServerContext* context, const v1::ListNoticesRequest* request,
                                                     v1::ListNoticesResponse* response) {
  return HandleUnary(gate_, list_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { List(call, in, out, std::move(done)); });
}

void NoticeService::List(Call& call, const v1::ListNoticesRequest& request, v1::ListNoticesResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", "households/HOUSEHOLD"}}, "household"));
  const int32_t today = DayNumberOf(call.now(), call.zone());
  absl::Status found;
  const auto reader = [&](const View& view) {
    const absl::StatusOr<Versioned<HouseholdRecord>> record = ReadHousehold(view, *household);
    found = record.status();
    response.clear_notices();  // a reader may run more than once
    if (!record.ok()) return;
    for (const ExpiryNotice& notice : ExpiryNotices(record->record, today)) *response.add_notices() = Render(*household, notice);
  };
  ReadThenReply(backend_.engine, PartitionOf(*household), reader, found, std::move(done));
}

}  // namespace fenfen::server
