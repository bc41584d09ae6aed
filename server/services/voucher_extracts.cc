#include "server/services/voucher_extracts.h"

#include "fenfen/ledger/v1/spending.pb.h"
#include "ledger/points/records.h"

namespace fenfen::server {

std::optional<Captures::Captured> CapturedIn(absl::string_view voucher_record) {
  const absl::StatusOr<VoucherRecord> record = DecodeVoucher(voucher_record);
  if (!record.ok()) return std::nullopt;
  const bool refunded = record->state == VoucherState::kRefunded;
  if (!refunded && record->state != VoucherState::kCaptured) return std::nullopt;
  return Captures::Captured{record->merchant, record->capture_time, record->price, refunded, record->captured_in};
}

std::optional<Reservations::Voucher> WaitingVoucherIn(absl::string_view voucher_record) {
  const absl::StatusOr<VoucherRecord> record = DecodeVoucher(voucher_record);
  if (!record.ok()) return std::nullopt;
  const bool open = record->state == VoucherState::kReserved;
  const bool ended = !open && record->state != VoucherState::kCaptured;
  return Reservations::Voucher{open, ended, record->expire_time, record->hold};
}

std::optional<Reservations::Hold> WaitingHoldIn(absl::string_view hold_record) {
  ledger::v1::StockHold hold;
  if (!hold.ParseFromArray(hold_record.data(), static_cast<int>(hold_record.size()))) return std::nullopt;
  return Reservations::Hold{hold.state() == ledger::v1::StockHold::STATE_HELD, hold.state() == ledger::v1::StockHold::STATE_GIVEN,
                            absl::FromUnixMicros(hold.deadline_micros())};
}

}  // namespace fenfen::server
