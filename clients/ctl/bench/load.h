// Load on an engine in this process: clients in a closed loop, each with one batch in flight.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/engine/engine.h"

namespace fenfen::bench {

// Runs the commands, any number of them, in as many calls as it takes, and waits. The first error of any.
absl::Status SubmitAllAndWait(Engine& engine, std::vector<Command> commands);

// Makes and runs a command for each account from 0 to `accounts` − 1, some thousands at a time. The first error of any.
absl::Status SubmitForEach(Engine& engine, uint32_t accounts, absl::FunctionRef<Command(uint32_t account)> make);

// What a client does.
struct Load {
  int clients = 1;
  size_t batch = 1;  // commands that a client submits at once and waits for
  absl::Duration time;
};
// Puts one batch together: `client`, from 0, and how many commands. Runs on the client's thread.
using MakeBatch = absl::FunctionRef<std::vector<Command>(int client, size_t count)>;

// Commands a second, each durable before it counts. What an overloaded engine refuses does not count, and its client waits as it is told.
// The first other error of any.
absl::StatusOr<double> RunLoad(Engine& engine, const Load& load, MakeBatch make);

}  // namespace fenfen::bench
