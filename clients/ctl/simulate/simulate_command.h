// fenfenctl simulate, as a command.
#pragma once

#include "clients/ctl/commands/context.h"

namespace fenfen::ctl {

// Exit code 0: done, and under the rules in force the ledger came out again; 1: it did not; 2: it could not be done.
void AddSimulateCommand(CLI::App& app, Context* context);

}  // namespace fenfen::ctl
