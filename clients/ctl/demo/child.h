// A child process in a process group of its own, so that Ctrl-C reaches the parent alone and the parent ends its children in order. A child
// dies with its parent even if that is killed.
//
//   absl::StatusOr<std::string> said = RunProgram({.arguments = {"/usr/bin/redis-cli", "PING"}, .log_file = log}, stop, absl::Seconds(5));
//
// Start children from the main thread: the kernel ties a child to the thread that made it. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_CHILD_H_
#define FENFEN_CLIENTS_CTL_DEMO_CHILD_H_

#include <sys/types.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fenfen::ctl {

// How to start one.
struct ChildOptions {
  std::vector<std::string> arguments;  // the program's path first
  std::string log_file;                // appended: standard error, and standard output unless it is piped
  bool pipe_in = false;
  bool pipe_out = false;
  std::vector<std::string> environment = {};  // "NAME=value" each, besides what this process has
  int end_signal = SIGTERM;                   // what asks it to end
};

// A running, or ended, child.
class Child {
 public:
  // Starts a program. NotFound if there is none at the path.
  static absl::StatusOr<std::unique_ptr<Child>> Start(const ChildOptions& options);
  // Kills what still runs.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // How it ended, as waitpid tells; nothing while it runs.
  std::optional<int> Ended();
  // Asks it to end and waits; kills it after `patience`. Returns how it ended.
  int Stop(absl::Duration patience);
  // Writes to its standard input; false if it takes no more.
  bool Write(const std::string& text);
  void CloseInput();
  // The whole lines of its standard output that have arrived, without waiting.
  std::vector<std::string> ReadLines();

  pid_t pid() const { return pid_; }

 private:
  explicit Child(int end_signal) : end_signal_(end_signal) {}
  const int end_signal_;
  pid_t pid_ = -1;
  int in_fd_ = -1;
  int out_fd_ = -1;
  std::optional<int> ended_;
  std::string partial_line_;
};

// "exit code 1" or "signal 9".
std::string DescribeEnd(int status);

// Runs a program to its end and returns what it wrote to its standard output. Aborted with that and the end of its log where it failed,
// DeadlineExceeded after `patience`, Cancelled when `stop` is set.
absl::StatusOr<std::string> RunProgram(ChildOptions options, const std::atomic<bool>& stop, absl::Duration patience);

// The last lines of a log.
std::string LogTail(const std::string& path);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_CHILD_H_
