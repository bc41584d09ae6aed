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
  std::string ready_file;  // written by the program when it serves; empty if it writes none
};

// Several of them.
class Services {
 public:
  // `say` gets what people should know; `stop` ends every wait.
  Services(std::function<void(const std::string&)> say, const std::atomic<bool>* stop) : say_(std::move(say)), stop_(stop) {}
  // Stops all that run.
  ~Services() { StopAll(); }
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // Starts a service and waits until it is ready, at most 60 s. DeadlineExceeded or Aborted with the end of its log.
  absl::Status Start(const Service& service);
  // Starts again what has ended; call it often. Aborted once a service has ended five times within a minute.
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
  };
  absl::Status Launch(Running* running);

  const std::function<void(const std::string&)> say_;
  const std::atomic<bool>* const stop_;
  std::vector<std::unique_ptr<Running>> running_;
};

// The services of a workspace, in the order of starting.
std::vector<Service> DemoServices(const Workspace& workspace, const std::string& bin, const DemoPorts& ports);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_SERVICES_H_
