#include "ledger/points/game/team.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/game/household_entry.h"

namespace fenfen {
namespace {

using Step = ledger::v1::GameFacts::Team;

// Nothing that a terminal or a page would take for more than text.
bool IsTitle(const std::string& title) {
  return !title.empty() && title.size() <= kTeamTitleBytesMax &&
         std::none_of(title.begin(), title.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '<' || c == '>'; });
}

ledger::v1::GameFacts FactsOf(Step::Step step, const TeamFacts& facts) {
  ledger::v1::GameFacts out;
  out.mutable_team()->set_step(step);
  out.mutable_team()->set_team(facts.team);
  out.mutable_team()->set_title(facts.title);
  return out;
}

absl::StatusOr<GameEntry> ReadFree(const View& view, const TeamFacts& facts) {
  absl::StatusOr<GameEntry> entry = ReadGameEntry(view, facts.household);
  if (entry.ok() && entry->game.message.team() != 0 && !facts.is_free) return Refuse(Reason::REASON_TEAM_TAKEN, {}, "household");
  return entry;
}

}  // namespace

uint64_t TeamIdFor(HouseholdId founder, const RequestKey& key) {
  constexpr uint64_t kLow56 = (uint64_t{1} << 56) - 1;
  const uint64_t hash = MixBits(MixBits(key.high ^ MixBits(key.low)) ^ founder.value());
  return uint64_t{PartitionOf(founder).value()} << 56 | (hash & kLow56);
}

ReadSet TeamReads(const TeamFacts& facts) {
  ReadSet reads = GameReads(facts.household);
  if (PartitionOfTeam(facts.team) == PartitionOf(facts.household)) reads.records.push_back(TeamKey(facts.team));
  return reads;
}

absl::StatusOr<Transaction> DecideTeamFounding(const View& view, const TeamFacts& facts, const DecisionContext& context) {
  if (!IsTitle(facts.title)) {
    return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", absl::StrCat("1–", kTeamTitleBytesMax, " 字节 / bytes")}}, "title");
  }
  absl::StatusOr<GameEntry> entry = ReadFree(view, facts);
  if (!entry.ok()) return entry.status();
  // Two keys with one hash of 56 bits: a new key rather than another's team.
  if (view.Record(TeamKey(facts.team))) return Refuse(Reason::REASON_REQUEST_ID_REUSED);
  entry->game.message.set_team(facts.team);
  ledger::v1::TeamRecord team;
  team.set_title(facts.title);
  team.set_founder(facts.household.value());
  team.set_region(entry->household.record.region.value());
  team.set_create_time_us(absl::ToUnixMicros(context.now));
  Transaction transaction = WriteGameEntry(view, *entry, TransactionKind::kTeam, FactsOf(Step::STEP_FOUNDED, facts), context);
  transaction.changes.push_back({TeamKey(facts.team), PartitionSeq(0), SerialiseMessage(team)});
  return transaction;
}

absl::StatusOr<Transaction> DecideTeamJoin(const View& view, const TeamFacts& facts, const DecisionContext& context) {
  absl::StatusOr<GameEntry> entry = ReadFree(view, facts);
  if (!entry.ok()) return entry.status();
  entry->game.message.set_team(facts.team);
  return WriteGameEntry(view, *entry, TransactionKind::kTeam, FactsOf(Step::STEP_JOINED, facts), context);
}

absl::StatusOr<Transaction> DecideTeamLeave(const View& view, const TeamFacts& facts, const DecisionContext& context) {
  absl::StatusOr<GameEntry> entry = ReadGameEntry(view, facts.household);
  if (!entry.ok()) return entry.status();
  if (facts.team == 0 || entry->game.message.team() != facts.team) return Refuse(Reason::REASON_TEAM_UNKNOWN, {}, "household");
  entry->game.message.clear_team();
  if (PartitionOfTeam(facts.team) != PartitionOf(facts.household)) {
    return WriteGameEntry(view, *entry, TransactionKind::kTeam, FactsOf(Step::STEP_LEFT, facts), context);
  }
  absl::StatusOr<StoredMessage<ledger::v1::TeamRecord>> team = ReadMessage<ledger::v1::TeamRecord>(view, TeamKey(facts.team));
  if (!team.ok()) return team.status();
  const bool dissolves = team->found() && team->message.founder() == facts.household.value();
  Transaction transaction =
      WriteGameEntry(view, *entry, TransactionKind::kTeam, FactsOf(dissolves ? Step::STEP_DISSOLVED : Step::STEP_LEFT, facts), context);
  if (dissolves) {
    team->message.set_dissolved(true);
    transaction.changes.push_back({TeamKey(facts.team), team->version, SerialiseMessage(team->message)});
  }
  return transaction;
}

}  // namespace fenfen
