// GroupWriter: one group of entries, one transaction of PostgreSQL's.
//
//   lock the heads of the group's partitions → what is there already, compared byte for byte → what follows, copied → heads → COMMIT
//
// The lock is held from before a head is read until the commit, by every server, so of two that write a partition one sees what the other
// wrote. That makes a group that may or may not have been committed (the connection was lost) the same as a group that another server
// wrote: it is written again, and whatever of it is there is compared.
//
// A new entry of an older term than its partition's present one was committed in a State that is not the right one any more: it is refused,
// and nothing else. One that is there already with the same bytes counts whatever its term: another server swept it.
//
// Rows go by COPY, a table at a time. Beside multi-row INSERT … SELECT FROM unnest($1, $2 …), on two cores with the server on the same
// machine, a transaction of four postings: alike at 1 and 64 entries a group (the commit is most of it), 25 to 27 thousand entries a second
// against 17 to 23 at 1,024. The whole journal reaches what these four COPYs reach by themselves.
//
// One thread at a time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "ledger/core/transaction.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/postgres/pg_connection.h"

namespace fenfen {

// What became of an entry.
struct EntryFate {
  enum class Kind : uint8_t {
    kStored,   // durable, now or before
    kWaits,    // not written: the entry before it is not there, and may yet come
    kStale,    // not written: its term is over
    kRefused,  // not written, and its partition must not be written any more
  };
  Kind kind = Kind::kStored;
  std::string why;       // unless stored
  bool earlier = false;  // stored before, under another record time: another server took it from the outbox
};

class GroupWriter {
 public:
  // The session is used until an error of Write. `terms`: whether entries have terms; not so for the only writer's, whose lock keeps others
  // out.
  GroupWriter(PgConnection& session, bool terms) : session_(session), terms_(terms) {}

  // Sets the session up, reads which months there are, and makes those that will be needed soon. To be called first.
  absl::Status Prepare();

  // Writes the entries, each partition's in sequence order. On OK every entry has its fate; after an error nothing is known of any, and the
  // session is closed: UNAVAILABLE, ALREADY_EXISTS (a request key, see FindReusedKeys) or as PgConnection says.
  absl::StatusOr<std::vector<EntryFate>> Write(absl::Span<const JournalEntry* const> entries);

  // Those of `entries` whose request key another entry of their partition has, here or in the journal, with the reason; by their place.
  absl::StatusOr<std::map<size_t, std::string>> FindReusedKeys(absl::Span<const JournalEntry* const> entries);

 private:
  using Place = std::pair<uint16_t, uint64_t>;  // partition and sequence number
  struct New {
    const JournalEntry* entry;
    Transaction transaction;
  };
  struct Stored {
    std::string bytes;
    absl::Time record_time;
  };
  // A group under way.
  struct Group {
    absl::Span<const JournalEntry* const> entries;
    std::vector<EntryFate> fates;
    std::map<uint16_t, uint64_t> heads;         // as found, then as they will be
    std::map<uint16_t, uint64_t> terms;         // the present ones
    absl::flat_hash_map<Place, Stored> stored;  // what is there already
    std::map<uint16_t, std::string> refused;    // partitions, and why
    std::vector<New> fresh;                     // what is to be written
    absl::flat_hash_map<Place, const JournalEntry*> fresh_places;
  };

  absl::Status LockHeads(Group& group);
  absl::Status ReadStored(Group& group);
  void Judge(Group& group);
  EntryFate JudgeOne(Group& group, const JournalEntry& entry);
  absl::Status CopyFresh(Group& group);
  absl::Status Commit(const Group& group);
  absl::StatusOr<absl::CivilMonth> MonthFor(absl::Time record_time);
  absl::Status MakeMonth(absl::CivilMonth month);

  PgConnection& session_;
  const bool terms_;
  std::map<absl::CivilMonth, bool> months_;  // that there are, and whether their rows are here
};

}  // namespace fenfen
