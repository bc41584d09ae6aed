// What the household transactions of this area have in common: its record, which is written unchanged so that the entry stands in its
// statement, and its record of choices.
#pragma once

#include "absl/status/statusor.h"
#include "fenfen/ledger/v1/game.pb.h"
#include "ledger/points/decision.h"
#include "ledger/points/game/choices.h"
#include "ledger/points/purse.h"
#include "ledger/points/stored_message.h"

namespace fenfen {

struct GameEntry {
  HouseholdId id;
  Versioned<HouseholdRecord> household;
  StoredMessage<ledger::v1::GameRecord> game;
};

// HOUSEHOLD_UNKNOWN, DATA_LOSS.
inline absl::StatusOr<GameEntry> ReadGameEntry(const View& view, HouseholdId id) {
  absl::StatusOr<Versioned<HouseholdRecord>> household = ReadHousehold(view, id);
  if (!household.ok()) return household.status();
  absl::StatusOr<StoredMessage<ledger::v1::GameRecord>> game = ReadMessage<ledger::v1::GameRecord>(view, GameKey(id));
  if (!game.ok()) return game.status();
  return GameEntry{id, *std::move(household), *std::move(game)};
}

// A transaction with both records as the entry has them now.
inline Transaction WriteGameEntry(const View& view, GameEntry& entry, TransactionKind kind, const ledger::v1::GameFacts& facts,
                                  const DecisionContext& context) {
  Transaction transaction = BeginTransaction(kind, context, context.now);
  FactsWhy why;
  why.after = Purse(view, entry.id, entry.household.record, transaction).After();
  *why.facts.mutable_game() = facts;
  transaction.changes.push_back({KeyOf(entry.id), entry.household.version, EncodeHousehold(entry.household.record)});
  transaction.changes.push_back({GameKey(entry.id), entry.game.version, SerialiseMessage(entry.game.message)});
  transaction.why = EncodeWhy(why);
  return transaction;
}

}  // namespace fenfen
