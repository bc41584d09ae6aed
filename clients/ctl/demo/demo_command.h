// The demo's place on the command line.
#ifndef FENFEN_CLIENTS_CTL_DEMO_DEMO_COMMAND_H_
#define FENFEN_CLIENTS_CTL_DEMO_DEMO_COMMAND_H_

#include "clients/ctl/commands/context.h"
#include "clients/ctl/demo/district.h"

namespace fenfen::ctl {

// demo: the whole district until Ctrl-C.
void AddDemoCommand(CLI::App& app, Context* context);

// A district for checks: 2,000 households, 4 estates, 20 stations, 3,000 drops.
DistrictPlan SmallPlan();

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_DEMO_COMMAND_H_
