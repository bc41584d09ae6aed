// AuditLog: who read whose data, and who changed what with more than a resident's rights; JSON lines, only ever appended to. A reply that
// must be recorded leaves after its record is on the disk, and a record that cannot be written keeps the reply back: no record, no data.
//
// One thread writes and syncs all records that wait, together, so that callers never block. After a failed write or sync the log takes
// nothing more until a restart, because what the failed sync left behind is unknown. Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fenfen::server {

class AuditLog {
 public:
  using Done = absl::AnyInvocable<void(absl::Status) &&>;

  // Records that may wait to be written.
  static constexpr size_t kWaitingMax = 4096;

  // Opens or makes the file, readable by its owner alone.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::string& path);
  // Writes what waits and closes the file.
  ~AuditLog();

  // Appends one line. `done` runs once: with OK when it is durable; with OVERLOADED where too many wait; with STORAGE_FULL where the disk
  // has no room or the log failed. It must be short.
  void Append(std::string line, Done done);

 private:
  struct Waiting {
    std::string line;
    Done done;
  };

  explicit AuditLog(int fd) : fd_(fd), thread_([this] { Run(); }) {}
  void Run();
  absl::Status WriteAll(const std::vector<Waiting>& batch);

  const int fd_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Waiting> waiting_;  // guarded by mutex_
  bool stopping_ = false;         // guarded by mutex_
  bool failed_ = false;           // the writing thread's own
  std::thread thread_;            // last: it uses all of the above
};

}  // namespace fenfen::server
