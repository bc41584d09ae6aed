// What the decisions about a household's people share: who is head, what a household was looked up by, and writing it.
//
// A household has one or more heads. An imported one names none: then its first adult is, until a change to its members says so.
//
// All of it is pure.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "fenfen/v1/household.pb.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// The number of the head, the lowest where there are several; 0 where nobody can be.
uint32_t HeadOf(const HouseholdRecord& household);
bool IsHead(const HouseholdRecord& household, uint32_t member);
// What a member is, for people: the head is one whether or not by name.
v1::MemberRole RoleOf(const HouseholdRecord& household, uint32_t member);
// Writes down who is head, where nobody is by name yet.
void NameHead(HouseholdRecord& household);
// True for a number of one who is there, 0 excluded.
bool IsPresent(const HouseholdRecord& household, uint32_t member);

// HOUSEHOLD_CLOSED for one that was merged into another.
absl::Status CheckOpen(const HouseholdRecord& household);
// NOT_HEAD where `actor` is a resident and not the head of this household. The staff and the system may.
absl::Status CheckHead(const Actor& actor, HouseholdId id, const HouseholdRecord& household);
// Where nobody is head by name any more, makes `next_head` so; HEAD_NEEDED where that is no adult who is there. `lost`: whether the change
// took the head away.
absl::Status KeepHead(HouseholdRecord& household, bool lost, uint32_t next_head);

// As ReadHousehold; HOUSEHOLD_CLOSED too.
absl::StatusOr<Versioned<HouseholdRecord>> ReadOpenHousehold(const View& view, HouseholdId id);
// The household's record and the balances.
ReadSet HouseholdReads(HouseholdId id);

ledger::v1::FormerNames FormerNamesOf(const HouseholdRecord& household);
// What the household of a transaction was looked up by before it; nullopt where the transaction says nothing of it.
std::optional<HouseholdNames> FormerNamesIn(const Transaction& transaction);

// A transaction that posts nothing: the household as changed, and why.
Transaction PeopleTransaction(TransactionKind kind, const View& view, HouseholdId id, const Versioned<HouseholdRecord>& household,
                              const ledger::v1::KeepingFacts& facts, const DecisionContext& context);

// The number of a new record: the partition in the top 8 bits, then 56 bits of a hash.
uint64_t RecordNumber(PartitionId partition, uint64_t hash);
uint64_t HashOf(const RequestKey& key, HouseholdId household);

}  // namespace fenfen
