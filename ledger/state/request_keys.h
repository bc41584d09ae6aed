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

#include "absl/container/flat_hash_map.h"
#include "ledger/core/partition_contents.h"

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
  struct Window {
    uint64_t forgotten = 0;     // the highest number no longer held
    std::vector<Event> events;  // in the order of their numbers
  };
  static Effect EffectOf(uint64_t fingerprint, PartitionSeq seq);
  static Found Compare(const Effect& effect, uint64_t fingerprint);
  void AddEvent(Window& window, uint64_t number, Effect effect);

  std::map<int64_t, absl::flat_hash_map<RequestKey, Effect>> days_;  // by the day of the key's time
  absl::flat_hash_map<uint64_t, Window> devices_;
};

}  // namespace fenfen
