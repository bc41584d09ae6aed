// The demo's programs: fenfend, fenfen-wechat-sandbox, fenfen-bridge, and the station agent; started in order, watched, started again if
// they end by themselves, and stopped in the opposite order.
//
// Not thread-safe; everything happens on the main thread.
#ifndef FENFEN_CLIENTS_CTL_DEMO_SERVICES_H_
#define FENFEN_CLIENTS_CTL_DEMO_SERVICES_H_

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/ctl/demo/child.h"
#include "clients/ctl/demo/workspace.h"

namespace fenfen::ctl {

// A program to keep running.
struct Service {
  std::string name;  // for people
  ChildOptions options;
  std::string ready_file;                               // written by the program when it serves; empty if it writes none
  std::function<bool()> ready = {};                     // asked where it writes none, until it says so; empty: it is ready at once
  std::string address = {};                             // where it listens, for people
  absl::Duration restart_after = absl::ZeroDuration();  // how long it stays away when it has ended by itself; infinite: for good
  absl::Duration ready_max = absl::Seconds(60);
};

// Several of them.
class Services {
 public:
  // `say` gets what people should know; `stop` ends every wait.
  Services(std::function<void(const std::string&)> say, const std::atomic<bool>* stop) : say_(std::move(say)), stop_(stop) {}
  // Stops all that run.
  ~Services() { StopAll(); }
  // Writes what runs to a file whenever it changes: a JSON list of {"name", "pid", "address", "log"}.
  void NoteIn(const std::string& path) { note_ = path; }
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // Starts a service and waits until it is ready, at most its `ready_max`. DeadlineExceeded or Aborted with the end of its log.
  absl::Status Start(const Service& service);
  // Starts again what has ended and may come back; call it often. Aborted once a service has ended five times within a minute.
  absl::Status Watch();
  // Stops one, or all, the last started first, each within 15 s.
  void Stop(const std::string& name);
  void StopAll();
  // The child of a service; null if it is not started.
  Child* Find(const std::string& name);

 private:
  struct Running {
    Service service;
    std::unique_ptr<Child> child;
    std::deque<absl::Time> ends;
    bool away = false;  // it has ended, and is not started again yet
  };
  absl::Status Launch(Running* running);
  absl::Status Relaunch(Running* running);
  void Note() const;

  const std::function<void(const std::string&)> say_;
  const std::atomic<bool>* const stop_;
  std::string note_;
  std::vector<std::unique_ptr<Running>> running_;
};

// The services of a workspace, in the order of starting.
std::vector<Service> DemoServices(const Workspace& workspace, const std::string& bin, const DemoPorts& ports);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_SERVICES_H_
