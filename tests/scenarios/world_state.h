// Where a scenario's State is kept: in memory or, as the environment says, in a Redis (FENFEN_TEST_STATE=redis) or a Redis Cluster
// (cluster) of the test's own.
#pragma once

#include <memory>
#include <string>

#include "ledger/engine/engine_tail.h"
#include "ledger/state/state.h"

namespace fenfen::scenarios {

// A name that no other World has.
std::string NewDeployment();

// `tail` is not used for a State in memory.
std::unique_ptr<State> OpenState(const std::string& deployment, EngineTail& tail);

// After the engine's start and the tail's Attach: waits until it takes work; ends the program where it never does.
void AwaitOpen(State& state);

}  // namespace fenfen::scenarios
