// Where a server's configuration keeps the books, for who only wants to look at them.
//
// Thread-safe: functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/core/ids.h"
#include "ledger/state/redis/redis_state_options.h"

namespace fenfen::ctl {

struct BooksPlace {
  std::string folder;     // of a journal in files; empty for PostgreSQL
  std::string archive;    // where its oldest segments go; empty where nothing is there
  std::string snapshots;  // beside it
  std::string conninfo;   // of a journal in PostgreSQL
  std::optional<RedisStateOptions> redis;
  absl::TimeZone zone;  // the programme's
};
// Reads a configuration. INVALID_ARGUMENT naming the key at fault.
absl::StatusOr<BooksPlace> ReadBooksPlace(const std::string& config_path);

// What a person means: a server's configuration, a connection string of PostgreSQL, or a journal's folder, whose snapshots are taken to lie
// beside it and whose time zone to be Asia/Shanghai. INVALID_ARGUMENT naming the configuration's key at fault.
absl::StatusOr<BooksPlace> FindBooksPlace(const std::string& named);

// What Redis holds of a partition.
struct RedisPartitionDigest {
  PartitionId partition;
  PartitionSeq seq;
  std::string sha256;   // 32 bytes; empty where there is none
  std::string problem;  // why: the partition or one of its keys is missing, or not of its form
};
// Of every partition, in order. UNAVAILABLE where Redis cannot be asked.
absl::StatusOr<std::vector<RedisPartitionDigest>> ReadRedisDigests(const RedisStateOptions& redis);

}  // namespace fenfen::ctl
