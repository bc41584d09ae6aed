// PostgresPrograms: PostgreSQL's own programs as they are run here. PostgreSQL does not run as root: there its programs run as the user
// postgres, in a folder that this user can reach and owns.
//
// Not thread-safe; main thread.
#ifndef FENFEN_CLIENTS_CTL_DEMO_POSTGRES_PROGRAMS_H_
#define FENFEN_CLIENTS_CTL_DEMO_POSTGRES_PROGRAMS_H_

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/ctl/demo/child.h"

namespace fenfen::ctl {

class PostgresPrograms {
 public:
  // Makes the folder, or takes it as it is. Where the user postgres cannot come to it, as within root's own folders, `folder` is a link to
  // one in /var/tmp. What the programs say goes to `log_file`. NOT_FOUND where there is no such user.
  static absl::StatusOr<std::unique_ptr<PostgresPrograms>> Make(const std::string& folder, const std::string& log_file,
                                                                const std::atomic<bool>& stop);

  // Where PostgreSQL's files go.
  const std::string& folder() const { return folder_; }
  // A program that ends at once and in order when it is asked to.
  ChildOptions Program(const std::string& program, const std::vector<std::string>& arguments) const;
  // Runs one to its end, two minutes at most, and returns what it wrote.
  absl::StatusOr<std::string> Run(const std::string& program, const std::vector<std::string>& arguments) const;
  // Hands a file or folder to the user that PostgreSQL runs as.
  static absl::Status GiveAway(const std::string& path, std::filesystem::perms perms);
  // Removes the folder, wherever it is.
  void Remove();

  // A server that was killed leaves the small segment behind by which the next one would have known of it.
  static void RemoveSharedMemory(const std::string& data);

 private:
  PostgresPrograms(std::string log_file, const std::atomic<bool>& stop) : log_file_(std::move(log_file)), stop_(stop) {}

  const std::string log_file_;
  const std::atomic<bool>& stop_;
  std::string link_;
  std::string folder_;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_POSTGRES_PROGRAMS_H_
