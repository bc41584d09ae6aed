// StationService: stations' rotating codes and their devices' uploads. Thread-safe.
#pragma once

#include "fenfen/v1/station.grpc.pb.h"
#include "server/call/unary.h"
#include "server/services/backend.h"
#include "server/services/upload_call.h"

namespace fenfen::server {

class StationService final : public v1::StationService::CallbackService {
 public:
  StationService(const Gate& gate, const Methods& methods, Backend& backend, Metrics& metrics, UploadStreams& streams);
  grpc::ServerUnaryReactor* GetStationCode(grpc::CallbackServerContext* context, const v1::GetStationCodeRequest* request,
                                           v1::GetStationCodeResponse* response) override;
  grpc::ServerBidiReactor<v1::UploadDropsRequest, v1::UploadDropsResponse>* UploadDrops(grpc::CallbackServerContext* context) override;

 private:
  const Gate& gate_;
  Backend& backend_;
  Metrics& metrics_;
  UploadStreams& streams_;
  const Method& code_;
  const Method& upload_;
};

}  // namespace fenfen::server
