// server_overload: a real fenfend, asked for three times what it can do (trial.h). Prints what it finds; exits 0 if all holds, 1 if not.
//
//   server_overload [--seconds 30] [--bin build/release/bin] [--dir /tmp] [TRIAL…]
//
// Call it by scripts/overload.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/overload/trial.h"

namespace fenfen::overload {
namespace {

using Trial = absl::Status (*)(const TrialOptions&);

int Run(const TrialOptions& options, const std::vector<std::string>& names) {
  static const std::map<std::string, Trial> kTrials = {
      {"unary", TryUnary}, {"devices", TryDevices}, {"slow-disk", TrySlowDisk}, {"slow-disk-devices", TrySlowDiskDevices}};
  int failed = 0;
  for (const std::string& name : names) {
    const absl::Status status = kTrials.at(name)(options);
    std::printf("overload: %-17s %s\n", name.c_str(), status.ok() ? "passed" : absl::StrCat("FAILED: ", status.ToString()).c_str());
    std::fflush(stdout);
    failed += status.ok() ? 0 : 1;
  }
  return failed;
}

}  // namespace
}  // namespace fenfen::overload

int main(int argc, char** argv) {
  fenfen::overload::TrialOptions options;
  options.bin = (std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "bin").string();
  options.folder = std::filesystem::temp_directory_path().string();
  double seconds = 30;
  std::vector<std::string> trials = {"unary", "devices", "slow-disk", "slow-disk-devices"};
  CLI::App app("three times what the server can do");
  app.add_option("--seconds", seconds, "how long each overload lasts")->check(CLI::Range(1.0, 3600.0))->capture_default_str();
  app.add_option("--bin", options.bin, "the folder of the programs")->check(CLI::ExistingDirectory)->capture_default_str();
  app.add_option("--dir", options.folder, "for temporary files, on the disk to measure")->capture_default_str();
  app.add_option("trials", trials, "unary, devices, slow-disk, slow-disk-devices; all of them where none is named")
      ->check(CLI::IsMember({"unary", "devices", "slow-disk", "slow-disk-devices"}));
  CLI11_PARSE(app, argc, argv);
  options.time = absl::Seconds(seconds);
  std::signal(SIGPIPE, SIG_IGN);
  const int failed = fenfen::overload::Run(options, trials);
  std::printf("# pass %d\n# fail %d\n", static_cast<int>(trials.size()) - failed, failed);
  return failed == 0 ? 0 : 1;
}
