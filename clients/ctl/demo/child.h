// A child process in a process group of its own, so that Ctrl-C reaches the parent alone and the parent ends its children in order. A child
// dies with its parent even if that is killed.
//
// Start children from the main thread: the kernel ties a child to the thread that made it. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_CHILD_H_
#define FENFEN_CLIENTS_CTL_DEMO_CHILD_H_

#include <sys/types.h>

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
  // Asks it to end with SIGTERM and waits; kills it after `patience`. Returns how it ended.
  int Stop(absl::Duration patience);
  // Writes to its standard input; false if it takes no more.
  bool Write(const std::string& text);
  void CloseInput();
  // The whole lines of its standard output that have arrived, without waiting.
  std::vector<std::string> ReadLines();

  pid_t pid() const { return pid_; }

 private:
  Child() = default;
  pid_t pid_ = -1;
  int in_fd_ = -1;
  int out_fd_ = -1;
  std::optional<int> ended_;
  std::string partial_line_;
};

// "exit code 1" or "signal 9".
std::string DescribeEnd(int status);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_CHILD_H_
