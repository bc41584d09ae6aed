#include "server/services/device_sequences.h"

#include <algorithm>

#include "ledger/core/bytes.h"

namespace fenfen::server {
namespace {

// On disk, do not renumber.
constexpr uint8_t kFormat = 1;

}  // namespace

// memo := u8(1)  n × { device:u64  n × { sequence:varint partition:varint } }
std::string DeviceSequences::SaveMemo() const {
  std::string devices;
  ByteWriter w(devices);
  size_t count = 0;
  for (const Shard& shard : shards_) {
    absl::ReaderMutexLock lock(&shard.mutex);
    count += shard.devices.size();
    for (const auto& [device, ring] : shard.devices) {
      w.U64(device.value());
      w.Varint(static_cast<uint64_t>(std::count_if(ring.begin(), ring.end(), [](Used used) { return used.taken(); })));
      for (size_t slot = 0; slot < ring.size(); ++slot) {
        if (!ring[slot].taken()) continue;
        w.Varint(ring[slot].SequenceAt(slot));
        w.Varint(ring[slot].partition().value());
      }
    }
  }
  std::string memo;
  ByteWriter head(memo);
  head.U8(kFormat);
  head.Varint(count);
  return memo + devices;
}

absl::Status DeviceSequences::LoadMemo(absl::string_view memo, InParallel) {
  if (memo.empty()) return absl::OkStatus();
  ByteReader in(memo);
  if (in.U8() != kFormat) return absl::DataLossError("the format is not known");
  const size_t devices = in.Count();
  for (size_t d = 0; d < devices && !in.failed(); ++d) {
    const CatalogueId device(in.U64());
    const size_t count = in.Count();
    for (size_t n = 0; n < count && !in.failed(); ++n) {
      const uint64_t sequence = in.Varint();
      const uint64_t partition = in.Varint();
      if (partition >= kPartitions || sequence >> 62 != 0) in.Fail();
      if (!in.failed()) Add(device, sequence, PartitionId(static_cast<uint16_t>(partition)));
    }
  }
  return in.Finished() ? absl::OkStatus() : absl::DataLossError("the memo does not have its form");
}

}  // namespace fenfen::server
