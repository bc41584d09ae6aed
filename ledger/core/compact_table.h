// CompactTable: a hash table for many small entries, growing by a quarter when it is 4/5 full: about 1.4 times the entries' bytes in the
// mean, where absl's maps take 1.8. Entries are added and changed, never removed. It holds entries alone and does not know their hashes:
// the caller gives them, well mixed in the upper 32 bits.
//
//   table.Find(hash, [&](const Entry& e) { return e.id == id; })     the entry, or nullptr
//   table.Add(entry, [](const Entry& e) { return MixBits(e.id); })   after Find gave nullptr
//
// With Order::kByDistance entries stand in the order of their hashes (Celis' Robin Hood hashing, 1986), so that FindOrTell, which is given
// hash_of too, sees after two or three entries that there is none, where Find looks at ten: for tables that are mostly asked for what they
// do not hold. Adding then asks for the hashes of the entries in its way.
//
// Entry is small and copied freely; one that is made by default is empty(), and others never are. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "ledger/core/check.h"
#include "ledger/core/prefetch.h"

namespace fenfen {

enum class Order { kAny, kByDistance };

template <typename Entry, Order kOrder = Order::kAny>
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

  // As Find, and sooner where there is none.
  template <typename Match, typename HashOf>
  Entry* FindOrTell(uint64_t hash, Match match, HashOf hash_of) {
    return const_cast<Entry*>(static_cast<const CompactTable*>(this)->FindOrTell(hash, match, hash_of));
  }
  template <typename Match, typename HashOf>
  const Entry* FindOrTell(uint64_t hash, Match match, HashOf hash_of) const {
    static_assert(kOrder == Order::kByDistance);
    if (count_ == 0) return nullptr;
    const size_t home = SlotOf(hash, slots_.size());
    size_t distance = 0;
    for (size_t at = home; !slots_[at].empty(); at = After(at), ++distance) {
      if (match(slots_[at])) return &slots_[at];
      if (DistanceAt(slots_, at, hash_of(slots_[at])) < distance) return nullptr;
    }
    return nullptr;
  }

  // Adds an entry beside those that there are. `hash_of` gives an entry's hash.
  template <typename HashOf>
  void Add(const Entry& entry, HashOf hash_of) {
    Reserve(count_ + 1, hash_of);
    Place(slots_, entry, hash_of);
    ++count_;
  }

  // As FindOrTell for the entry's own hash; adds the entry where there is none. `match` holds for entries of that hash alone.
  template <typename Match, typename HashOf>
  Entry* FindOrAdd(const Entry& entry, Match match, HashOf hash_of) {
    static_assert(kOrder == Order::kByDistance);
    Reserve(count_ + 1, hash_of);
    const uint64_t hash = hash_of(entry);
    size_t at = SlotOf(hash, slots_.size());
    size_t distance = 0;
    for (; !slots_[at].empty(); at = After(at), ++distance) {
      if (match(slots_[at])) return &slots_[at];
      // The first that gives way: behind it stands none of this hash.
      if (GivesWay(slots_, at, hash_of(slots_[at]), distance, hash)) break;
    }
    PlaceFrom(slots_, at, distance, entry, hash_of);
    ++count_;
    return nullptr;
  }

  // Makes room for so many entries in all.
  template <typename HashOf>
  void Reserve(size_t count, HashOf hash_of) {
    if (count * 5 <= slots_.size() * 4) return;
    const size_t wanted = std::max({slots_.size() + slots_.size() / 4, count + count / 4 + 1, kSlotsMin});
    FENFEN_CHECK(wanted < std::numeric_limits<uint32_t>::max());
    std::vector<Entry> grown(wanted);
    // The order of the slots is nearly that of the hashes, so both tables are walked from end to end.
    size_t next = 0;
    for (size_t at = 0; at < slots_.size(); ++at) {
      if (slots_[at].empty()) continue;
      if (kOrder == Order::kAny || !PlaceNext(grown, next, at, hash_of)) Place(grown, slots_[at], hash_of);
    }
    slots_.swap(grown);
  }

  // Lets the memory that a Find or Add of this hash will look at come near.
  void Prefetch(uint64_t hash) const {
    if (!slots_.empty()) PrefetchForRead(&slots_[SlotOf(hash, slots_.size())]);
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
  // How far an entry of this hash, standing at `at`, is from where it would stand alone.
  static size_t DistanceAt(const std::vector<Entry>& slots, size_t at, uint64_t hash) {
    const size_t home = SlotOf(hash, slots.size());
    return at >= home ? at - home : at + slots.size() - home;
  }
  // Where all that come before stand before `next`, an entry's place is its own or the next: nothing gives way. False where it is one that
  // stands around the end, here or there.
  template <typename HashOf>
  bool PlaceNext(std::vector<Entry>& grown, size_t& next, size_t at, HashOf hash_of) const {
    const uint64_t hash = hash_of(slots_[at]);
    const size_t place = std::max(SlotOf(hash, grown.size()), next);
    if (at < SlotOf(hash, slots_.size()) || place == grown.size() || !grown[place].empty()) return false;
    grown[place] = slots_[at];
    next = place + 1;
    return true;
  }
  // Whether the entry at `at`, of the hash `other`, gives way to one that has come `distance` far: who is nearer to its own place does;
  // among those of one place, who has the greater hash. So all stand in the order of their hashes, and do so again in a larger table
  // (PlaceNext).
  static bool GivesWay(const std::vector<Entry>& slots, size_t at, uint64_t other, size_t distance, uint64_t hash) {
    const size_t others = DistanceAt(slots, at, other);
    return others < distance || (others == distance && other > hash);
  }
  template <typename HashOf>
  static void Place(std::vector<Entry>& slots, const Entry& entry, HashOf hash_of) {
    PlaceFrom(slots, SlotOf(hash_of(entry), slots.size()), 0, entry, hash_of);
  }
  // At `at`, `distance` from its own place, or behind. Who gives way goes on looking.
  template <typename HashOf>
  static void PlaceFrom(std::vector<Entry>& slots, size_t at, size_t distance, Entry entry, HashOf hash_of) {
    for (uint64_t hash = hash_of(entry); !slots[at].empty(); at = at + 1 == slots.size() ? 0 : at + 1, ++distance) {
      if constexpr (kOrder == Order::kAny) continue;
      const uint64_t other_hash = hash_of(slots[at]);
      if (!GivesWay(slots, at, other_hash, distance, hash)) continue;
      distance = DistanceAt(slots, at, other_hash);
      std::swap(entry, slots[at]);
      hash = other_hash;
    }
    slots[at] = entry;
  }

  std::vector<Entry> slots_;
  size_t count_ = 0;
};

}  // namespace fenfen
