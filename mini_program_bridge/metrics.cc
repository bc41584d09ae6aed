#include "mini_program_bridge/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "mini_program_bridge/envelope.h"

namespace fenfen::bridge {

struct Metrics::Families {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("fenfen_bridge_requests_total")
                                                          .Help("Requests answered, by route and HTTP status.")
                                                          .Register(registry);
  prometheus::Family<prometheus::Counter>& refusals = prometheus::BuildCounter()
                                                          .Name("fenfen_bridge_refusals_total")
                                                          .Help("Requests refused, by reason of the error table.")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& seconds = prometheus::BuildHistogram()
                                                           .Name("fenfen_bridge_request_seconds")
                                                           .Help("From the whole request to its reply, by route.")
                                                           .Register(registry);
  prometheus::Family<prometheus::Counter>& cache =
      prometheus::BuildCounter().Name("fenfen_bridge_cache_total").Help("Public reads, by whether memory answered.").Register(registry);
  prometheus::Family<prometheus::Counter>& moved = prometheus::BuildCounter()
                                                       .Name("fenfen_bridge_moved_calls_total")
                                                       .Help("Calls repeated on another server, by whether that answered.")
                                                       .Register(registry);
  prometheus::Counter& answered = moved.Add({{"result", "answered"}});
  prometheus::Counter& unanswered = moved.Add({{"result", "failed"}});
  prometheus::Counter& hits = cache.Add({{"result", "hit"}});
  prometheus::Counter& misses = cache.Add({{"result", "miss"}});
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::CountRequest(const std::string& route, int status, const std::string& reason, absl::Duration took) {
  static const prometheus::Histogram::BucketBoundaries kBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                                  0.1,    0.25,  0.5,    1,     2.5,  10};
  families_->requests.Add({{"route", route}, {"status", std::to_string(status)}}).Increment();
  families_->seconds.Add({{"route", route}}, kBounds).Observe(absl::ToDoubleSeconds(took));
  if (!reason.empty()) families_->refusals.Add({{"reason", reason}}).Increment();
}

void Metrics::CountCache(bool hit) { (hit ? families_->hits : families_->misses).Increment(); }

void Metrics::CountMoved(bool answered) { (answered ? families_->answered : families_->unanswered).Increment(); }

void Metrics::Handle(HttpRequest request, HttpReply reply) {
  if (request.target != "/metrics") return reply(Reject(Refuse(v1::REASON_ROUTE_UNKNOWN)));
  if (request.method != "GET" && request.method != "HEAD") return reply(Reject(Refuse(v1::REASON_METHOD_NOT_ALLOWED)));
  HttpResponse response;
  response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = std::make_shared<const std::string>(prometheus::TextSerializer().Serialize(families_->registry.Collect()));
  reply(std::move(response));
}

HttpResponse Metrics::Reject(const Refusal& refusal) { return ErrorResponse(refusal, ""); }

}  // namespace fenfen::bridge
