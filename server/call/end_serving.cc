#include "server/call/end_serving.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(10);
// Between the last call's end and the closing: clients that look at their connections close them by themselves meanwhile.
constexpr absl::Duration kGrace = absl::Milliseconds(100);

}  // namespace

absl::string_view NameOfEnd(ServingEnd end) {
  switch (end) {
    case ServingEnd::kLeft:
      return "left";
    case ServingEnd::kLetGo:
      return "let go";
    case ServingEnd::kCutOff:
      break;
  }
  return "cut off";
}

ServingEnd EndServing(grpc::Server& server, absl::Duration most, absl::FunctionRef<int64_t()> calls) {
  const absl::Time deadline = absl::Now() + most;
  absl::Notification begun, ended;
  std::thread shutdown([&] {
    begun.Notify();
    server.Shutdown(absl::ToChronoTime(deadline));
    ended.Notify();
  });
  begun.WaitForNotification();
  absl::Time idle_since = absl::InfiniteFuture();
  bool let_go = false;
  while (!ended.WaitForNotificationWithTimeout(kLook)) {
    idle_since = calls() > 0 ? absl::InfiniteFuture() : std::min(idle_since, absl::Now());
    if (absl::Now() < idle_since + kGrace) continue;
    // Again at each look: a connection may have come about just before the server ceased to listen.
    grpc_server_cancel_all_calls(server.c_server());
    let_go = true;
  }
  shutdown.join();
  server.Wait();
  if (let_go) return ServingEnd::kLetGo;
  return absl::Now() < deadline ? ServingEnd::kLeft : ServingEnd::kCutOff;
}

}  // namespace fenfen::server
