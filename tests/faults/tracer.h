// Tracer: runs a program under ptrace, lists the calls by which it changes files, and strikes at one of them.
//
// A call is named by what it does, to which file, and how many times the program has done that before, over all its threads: "pwrite64
// 00000002.seg 17". So a call has the same name in every run of a deterministic program, however its threads take turns; strace, which
// counts each thread's calls apart and knows no files, could not reach them all.
//
//   absl::StatusOr<TraceResult> listed = RunTraced({.program = {…}, .folder = "/tmp/x", .output = "/tmp/x/out"});
//   RunTraced({…, .strike = Strike::kKillBefore, .at = listed->calls[17]});
//
// Files outside `folder` do not count. Linux on x86-64 alone; needs the right to trace one's own children. Each call of RunTraced is
// independent of others at the same time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fenfen::faults {

struct FileCall {
  std::string call;  // "pwrite64", "fdatasync", "openat" (only where it makes a file)…
  std::string file;  // its name within its folder
  int nth = 1;

  std::string Name() const;
  friend bool operator==(const FileCall&, const FileCall&) = default;
};

enum class Strike {
  kNone,
  kKillBefore,  // SIGKILL, the call not begun
  kKillMidway,  // a write is cut at the first page boundary within it, as the kernel does where a kill meets it; then SIGKILL
  kKillAfter,   // SIGKILL, the call done, the program not yet told
  kFailIo,      // the call does nothing and answers EIO
  // From the call on, every one that would make a file in the making (NAME.tmp) or write to it does nothing and answers ENOSPC, as on a
  // full disk, where what was filled ahead can still be written; until the program makes the file `room`.
  kNoSpace,
};

struct TraceRequest {
  std::vector<std::string> program;  // with arguments; an absolute path
  std::string folder;
  std::string output;  // a file for standard output; standard error goes beside it, to `output`.err
  Strike strike = Strike::kNone;
  FileCall at;
  std::string room;  // for kNoSpace: a file's name within `folder`
};

struct TraceResult {
  int exit_code = -1;           // −1 where a signal ended it
  int signal = 0;               // that ended it; 0 for none
  bool struck = false;          // false where the program never came to that call, or, for kKillMidway, where no boundary lies within it
  std::vector<FileCall> calls;  // in the order in which they began, the struck one included
};

// Errors: UNIMPLEMENTED on another machine or where the program writes by means that a tracer does not see (io_uring); PERMISSION_DENIED
// and others where tracing is refused.
absl::StatusOr<TraceResult> RunTraced(const TraceRequest& request);

}  // namespace fenfen::faults
