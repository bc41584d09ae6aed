// The commands of fenfenctl, each added to the program's command line by one function. A command runs from its callback and leaves its
// exit code in the context.
#ifndef FENFEN_CLIENTS_CTL_COMMANDS_COMMANDS_H_
#define FENFEN_CLIENTS_CTL_COMMANDS_COMMANDS_H_

#include "clients/ctl/commands/context.h"

namespace fenfen::ctl {

// keygen: Ed25519 pairs and hexadecimal secrets; subject: the keyed hash of a WeChat openid.
void AddKeyCommands(CLI::App& app, Context* context);
// import: catalogue and households from CSV, rules from JSON.
void AddImportCommand(CLI::App& app, Context* context);
// balance, statement, trace, find, station-code.
void AddHouseholdCommands(CLI::App& app, Context* context);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_COMMANDS_COMMANDS_H_
