// The keys and fields of a partition in Redis (docs/formats/redis.md). In Redis, do not change without another format number.
//
// All keys of a partition share one hash tag, so they lie in one slot of a cluster and one function may touch them together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "ledger/core/account.h"
#include "ledger/core/ids.h"
#include "ledger/core/record.h"
#include "ledger/core/request_key.h"

namespace fenfen {

class PartitionKeys {
 public:
  // Request keys lie by the day of their time, in a ring of so many.
  static constexpr int kDays = 47;
  // The keys that every function names: meta, records, accounts, devices, outbox.
  static constexpr int kBooks = 5;

  // "fenfen:{demo.3}:meta" for the deployment "demo".
  PartitionKeys(absl::string_view deployment, PartitionId partition);

  // `book` < kBooks; `day` < kDays.
  std::string Book(int book) const;
  std::string Day(int day) const;
  // Any other key of the partition: "fenfen:{demo.3}:counted" for "counted".
  std::string Named(absl::string_view name) const;
  // Where a cluster has all of them.
  uint16_t slot() const { return slot_; }

 private:
  std::string prefix_;
  uint16_t slot_;
};

// Slots of a cluster.
inline constexpr uint16_t kSlots = 16384;
// The slot of a hash tag, or of a key without one: CRC16 (XMODEM) modulo 16384 (Redis Cluster specification, "Key distribution model").
uint16_t SlotOf(absl::string_view tag);

// Letters, digits and hyphens, 1 to 32: nothing that could end a hash tag.
bool IsDeploymentName(absl::string_view name);

// "1/10000001": kind and id.
std::string RecordField(const RecordKey& key);
std::optional<RecordKey> ParseRecordField(absl::string_view field);
// "2/1/10000001": kind, asset and owner.
std::string AccountField(const AccountId& account);
std::optional<AccountId> ParseAccountField(absl::string_view field);

// A record's value: its version, a space, its bytes. nullopt where it is not one.
std::optional<RecordView> ParseRecordValue(absl::string_view value);

// 16 bytes, big-endian.
std::string RequestField(const RequestKey& key);
// The days since 1970 of a client's key; not for a device's.
int64_t RequestDay(const RequestKey& key);

}  // namespace fenfen
