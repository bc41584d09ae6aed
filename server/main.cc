// fenfend: the Fenfen server. Usage: fenfend --config fenfend.toml
//
// Serves until SIGTERM or SIGINT and then ends in order, with exit code 0; 1 where it cannot start or the journal failed, 2 for a wrong
// usage.
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "absl/synchronization/mutex.h"
#include "server/server.h"

namespace {

// Blocked before the first thread begins, so that every thread inherits it and only the wait below gets them.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Run(const std::string& config_path) {
  using fenfen::server::Log;
  const sigset_t signals = BlockStopSignals();
  const absl::StatusOr<fenfen::server::Config> config = fenfen::server::LoadConfig(config_path);
  if (!config.ok()) {
    std::fprintf(stderr, "fenfend: %s\n", std::string(config.status().message()).c_str());
    return 1;
  }
  const absl::StatusOr<std::unique_ptr<Log>> log = Log::Open(config->log);
  if (!log.ok()) {
    std::fprintf(stderr, "fenfend: %s\n", std::string(log.status().message()).c_str());
    return 1;
  }
  const fenfen::SystemClock clock;
  const absl::StatusOr<std::unique_ptr<fenfen::server::Server>> server = fenfen::server::Server::Start(*config, **log, clock);
  if (!server.ok()) {
    (*log)->Write(Log::Level::kError, "cannot start", {{"detail", server.status().ToString()}});
    return 1;
  }
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  return (*server)->Stop().ok() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  // Debian's build of absl looks for deadlock cycles at every lock; that is for tests.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // Connections and the journal's segments: the usual soft limit of 1,024 files would be soon reached.
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  if (argc == 3 && std::strcmp(argv[1], "--config") == 0) return Run(argv[2]);
  std::fprintf(stderr, "usage: fenfend --config FILE\n");
  return argc == 2 && std::strcmp(argv[1], "--help") == 0 ? 0 : 2;
}
