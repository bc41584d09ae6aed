// MemoryState and RedisState, over one Redis and over a cluster, given the same random operations, answer the same and come to the same
// digests: 10,000 operations a seed, over households, several accounts, device windows, days of request keys, refusals, repetitions and
// reused keys, in batches of every size.
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/ledger/state/redis/redis_fixture.h"

namespace fenfen {
namespace {

constexpr int kOperations = 10'000;

class Differential : public testing::TestWithParam<uint64_t> {
 protected:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

  // Mostly new keys, of days that go on and sometimes lie far back; devices' numbers, mostly rising; and old acquaintances.
  RequestKey NextKey() {
    if (!used_.empty() && OneIn(8)) return used_[used_.size() - 1 - Below(std::min<size_t>(used_.size(), 3000))];
    RequestKey key;
    if (OneIn(2)) {
      const uint64_t device = Below(5);
      uint64_t& number = device_numbers_[device];
      number += OneIn(50) ? 1 + Below(200) : 1;
      key = DeviceEventKey(CatalogueId(100 + device), OneIn(10) ? Below(number + 1) : number);
    } else {
      if (OneIn(60)) day_ += static_cast<int64_t>(1 + Below(3));
      const int64_t back = OneIn(10) ? static_cast<int64_t>(Below(60)) : 0;
      key = KeyAt(absl::FromUnixSeconds(1'800'000'000) + absl::Hours(24 * (day_ - back)), Below(1u << 30));
    }
    used_.push_back(key);
    return key;
  }

  // The same work twice over: decisions are pure.
  std::pair<State::Work, State::Work> NextWork() {
    const RequestKey key = NextKey();
    const uint64_t home = 1 + Below(40);
    const uint64_t fingerprint = OneIn(20) ? Below(1000) : key.low ^ key.high;
    const int kind = static_cast<int>(Below(10));
    const auto amount = static_cast<int64_t>(Below(500));
    const std::string bytes(Below(300), static_cast<char>('a' + Below(26)));
    const RecordKey household = RedisLedger::Household(home), voucher{RecordKind::kVoucher, 1 + Below(20)};
    const AccountId bank = RedisLedger::kBank, purse = RedisLedger::Home(home), held{AccountKind::kVoucherHeld, Asset::kReward, home},
                    civic_bank{AccountKind::kProgramme, Asset::kCivic, 1}, civic{AccountKind::kHousehold, Asset::kCivic, home};
    State::Decide decide = [=](const View& view) -> absl::StatusOr<Transaction> {
      if (kind == 0) return Refuse(Reason::REASON_OFFER_UNKNOWN);
      Transaction t;
      t.key = key;
      t.fingerprint = fingerprint;
      t.event_time = absl::FromUnixMicros(static_cast<int64_t>(key.high >> 20));
      const auto change = [&](const RecordKey& record) {
        const auto present = view.Record(record);
        t.changes.push_back({record, present ? present->version : PartitionSeq(0), bytes});
      };
      change(household);
      const int64_t balance = view.Balance(purse).hundredths();
      if (kind < 6) {
        if (amount > 0) t.postings = {{bank, Points(-amount)}, {purse, Points(amount)}};
        if (amount % 3 == 1) t.postings.insert(t.postings.end(), {{civic_bank, Points(-1)}, {civic, Points(1)}});
      } else if (kind < 8) {
        if (balance < amount) return Refuse(Reason::REASON_POINTS_INSUFFICIENT, {{"needed", "1"}, {"available", absl::StrCat(balance)}});
        if (amount > 0) t.postings = {{purse, Points(-amount)}, {held, Points(amount)}};
        change(voucher);
      } else if (kind == 8) {
        // Does not look: the bound itself must hold.
        if (amount > 0) t.postings = {{held, Points(-amount)}, {bank, Points(amount - 1)}, {purse, Points(1)}};
      } else if (!view.Record(voucher)) {
        t.changes.push_back({voucher, PartitionSeq(amount % 2), bytes});  // sometimes a version that is not
      }
      return t;
    };
    const auto work = [&] {
      return State::Work{key, fingerprint, {{household, voucher}, {bank, purse, held, civic_bank, civic}}, nullptr};
    };
    std::pair<State::Work, State::Work> both{work(), work()};
    const auto shared = std::make_shared<State::Decide>(std::move(decide));
    both.first.decide = [shared](const View& view) { return (*shared)(view); };
    both.second.decide = [shared](const View& view) { return (*shared)(view); };
    return both;
  }

  static std::string Describe(const absl::StatusOr<ExecuteResult>& result) {
    if (!result.ok()) return absl::StrCat(NameOf(RefusalOf(result.status()).reason), " ", result.status().message());
    if (const auto* repeated = std::get_if<Replayed>(&*result)) return absl::StrCat("replayed ", repeated->seq.value());
    const auto& committed = std::get<Committed>(*result);
    return absl::StrCat("committed ", committed.seq.value(), " ", std::hash<std::string>()(EncodeTransaction(committed.transaction)));
  }

  // `forget` empties the Redis in which the partition lies.
  void Compare(const RedisOptions& options, const std::string& deployment, const std::function<void(PartitionId)>& forget);

  std::mt19937_64 random_{GetParam()};
  std::vector<RequestKey> used_;
  std::array<uint64_t, 5> device_numbers_{};
  int64_t day_ = 0;
};

void Differential::Compare(const RedisOptions& options, const std::string& deployment, const std::function<void(PartitionId)>& forget) {
  MemoryTail tail;
  RedisLedger redis(options, tail, deployment);
  ASSERT_TRUE(redis.AwaitOpen().ok());
  MemoryState memory;
  const PartitionId partition(7);
  std::map<std::string, int> seen;
  for (int done = 0; done < kOperations;) {
    std::vector<State::Work> ours, theirs;
    for (uint64_t n = 1 + (OneIn(2) ? Below(4) : Below(64)); n > 0; --n) {
      auto [one, other] = NextWork();
      ours.push_back(std::move(one));
      theirs.push_back(std::move(other));
    }
    done += static_cast<int>(ours.size());
    std::vector<std::string> expected;
    memory.Execute(partition, std::move(theirs), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
      for (const auto& result : results) expected.push_back(Describe(result));
    });
    const auto results = redis.Execute(std::move(ours), partition);
    ASSERT_EQ(results.size(), expected.size());
    for (size_t i = 0; i < results.size(); ++i) {
      ASSERT_EQ(Describe(results[i]), expected[i]) << "operation " << done << ", seed " << GetParam();
      ++seen[expected[i].substr(0, expected[i].find(' '))];
    }
    if (OneIn(40)) {
      ASSERT_EQ(redis.state().DigestOf(partition)->sha256, memory.DigestOf(partition)->sha256);
    }
  }
  ASSERT_EQ(redis.state().DigestOf(partition)->sha256, memory.DigestOf(partition)->sha256);
  for (const char* outcome : {"committed", "replayed", "OFFER_UNKNOWN", "POINTS_INSUFFICIENT", "REQUEST_ID_REUSED", "EVENT_TOO_OLD",
                              "REQUEST_ID_OUT_OF_WINDOW", "UNSPECIFIED"}) {
    EXPECT_GT(seen[outcome], 0) << outcome << " never happened";
  }
  // The journal gives it all back: records, balances, and what became of every request key.
  forget(partition);
  std::vector<State::Work> ours, theirs;
  for (int i = 0; i < 64; ++i) {
    auto [one, other] = NextWork();
    ours.push_back(std::move(one));
    theirs.push_back(std::move(other));
  }
  std::vector<std::string> expected;
  memory.Execute(partition, std::move(theirs), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
    for (const auto& result : results) expected.push_back(Describe(result));
  });
  const auto results = redis.Execute(std::move(ours), partition);
  for (size_t i = 0; i < results.size(); ++i) ASSERT_EQ(Describe(results[i]), expected[i]) << "after FLUSHALL";
  EXPECT_EQ(redis.state().DigestOf(partition)->sha256, memory.DigestOf(partition)->sha256);
  redis.ExpectWhole(partition);
}

TEST_P(Differential, MemoryAndRedisAnswerTheSame) {
  RedisServer server;
  Compare(server.OverUnixSocket(), "demo", [&](PartitionId) { server.Type({"FLUSHALL"}); });
}

TEST_P(Differential, MemoryAndRedisClusterAnswerTheSame) {
  static TestCluster cluster;
  const std::string deployment = absl::StrCat("seed-", GetParam());
  Compare(cluster.Options(), deployment,
          [&](PartitionId partition) { cluster.node(cluster.MasterOf(PartitionKeys(deployment, partition).slot())).Type({"FLUSHALL"}); });
}

INSTANTIATE_TEST_SUITE_P(Seeds, Differential, testing::Range<uint64_t>(1, 5));

}  // namespace
}  // namespace fenfen
