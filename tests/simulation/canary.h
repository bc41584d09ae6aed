// Canaries: faults planted on purpose, each a part that the engine is given in place of a sound one. A simulation that does not find
// them within a hundred seeds finds nothing.
#pragma once

#include <memory>
#include <optional>

#include "absl/strings/string_view.h"
#include "ledger/journal/journal.h"
#include "ledger/state/state.h"

namespace fenfen::sim {

enum class Canary {
  kNone,
  kSync,   // acknowledged before it is durable: syncs return OK and do nothing
  kKeys,   // a restart forgets request keys
  kMint,   // now and then a drop earns a hundredth more than its rule gives
  kReply,  // now and then a repetition is told its neighbour's outcome
  kRoom,   // work is admitted though the disk is full
  kTail,   // a restart leaves out the last entry
};

// By its name, "sync" and so on; nullopt for another name.
std::optional<Canary> CanaryNamed(absl::string_view name);

// The journal or state with that fault; the inner one outlives it.
std::unique_ptr<Journal> PlantIn(Journal& inner, Canary canary);
std::unique_ptr<State> PlantIn(State& inner, Canary canary);
// Spoils what a decision gave.
void PlantIn(Transaction& transaction, Canary canary);

}  // namespace fenfen::sim
