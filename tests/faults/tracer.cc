#include "tests/faults/tracer.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fenfen::faults {

std::string FileCall::Name() const { return absl::StrCat(call, " ", file, " ", nth); }

#if defined(__x86_64__)
namespace {

constexpr unsigned kSecondsMax = 60;  // of one program; SIGALRM ends it
constexpr uint64_t kPageBytes = 4096;
constexpr int kCannotBegin = 127;  // the child's exit code

// How a call names its file.
enum class Names { kDescriptor, kPath, kPathAt, kNothing };
struct KnownCall {
  uint32_t number;
  const char* name;
  Names names;
};
constexpr std::array<KnownCall, 21> kCalls = {{
    {SYS_write, "write", Names::kDescriptor},
    {SYS_writev, "writev", Names::kDescriptor},
    {SYS_pwrite64, "pwrite64", Names::kDescriptor},
    {SYS_pwritev, "pwritev", Names::kDescriptor},
    {SYS_pwritev2, "pwritev2", Names::kDescriptor},
    {SYS_ftruncate, "ftruncate", Names::kDescriptor},
    {SYS_fallocate, "fallocate", Names::kDescriptor},
    {SYS_sync_file_range, "sync_file_range", Names::kDescriptor},
    {SYS_fsync, "fsync", Names::kDescriptor},
    {SYS_fdatasync, "fdatasync", Names::kDescriptor},
    {SYS_mkdir, "mkdir", Names::kPath},
    {SYS_mkdirat, "mkdirat", Names::kPathAt},
    {SYS_rename, "rename", Names::kPath},
    {SYS_renameat, "renameat", Names::kPathAt},
    {SYS_renameat2, "renameat2", Names::kPathAt},
    {SYS_unlink, "unlink", Names::kPath},
    {SYS_unlinkat, "unlinkat", Names::kPathAt},
    {SYS_truncate, "truncate", Names::kPath},
    {SYS_creat, "creat", Names::kPath},
    {SYS_openat, "openat", Names::kPathAt},
    {SYS_io_uring_setup, "io_uring_setup", Names::kNothing},
}};

// Stops at the known calls and lets all others run at full speed.
std::vector<sock_filter> FilterOfCalls() {
  std::vector<sock_filter> filter = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (size_t i = 0; i < kCalls.size(); ++i) {
    const auto to_trace = static_cast<uint8_t>(kCalls.size() - i);
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kCalls[i].number, to_trace, 0));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  return filter;
}

// In the child, where only calls that are safe after fork may be used.
[[noreturn]] void Become(char* const* arguments, const char* output, const char* errors, const sock_fprog& filter) {
  const int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  const int err = open(errors, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  if (out < 0 || err < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) _exit(kCannotBegin);
  close(out);
  close(err);
  alarm(kSecondsMax);
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0 || raise(SIGSTOP) != 0) _exit(kCannotBegin);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) _exit(kCannotBegin);
  execv(arguments[0], arguments);
  _exit(kCannotBegin);
}

std::string TextAt(pid_t tid, uint64_t address) {
  std::string text(PATH_MAX, '\0');
  const iovec local{text.data(), text.size()};
  // Up to the end of a page at a time: what lies behind it may not be mapped.
  size_t done = 0;
  while (done < text.size()) {
    const size_t size = std::min<size_t>(text.size() - done, kPageBytes - (address + done) % kPageBytes);
    const iovec part{static_cast<char*>(local.iov_base) + done, size};
    const iovec remote{reinterpret_cast<void*>(address + done), size};
    if (process_vm_readv(tid, &part, 1, &remote, 1, 0) != static_cast<ssize_t>(size)) break;
    done += size;
    if (const size_t end = text.find('\0', done - size); end < done) return text.substr(0, end);
  }
  return "";
}

std::string PathOfDescriptor(pid_t tid, uint64_t descriptor) {
  std::array<char, PATH_MAX> path;
  const ssize_t size = readlink(absl::StrCat("/proc/", tid, "/fd/", static_cast<int>(descriptor)).c_str(), path.data(), path.size());
  return size < 0 ? "" : std::string(path.data(), static_cast<size_t>(size));
}

class Trace {
 public:
  explicit Trace(const TraceRequest& request) : request_(request) {}

  absl::StatusOr<TraceResult> Run() {
    if (absl::Status status = Begin(); !status.ok()) return status;
    while (true) {
      int status = 0;
      const pid_t tid = waitpid(-1, &status, __WALL | __WNOTHREAD);
      if (tid < 0 && errno == EINTR) continue;
      if (tid < 0) return absl::ErrnoToStatus(errno, "waitpid");
      if (WIFSTOPPED(status)) {
        OnStop(tid, status);
      } else if (tid == leader_) {
        if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
        if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
        break;
      }
    }
    if (!broken_.ok()) return broken_;
    if (result_.exit_code == kCannotBegin) return absl::InternalError(absl::StrCat("cannot begin ", request_.program[0]));
    return std::move(result_);
  }

 private:
  absl::Status Begin() {
    std::vector<char*> arguments;
    for (const std::string& argument : request_.program) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const std::string errors = request_.output + ".err";
    std::vector<sock_filter> filter = FilterOfCalls();
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    leader_ = fork();
    if (leader_ < 0) return absl::ErrnoToStatus(errno, "fork");
    if (leader_ == 0) Become(arguments.data(), request_.output.c_str(), errors.c_str(), program);
    int status = 0;
    if (waitpid(leader_, &status, __WALL) != leader_) return absl::ErrnoToStatus(errno, "waitpid");
    if (!WIFSTOPPED(status)) return absl::PermissionDeniedError("a child cannot be traced here: ptrace is refused");
    constexpr uintptr_t kOptions =
        PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD;
    if (ptrace(PTRACE_SETOPTIONS, leader_, nullptr, kOptions) != 0) {
      const absl::Status refused = absl::ErrnoToStatus(errno, "PTRACE_SETOPTIONS");
      kill(leader_, SIGKILL);
      waitpid(leader_, &status, __WALL);
      return refused;
    }
    ptrace(PTRACE_CONT, leader_, nullptr, nullptr);
    return absl::OkStatus();
  }

  // Errors of ptrace are passed over from here on: the thread may have been killed meanwhile, and then waitpid tells.
  void OnStop(pid_t tid, int status) {
    const int event = status >> 16;
    const int signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_SECCOMP) return OnCall(tid);
    if (signal == (SIGTRAP | 0x80)) return OnReturn(tid);
    // New threads begin with SIGSTOP; other events need no answer.
    const uintptr_t pass_on = event != 0 || signal == SIGSTOP ? 0 : static_cast<uintptr_t>(signal);
    ptrace(PTRACE_CONT, tid, nullptr, pass_on);
  }

  void OnCall(pid_t tid) {
    user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, tid, nullptr, &registers) != 0) return;
    const std::optional<FileCall> call = CallOf(tid, registers);
    if (call) result_.calls.push_back(*call);
    if (request_.strike == Strike::kNoSpace) return OnFullDisk(tid, call, registers);
    if (!call || request_.strike == Strike::kNone || result_.struck || *call != request_.at) {
      ptrace(PTRACE_CONT, tid, nullptr, nullptr);
      return;
    }
    if (request_.strike == Strike::kKillBefore) {
      result_.struck = true;
      kill(leader_, SIGKILL);
      return;
    }
    if (request_.strike == Strike::kKillMidway) {
      const uint64_t boundary = (registers.r10 / kPageBytes + 1) * kPageBytes;
      if (call->call != "pwrite64" || boundary >= registers.r10 + registers.rdx) {
        ptrace(PTRACE_CONT, tid, nullptr, nullptr);
        return;
      }
      registers.rdx = boundary - registers.r10;
    }
    if (request_.strike == Strike::kFailIo) registers.orig_rax = ~0ull;  // no call at all
    ptrace(PTRACE_SETREGS, tid, nullptr, &registers);
    result_.struck = true;
    ptrace(PTRACE_SYSCALL, tid, nullptr, nullptr);  // to its return
  }

  void OnFullDisk(pid_t tid, const std::optional<FileCall>& call, user_regs_struct& registers) {
    if (call && *call == request_.at && !result_.struck) result_.struck = full_ = true;
    if (call && call->file == request_.room) full_ = false;
    const bool takes_space = call && absl::EndsWith(call->file, ".tmp") && (call->call == "openat" || call->call == "pwrite64");
    if (!full_ || !takes_space) {
      ptrace(PTRACE_CONT, tid, nullptr, nullptr);
      return;
    }
    registers.orig_rax = ~0ull;  // no call at all
    ptrace(PTRACE_SETREGS, tid, nullptr, &registers);
    ptrace(PTRACE_SYSCALL, tid, nullptr, nullptr);  // to its return
  }

  void OnReturn(pid_t tid) {
    if (request_.strike != Strike::kFailIo && request_.strike != Strike::kNoSpace) {
      kill(leader_, SIGKILL);
      return;
    }
    user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, tid, nullptr, &registers) == 0) {
      registers.rax = static_cast<unsigned long long>(request_.strike == Strike::kFailIo ? -EIO : -ENOSPC);
      ptrace(PTRACE_SETREGS, tid, nullptr, &registers);
    }
    ptrace(PTRACE_CONT, tid, nullptr, nullptr);
  }

  // The call that the thread is about to make, if it is to one of the folder's files.
  std::optional<FileCall> CallOf(pid_t tid, const user_regs_struct& registers) {
    const auto known = std::find_if(kCalls.begin(), kCalls.end(), [&](const KnownCall& c) { return c.number == registers.orig_rax; });
    if (known == kCalls.end()) return std::nullopt;
    std::string path;
    switch (known->names) {
      case Names::kDescriptor:
        path = PathOfDescriptor(tid, registers.rdi);
        break;
      case Names::kPath:
        path = TextAt(tid, registers.rdi);
        break;
      case Names::kPathAt:
        if (known->number == SYS_openat && (registers.rdx & O_CREAT) == 0) return std::nullopt;
        path = TextAt(tid, registers.rsi);
        break;
      case Names::kNothing:
        broken_ = absl::UnimplementedError(absl::StrCat("the program uses ", known->name, ", whose writes this tracer does not see"));
        kill(leader_, SIGKILL);
        return std::nullopt;
    }
    if (!absl::StartsWith(path, request_.folder + "/")) return std::nullopt;
    FileCall call{known->name, path.substr(path.rfind('/') + 1), 1};
    call.nth = ++counts_[{call.call, call.file}];
    return call;
  }

  const TraceRequest& request_;
  pid_t leader_ = -1;
  TraceResult result_;
  absl::Status broken_;
  bool full_ = false;
  std::map<std::pair<std::string, std::string>, int> counts_;
};

}  // namespace

absl::StatusOr<TraceResult> RunTraced(const TraceRequest& request) { return Trace(request).Run(); }

#else

absl::StatusOr<TraceResult> RunTraced(const TraceRequest&) { return absl::UnimplementedError("the tracer knows x86-64 alone"); }

#endif

}  // namespace fenfen::faults
