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

// What a call must find: whose the partition is, and how it was opened. All servers that write a partition have the same but for `lowest`.
struct FenceToken {
  uint64_t journal = 0;  // JournalTail::Id
  uint64_t term = 0;     // of the journal (JournalTail::Claim)
  std::string replid;    // of the Redis, in the life in which it was opened
  std::string nonce;     // of whoever opened it
  PartitionSeq lowest;   // the partition was there already

  // As the library compares it.
  std::string Opening() const;
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
RedisCommand RestoreCall(const PartitionKeys& keys, uint64_t journal, uint64_t term, PartitionSeq last,
                         absl::Span<const Transaction> transactions);
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

// Where a partition is.
struct Place {
  bool there = false;  // with all its keys; else nothing of this holds
  PartitionSeq last;
  PartitionSeq settled;
  uint64_t term = 0;
  std::string replid;    // under which it was opened; empty while somebody repairs it
  std::string nonce;     // of whoever opened it
  std::string repairer;  // who has said that he will repair it; empty where it has been opened since
  std::string present;   // the replid of this Redis
};
RedisCommand LookCall(const PartitionKeys& keys, uint64_t journal);
absl::StatusOr<Place> ParsePlace(RedisValue reply);
// Says that `repairer` will repair it, where the one who last said so is `before`. The reply is 1, or 0 where he is not.
RedisCommand IntendCall(const PartitionKeys& keys, uint64_t journal, const std::string& before, const std::string& repairer);

// Transactions of the outbox from `first` on, `count` at most; 0 for none. `opening` may be empty: the partition is closed.
RedisCommand OutboxCall(const PartitionKeys& keys, uint64_t journal, const std::string& opening, PartitionSeq first, size_t count);
struct Outbox {
  PartitionSeq last;
  PartitionSeq settled;
  std::vector<std::string> transactions;
};
absl::StatusOr<Outbox> ParseOutbox(RedisValue reply);

// Closes the partition for whoever has claimed the terms from + 1 to `to`, or 0 and 0. In the place that comes back, `term` is what was
// there where that is none of them and nothing was done, else `to`.
RedisCommand ClaimCall(const PartitionKeys& keys, uint64_t journal, uint64_t from, uint64_t to);
absl::StatusOr<Place> ParseClaimed(RedisValue reply, uint64_t to);

RedisCommand ResetCall(const PartitionKeys& keys, uint64_t journal, uint64_t term);
// Its reply is the replid.
RedisCommand OpenCall(const PartitionKeys& keys, uint64_t journal, uint64_t term, PartitionSeq last, const std::string& nonce);
RedisCommand SettleCall(const PartitionKeys& keys, const FenceToken& fence, PartitionSeq journaled);

}  // namespace fenfen
