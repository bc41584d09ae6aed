#include "server/auth/token_cache.h"

#include <openssl/sha.h>

namespace fenfen::server {

TokenCache::Digest TokenCache::DigestOf(absl::string_view token) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

std::shared_ptr<const Caller> TokenCache::Find(const Digest& digest) {
  Shard& shard = ShardOf(digest);
  absl::MutexLock lock(&shard.mutex);
  const auto found = shard.index.find(digest);
  if (found == shard.index.end()) return nullptr;
  shard.recent.splice(shard.recent.begin(), shard.recent, found->second);
  return found->second->second;
}

void TokenCache::Insert(const Digest& digest, std::shared_ptr<const Caller> caller) {
  Shard& shard = ShardOf(digest);
  absl::MutexLock lock(&shard.mutex);
  if (shard.index.contains(digest)) return;
  if (shard.index.size() >= shard_max_) {
    shard.index.erase(shard.recent.back().first);
    shard.recent.pop_back();
  }
  shard.recent.emplace_front(digest, std::move(caller));
  shard.index.emplace(digest, shard.recent.begin());
}

void TokenCache::Erase(const Digest& digest) {
  Shard& shard = ShardOf(digest);
  absl::MutexLock lock(&shard.mutex);
  const auto found = shard.index.find(digest);
  if (found == shard.index.end()) return;
  shard.recent.erase(found->second);
  shard.index.erase(found);
}

size_t TokenCache::size() const {
  size_t size = 0;
  for (const Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    size += shard.index.size();
  }
  return size;
}

}  // namespace fenfen::server
