// TimerService: the jobs, for operators. Thread-safe.
#pragma once

#include "fenfen/v1/timer.grpc.pb.h"
#include "server/call/unary.h"
#include "server/jobs/jobs.h"

namespace fenfen::server {

class TimerService final : public v1::TimerService::CallbackService {
 public:
  TimerService(const Gate& gate, const Methods& methods, Backend& backend, Jobs& jobs);
  grpc::ServerUnaryReactor* ListTimers(grpc::CallbackServerContext* context, const v1::ListTimersRequest* request,
                                       v1::ListTimersResponse* response) override;
  grpc::ServerUnaryReactor* RunTimer(grpc::CallbackServerContext* context, const v1::RunTimerRequest* request,
                                     v1::RunTimerResponse* response) override;

 private:
  absl::Status Run(const std::string& name, v1::RunTimerResponse& response);

  const Gate& gate_;
  Backend& backend_;
  Jobs& jobs_;
  const Method& list_;
  const Method& run_;
};

}  // namespace fenfen::server
