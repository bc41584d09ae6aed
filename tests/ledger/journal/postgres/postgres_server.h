// PostgresServer: a PostgreSQL of a test's own, from Debian's package: a new cluster in a temporary folder, listening on a socket in it and
// nowhere else, and gone with the object. PostgreSQL refuses to run as root, so there it runs as the package's user `postgres`.
//
//   PostgresServer server;
//   Journal… (server.Conninfo(server.NewDatabase()));
//   server.Kill();
//   server.Start();
//
// A server that cannot be made ends the test: nothing is skipped. One thread at a time.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fenfen {

class PostgresServer {
 public:
  // A server that runs. `settings` are more of postgresql.conf's: "work_mem=1MB".
  explicit PostgresServer(std::vector<std::string> settings = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // A running server that follows `primary`; from then on the primary's commits wait for it.
  static std::unique_ptr<PostgresServer> StandbyOf(PostgresServer& primary);

  // For libpq: with this server's socket, or with those of several, of which the first that takes writes is meant.
  std::string Conninfo(absl::string_view database, absl::string_view user = "postgres") const;
  static std::string ConninfoOf(const std::vector<const PostgresServer*>& servers, absl::string_view database);

  // The name of a new, empty database.
  std::string NewDatabase();
  // Runs statements, each on its own, as the superuser; the first column of the last one's first row.
  std::string Run(absl::string_view database, const std::vector<std::string>& statements);

  void Start();
  // Waits until the server has ended by itself, all sessions cut.
  void Stop();
  // kill -9, of every process of the server's at once.
  void Kill();
  // SIGSTOP and SIGCONT for every process of the server's: it is there and answers nothing.
  void Pause();
  void Resume();
  // From a standby to a server that takes writes.
  void Promote();
  // Throws its data away and follows `primary` from then on, in the same place.
  void BecomeStandbyOf(PostgresServer& primary);

  const std::string& folder() const { return folder_; }

 private:
  struct Unstarted {};
  explicit PostgresServer(Unstarted, std::vector<std::string> settings);

  std::vector<pid_t> Signal(int signal);
  std::string data() const { return folder_ + "/data"; }

  std::vector<std::string> settings_;
  std::string folder_;
  pid_t postmaster_ = 0;
  int databases_ = 0;
};

}  // namespace fenfen
