// Replies of public reads, kept for the seconds that their `http` option allows, in the form they are sent: the envelope up to the
// request id, plain and compressed.
//
// Invariant: at most `bytes_max` of bodies; the one that expires first goes first.
// Thread-safe. Entries are immutable and shared.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_RESPONSE_CACHE_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_RESPONSE_CACHE_H_

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include "absl/strings/string_view.h"

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "mini_program_bridge/compress.h"

namespace fenfen::bridge {

// A kept reply.
struct CachedReply {
  std::string head;
  // Empty bytes where compression does not pay.
  GzipHead gzip;
  absl::Time expires;
};

class ResponseCache {
 public:
  explicit ResponseCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The reply under `key` if it is good at `now`, else null.
  std::shared_ptr<const CachedReply> Find(absl::string_view key, absl::Time now);

  // Keeps a reply, in place of any other under the key. One larger than the whole cache is not kept.
  void Put(std::string key, std::shared_ptr<const CachedReply> reply);

 private:
  using ByExpiry = std::multimap<absl::Time, std::string>;
  struct Item {
    std::shared_ptr<const CachedReply> reply;
    ByExpiry::iterator place;
  };

  void Remove(absl::string_view key);

  const std::size_t bytes_max_;
  std::mutex mutex_;
  // All guarded by mutex_.
  absl::flat_hash_map<std::string, Item> items_;
  ByExpiry by_expiry_;
  std::size_t bytes_ = 0;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_RESPONSE_CACHE_H_
