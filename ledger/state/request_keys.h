// RequestKeys: which request keys a partition has seen, within the remembered window, and what became of them.
//
// A client's key carries its time: keys are kept by day and forgotten limits::kRequestKeyAgeMax after it; the server refuses older ones
// before they come here. A device's keys are its event numbers: of each device the latest limits::kDeviceWindow are kept, 16 bytes each,
// and anything at or below the highest number forgotten is answered kForgotten, never taken as new. Of the fingerprint 32 bits are kept:
// enough to refuse another body at once; the engine compares the whole with the stored transaction. Not thread-safe: the partition's lock
// guards it.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "ledger/core/compact_table.h"
#include "ledger/core/partition_contents.h"
#include "ledger/state/byte_arena.h"

namespace fenfen {

class RequestKeys {
 public:
  enum class Verdict {
    kNew,        // never seen
    kSame,       // seen, with this fingerprint
    kOther,      // seen, with another
    kForgotten,  // too old to tell
  };
  struct Found {
    Verdict verdict = Verdict::kNew;
    PartitionSeq seq;  // for kSame and kOther
  };

  Found Find(const RequestKey& key, uint64_t fingerprint) const;
  // Lets the memory that Find will look at come near.
  void Prefetch(const RequestKey& key) const;
  // Remembers a key that was kNew. `seq` < 2^32.
  void Add(const RequestKey& key, uint64_t fingerprint, PartitionSeq seq);
  // Adds everything held to what a snapshot keeps; and takes it back, where nothing is held yet.
  void Save(PartitionContents& contents) const;
  void Load(const PartitionContents& contents);
  // How many keys are held.
  size_t size() const;

 private:
  using Effect = PartitionContents::Effect;
  using Event = PartitionContents::Event;
  struct Key {
    RequestKey key;
    Effect effect;
    bool empty() const { return effect.seq == 0; }  // sequence numbers begin with 1
  };
  struct Window {
    uint64_t device = 0;
    uint64_t forgotten = 0;        // the highest number no longer held
    ByteArena::Handle events = 0;  // at least one, in the order of their numbers
    bool empty() const { return events == 0; }
  };
  // Clients choose their keys, so where one lies must not be foreseen.
  uint64_t HashOf(const RequestKey& key) const { return MixBits(key.high ^ MixBits(key.low ^ seed_)); }
  static uint64_t HashOf(uint64_t device) { return MixBits(device); }
  static Effect EffectOf(uint64_t fingerprint, PartitionSeq seq);
  static Found Compare(const Effect& effect, uint64_t fingerprint);
  const Window* FindWindow(uint64_t device) const;
  Found FindEvent(const Window& window, uint64_t number, uint64_t fingerprint) const;
  void AddKey(const Key& key);
  void AddEvent(uint64_t device, Event event);
  // False where it does not belong at the end, or there is no room.
  bool AppendEvent(Window& window, const Event& event);
  std::vector<Event> EventsOf(const Window& window) const;
  void SetEvents(Window& window, const std::vector<Event>& events);

  const uint64_t seed_ = MixBits(reinterpret_cast<uintptr_t>(this));
  std::map<int64_t, CompactTable<Key, Order::kByDistance>> days_;  // by the day of the key's time
  CompactTable<Window> devices_;
  ByteArena events_;  // of all windows, each an Event's bytes after another
};

}  // namespace fenfen
