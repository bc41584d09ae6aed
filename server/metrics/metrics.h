// Metrics: what Prometheus scrapes. Counters are made once, when the server starts or a reason first occurs, so that counting a call costs
// no look-up by name. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/reason.pb.h"

namespace prometheus {
class Counter;
class Exposer;
class Gauge;
class Histogram;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace fenfen::server {

class Metrics {
 public:
  // Counts by reason under fixed labels.
  class Counts {
   public:
    Counts(prometheus::Family<prometheus::Counter>& family, std::string label, std::string value)
        : family_(family), label_(std::move(label)), value_(std::move(value)) {}
    // nullopt: it went well.
    void Add(std::optional<v1::Reason> reason);

   private:
    static constexpr size_t kReasonsMax = 255;  // the highest number in the error table
    prometheus::Family<prometheus::Counter>& family_;
    const std::string label_, value_;
    std::array<std::atomic<prometheus::Counter*>, kReasonsMax + 1> counters_{};
  };

  // One method's.
  class Method {
   public:
    Method(prometheus::Family<prometheus::Counter>& requests, prometheus::Histogram& seconds, const std::string& name)
        : requests_(requests, "method", name), seconds_(seconds) {}
    // Counts a call that is over. nullopt: it went well.
    void Add(std::optional<v1::Reason> reason, double seconds);

   private:
    Counts requests_;
    prometheus::Histogram& seconds_;
  };

  Metrics();
  ~Metrics();

  // The counters of a method; they live as long as this.
  Method& ForMethod(const std::string& name);
  // Events of devices by what became of them.
  Counts& device_events() { return *device_events_; }
  // Shows a figure that is asked for at each scrape. `read` must be cheap and safe to call until StopServing.
  void AddGauge(const std::string& name, const std::string& help, std::function<double()> read);
  // The same for several figures under one name, each with the labels given.
  struct Labelled {
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
  };
  void AddGauges(const std::string& name, const std::string& help, std::function<std::vector<Labelled>()> read);

  // Serves /metrics on HOST:PORT; port 0 takes a free one. Returns the address bound.
  absl::StatusOr<std::string> Serve(const std::string& address);
  void StopServing();

 private:
  class Gauges;
  const std::shared_ptr<prometheus::Registry> registry_;
  const std::shared_ptr<Gauges> gauges_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& seconds_;
  std::vector<std::unique_ptr<Method>> methods_;
  std::unique_ptr<Counts> device_events_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace fenfen::server
