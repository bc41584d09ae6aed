#include "clients/ctl/demo/services.h"

#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/demo/district_files.h"

namespace fenfen::ctl {

namespace {

// A server gives an emptied Redis the whole journal back before it serves.
constexpr absl::Duration kRestoredMax = absl::Minutes(10);
constexpr absl::Duration kStopMax = absl::Seconds(15);
constexpr size_t kEndsMax = 5;
constexpr char kRedisProgram[] = "/usr/bin/redis-server";  // Debian's

bool IsReady(const Service& service) {
  if (!service.ready_file.empty()) return std::filesystem::exists(service.ready_file);
  return !service.ready || service.ready();
}

}  // namespace

absl::Status Services::Launch(Running* running) {
  const Service& service = running->service;
  if (!service.ready_file.empty()) unlink(service.ready_file.c_str());
  absl::StatusOr<std::unique_ptr<Child>> child = Child::Start(service.options);
  if (!child.ok()) return child.status();
  running->child = *std::move(child);
  running->away = false;
  Note();
  const absl::Time deadline = absl::Now() + service.ready_max;
  while (!IsReady(service)) {
    const std::optional<int> ended = running->child->Ended();
    if (ended.has_value()) {
      return absl::AbortedError(absl::StrCat(service.name, " 未能启动（", DescribeEnd(*ended), "）；日志 / its log ",
                                             service.options.log_file, "：\n", LogTail(service.options.log_file)));
    }
    if (*stop_) return absl::CancelledError("stopped");
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(service.name, " 未及时就绪 / was not ready within ",
                                                      absl::FormatDuration(service.ready_max), "; ", LogTail(service.options.log_file)));
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  return absl::OkStatus();
}

absl::Status Services::Start(const Service& service) {
  running_.push_back(std::make_unique<Running>());
  running_.back()->service = service;
  return Launch(running_.back().get());
}

absl::Status Services::Watch() {
  for (const std::unique_ptr<Running>& running : running_) {
    const std::optional<int> ended = running->child->Ended();
    if (!ended.has_value()) continue;
    const absl::Time now = absl::Now();
    if (!running->away) {
      running->away = true;
      running->ends.push_back(now);
      Note();
      if (running->service.restart_after > absl::ZeroDuration()) {
        say_(absl::StrCat(running->service.name, " 已退出 / has ended: ", DescribeEnd(*ended)));
      }
    }
    if (now < running->ends.back() + running->service.restart_after) continue;
    if (absl::Status status = Relaunch(running.get()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Services::Relaunch(Running* running) {
  std::deque<absl::Time>& ends = running->ends;
  while (ends.front() < ends.back() - absl::Minutes(1)) ends.pop_front();
  if (ends.size() >= kEndsMax) {
    return absl::AbortedError(absl::StrCat(running->service.name, " 一分钟内退出了 ", kEndsMax, " 次 / ended ", kEndsMax,
                                           " times within a minute: ", LogTail(running->service.options.log_file)));
  }
  say_(
      absl::StrCat(running->service.name, " 意外退出（", DescribeEnd(*running->child->Ended()), "），重新启动 / ended, starting it again"));
  return Launch(running);
}

void Services::Note() const {
  if (note_.empty()) return;
  boost::json::array list;
  for (const std::unique_ptr<Running>& running : running_) {
    const bool runs = running->child != nullptr && !running->away;
    list.push_back(boost::json::object{{"name", running->service.name},
                                       {"pid", runs ? boost::json::value(running->child->pid()) : boost::json::value(nullptr)},
                                       {"address", running->service.address},
                                       {"log", running->service.options.log_file}});
  }
  const absl::Status written = ReplaceFile(note_, boost::json::serialize(list) + "\n");
  if (!written.ok()) say_(absl::StrCat(note_, ": ", written.message()));
}

void Services::Stop(const std::string& name) {
  for (size_t i = 0; i < running_.size(); ++i) {
    if (running_[i]->service.name != name) continue;
    if (running_[i]->child != nullptr) running_[i]->child->Stop(kStopMax);
    running_.erase(running_.begin() + static_cast<ptrdiff_t>(i));
    Note();
    return;
  }
}

void Services::StopAll() {
  while (!running_.empty()) {
    if (running_.back()->child != nullptr) running_.back()->child->Stop(kStopMax);
    running_.pop_back();
    Note();
  }
}

Child* Services::Find(const std::string& name) {
  const auto found = std::find_if(running_.begin(), running_.end(), [&](const auto& running) { return running->service.name == name; });
  return found == running_.end() ? nullptr : (*found)->child.get();
}

std::vector<Service> DemoServices(const Workspace& workspace, const std::string& bin, const DemoPorts& ports) {
  const auto log = [&](const char* name) { return workspace.Path(absl::StrCat("log/", name, ".log")); };
  std::vector<Service> services;
  if (workspace.mode() == DemoMode::kRedis) {
    const std::string folder = std::filesystem::path(workspace.RedisSocket()).parent_path().string();
    services.push_back({"redis-server",
                        {{kRedisProgram, "--port", "0", "--unixsocket", workspace.RedisSocket(), "--unixsocketperm", "700", "--dir", folder,
                          "--appendonly", "yes", "--maxmemory-policy", "noeviction"},
                         log("redis")},
                        workspace.RedisSocket()});
  }
  for (size_t n = 0; n < ports.servers.size() + 1; ++n) {
    const std::string name = ServerName(workspace.mode(), n);
    services.push_back({name,
                        {{absl::StrCat(bin, "/fenfend"), "--config", workspace.Path(name + ".toml")}, log(name.c_str())},
                        workspace.Path(name + ".ready")});
    services.back().address = ports.Servers()[n];
    if (workspace.mode() != DemoMode::kEmbedded) services.back().ready_max = kRestoredMax;
  }
  const std::initializer_list<Service> others = {
      {"fenfen-wechat-sandbox",
       {{absl::StrCat(bin, "/fenfen-wechat-sandbox"), "--listen", ports.sandbox, "--people", workspace.Path("people.json"), "--ready-file",
         workspace.Path("sandbox.ready")},
        log("sandbox")},
       workspace.Path("sandbox.ready")},
      {"fenfen-bridge",
       {{absl::StrCat(bin, "/fenfen-bridge"), "--config", workspace.Path("bridge.toml")}, log("bridge")},
       workspace.Path("bridge.ready")},
  };
  services.insert(services.end(), others);
  services.back().address = ports.http;
  return services;
}

}  // namespace fenfen::ctl
