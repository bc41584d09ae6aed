// VoucherService: reserving, showing and capturing vouchers. Thread-safe.
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
  grpc::ServerUnaryReactor* ListCaptures(grpc::CallbackServerContext* context, const v1::ListCapturesRequest* request,
                                         v1::ListCapturesResponse* response) override;

 private:
  void Reserve(Call& call, const v1::ReserveVoucherRequest& request, v1::ReserveVoucherResponse& response, Done done);
  void Get(Call& call, const v1::GetVoucherRequest& request, v1::GetVoucherResponse& response, Done done);
  void List(Call& call, const v1::ListVouchersRequest& request, v1::ListVouchersResponse& response, Done done);
  void Capture(Call& call, const v1::CaptureVoucherRequest& request, v1::CaptureVoucherResponse& response, Done done);
  absl::Status ListOfDay(Call& call, const v1::ListCapturesRequest& request, v1::ListCapturesResponse& response);
  // The voucher for its household: with the code while it can be captured.
  v1::Voucher WithCode(VoucherId id, const VoucherRecord& record, const Catalogue& catalogue, absl::Time now) const;

  const Gate& gate_;
  Backend& backend_;
  const Method& reserve_;
  const Method& get_;
  const Method& list_;
  const Method& capture_;
  const Method& list_captures_;
};

}  // namespace fenfen::server
