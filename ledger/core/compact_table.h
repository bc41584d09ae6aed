// CompactTable: a hash table for many small entries, growing by a quarter when it is 4/5 full: about 1.4 times the entries' bytes in the
// mean, where absl's maps take 1.8. Entries are added and changed, never removed. It holds entries alone and does not know their hashes:
// the caller gives them, well mixed in the upper 32 bits.
//
//   table.Find(hash, [&](const Entry& e) { return e.id == id; })     the entry, or nullptr
//   table.Add(entry, [](const Entry& e) { return MixBits(e.id); })   after Find gave nullptr
//
// Entry is small and copied freely; one that is made by default is empty(), and others never are. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "ledger/core/check.h"

namespace fenfen {

template <typename Entry>
class CompactTable {
 public:
  // The first entry with this hash for which `match` is true; good until the next Add.
  template <typename Match>
  Entry* Find(uint64_t hash, Match match) {
    return const_cast<Entry*>(static_cast<const CompactTable*>(this)->Find(hash, match));
  }
  template <typename Match>
  const Entry* Find(uint64_t hash, Match match) const {
    if (count_ == 0) return nullptr;
    for (size_t at = SlotOf(hash, slots_.size()); !slots_[at].empty(); at = After(at)) {
      if (match(slots_[at])) return &slots_[at];
    }
    return nullptr;
  }

  // Adds an entry beside those that there are. `hash_of` gives an entry's hash.
  template <typename HashOf>
  void Add(const Entry& entry, HashOf hash_of) {
    Reserve(count_ + 1, hash_of);
    Place(slots_, entry, hash_of(entry));
    ++count_;
  }

  // Makes room for so many entries in all.
  template <typename HashOf>
  void Reserve(size_t count, HashOf hash_of) {
    if (count * 5 <= slots_.size() * 4) return;
    const size_t wanted = std::max({slots_.size() + slots_.size() / 4, count + count / 4 + 1, kSlotsMin});
    FENFEN_CHECK(wanted < std::numeric_limits<uint32_t>::max());
    std::vector<Entry> grown(wanted);
    // The order of the slots is nearly that of the hashes, so both tables are walked from end to end.
    for (const Entry& entry : slots_) {
      if (!entry.empty()) Place(grown, entry, hash_of(entry));
    }
    slots_.swap(grown);
  }

  // Lets the memory that a Find or Add of this hash will look at come near.
  void Prefetch(uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[SlotOf(hash, slots_.size())]);
  }

  template <typename Visitor>
  void Visit(Visitor visit) const {
    for (const Entry& entry : slots_) {
      if (!entry.empty()) visit(entry);
    }
  }

  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

 private:
  static constexpr size_t kSlotsMin = 4;
  static size_t SlotOf(uint64_t hash, size_t slots) { return static_cast<size_t>((hash >> 32) * slots >> 32); }
  size_t After(size_t at) const { return at + 1 == slots_.size() ? 0 : at + 1; }
  static void Place(std::vector<Entry>& slots, const Entry& entry, uint64_t hash) {
    size_t at = SlotOf(hash, slots.size());
    while (!slots[at].empty()) at = at + 1 == slots.size() ? 0 : at + 1;
    slots[at] = entry;
  }

  std::vector<Entry> slots_;
  size_t count_ = 0;
};

}  // namespace fenfen
