// fenfenctl verify: the independent checker as a command.
#pragma once

#include "clients/ctl/commands/context.h"

namespace fenfen::ctl {

// verify JOURNAL [--balances FILE] [--redis] [--json]; JOURNAL is a folder, a configuration or a connection string; and with --server and
// --operator-key also against a running server. Exit code 0: everything holds; 1: findings; 2: the journal or the server cannot be read.
void AddVerifyCommand(CLI::App& app, Context* context);

}  // namespace fenfen::ctl
