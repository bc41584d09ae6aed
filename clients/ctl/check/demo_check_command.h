// demo-check: the whole path, checked end to end.
#ifndef FENFEN_CLIENTS_CTL_CHECK_DEMO_CHECK_COMMAND_H_
#define FENFEN_CLIENTS_CTL_CHECK_DEMO_CHECK_COMMAND_H_

#include "clients/ctl/commands/context.h"
#include "clients/ctl/demo/demo.h"

namespace fenfen::ctl {

// demo-check --bin DIR --static DIR: a small district on free ports in a folder of its own; prints one JSON line. Exit code 0 if everything
// held.
void AddDemoCheckCommand(CLI::App& app, Context* context, HistoryPlayer history);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_CHECK_DEMO_CHECK_COMMAND_H_
