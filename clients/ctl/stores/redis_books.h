// RedisBooks: what lies in a Redis or a Redis Cluster, read as any other program may read it (docs/formats/redis.md), without the function
// library and without opening a partition; and taken away.
//
//   absl::StatusOr<std::unique_ptr<RedisBooks>> books = RedisBooks::Connect(options, absl::Seconds(10));
//   absl::StatusOr<State::Digest> digest = (*books)->DigestOf(PartitionId(3));
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/state/redis/partition_keys.h"
#include "ledger/state/redis/redis_cluster.h"
#include "ledger/state/redis/redis_state_options.h"
#include "ledger/state/state.h"

namespace fenfen::ctl {

// For people: "redis 127.0.0.1:6379".
std::string NameOfRedis(const RedisStateOptions& options);

class RedisBooks {
 public:
  // Waits until every slot's master can be asked. UNAVAILABLE, or what does not mend by itself, after the time-out.
  static absl::StatusOr<std::unique_ptr<RedisBooks>> Connect(const RedisStateOptions& options, absl::Duration timeout);

  // How far a partition is.
  struct Place {
    bool there = false;    // its meta is
    uint64_t journal = 0;  // of which it is a fold
    PartitionSeq last;
  };
  absl::StatusOr<Place> Look(PartitionId partition);

  // The digest of what is there, where every record and balance lies in its key. NOT_FOUND where the partition is not there; DATA_LOSS
  // where a key of it is missing, or holds what it cannot; UNAVAILABLE where it keeps changing.
  absl::StatusOr<State::Digest> DigestOf(PartitionId partition);

  // Takes all of a partition's keys away. A server that has it open is refused its next commit and restores it.
  absl::Status Remove(PartitionId partition);

 private:
  RedisBooks(const RedisStateOptions& options, absl::Duration timeout);

  const PartitionKeys& KeysOf(PartitionId partition) const { return keys_[partition.value()]; }
  absl::StatusOr<RedisReply> Ask(const PartitionKeys& keys, const RedisCommand& command);
  absl::StatusOr<std::map<std::string, std::string>> ReadMeta(PartitionId partition);

  const RedisStateOptions options_;
  const absl::Duration timeout_;
  std::vector<PartitionKeys> keys_;
  RedisCluster cluster_;
};

}  // namespace fenfen::ctl
