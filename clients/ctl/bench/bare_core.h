// The bare limits of a durable ledger on this machine: what one thread can do with nothing around it.
//
// BareCore: balances in a plain array, a reserved map of 128-bit ids against doubles, as many bytes copied a transaction as ours stores,
// their CRC32C, and for each batch one pwrite into a file of zeros and one fdatasync. It validates that no balance goes below zero, and
// nothing else. Not thread-safe.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/ctl/bench/keys.h"
#include "clients/ctl/bench/picks.h"

namespace fenfen::bench {

// A file of zeros that is written round and round, as a segment is after it was made. Each write is followed by fdatasync.
class ZeroedFile {
 public:
  // Makes it, `bytes` long, durably.
  static absl::StatusOr<std::unique_ptr<ZeroedFile>> Make(const std::string& path, size_t bytes);
  ~ZeroedFile();
  ZeroedFile(const ZeroedFile&) = delete;
  ZeroedFile& operator=(const ZeroedFile&) = delete;

  // Writes behind the last write, or from the start where there is no room; `bytes` is no longer than the file.
  absl::Status WriteDurably(absl::string_view bytes);
  // The median of writing 4 KiB durably, over as long as `time`. In seconds.
  absl::StatusOr<double> MedianSync(absl::Duration time);

 private:
  ZeroedFile(int fd, size_t bytes) : fd_(fd), bytes_(bytes) {}
  const int fd_;
  const size_t bytes_;
  size_t at_ = 0;
};

// Touches what it allocates, so that a reserved table costs no page faults later.
template <typename T>
struct TouchingAllocator {
  using value_type = T;
  TouchingAllocator() = default;
  template <typename U>
  TouchingAllocator(const TouchingAllocator<U>&) {}  // NOLINT: converts, as allocators do
  T* allocate(size_t count) {
    void* memory = ::operator new(count * sizeof(T));
    std::memset(memory, 1, count * sizeof(T));
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t) { ::operator delete(memory); }
  friend bool operator==(const TouchingAllocator&, const TouchingAllocator&) { return true; }
};

class BareCore {
 public:
  // `file` outlives it. `accounts`: as in the picks that Run will get; each begins with plenty.
  BareCore(ZeroedFile& file, uint32_t accounts);

  // Transactions a second, durable in batches of `batch`, for as long as `time`. `stored_bytes`: of one transaction, at least 24.
  absl::StatusOr<double> Run(const Picks& picks, size_t batch, size_t stored_bytes, absl::Duration time);

 private:
  using Ids = absl::flat_hash_map<RequestKey, uint64_t, absl::Hash<RequestKey>, std::equal_to<RequestKey>,
                                  TouchingAllocator<std::pair<const RequestKey, uint64_t>>>;
  // Applies one and appends its record to the batch; false where it was seen before or its account is too low.
  bool Apply(const Picks::Pick& pick, size_t stored_bytes);

  ZeroedFile& file_;
  std::vector<int64_t> balances_;
  std::unique_ptr<Ids> ids_;
  KeySource keys_{0xffff};
  uint64_t count_ = 0;
  std::string buffer_;
  size_t filled_ = 0;
};

}  // namespace fenfen::bench
