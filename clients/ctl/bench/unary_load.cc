#include "clients/ctl/bench/unary_load.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "clients/cpp/request_id.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/measure.h"

namespace fenfen::bench {
namespace {

constexpr int64_t kGrams = 800;
constexpr absl::Duration kDeadline = absl::Seconds(10);

}  // namespace

// The calls of one run. Each slot is used by one call after another.
class UnaryLoad::Runner {
 public:
  Runner(UnaryLoad& load, int in_flight, absl::Duration time) : load_(load), end_(MonotonicSeconds() + absl::ToDoubleSeconds(time)) {
    for (int i = 0; i < in_flight; ++i) slots_.push_back(std::make_unique<Slot>(load.random_()));
    running_ = in_flight;
  }

  absl::StatusOr<UnaryResult> Run() {
    const double begin = MonotonicSeconds();
    for (const auto& slot : slots_) Start(*slot);
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](int* running) { return *running == 0; }, &running_));
      if (!failure_.ok()) return absl::UnavailableError(client::ParseError(failure_).ToString());
    }
    const double seconds = MonotonicSeconds() - begin;
    std::vector<double> all;
    for (const auto& slot : slots_) all.insert(all.end(), slot->seconds.begin(), slot->seconds.end());
    const auto calls = static_cast<double>(all.size());
    return UnaryResult{calls / seconds, Median(std::move(all))};
  }

 private:
  struct Slot {
    explicit Slot(uint64_t seed) : random(seed) {}
    std::mt19937_64 random;
    std::unique_ptr<grpc::ClientContext> context;
    v1::RecordDropRequest request;
    v1::RecordDropResponse response;
    double begin = 0;
    std::vector<double> seconds;
  };

  void Start(Slot& slot) {
    slot.context = std::make_unique<grpc::ClientContext>();
    slot.context->set_deadline(absl::ToChronoTime(absl::Now() + kDeadline));
    load_.client_->Prepare(slot.context.get(), {});
    std::uniform_int_distribution<uint32_t> household(1, load_.households_);
    slot.request.set_household(absl::StrCat("households/", household(slot.random)));
    slot.request.set_request_id(client::FormatUuid7(absl::Now(), slot.random(), slot.random()));
    slot.request.set_station(StationName(0));
    slot.request.set_category(v1::CATEGORY_FOOD);
    slot.request.set_weight_grams(kGrams);
    slot.response.Clear();
    slot.begin = MonotonicSeconds();
    load_.stub_.async()->RecordDrop(slot.context.get(), &slot.request, &slot.response,
                                    [this, &slot](const grpc::Status& status) { Finish(slot, status); });
  }

  void Finish(Slot& slot, const grpc::Status& status) {
    const double now = MonotonicSeconds();
    slot.seconds.push_back(now - slot.begin);
    if (status.ok() && now < end_) return Start(slot);
    absl::MutexLock lock(&mutex_);
    if (!status.ok() && failure_.ok()) failure_ = status;
    --running_;
  }

  UnaryLoad& load_;
  const double end_;
  std::vector<std::unique_ptr<Slot>> slots_;
  absl::Mutex mutex_;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  grpc::Status failure_ ABSL_GUARDED_BY(mutex_);
};

UnaryLoad::UnaryLoad(std::unique_ptr<client::Client> client, uint32_t households)
    : client_(std::move(client)), stub_(client_->channel()), households_(households), random_(client::SystemRandom()) {}

absl::StatusOr<v1::RecordDropResponse> UnaryLoad::Once() {
  v1::RecordDropRequest request;
  request.set_household("households/1");
  request.set_request_id(client::RequestIds::FromSystem().Next());
  request.set_station(StationName(0));
  request.set_category(v1::CATEGORY_FOOD);
  request.set_weight_grams(kGrams);
  client::Result<v1::RecordDropResponse> reply = client_->Call(&v1::DropService::Stub::RecordDrop, request);
  if (!reply.ok()) return absl::UnavailableError(reply.error().ToString());
  return *std::move(reply);
}

absl::StatusOr<UnaryResult> UnaryLoad::Run(int in_flight, absl::Duration time) { return Runner(*this, in_flight, time).Run(); }

}  // namespace fenfen::bench
