// RedisShard: a redis-server of a benchmark's own on a unix socket, with a Redis State over it whose journal takes everything at once: what
// is measured is the State. And the bare driver: one connection of hiredis that keeps some calls under way and does nothing else.
//
// Not thread-safe; call from the main thread.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "clients/ctl/bench/redis_load.h"
#include "clients/ctl/demo/services.h"
#include "ledger/state/redis/redis_state.h"

namespace fenfen::bench {

// Calls under way at once, of ours and of the bare driver.
inline constexpr size_t kCallsInFlight = 16;
// Copies that a State keeps in each partition: all households' of these benchmarks.
inline constexpr size_t kCachedRecords = 2048;

class RedisShard {
 public:
  // `append_only`: "no", or what appendfsync is. `services` runs the server, under `name`.
  static absl::StatusOr<std::unique_ptr<RedisShard>> Start(ctl::Services& services, const std::string& folder, const std::string& name,
                                                           const std::string& append_only);
  ~RedisShard();

  // Begins the State, which keeps copies of so many records a partition, and runs the batches, which `model` (if there is one) follows.
  // Comes back when the server has also written what that left it to write.
  absl::Status Fill(std::vector<DropBatch> batches, MemoryState* model, size_t cached_records = kCachedRecords);

  // Begins a batch; waits while too many of `in_flight` are under way.
  class InFlight;
  void Begin(DropBatch batch, const std::shared_ptr<InFlight>& in_flight);
  // Drops a second, by the State.
  absl::StatusOr<double> Run(std::vector<DropBatch> batches);
  // The same by the bare driver. The State's copies are out of date then: a shard is for one or the other.
  absl::StatusOr<double> RunBare(const std::vector<std::string>& calls);
  // What a call must name, by partition.
  absl::StatusOr<std::vector<FenceToken>> Fences() const;

  static constexpr char kDeployment[] = "bench";
  // Bytes that Redis takes: used_memory.
  absl::StatusOr<double> UsedMemory() const;
  // Processor seconds so far, of the server.
  double CpuSeconds() const;

 private:
  class Tail;
  // Waits until no file is being rewritten, and the disk has everything.
  absl::Status AwaitCalm() const;
  RedisShard(std::string home, std::string socket, pid_t pid);

  const std::string home_;
  const std::string socket_;
  const pid_t pid_;
  std::unique_ptr<Tail> tail_;
  std::unique_ptr<RedisState> state_;
};

// Waits for the batches that are under way. Shared with their callbacks, of which the last may still be in here when the waiter goes on.
class RedisShard::InFlight {
 public:
  void Begin();
  void Done(const absl::Status& status);
  // Until none is; the first error.
  absl::Status AwaitAll();

 private:
  absl::Mutex mutex_;
  size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen::bench
