// Prometheus metrics of the bridge, and the handler that serves them on their own address.
// Thread-safe.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_METRICS_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_METRICS_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "mini_program_bridge/http.h"

namespace fenfen::bridge {

class Metrics : public HttpHandler {
 public:
  Metrics();
  ~Metrics() override;

  // A request answered. `route` is a template or a fixed word, so that there are few of them; `reason` empty where not refused.
  void CountRequest(const std::string& route, int status, const std::string& reason, absl::Duration took);

  // A read answered from memory, or not.
  void CountCache(bool hit);

  // A call that went to more than one server, and whether it was answered in the end.
  void CountMoved(bool answered);

  // GET /metrics in Prometheus' text format.
  void Handle(HttpRequest request, HttpReply reply) override;
  HttpResponse Reject(const Refusal& refusal) override;

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_METRICS_H_
