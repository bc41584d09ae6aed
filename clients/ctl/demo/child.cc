#include "clients/ctl/demo/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"

namespace fenfen::ctl {

namespace {

constexpr size_t kLineBytesMax = 1 << 20;
constexpr size_t kLogTailBytes = 1'500;

// What execve takes; it points into `words`.
std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// All that a child needs, made before the fork.
struct Image {
  char* const* arguments;
  char* const* environment;
  int in, out, log;
  int end_signal;
};

// What the child does before its program: only calls that are safe after a fork of a process with threads.
[[noreturn]] void Become(const Image& image, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, image.end_signal);
  if (getppid() != parent) _exit(127);
  dup2(image.in, STDIN_FILENO);
  dup2(image.out, STDOUT_FILENO);
  dup2(image.log, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_DFL);
  execve(image.arguments[0], image.arguments, image.environment);
  _exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Child>> Child::Start(const ChildOptions& options) {
  if (access(options.arguments[0].c_str(), X_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("没有程序 / no such program: ", options.arguments[0]));
  }
  const std::vector<char*> arguments = Pointers(options.arguments);
  std::vector<std::string> variables = options.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  const std::vector<char*> environment = Pointers(variables);
  const int log = open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) return absl::ErrnoToStatus(errno, options.log_file);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  int in[2] = {null, -1}, out[2] = {-1, log};
  if (options.pipe_in && pipe2(in, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  if (options.pipe_out && pipe2(out, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  const pid_t parent = getpid();
  std::unique_ptr<Child> child(new Child(options.end_signal));
  child->pid_ = fork();
  if (child->pid_ == 0) Become({arguments.data(), environment.data(), in[0], out[1], log, options.end_signal}, parent);
  const int error = errno;
  if (options.pipe_in) close(in[0]);
  if (options.pipe_out) close(out[1]);
  close(null);
  close(log);
  child->in_fd_ = in[1];
  child->out_fd_ = out[0];
  if (child->pid_ < 0) return absl::ErrnoToStatus(error, "fork");
  if (child->out_fd_ >= 0) fcntl(child->out_fd_, F_SETFL, O_NONBLOCK);
  return child;
}

Child::~Child() {
  if (pid_ > 0 && !Ended().has_value()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  CloseInput();
  if (out_fd_ >= 0) close(out_fd_);
}

std::optional<int> Child::Ended() {
  int status = 0;
  if (!ended_.has_value() && waitpid(pid_, &status, WNOHANG) == pid_) ended_ = status;
  return ended_;
}

int Child::Stop(absl::Duration patience) {
  CloseInput();
  if (!Ended().has_value()) kill(pid_, end_signal_);
  const absl::Time deadline = absl::Now() + patience;
  while (!Ended().has_value() && absl::Now() < deadline) {
    ReadLines();  // a full pipe must not keep it from ending
    absl::SleepFor(absl::Milliseconds(10));
  }
  if (!Ended().has_value()) {
    int status = 0;
    kill(pid_, SIGKILL);
    waitpid(pid_, &status, 0);
    ended_ = status;
  }
  return *ended_;
}

bool Child::Write(const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t put = write(in_fd_, text.data() + done, text.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    done += static_cast<size_t>(put);
  }
  return true;
}

void Child::CloseInput() {
  if (in_fd_ >= 0) close(in_fd_);
  in_fd_ = -1;
}

std::vector<std::string> Child::ReadLines() {
  std::vector<std::string> lines;
  char chunk[4096];
  while (out_fd_ >= 0) {
    const ssize_t got = read(out_fd_, chunk, sizeof chunk);
    if (got <= 0) break;
    partial_line_.append(chunk, static_cast<size_t>(got));
    for (size_t end = partial_line_.find('\n'); end != std::string::npos; end = partial_line_.find('\n')) {
      lines.push_back(partial_line_.substr(0, end));
      partial_line_.erase(0, end + 1);
    }
    if (partial_line_.size() > kLineBytesMax) partial_line_.clear();
  }
  return lines;
}

std::string DescribeEnd(int status) {
  if (WIFSIGNALED(status)) return absl::StrCat("信号 / signal ", WTERMSIG(status));
  return absl::StrCat("退出码 / exit code ", WEXITSTATUS(status));
}

absl::StatusOr<std::string> RunProgram(ChildOptions options, const std::atomic<bool>& stop, absl::Duration patience) {
  options.pipe_out = true;
  const absl::StatusOr<std::unique_ptr<Child>> child = Child::Start(options);
  if (!child.ok()) return child.status();
  const absl::Time deadline = absl::Now() + patience;
  std::vector<std::string> lines;
  std::optional<int> ended;
  while (!ended.has_value()) {
    ended = (*child)->Ended();  // before reading, so that nothing written at the end is missed
    for (std::string& line : (*child)->ReadLines()) lines.push_back(std::move(line));
    if (stop) return absl::CancelledError("stopped");
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(options.arguments[0], " 没有结束 / does not end: ", LogTail(options.log_file)));
    }
    if (!ended.has_value()) absl::SleepFor(absl::Milliseconds(5));
  }
  if (*ended == 0) return absl::StrJoin(lines, "\n");
  return absl::AbortedError(
      absl::StrCat(options.arguments[0], ": ", DescribeEnd(*ended), "; ", absl::StrJoin(lines, "\n"), "\n", LogTail(options.log_file)));
}

std::string LogTail(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return text.size() > kLogTailBytes ? text.substr(text.size() - kLogTailBytes) : text;
}

}  // namespace fenfen::ctl
