// What the tests of several engines over one State and one journal share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "ledger/core/errors.h"
#include "ledger/engine/engine.h"
#include "ledger/state/memory_state.h"

namespace fenfen {

inline constexpr PartitionId kPartition{9};
inline constexpr AccountId kBank{AccountKind::kProgramme, Asset::kReward, 1};
inline constexpr AccountId kHome{AccountKind::kHousehold, Asset::kReward, 2};
inline constexpr absl::Duration kLong = absl::Seconds(60);

// One State that several servers use, as if it were elsewhere.
class StateElsewhere final : public State {
 public:
  bool OutlivesProcess() const override { return true; }
  void Execute(PartitionId partition, std::vector<Work> works, Done done) override {
    state_.Execute(partition, std::move(works), std::move(done));
  }
  absl::Status Read(PartitionId partition, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const override {
    return state_.Read(partition, reader);
  }
  absl::Status Apply(PartitionId, PartitionSeq, const Transaction&) override { return absl::OkStatus(); }
  absl::StatusOr<Digest> DigestOf(PartitionId partition) const override { return state_.DigestOf(partition); }

 private:
  MemoryState state_;
};

class Recorder final : public Projection {
 public:
  void Apply(const CommittedTransaction& committed) override {
    absl::MutexLock lock(&mutex_);
    seen_.push_back(committed.seq.value());
  }
  std::vector<uint64_t> seen() const {
    absl::MutexLock lock(&mutex_);
    return seen_;
  }
  bool Await(size_t count) const {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return seen_.size() >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), kLong);
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<uint64_t> seen_ ABSL_GUARDED_BY(mutex_);
};

inline Transaction Payment(uint64_t key) {
  Transaction t;
  t.key = {1, key};
  t.fingerprint = 1;
  t.event_time = absl::FromUnixSeconds(5);
  t.postings = {{kBank, Points(-1)}, {kHome, Points(1)}};
  return t;
}

inline Command Pay(uint64_t key) {
  Command command;
  command.partition = kPartition;
  command.key = {1, key};
  command.fingerprint = 1;
  command.reads = {{}, {kBank, kHome}};
  command.decide = [key](const View&) { return Payment(key); };
  return command;
}

// What somebody waits for. May outlive the test's end of waiting, so it is shared.
class Reply {
 public:
  void Set(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    EXPECT_FALSE(arrived_) << "answered twice";
    arrived_ = true;
    status_ = std::move(status);
  }
  bool arrived() const {
    absl::MutexLock lock(&mutex_);
    return arrived_;
  }
  absl::Status Await() const {
    absl::MutexLock lock(&mutex_);
    EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&arrived_), kLong)) << "never answered";
    return status_;
  }

 private:
  mutable absl::Mutex mutex_;
  bool arrived_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// One server, over a journal of its own making.
struct OneOfSeveral {
  OneOfSeveral(State& state, Journal& journal, FollowerOptions options = {}) : engine(state, journal, clock, {&recorder}) {
    EXPECT_TRUE(engine.Start({.threads = 1}, std::move(options)).ok());
  }
  ~OneOfSeveral() { EXPECT_TRUE(engine.Stop().ok()); }

  std::shared_ptr<Reply> Submit(uint64_t key) {
    auto reply = std::make_shared<Reply>();
    engine.Submit(Pay(key), [reply](const absl::StatusOr<Outcome>& outcome) { reply->Set(outcome.status()); });
    return reply;
  }
  std::shared_ptr<Reply> Read() {
    auto reply = std::make_shared<Reply>();
    engine.Read(
        kPartition, [](const View&) {}, [reply](absl::Status status) { reply->Set(std::move(status)); });
    return reply;
  }

  ManualClock clock{absl::FromUnixSeconds(1000)};
  Recorder recorder;
  Engine engine;
};

inline Reason ReasonOf(const absl::Status& status) { return status.ok() ? Reason::REASON_UNSPECIFIED : RefusalOf(status).reason; }

}  // namespace fenfen
