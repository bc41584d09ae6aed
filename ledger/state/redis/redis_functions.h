// Calls of the function library (fenfen.lua) as commands, and their replies as values. Nothing here talks to Redis.
//
//   RedisCommand command = CommitCall(keys, fence, journaled, entries);    … reply …    ParseVerdicts(reply)
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ledger/core/transaction.h"
#include "ledger/state/redis/partition_keys.h"
#include "ledger/state/redis/redis_reply.h"

namespace fenfen {

// What a call must find: whose the partition is, and in which life of a Redis it was opened.
struct FenceToken {
  uint64_t journal = 0;  // JournalTail::Id
  std::string replid;    // what OpenCall gave
  PartitionSeq lowest;   // the partition was there already
};

// One entry of a commit: an effect, or a refusal that is to be confirmed.
struct CommitEntry {
  RequestKey key;
  uint64_t fingerprint = 0;
  std::vector<std::pair<RecordKey, PartitionSeq>> versions;  // that it was decided on; 0 for no record
  std::vector<std::pair<AccountId, Points>> balances;        // that it was decided on
  const Transaction* transaction = nullptr;                  // null for a refusal
};

// What became of an entry, or of a request key that was asked for.
struct Verdict {
  enum class Kind : char {
    kCommitted = 'C',
    kRefusalHolds = 'R',
    kChanged = 'V',    // something that it was decided on has changed
    kSame = 'S',       // the request key had its effect before
    kOther = 'O',      // the same, under another fingerprint
    kForgotten = 'F',  // the request key is too old to tell
    kNew = 'N',        // the request key was never seen
  };
  Kind kind;
  PartitionSeq seq;  // with kCommitted and kSame
};

// Amounts by account, each account once: what an account's bound holds for.
std::vector<std::pair<AccountId, int64_t>> NetPostings(const std::vector<Posting>& postings);

RedisCommand CommitCall(const PartitionKeys& keys, const FenceToken& fence, PartitionSeq journaled, absl::Span<const CommitEntry> entries);
// Redoes the transactions that come after `last`.
RedisCommand RestoreCall(const PartitionKeys& keys, uint64_t journal, PartitionSeq last, absl::Span<const Transaction> transactions);
// A verdict for each entry that was tried, the first ones; the library says when it stops. INTERNAL for anything else.
absl::StatusOr<std::vector<Verdict>> ParseVerdicts(RedisValue reply);

struct KeyToFind {
  RequestKey key;
  uint64_t fingerprint;
};
RedisCommand LoadCall(const PartitionKeys& keys, const FenceToken& fence, absl::Span<const RecordKey> records,
                      absl::Span<const AccountId> accounts, absl::Span<const KeyToFind> requests);
// In the order asked for. The records' bytes are good as long as the reply.
struct Loaded {
  PartitionSeq last;
  std::vector<std::optional<RecordView>> records;
  std::vector<Points> balances;
  std::vector<Verdict> requests;
};
absl::StatusOr<Loaded> ParseLoaded(RedisValue reply);

RedisCommand DumpCall(const PartitionKeys& keys, const FenceToken& fence);

// The fence's.
RedisCommand LookCall(const PartitionKeys& keys, uint64_t journal, PartitionSeq first, size_t count);
RedisCommand ResetCall(const PartitionKeys& keys, uint64_t journal);
RedisCommand OpenCall(const PartitionKeys& keys, uint64_t journal, PartitionSeq last);
RedisCommand SettleCall(const PartitionKeys& keys, uint64_t journal, PartitionSeq journaled);

}  // namespace fenfen
