// fenfen-station: the agent of a station's devices. Commands are in commands.cc.
#include <sys/resource.h>

#include <CLI/CLI.hpp>

#include "clients/station/commands.h"

int main(int argc, char** argv) {
  // A fleet holds a file a device; the usual soft limit of 1,024 would not do.
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  CLI::App app("fenfen-station：桶站设备代理 / the agent of a station's devices");
  app.require_subcommand(1);
  int exit_code = 0;
  fenfen::station::AddCommands(app, &exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
