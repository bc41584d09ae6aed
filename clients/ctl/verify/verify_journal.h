// The independent checker: reads a journal from its first byte to its last, folds it in its own way, and names everything that does not
// hold. It shares the reading of the format with the engine and nothing else.
//
//   absl::StatusOr<VerifyReport> report = VerifyJournal("data/journal", {.balances = true});
//   if (report.ok() && report->findings_total == 0) …  // fine; report->balances has every household
//
// Checked: framing and checksums; sequence numbers without gap; every household, voucher and catalogue record in its partition; postings
// that sum to zero per asset, in a transaction and over the whole; amounts in range and bounds never crossed, at any point; request keys
// with one effect; the chain of each record's versions; lots that add up to the balance, open vouchers to what is held; a voucher captured
// at most once, with its merchant credited; and digests that a server claims for its state.
//
// A journal whose oldest segments are archived: with the archive, the same, and that what BEGINNING says is true; without it, from balances
// that are derived backwards from a snapshot (openings.h), and the report says so.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/core/transaction.h"
#include "ledger/journal/segment_reader.h"

namespace fenfen::ctl {

// What a server says of a partition's state, or a file that it wrote.
struct ClaimedDigest {
  PartitionId partition;
  PartitionSeq seq;
  std::string sha256;      // 32 bytes
  std::string where = {};  // the file, or kRedis; empty for the server

  static constexpr char kRedis[] = "Redis";
};

struct VerifyOptions {
  bool live = false;      // a server may be writing
  bool balances = false;  // fill VerifyReport::balances
  std::vector<ClaimedDigest> digests = {};
  std::string archive = {};    // where the oldest segments were moved to; empty = they are not at hand
  std::string snapshots = {};  // the folder of the server's snapshots, for a journal without its archive
};

// Something that does not hold.
struct Finding {
  std::string what;
  std::string file;                      // empty where no place is to name
  uint64_t offset = 0;                   // of the record or header in it
  std::optional<uint64_t> damaged_byte;  // the very byte's, where a single one explains the damage
  std::optional<PartitionId> partition;
  PartitionSeq seq;
};

// Hundredths of a point.
struct HouseholdBalance {
  HouseholdId household;
  int64_t reward = 0;
  int64_t held = 0;  // for open vouchers
  int64_t civic = 0;
};
struct AssetTotals {
  int64_t programme = 0;
  int64_t household = 0;
  int64_t held = 0;
  int64_t merchant = 0;
  int64_t expired = 0;
  int64_t settled = 0;
  int64_t in_transit = 0;
  int64_t debt = 0;
  int64_t Sum() const { return programme + household + held + merchant + expired + settled + in_transit + debt; }
};

struct VerifyReport {
  static constexpr size_t kFindingsMax = 100;

  std::vector<Finding> findings;  // the first of them
  uint64_t findings_total = 0;
  uint64_t segments = 0;
  uint64_t groups = 0;
  uint64_t transactions = 0;
  uint64_t postings = 0;
  uint64_t bytes = 0;  // of groups
  uint64_t households = 0;
  uint64_t vouchers_reserved = 0;
  uint64_t vouchers_captured = 0;
  uint64_t digests_equal = 0;         // of the server's
  uint64_t redis_digests_equal = 0;   // of what lies in Redis
  uint64_t redis_ahead = 0;           // partitions of which Redis has transactions that are not journaled yet; not a finding
  uint64_t stored_digests_equal = 0;  // of those in snapshots and BEGINNING
  uint32_t first_segment = 1;         // the journal's; those before it are archived
  // False where archived segments were not read; `segments` and the like count what was. Not a finding.
  bool whole = true;
  uint64_t snapshot = 0;         // that the openings were derived from, where it is not whole
  bool unfinished_tail = false;  // a write that was never acknowledged; not a finding
  AssetTotals reward;
  AssetTotals civic;
  std::array<PartitionSeq, kPartitions> last{};
  std::vector<HouseholdBalance> balances;  // by household
  absl::Duration took;
};

// NOT_FOUND where the folder holds no journal; FAILED_PRECONDITION where it is not whole, and there is neither its archive nor a snapshot
// that holds all that is archived; other errors where it cannot be read. Damage is a finding, behind which nothing is read.
absl::StatusOr<VerifyReport> VerifyJournal(FileSystem& files, const std::string& directory, const VerifyOptions& options);
// Entries that do not lie in a journal's files.
class EntrySource {
 public:
  struct Entry {
    PartitionId partition;
    PartitionSeq seq;
    absl::string_view bytes;
    uint64_t place = 0;  // for people: Finding::offset
  };
  using Take = absl::FunctionRef<void(const Entry&)>;
  using Note = absl::FunctionRef<void(Finding)>;

  virtual ~EntrySource() = default;
  // Gives every entry to `take`, each partition's in order, and what does not hold of their keeping to `note`.
  virtual absl::Status Read(Take take, Note note) = 0;
};

// The same for them: of the report, segments, groups and bytes stay 0.
absl::StatusOr<VerifyReport> VerifyEntries(EntrySource& source, const VerifyOptions& options);

// The same with the machine's files.
absl::StatusOr<VerifyReport> VerifyJournal(const std::string& directory, const VerifyOptions& options);

}  // namespace fenfen::ctl
