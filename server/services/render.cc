#include "server/services/render.h"

#include "absl/strings/str_cat.h"
#include "ledger/points/why.h"

namespace fenfen::server {

absl::StatusOr<v1::Capture> RenderCapture(const CommittedTransaction& committed, const Catalogue& catalogue) {
  const Transaction& transaction = committed.transaction;
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  if (!why.ok()) return why.status();
  const auto* voucher = std::get_if<VoucherWhy>(&*why);
  if (voucher == nullptr || transaction.kind != TransactionKind::kCapture) return absl::DataLossError("not a capture");
  v1::Capture capture;
  if (const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(voucher->merchant)) {
    capture.set_name(absl::StrCat(merchant->name(), "/captures/", committed.partition.value(), "-", committed.seq.value()));
    for (const v1::MerchantOperator& person : merchant->operators()) {
      if (CatalogueIdOf(person.name()).value() == transaction.actor.sub) capture.set_operator_(person.name());
    }
  }
  if (const v1::Offer* offer = catalogue.Find<v1::Offer>(voucher->offer)) capture.set_offer(offer->name());
  capture.set_title_zh(voucher->title_zh);
  capture.set_title_en(voucher->title_en);
  capture.set_amount(voucher->price.hundredths());
  SetTime(*capture.mutable_capture_time(), transaction.event_time);
  return capture;
}

void SetTime(google::protobuf::Timestamp& out, absl::Time time) {
  const absl::Duration since = time - absl::UnixEpoch();
  const int64_t seconds = absl::ToInt64Seconds(absl::Floor(since, absl::Seconds(1)));
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(since - absl::Seconds(seconds))));
}

}  // namespace fenfen::server
