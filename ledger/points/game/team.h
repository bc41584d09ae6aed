// Teams: a record in the founder's partition, and in each member's record of choices the team's number. A member joins and leaves by one
// transaction of its own partition; who belongs to a team is told by a projection (ledger/projections/players.h).
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// Households of a team. Asked of the projection before one joins, so two that join at the same moment may make it one more.
inline constexpr size_t kTeamMembersMax = 50;
inline constexpr size_t kTeamTitleBytesMax = 48;

constexpr RecordKey TeamKey(uint64_t team) { return {RecordKind::kTeam, team}; }
constexpr PartitionId PartitionOfTeam(uint64_t team) { return PartitionId(static_cast<uint16_t>(team >> 56)); }
// The number of the team that a request founds: the partition, then 56 bits of a hash of the key.
uint64_t TeamIdFor(HouseholdId founder, const RequestKey& key);

struct TeamFacts {
  HouseholdId household;
  uint64_t team = 0;     // that is founded, joined or left
  std::string title;     // of a new one; of an old one as its record has it
  bool is_free = false;  // the team that it is in is dissolved, so it may go without leaving
};

ReadSet TeamReads(const TeamFacts& facts);

// HOUSEHOLD_UNKNOWN, TEAM_TAKEN where it is in another, FIELD_MALFORMED (title).
absl::StatusOr<Transaction> DecideTeamFounding(const View& view, const TeamFacts& facts, const DecisionContext& context);
// The team's record was read before; it never goes away. HOUSEHOLD_UNKNOWN, TEAM_TAKEN.
absl::StatusOr<Transaction> DecideTeamJoin(const View& view, const TeamFacts& facts, const DecisionContext& context);
// The founder dissolves it by leaving. HOUSEHOLD_UNKNOWN, TEAM_UNKNOWN where it is not in that team.
absl::StatusOr<Transaction> DecideTeamLeave(const View& view, const TeamFacts& facts, const DecisionContext& context);

}  // namespace fenfen
