// VoucherService: reserving, showing, capturing and ending vouchers; what merchants do is in voucher_captures.cc. Thread-safe.
#pragma once

#include "fenfen/v1/voucher.grpc.pb.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class VoucherService final : public v1::VoucherService::CallbackService {
 public:
  VoucherService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* ReserveVoucher(grpc::CallbackServerContext* context, const v1::ReserveVoucherRequest* request,
                                           v1::ReserveVoucherResponse* response) override;
  grpc::ServerUnaryReactor* GetVoucher(grpc::CallbackServerContext* context, const v1::GetVoucherRequest* request,
                                       v1::GetVoucherResponse* response) override;
  grpc::ServerUnaryReactor* ListVouchers(grpc::CallbackServerContext* context, const v1::ListVouchersRequest* request,
                                         v1::ListVouchersResponse* response) override;
  grpc::ServerUnaryReactor* CaptureVoucher(grpc::CallbackServerContext* context, const v1::CaptureVoucherRequest* request,
                                           v1::CaptureVoucherResponse* response) override;
  grpc::ServerUnaryReactor* CancelVoucher(grpc::CallbackServerContext* context, const v1::CancelVoucherRequest* request,
                                          v1::CancelVoucherResponse* response) override;
  grpc::ServerUnaryReactor* RefundVoucher(grpc::CallbackServerContext* context, const v1::RefundVoucherRequest* request,
                                          v1::RefundVoucherResponse* response) override;
  grpc::ServerUnaryReactor* RefundCapture(grpc::CallbackServerContext* context, const v1::RefundCaptureRequest* request,
                                          v1::RefundCaptureResponse* response) override;
  grpc::ServerUnaryReactor* CaptureVouchers(grpc::CallbackServerContext* context, const v1::CaptureVouchersRequest* request,
                                            v1::CaptureVouchersResponse* response) override;
  grpc::ServerUnaryReactor* ListCaptures(grpc::CallbackServerContext* context, const v1::ListCapturesRequest* request,
                                         v1::ListCapturesResponse* response) override;

 private:
  void Reserve(Call& call, const v1::ReserveVoucherRequest& request, v1::ReserveVoucherResponse& response, Done done);
  void Get(Call& call, const v1::GetVoucherRequest& request, v1::GetVoucherResponse& response, Done done);
  void List(Call& call, const v1::ListVouchersRequest& request, v1::ListVouchersResponse& response, Done done);
  void Capture(Call& call, const v1::CaptureVoucherRequest& request, v1::CaptureVoucherResponse& response, Done done);
  void Cancel(Call& call, const v1::CancelVoucherRequest& request, v1::CancelVoucherResponse& response, Done done);
  void Refund(Call& call, const v1::RefundVoucherRequest& request, v1::RefundVoucherResponse& response, Done done);
  void RefundByMerchant(Call& call, const v1::RefundCaptureRequest& request, v1::RefundCaptureResponse& response, Done done);
  void CaptureAll(Call& call, const v1::CaptureVouchersRequest& request, v1::CaptureVouchersResponse& response, Done done);
  // A capture of this code under a key, not yet submitted; VOUCHER_UNKNOWN.
  absl::StatusOr<Command> CaptureCommand(Call& call, absl::string_view code, const RequestKey& key) const;
  // Refunds a voucher and gives its stock back; `done` gets what was written.
  using Written = absl::AnyInvocable<void(absl::StatusOr<Outcome>) &&>;
  void RefundThis(Call& call, HouseholdId household, VoucherId voucher, bool by_staff, Written done);
  absl::Status ListOfDay(Call& call, const v1::ListCapturesRequest& request, v1::ListCapturesResponse& response);
  // The voucher for its household: with the codes while it can be captured.
  v1::Voucher WithCode(VoucherId id, const VoucherRecord& record, const Catalogue& catalogue, absl::Time now) const;

  const Gate& gate_;
  Backend& backend_;
  const Method& reserve_;
  const Method& get_;
  const Method& list_;
  const Method& capture_;
  const Method& cancel_;
  const Method& refund_;
  const Method& refund_capture_;
  const Method& capture_all_;
  const Method& list_captures_;
};

}  // namespace fenfen::server
