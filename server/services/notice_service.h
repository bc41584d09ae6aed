// NoticeService: what a household should know in time. Thread-safe.
#pragma once

#include "fenfen/v1/notice.grpc.pb.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class NoticeService final : public v1::NoticeService::CallbackService {
 public:
  NoticeService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* ListNotices(grpc::CallbackServerContext* context, const v1::ListNoticesRequest* request,
                                        v1::ListNoticesResponse* response) override;

 private:
  void List(Call& call, const v1::ListNoticesRequest& request, v1::ListNoticesResponse& response, Done done);

  const Gate& gate_;
  Backend& backend_;
  const Method& list_;
};

}  // namespace fenfen::server
