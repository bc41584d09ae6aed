// PartitionCache: copies of what Redis holds of one partition, so that a household that comes again need not be loaded again. A copy may be
// old, where another server has written since: every commit names what it was decided on, and Redis refuses it then.
//
// Not thread-safe. Bounded: what has not been looked at for a while goes.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "ledger/core/transaction.h"

namespace fenfen {

// A record as last seen; version 0 where there was none.
struct KnownRecord {
  PartitionSeq version;
  std::string bytes;
};

// Two maps: new items go into the young one; when that is full it becomes the old one, and what was in the old one and has not been looked
// at meanwhile is gone.
template <typename Key, typename Value>
class TwoGenerations {
 public:
  // Holds `capacity` at least and twice that at most.
  explicit TwoGenerations(size_t capacity) : capacity_(capacity) {}

  // nullptr where it is not here. Good until the next call.
  Value* Find(const Key& key) {
    if (const auto found = young_.find(key); found != young_.end()) return &found->second;
    const auto found = old_.find(key);
    if (found == old_.end()) return nullptr;
    Value value = std::move(found->second);
    old_.erase(found);
    return &Put(key, std::move(value));
  }
  Value& Put(const Key& key, Value value) {
    if (young_.size() >= capacity_ && !young_.contains(key)) {
      old_ = std::move(young_);
      young_.clear();
    }
    old_.erase(key);
    return young_.insert_or_assign(key, std::move(value)).first->second;
  }
  void Drop(const Key& key) {
    young_.erase(key);
    old_.erase(key);
  }
  void Clear() {
    young_.clear();
    old_.clear();
  }

 private:
  const size_t capacity_;
  absl::flat_hash_map<Key, Value> young_;
  absl::flat_hash_map<Key, Value> old_;
};

class PartitionCache {
 public:
  explicit PartitionCache(size_t capacity) : records(capacity), balances(2 * capacity) {}

  TwoGenerations<RecordKey, KnownRecord> records;
  TwoGenerations<AccountId, Points> balances;

  // What the transaction has left behind.
  void Take(const Transaction& transaction, PartitionSeq seq) {
    for (const RecordChange& change : transaction.changes) records.Put(change.key, {seq, change.bytes});
    for (const Posting& posting : transaction.postings) {
      // An account that was only posted to may be older here than the posting; what is decided on it will be refused then.
      if (Points* balance = balances.Find(posting.account)) {
        const std::optional<Points> after = Add(*balance, posting.amount);
        if (after) {
          *balance = *after;
        } else {
          balances.Drop(posting.account);
        }
      }
    }
  }
  void Clear() {
    records.Clear();
    balances.Clear();
  }
};

}  // namespace fenfen
