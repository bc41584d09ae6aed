// Sets up and runs the demo district: generate → history or import → queue → replay → serve, each step once for a folder.
//
// Not thread-safe; call from the main thread.
#ifndef FENFEN_CLIENTS_CTL_DEMO_DEMO_H_
#define FENFEN_CLIENTS_CTL_DEMO_DEMO_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "clients/cpp/client.h"
#include "clients/ctl/demo/day.h"
#include "clients/ctl/demo/district.h"
#include "clients/ctl/demo/postgres_pair.h"
#include "clients/ctl/demo/services.h"
#include "clients/ctl/demo/workspace.h"

namespace fenfen::ctl {

// What is needed to play a history into an empty ledger.
struct HistoryRequest {
  const District& district;
  const Workspace& workspace;  // its stores run, its configuration is written; its plan says how many days
  absl::CivilDay last_day;
  const std::function<void(const std::string&)>& say;
  const std::atomic<bool>& stop;
};
// Plays it (demo/history/history.h). Cancelled if stopped.
using HistoryPlayer = std::function<absl::Status(const HistoryRequest&)>;

// How to run it.
struct DemoOptions {
  std::string folder = "run/demo";
  std::string bin;            // the programs
  std::string static_folder;  // the H5 build
  std::string http = "127.0.0.1:8080";
  std::string grpc = "127.0.0.1:7070";
  DistrictPlan plan;
  DemoMode mode = DemoMode::kEmbedded;
  HistoryPlayer history = {};
};

// How a replay went.
struct ReplayResult {
  int64_t credited = 0, rejected = 0;
  absl::Duration time;
};

// A running district.
class Demo {
 public:
  // Opens the folder, draws the district, picks ports, plays the history where the plan has one, and starts the programs. `say` gets what
  // people should know.
  static absl::StatusOr<std::unique_ptr<Demo>> Start(const DemoOptions& options, std::function<void(const std::string&)> say,
                                                     const std::atomic<bool>* stop);

  // Whatever of generate, import, queue and replay is not done yet. Cancelled if stopped.
  absl::Status SetUp();
  // Starts the agent for good, and one drop a second through it until stopped; Aborted if a program keeps ending.
  absl::Status Live();
  // The same without drops: only keeps the programs running.
  absl::Status Keep();

  const DemoPorts& ports() const { return ports_; }
  const District& district() const { return district_; }
  const Workspace& workspace() const { return *workspace_; }
  const ReplayResult& replay() const { return replay_; }
  // Of a cluster alone; else null.
  const PostgresPair* postgres() const { return postgres_.get(); }
  // Starts again what has ended; call it often. Aborted if a program keeps ending.
  absl::Status Watch();
  Services& services() { return *services_; }
  // A client calling as the operator, or as somebody whom the bridge vouches for.
  absl::StatusOr<std::unique_ptr<client::Client>> Connect(const std::string& issuer, const std::string& subject,
                                                          const std::string& role) const;
  // The same, of these servers alone.
  absl::StatusOr<std::unique_ptr<client::Client>> ConnectTo(std::vector<std::string> servers, const std::string& issuer,
                                                            const std::string& subject, const std::string& role) const;
  // Puts lines into the queues through the agent's own command. Its report's text.
  absl::Status Enqueue(const std::vector<std::string>& lines);
  // Runs the agent until the queues are empty, with a progress bar over `total` drops.
  absl::Status Drain(int64_t total);

 private:
  Demo(DemoOptions options, std::function<void(const std::string&)> say, const std::atomic<bool>* stop)
      : options_(std::move(options)), say_(std::move(say)), stop_(stop) {}
  absl::Status Begin();
  void ChoosePorts();
  absl::Status StartStores();
  bool NeedsHistory() const;
  absl::Status PlayHistory();
  absl::Status Import();
  // Waits until every server has the catalogue; those that were not written to follow.
  absl::Status AwaitCatalogue() const;
  absl::Status Queue();
  // Drops in the queues that have no answer yet; 0 if the agent cannot tell.
  int64_t Pending() const;
  Service Agent(const std::string& name, const std::vector<std::string>& more) const;

  const DemoOptions options_;
  const std::function<void(const std::string&)> say_;
  const std::atomic<bool>* const stop_;
  std::unique_ptr<Workspace> workspace_;
  District district_;
  DemoPorts ports_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<PostgresPair> postgres_;
  ReplayResult replay_;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_DEMO_H_
