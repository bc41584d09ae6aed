// fenfenctl bench: the benchmarks' place on the command line.
#pragma once

#include "clients/ctl/commands/context.h"

namespace fenfen::ctl {

// bench core|…: measures, and prints a line a figure.
void AddBenchCommand(CLI::App& app, Context* context);

}  // namespace fenfen::ctl
