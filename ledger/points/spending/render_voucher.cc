// A voucher as people see it (entry.h).
#include "ledger/points/entry.h"

namespace fenfen {
namespace {

void SetVoucherTime(google::protobuf::Timestamp& out, absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  const int64_t seconds = micros / 1'000'000;  // vouchers are of after 1970
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>((micros - seconds * 1'000'000) * 1000));
}

v1::Voucher::State StateOf(const VoucherRecord& record, absl::Time now) {
  switch (record.state) {
    case VoucherState::kReserved:
      return now >= record.expire_time ? v1::Voucher::STATE_EXPIRED : v1::Voucher::STATE_RESERVED;
    case VoucherState::kCaptured:
      return v1::Voucher::STATE_CAPTURED;
    case VoucherState::kExpired:
      return v1::Voucher::STATE_EXPIRED;
    case VoucherState::kRefunded:
      return v1::Voucher::STATE_REFUNDED;
    case VoucherState::kCancelled:
    case VoucherState::kVoid:
      break;
  }
  return v1::Voucher::STATE_CANCELLED;
}

}  // namespace

v1::Voucher RenderVoucher(VoucherId id, const VoucherRecord& record, const Catalogue& catalogue, absl::Time now, absl::TimeZone zone) {
  v1::Voucher voucher;
  voucher.set_name(VoucherName(record.household, id));
  if (const v1::Offer* offer = catalogue.Find<v1::Offer>(record.offer)) voucher.set_offer(offer->name());
  if (const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(record.merchant)) {
    voucher.set_merchant(merchant->name());
    voucher.set_merchant_display_name(merchant->display_name());
  }
  voucher.set_title_zh(record.title_zh);
  voucher.set_title_en(record.title_en);
  voucher.set_price(record.price.hundredths());
  voucher.set_quantity(static_cast<int32_t>(record.quantity));
  voucher.set_state(StateOf(record, now));
  SetVoucherTime(*voucher.mutable_reserve_time(), record.reserve_time);
  SetVoucherTime(*voucher.mutable_expire_time(), record.expire_time);
  if (record.capture_time != absl::UnixEpoch()) {
    SetVoucherTime(*voucher.mutable_capture_time(), record.capture_time);
    const absl::CivilDay last = absl::ToCivilDay(record.capture_time, zone) + record.refund_days;
    SetVoucherTime(*voucher.mutable_refund_end_time(), absl::FromCivil(last + 1, zone));
  }
  if (record.close_time != absl::UnixEpoch()) SetVoucherTime(*voucher.mutable_close_time(), record.close_time);
  return voucher;
}

}  // namespace fenfen
