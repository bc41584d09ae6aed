// DropService: drops that people record, one at a time. Thread-safe.
#pragma once

#include "fenfen/v1/drop.grpc.pb.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class DropService final : public v1::DropService::CallbackService {
 public:
  DropService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* RecordDrop(grpc::CallbackServerContext* context, const v1::RecordDropRequest* request,
                                       v1::RecordDropResponse* response) override;

 private:
  void Record(Call& call, const v1::RecordDropRequest& request, v1::RecordDropResponse& response, Done done);

  const Gate& gate_;
  Backend& backend_;
  const Method& record_drop_;
};

}  // namespace fenfen::server
