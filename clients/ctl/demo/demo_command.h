// The demo's place on the command line.
#ifndef FENFEN_CLIENTS_CTL_DEMO_DEMO_COMMAND_H_
#define FENFEN_CLIENTS_CTL_DEMO_DEMO_COMMAND_H_

#include "clients/ctl/commands/context.h"
#include "clients/ctl/demo/demo.h"
#include "clients/ctl/demo/district.h"
#include "clients/ctl/demo/workspace.h"

namespace fenfen::ctl {

// demo: the whole district until Ctrl-C. `history` plays the days before.
void AddDemoCommand(CLI::App& app, Context* context, HistoryPlayer history);

// --mode, of every command that runs a district.
void AddModeOption(CLI::App& command, DemoMode& mode);

// A district for checks: 2,000 households, 4 estates, 20 stations, 3,000 drops.
DistrictPlan SmallPlan();

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_DEMO_COMMAND_H_
