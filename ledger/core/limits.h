// Every limit of the ledger, in one place. Units are last in a name.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace fenfen::limits {

// One encoded transaction; a catalogue import of 20,000 items fits.
inline constexpr size_t kTransactionBytesMax = 16u << 20;
inline constexpr size_t kPostingsMax = 64;
inline constexpr size_t kChangesMax = 200'000;
inline constexpr size_t kRecordBytesMax = 64u << 10;
inline constexpr size_t kWhyBytesMax = 64u << 10;

// Commands in one call of the engine, and works of one partition in one call of the State.
inline constexpr size_t kCommandsMax = 8192;
inline constexpr size_t kExecuteMax = 64;

// Bytes that may wait for the journal before new work is refused.
inline constexpr size_t kJournalQueueBytesMax = 64u << 20;
inline constexpr size_t kJournalSegmentBytes = 64u << 20;
// One write and one fdatasync; a longer transaction goes alone.
inline constexpr size_t kJournalGroupBytesMax = 4u << 20;

inline constexpr int64_t kWeightGramsMax = 50'000;
inline constexpr uint64_t kHouseholdIdMax = (uint64_t{1} << 53) - 1;
inline constexpr int kMembersMax = 20;
inline constexpr int kDayWindowMax = 32;      // days of counters kept in a household
inline constexpr int kStationCodesKept = 16;  // codes a household remembers having used
inline constexpr int kLotsMax = 64;
inline constexpr int kImportRowsMax = 200'000;
inline constexpr int kPageSizeMax = 100;

// Events of one device remembered in each partition: some 16,000 in all, two months of a busy station.
inline constexpr size_t kDeviceWindow = 64;

inline constexpr absl::Duration kRequestKeyAgeMax = absl::Hours(24 * 45);
inline constexpr absl::Duration kClockAheadMax = absl::Minutes(5);
inline constexpr absl::Duration kRetryDelayWhenBusy = absl::Milliseconds(200);

}  // namespace fenfen::limits
