#include "clients/ctl/demo/workspace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/request_id.h"
#include "clients/ctl/commands/secrets.h"
#include "clients/ctl/demo/district_files.h"

namespace fenfen::ctl {

namespace {

absl::Status UnlessThere(const absl::Status& made) { return absl::IsAlreadyExists(made) ? absl::OkStatus() : made; }

int64_t Integer(const boost::json::object& object, const char* name, int64_t fallback) {
  const boost::json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->as_int64() : fallback;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Workspace>> Workspace::Open(const std::string& folder, const DistrictPlan& plan) {
  const std::string absolute = std::filesystem::absolute(folder).lexically_normal().string();
  std::error_code error;
  for (const char* name : {"", "/keys", "/log"}) {
    std::filesystem::create_directories(absolute + name, error);
    if (error) return absl::ErrnoToStatus(error.value(), absolute + name);
  }
  const int lock = open((absolute + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return absl::ErrnoToStatus(errno, absolute);
  std::unique_ptr<Workspace> workspace(new Workspace(absolute, lock));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("另一个演示正在使用 ", absolute, " / another demo runs in this folder"));
  }
  absl::Status ready = workspace->ReadRecord(plan);
  if (ready.ok()) ready = workspace->MakeKeys();
  if (!ready.ok()) return ready;
  return workspace;
}

Workspace::~Workspace() { close(lock_fd_); }

absl::Status Workspace::MakeKeys() const {
  for (const char* name : {"keys/operator", "keys/bridge"}) {
    const absl::Status made = UnlessThere(WriteNewKeyPair(Path(name)));
    if (!made.ok()) return made;
  }
  for (const char* name : {"keys/codes.key", "keys/lookups.key", "keys/subject.key", "keys/wechat.secret"}) {
    const absl::Status made = UnlessThere(WriteNewSecret(Path(name)));
    if (!made.ok()) return made;
  }
  return absl::OkStatus();
}

absl::Status Workspace::ReadRecord(const DistrictPlan& plan) {
  const std::string path = Path("demo.json");
  record_.plan = plan;
  if (!std::filesystem::exists(path)) return WriteRecord();
  const absl::StatusOr<std::string> text = client::ReadKeyFile(path, /*secret=*/false);
  if (!text.ok()) return text.status();
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(*text, error);
  if (error || !value.is_object()) return absl::InvalidArgumentError(absl::StrCat(path, "：无法读取 / cannot be read as JSON"));
  const boost::json::object& object = value.as_object();
  record_.plan.seed = static_cast<uint64_t>(Integer(object, "seed", static_cast<int64_t>(plan.seed)));
  record_.plan.households = Integer(object, "households", plan.households);
  record_.plan.estates = Integer(object, "estates", plan.estates);
  record_.plan.stations = Integer(object, "stations", plan.stations);
  record_.plan.drops = Integer(object, "drops", plan.drops);
  record_.step = static_cast<DemoStep>(Integer(object, "step", 0));
  const boost::json::value* day = object.if_contains("day");
  if (day != nullptr && day->is_string()) record_.day = std::string(day->as_string());
  return absl::OkStatus();
}

absl::Status Workspace::WriteRecord() const {
  const boost::json::object object = {{"seed", static_cast<int64_t>(record_.plan.seed)},
                                      {"households", record_.plan.households},
                                      {"estates", record_.plan.estates},
                                      {"stations", record_.plan.stations},
                                      {"drops", record_.plan.drops},
                                      {"step", static_cast<int>(record_.step)},
                                      {"day", record_.day}};
  return ReplaceFile(Path("demo.json"), boost::json::serialize(object) + "\n");
}

absl::Status Workspace::Reached(DemoStep step, const std::string& day) {
  record_.step = step;
  record_.day = day;
  return WriteRecord();
}

absl::Status Workspace::WriteConfigs(const DemoPorts& ports, const std::string& static_folder) const {
  std::string stores;
  if (mode_ == DemoMode::kRedis) {
    std::error_code error;
    std::filesystem::create_directories(Path("redis"), error);
    if (error) return absl::ErrnoToStatus(error.value(), Path("redis"));
    stores = absl::StrCat("[state]\nstore = \"redis\"\n[redis]\naddress = \"unix:", RedisSocket(), "\"\n");
  }
  const absl::Status server = ReplaceFile(Path("fenfend.toml"), absl::StrCat(R"(# Written by fenfenctl demo at every start.
data_dir = "data"
listen = ")",
                                                                             ports.grpc, R"("
metrics_listen = ")",
                                                                             ports.metrics, R"("
ready_file = "fenfend.ready"
[keys]
codes = "keys/codes.key"
lookups = "keys/lookups.key"
[[issuer]]
name = "bridge"
public_key = "keys/bridge.pub.pem"
roles = ["BRIDGE", "RESIDENT", "MERCHANT", "ATTENDANT", "STAFF", "AUDITOR"]
[[issuer]]
name = "operator"
public_key = "keys/operator.pub.pem"
roles = ["OPERATOR"]
[log]
level = "info"
file = "log/fenfend.jsonl"
)",
                                                                             stores));
  if (!server.ok()) return server;
  return ReplaceFile(Path("bridge.toml"), absl::StrCat(R"(# Written by fenfenctl demo at every start.
listen = ")",
                                                       ports.http, R"("
ready_file = "bridge.ready"
server = ")",
                                                       ports.grpc, R"("
static_dir = ")",
                                                       std::filesystem::absolute(static_folder).lexically_normal().string(), R"("
subject_key = "keys/subject.key"
[session]
issuer = "bridge"
key = "keys/bridge.key.pem"
ttl_seconds = 7200
[wechat]
api = "http://)",
                                                       ports.sandbox, R"("
app_id = ")",
                                                       kDemoAppId, R"("
secret_file = "keys/wechat.secret"
sandbox = true
[log]
level = "info"
file = "log/bridge.jsonl"
)"));
}

std::string Workspace::RedisSocket() const {
  return (std::filesystem::absolute(folder_) / "redis" / "redis.sock").lexically_normal().string();
}

PortPicker::~PortPicker() {
  for (const int fd : held_) close(fd);
}

std::string PortPicker::Pick(const std::string& wanted, bool* taken) {
  constexpr int kFirst = 20'000, kCount = 12'000;
  const size_t colon = wanted.rfind(':');
  const std::string host = colon == std::string::npos || colon == 0 ? "127.0.0.1" : wanted.substr(0, colon);
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(wanted.substr(colon + 1), &port)) port = 0;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  *taken = false;
  for (int tries = 0; tries < kCount; ++tries) {
    if (port == 0) port = kFirst + static_cast<int>(client::SystemRandom() % kCount);
    address.sin_port = htons(static_cast<uint16_t>(port));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int reuse = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(fd, 1) == 0) {
      held_.push_back(fd);
      return absl::StrCat(host, ":", port);
    }
    close(fd);
    *taken = *taken || (tries == 0 && colon != std::string::npos && wanted.substr(colon + 1) != "0");
    port = 0;
  }
  return absl::StrCat(host, ":0");
}

}  // namespace fenfen::ctl
