#include "server/services/timer_service.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/errors.h"

namespace fenfen::server {
namespace {

constexpr absl::string_view kCollection = "timers/";

v1::Timer Render(const Timers::Figures& figures) {
  v1::Timer timer;
  timer.set_name(absl::StrCat(kCollection, figures.name));
  timer.set_period_seconds(absl::ToDoubleSeconds(figures.period));
  timer.set_runs(static_cast<int64_t>(figures.runs));
  timer.set_failures(static_cast<int64_t>(figures.failures));
  timer.set_running(figures.running);
  timer.set_since_done_seconds(figures.since_done == absl::InfiniteDuration() ? -1 : absl::ToDoubleSeconds(figures.since_done));
  timer.set_last_seconds(absl::ToDoubleSeconds(figures.last_duration));
  if (!figures.last.ok()) timer.set_last_error(figures.last.ToString());
  timer.set_holder(figures.holder);
  return timer;
}

std::optional<Timers::Figures> FiguresOf(const Timers& timers, absl::string_view name) {
  for (Timers::Figures& figures : timers.figures()) {
    if (figures.name == name) return std::move(figures);
  }
  return std::nullopt;
}

// What Timers::RunNow said, as callers are told it.
absl::Status RefusalFor(const std::string& name, const absl::Status& status, const std::string& holder) {
  if (status.ok()) return status;
  if (absl::IsFailedPrecondition(status) && !holder.empty()) {
    return Refuse(Reason::REASON_TIMER_ELSEWHERE, {{"name", name}, {"holder", holder}}, "name");
  }
  const Reason reason = RefusalOf(status).reason;
  if (reason == Reason::REASON_SHUTTING_DOWN || reason == Reason::REASON_STORE_UNAVAILABLE) return status;
  return Refuse(Reason::REASON_TIMER_FAILED, {{"name", name}, {"detail", std::string(status.message())}}, "name");
}

}  // namespace

TimerService::TimerService(const Gate& gate, const Methods& methods, Backend& backend, Jobs& jobs)
    : gate_(gate),
      backend_(backend),
      jobs_(jobs),
      list_(methods.Get("fenfen.v1.TimerService.ListTimers")),
      run_(methods.Get("fenfen.v1.TimerService.RunTimer")) {}

grpc::ServerUnaryReactor* TimerService::ListTimers(grpc::CallbackServerContext* context, const v1::ListTimersRequest* request,
                                                   v1::ListTimersResponse* response) {
  return HandleUnary(gate_, list_, context, request, response, [this](Call&, const auto&, auto& out, Done done) {
    for (const Timers::Figures& figures : jobs_.timers().figures()) *out.add_timers() = Render(figures);
    out.set_enabled(jobs_.enabled());
    std::move(done)(absl::OkStatus());
  });
}

grpc::ServerUnaryReactor* TimerService::RunTimer(grpc::CallbackServerContext* context, const v1::RunTimerRequest* request,
                                                 v1::RunTimerResponse* response) {
  return HandleUnary(gate_, run_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    call.set_audited(in.name());
    auto shared = std::make_shared<Done>(std::move(done));
    const std::string name(absl::StripPrefix(in.name(), kCollection));
    const absl::Status posted = backend_.slow_lane.Post([this, &out, name, shared] { std::move (*shared)(Run(name, out)); });
    if (!posted.ok()) std::move (*shared)(posted);
  });
}

absl::Status TimerService::Run(const std::string& name, v1::RunTimerResponse& response) {
  if (!FiguresOf(jobs_.timers(), name)) return Refuse(Reason::REASON_TIMER_UNKNOWN, {{"name", name}}, "name");
  const absl::Status status = jobs_.timers().RunNow(name);
  const std::optional<Timers::Figures> after = FiguresOf(jobs_.timers(), name);
  *response.mutable_timer() = Render(*after);
  return RefusalFor(name, status, after->holder);
}

}  // namespace fenfen::server
