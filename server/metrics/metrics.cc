#include "server/metrics/metrics.h"

#include <netinet/in.h>
#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "ledger/core/errors.h"

namespace fenfen::server {
namespace {

// Seconds; from a read in memory to a client's patience.
const prometheus::Histogram::BucketBoundaries kBuckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                          0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   5.0};
constexpr char kThreads[] = "2";
constexpr absl::Duration kKnockEvery = absl::Milliseconds(20);

// Connects on the loopback, where the exposer mostly listens, and goes away.
void Knock(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<uint16_t>(port));
  // Whether anybody is there does not matter.
  static_cast<void>(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to));
  close(fd);
}

}  // namespace

// Figures computed when scraped.
class Metrics::Gauges final : public prometheus::Collectable {
 public:
  void Add(const std::string& name, const std::string& help, std::function<std::vector<Labelled>()> read) {
    std::lock_guard<std::mutex> lock(mutex_);
    gauges_.push_back({name, help, std::move(read)});
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<prometheus::MetricFamily> families;
    for (const Gauge& gauge : gauges_) {
      prometheus::MetricFamily family{gauge.name, gauge.help, prometheus::MetricType::Gauge, {}};
      for (const Labelled& figure : gauge.read()) {
        prometheus::ClientMetric metric;
        for (const auto& [label, value] : figure.labels) metric.label.push_back({label, value});
        metric.gauge.value = figure.value;
        family.metric.push_back(std::move(metric));
      }
      families.push_back(std::move(family));
    }
    return families;
  }

 private:
  struct Gauge {
    std::string name, help;
    std::function<std::vector<Labelled>()> read;
  };
  mutable std::mutex mutex_;
  std::vector<Gauge> gauges_;
};

void Metrics::Counts::Add(std::optional<v1::Reason> reason) {
  const size_t at = reason ? static_cast<size_t>(*reason) + 1 : 0;
  std::atomic<prometheus::Counter*>& slot = counters_[at <= kReasonsMax ? at : 1];
  prometheus::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    // Two threads may get here at once; the family gives both the same counter.
    const std::string name = reason ? std::string(NameOf(*reason)) : "OK";
    counter = &family_.Add({{label_, value_}, {"reason", name}});
    slot.store(counter, std::memory_order_release);
  }
  counter->Increment();
}

void Metrics::Method::Add(std::optional<v1::Reason> reason, double seconds) {
  requests_.Add(reason);
  seconds_.Observe(seconds);
}

Metrics::Metrics()
    : registry_(std::make_shared<prometheus::Registry>()),
      gauges_(std::make_shared<Gauges>()),
      requests_(prometheus::BuildCounter()
                    .Name("fenfen_requests_total")
                    .Help("Calls finished, by method and the reason of the error table; OK where there was none.")
                    .Register(*registry_)),
      seconds_(prometheus::BuildHistogram()
                   .Name("fenfen_request_seconds")
                   .Help("Time from a call's arrival to its reply, by method.")
                   .Register(*registry_)) {
  prometheus::Family<prometheus::Counter>& events =
      prometheus::BuildCounter().Name("fenfen_device_events_total").Help("Devices' events, by outcome.").Register(*registry_);
  device_events_ = std::make_unique<Counts>(events, "source", "upload");
}

Metrics::~Metrics() = default;

Metrics::Method& Metrics::ForMethod(const std::string& name) {
  methods_.push_back(std::make_unique<Method>(requests_, seconds_.Add({{"method", name}}, kBuckets), name));
  return *methods_.back();
}

void Metrics::AddGauge(const std::string& name, const std::string& help, std::function<double()> read) {
  gauges_->Add(name, help, [read = std::move(read)] { return std::vector<Labelled>{{{}, read()}}; });
}

void Metrics::AddGauges(const std::string& name, const std::string& help, std::function<std::vector<Labelled>()> read) {
  gauges_->Add(name, help, std::move(read));
}

absl::StatusOr<std::string> Metrics::Serve(const std::string& address) {
  try {
    exposer_ = std::make_unique<prometheus::Exposer>(std::vector<std::string>{"listening_ports", address, "num_threads", kThreads});
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("cannot serve metrics on ", address, ": ", error.what()));
  }
  exposer_->RegisterCollectable(registry_);
  exposer_->RegisterCollectable(gauges_);
  const std::vector<int> ports = exposer_->GetListeningPorts();
  if (ports.empty()) return absl::UnavailableError(absl::StrCat("cannot serve metrics on ", address));
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", ports.front());
}

// The exposer looks whether it is to end when somebody connects, and else every two seconds only.
void Metrics::StopServing() {
  if (exposer_ == nullptr) return;
  const std::vector<int> ports = exposer_->GetListeningPorts();
  absl::Notification ended;
  std::thread ending([&] {
    exposer_.reset();
    ended.Notify();
  });
  while (!ended.WaitForNotificationWithTimeout(kKnockEvery)) {
    for (const int port : ports) Knock(port);
  }
  ending.join();
}

}  // namespace fenfen::server
