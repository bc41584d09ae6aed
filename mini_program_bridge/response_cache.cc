#include "mini_program_bridge/response_cache.h"

namespace fenfen::bridge {
namespace {

std::size_t SizeOf(const std::string& key, const CachedReply& reply) {
  return 2 * key.size() + reply.head.size() + reply.gzip.bytes.size();
}

}  // namespace

std::shared_ptr<const CachedReply> ResponseCache::Find(absl::string_view key, absl::Time now) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto item = items_.find(key);
  if (item == items_.end()) return nullptr;
  if (item->second.reply->expires > now) return item->second.reply;
  Remove(key);
  return nullptr;
}

void ResponseCache::Put(std::string key, std::shared_ptr<const CachedReply> reply) {
  const std::size_t size = SizeOf(key, *reply);
  if (size > bytes_max_) return;
  std::lock_guard<std::mutex> lock(mutex_);
  Remove(key);
  while (bytes_ + size > bytes_max_) {
    const std::string first = by_expiry_.begin()->second;
    Remove(first);
  }
  const auto place = by_expiry_.emplace(reply->expires, key);
  items_[std::move(key)] = {std::move(reply), place};
  bytes_ += size;
}

void ResponseCache::Remove(absl::string_view key) {
  const auto item = items_.find(key);
  if (item == items_.end()) return;
  bytes_ -= SizeOf(item->first, *item->second.reply);
  by_expiry_.erase(item->second.place);
  items_.erase(item);
}

}  // namespace fenfen::bridge
