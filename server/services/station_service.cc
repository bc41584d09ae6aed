#include "server/services/station_service.h"

#include <utility>

#include "absl/strings/strip.h"
#include "ledger/core/errors.h"
#include "ledger/points/codes.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

absl::Status GetCode(const Call& call, absl::string_view codes_key, const v1::GetStationCodeRequest& request,
                     v1::GetStationCodeResponse& response) {
  const v1::Station* station = call.catalogue().Find<v1::Station>(request.station());
  if (station == nullptr || station->name() != request.station()) return Refuse(Reason::REASON_STATION_UNKNOWN, {}, "station");
  const uint64_t step = StationStepAt(call.now());
  response.set_code(MakeStationCode(codes_key, absl::StripPrefix(station->name(), "stations/"), step));
  SetTime(*response.mutable_next_code_time(), StationStepBegin(step + 1));
  response.set_station_display_name(station->display_name());
  return absl::OkStatus();
}

}  // namespace

StationService::StationService(const Gate& gate, const Methods& methods, Backend& backend, Metrics& metrics, UploadStreams& streams)
    : gate_(gate),
      backend_(backend),
      metrics_(metrics),
      streams_(streams),
      code_(methods.Get("fenfen.v1.StationService.GetStationCode")),
      upload_(methods.Get("fenfen.v1.StationService.UploadDrops")) {}

grpc::ServerUnaryReactor* StationService::GetStationCode(grpc::CallbackServerContext* context, const v1::GetStationCodeRequest* request,
                                                         v1::GetStationCodeResponse* response) {
  return HandleUnary(gate_, code_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    std::move(done)(GetCode(call, backend_.codes_key, in, out));
  });
}

grpc::ServerBidiReactor<v1::UploadDropsRequest, v1::UploadDropsResponse>* StationService::UploadDrops(
    grpc::CallbackServerContext* context) {
  return UploadCall::Begin(gate_, upload_, backend_, metrics_, streams_, *context);
}

}  // namespace fenfen::server
