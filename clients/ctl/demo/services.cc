#include "clients/ctl/demo/services.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace fenfen::ctl {

namespace {

constexpr absl::Duration kReadyMax = absl::Seconds(60);
constexpr absl::Duration kStopMax = absl::Seconds(15);
constexpr size_t kEndsMax = 5;
constexpr size_t kLogTailBytes = 1'500;
constexpr char kRedisProgram[] = "/usr/bin/redis-server";  // Debian's

std::string LogTail(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return text.size() > kLogTailBytes ? text.substr(text.size() - kLogTailBytes) : text;
}

}  // namespace

absl::Status Services::Launch(Running* running) {
  const Service& service = running->service;
  if (!service.ready_file.empty()) unlink(service.ready_file.c_str());
  absl::StatusOr<std::unique_ptr<Child>> child = Child::Start(service.options);
  if (!child.ok()) return child.status();
  running->child = *std::move(child);
  const absl::Time deadline = absl::Now() + kReadyMax;
  while (!service.ready_file.empty() && !std::filesystem::exists(service.ready_file)) {
    const std::optional<int> ended = running->child->Ended();
    if (ended.has_value()) {
      return absl::AbortedError(absl::StrCat(service.name, " 未能启动（", DescribeEnd(*ended), "）；日志 / its log ",
                                             service.options.log_file, "：\n", LogTail(service.options.log_file)));
    }
    if (*stop_) return absl::CancelledError("stopped");
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat(service.name, " 60 秒内未就绪 / was not ready within 60 s; ", LogTail(service.options.log_file)));
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
    running->ends.push_back(now);
    while (running->ends.front() < now - absl::Minutes(1)) running->ends.pop_front();
    if (running->ends.size() >= kEndsMax) {
      return absl::AbortedError(absl::StrCat(running->service.name, " 一分钟内退出了 ", kEndsMax, " 次 / ended ", kEndsMax,
                                             " times within a minute: ", LogTail(running->service.options.log_file)));
    }
    say_(absl::StrCat(running->service.name, " 意外退出（", DescribeEnd(*ended), "），重新启动 / ended, starting it again"));
    const absl::Status launched = Launch(running.get());
    if (!launched.ok()) return launched;
  }
  return absl::OkStatus();
}

void Services::Stop(const std::string& name) {
  for (size_t i = 0; i < running_.size(); ++i) {
    if (running_[i]->service.name != name) continue;
    if (running_[i]->child != nullptr) running_[i]->child->Stop(kStopMax);
    running_.erase(running_.begin() + static_cast<ptrdiff_t>(i));
    return;
  }
}

void Services::StopAll() {
  while (!running_.empty()) {
    if (running_.back()->child != nullptr) running_.back()->child->Stop(kStopMax);
    running_.pop_back();
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
  const std::initializer_list<Service> programs = {
      {"fenfend",
       {{absl::StrCat(bin, "/fenfend"), "--config", workspace.Path("fenfend.toml")}, log("fenfend")},
       workspace.Path("fenfend.ready")},
      {"fenfen-wechat-sandbox",
       {{absl::StrCat(bin, "/fenfen-wechat-sandbox"), "--listen", ports.sandbox, "--people", workspace.Path("people.json"), "--ready-file",
         workspace.Path("sandbox.ready")},
        log("sandbox")},
       workspace.Path("sandbox.ready")},
      {"fenfen-bridge",
       {{absl::StrCat(bin, "/fenfen-bridge"), "--config", workspace.Path("bridge.toml")}, log("bridge")},
       workspace.Path("bridge.ready")},
  };
  services.insert(services.end(), programs);
  return services;
}

}  // namespace fenfen::ctl
