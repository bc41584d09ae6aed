// The PostgreSQL of a demo: pg-1 and pg-2 of Debian's postgresql-15 on loopback, one the primary and the other its synchronous standby.
//
//   pair.Start()    as the last run left them, or made new
//   pair.Watch()    often: a primary that has ended is replaced by its standby, and becomes the standby of that one
//
// What a commit stands on: both have it. While there is no standby, just after a take-over, the primary alone has what it commits. Nobody
// else takes the standby for the primary: the data of the one that ended is put aside before the other takes over.
//
// Not thread-safe; main thread.
#ifndef FENFEN_CLIENTS_CTL_DEMO_POSTGRES_PAIR_H_
#define FENFEN_CLIENTS_CTL_DEMO_POSTGRES_PAIR_H_

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/ctl/demo/postgres_programs.h"
#include "clients/ctl/demo/services.h"
#include "clients/ctl/demo/workspace.h"

namespace fenfen::ctl {

inline constexpr size_t kPostgresNodes = 2;

class PostgresPair {
 public:
  // `ports` has kPostgresNodes of `postgres`. Everything given outlives it.
  PostgresPair(const Workspace& workspace, const DemoPorts& ports, Services* services, std::function<void(const std::string&)> say,
               const std::atomic<bool>& stop)
      : workspace_(workspace), ports_(ports), services_(*services), say_(std::move(say)), stop_(stop) {}

  // Returns when the primary has the database `fenfen` and a commit waits for the standby.
  absl::Status Start();
  // What it cannot mend now it says, and tries again later.
  void Watch();

  static std::string NameOf(size_t node);
  std::string primary() const { return NameOf(primary_); }

 private:
  absl::Status MakePassword();
  absl::Status MakePrimary();
  absl::Status MakeStandby();
  absl::Status StartNode(size_t node);
  absl::Status WaitForStandby();
  // Makes the standby the primary, and puts the data of the one that has ended aside.
  absl::Status TakeOver();
  absl::Status Promote();
  absl::Status Mend();

  size_t standby() const { return 1 - primary_; }
  std::string DataOf(size_t node) const;
  std::string Conninfo(size_t node, const std::string& database) const;
  // The first column of the statement's rows.
  absl::StatusOr<std::string> Sql(size_t node, const std::string& statement) const;
  bool Ended(size_t node) const;

  const Workspace& workspace_;
  const DemoPorts& ports_;
  Services& services_;
  const std::function<void(const std::string&)> say_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<PostgresPrograms> programs_;
  size_t primary_ = 0;
  absl::Time next_try_;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_POSTGRES_PAIR_H_
