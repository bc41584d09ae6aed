// TokenCache: callers of tokens that were verified before, so that a signature is checked once a token and not once a call. It knows a
// token by its SHA-256 alone, is bounded, and forgets the least recently used first. Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/access/caller.h"

namespace fenfen::server {

class TokenCache {
 public:
  explicit TokenCache(size_t tokens_max) : shard_max_((tokens_max + kShards - 1) / kShards) {}

  using Digest = std::array<uint8_t, 32>;
  static Digest DigestOf(absl::string_view token);

  // The caller, or nullptr.
  std::shared_ptr<const Caller> Find(const Digest& digest);
  void Insert(const Digest& digest, std::shared_ptr<const Caller> caller);
  void Erase(const Digest& digest);
  size_t size() const;

 private:
  static constexpr size_t kShards = 16;
  using Recent = std::list<std::pair<Digest, std::shared_ptr<const Caller>>>;
  struct Shard {
    mutable absl::Mutex mutex;
    Recent recent ABSL_GUARDED_BY(mutex);  // the last used first
    absl::flat_hash_map<Digest, Recent::iterator> index ABSL_GUARDED_BY(mutex);
  };
  Shard& ShardOf(const Digest& digest) { return shards_[digest[0] % kShards]; }

  const size_t shard_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace fenfen::server
