#include "tests/ledger/state/redis/under_load.h"

#include <map>
#include <thread>

#include "absl/strings/str_cat.h"

namespace fenfen {
namespace {

constexpr uint64_t kClients = 4;
constexpr absl::Duration kOvercome = absl::Seconds(60);

// What the clients were told.
class Told {
 public:
  void Add(PartitionId partition, const ExecuteResult& result, const RequestKey& key) {
    const auto* committed = std::get_if<Committed>(&result);
    const PartitionSeq seq = committed != nullptr ? committed->seq : std::get<Replayed>(result).seq;
    absl::MutexLock lock(&mutex_);
    const bool first = acknowledged_.emplace(std::pair(partition.value(), seq.value()), key).second;
    EXPECT_TRUE(first) << "partition " << partition.value() << ": two effects of number " << seq.value();
  }
  // Waits until so many more have come.
  bool AwaitMore(size_t count) {
    absl::MutexLock lock(&mutex_);
    const size_t goal = acknowledged_.size() + count;
    const auto going_on = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return acknowledged_.size() >= goal; };
    return mutex_.AwaitWithTimeout(absl::Condition(&going_on), kOvercome);
  }
  void ExpectJournaledOnce(TestTail& tail, int partitions) {
    absl::MutexLock lock(&mutex_);
    std::map<RequestKey, int> effects;
    for (uint16_t p = 0; p < partitions; ++p) {
      for (const std::string& bytes : tail.Entries(PartitionId(p))) ++effects[DecodeTransaction(bytes)->key];
    }
    for (const auto& [place, key] : acknowledged_) {
      EXPECT_EQ(effects[key], 1);
      const auto stored = tail.Read(PartitionId(place.first), PartitionSeq(place.second));
      ASSERT_TRUE(stored.ok()) << "acknowledged and not journaled: partition " << place.first << ", " << place.second;
      EXPECT_EQ(DecodeTransaction(*stored)->key, key);
    }
  }

 private:
  absl::Mutex mutex_;
  std::map<std::pair<uint16_t, uint64_t>, RequestKey> acknowledged_ ABSL_GUARDED_BY(mutex_);  // partition, sequence number → key
};

}  // namespace

void UnderLoad(const std::vector<RedisLedger*>& ledgers, TestTail& tail, const std::function<void(int)>& disturb, const LoadPlan& plan,
               const std::vector<RedisLedger*>& whole) {
  static std::atomic<uint64_t> runs{0};
  const uint64_t run = ++runs;
  std::atomic<bool> stop{false};
  Told told;
  std::vector<std::thread> clients;
  for (uint64_t c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      size_t turn = c;
      for (uint64_t n = 1; !stop.load(); ++n) {
        const PartitionId partition(static_cast<uint16_t>((c + n) % static_cast<uint64_t>(plan.partitions)));
        const RequestKey key = DeviceEventKey(CatalogueId(run * 100 + c), n);
        absl::StatusOr<ExecuteResult> result = absl::UnknownError("");
        while (!result.ok() && !stop.load()) {
          result = ledgers[turn % ledgers.size()]->Execute(RedisLedger::Move(key, 1 + n % 20, 1, absl::StrCat("r", n)), partition);
          if (result.ok()) break;
          const Reason reason = ReasonOf(result);
          EXPECT_TRUE(plan.refusals_allowed) << result.status();
          // Busy: where two servers keep changing the same household under each other.
          const bool away = reason == Reason::REASON_STORE_UNAVAILABLE || reason == Reason::REASON_OUTCOME_UNKNOWN;
          EXPECT_TRUE(away || reason == Reason::REASON_OVERLOADED) << result.status();
          ++turn;
        }
        if (result.ok()) told.Add(partition, *result, key);
      }
    });
  }
  for (int i = 0; i <= plan.disturbances; ++i) {
    const bool overcome = told.AwaitMore(plan.acknowledged_between);
    EXPECT_TRUE(overcome) << "disturbance " << i << " is not overcome";
    if (!overcome || testing::Test::HasFatalFailure()) break;
    if (i < plan.disturbances) disturb(i);
  }
  stop.store(true);
  for (std::thread& client : clients) client.join();
  for (RedisLedger* ledger : whole.empty() ? ledgers : whole) {
    for (uint16_t p = 0; p < plan.partitions; ++p) ledger->ExpectWhole(PartitionId(p));
  }
  told.ExpectJournaledOnce(tail, plan.partitions);
}

}  // namespace fenfen
