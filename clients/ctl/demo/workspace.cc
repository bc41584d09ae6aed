#include "clients/ctl/demo/workspace.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "clients/cpp/key_file.h"
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

std::vector<std::string> DemoPorts::Servers() const {
  std::vector<std::string> all = {grpc};
  all.insert(all.end(), servers.begin(), servers.end());
  return all;
}

std::string ServerName(DemoMode mode, size_t n) { return mode == DemoMode::kCluster ? absl::StrCat("fenfend-", n + 1) : "fenfend"; }

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
  for (const char* name :
       {"keys/codes.key", "keys/lookups.key", "keys/subject.key", "keys/wechat.secret", "keys/redis.secret", "keys/postgres.secret"}) {
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
  record_.plan.history_days = Integer(object, "history_days", 0);
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
                                      {"history_days", record_.plan.history_days},
                                      {"step", static_cast<int>(record_.step)},
                                      {"day", record_.day}};
  return ReplaceFile(Path("demo.json"), boost::json::serialize(object) + "\n");
}

absl::Status Workspace::Reached(DemoStep step, const std::string& day) {
  record_.step = step;
  record_.day = day;
  return WriteRecord();
}

absl::Status Workspace::ChooseMode(DemoMode mode) {
  // The journal of a cluster is another one than that in files.
  const bool in_files = std::filesystem::exists(Path("data/journal")), in_postgres = std::filesystem::exists(Path("postgres"));
  if (mode == DemoMode::kCluster ? in_files : in_postgres) {
    return absl::FailedPreconditionError(absl::StrCat(folder_, "：这里的日志在", in_files ? "文件" : " PostgreSQL ",
                                                      "里，请换一个文件夹或换 --mode / its journal is in ",
                                                      in_files ? "files" : "PostgreSQL", "; take another folder or another --mode"));
  }
  mode_ = mode;
  return absl::OkStatus();
}

absl::Status Workspace::ForgetLedger() const {
  std::vector<std::string> gone;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    for (const char* begin : {"data", "redis", "postgres"}) {
      if (absl::StartsWith(name, begin)) gone.push_back(entry.path().string());
    }
  }
  for (const auto& device : std::filesystem::directory_iterator(Path("fleet"), error)) {
    gone.push_back(device.path().string() + "/queue");
    gone.push_back(device.path().string() + "/queue.kept");
  }
  for (const auto& file : std::filesystem::directory_iterator(Path("import"), error)) {
    if (file.path().extension() == ".import") gone.push_back(file.path().string());
  }
  for (const std::string& path : gone) {
    std::filesystem::remove_all(path, error);
    if (error) return absl::ErrnoToStatus(error.value(), path);
  }
  return absl::OkStatus();
}

absl::Status Workspace::KeepQueue(const std::string& device) const {
  const std::string queue = Path(absl::StrCat("fleet/", device, "/queue"));
  std::error_code error;
  std::filesystem::remove_all(queue + ".kept", error);
  if (!error && std::filesystem::exists(queue)) std::filesystem::copy(queue, queue + ".kept", error);
  return error ? absl::ErrnoToStatus(error.value(), queue) : absl::OkStatus();
}

absl::Status Workspace::RestoreQueue(const std::string& device) const {
  const std::string queue = Path(absl::StrCat("fleet/", device, "/queue"));
  std::error_code error;
  std::filesystem::remove_all(queue, error);
  if (!error && std::filesystem::exists(queue + ".kept")) std::filesystem::copy(queue + ".kept", queue, error);
  return error ? absl::ErrnoToStatus(error.value(), queue) : absl::OkStatus();
}

std::string Workspace::PostgresConnection(const DemoPorts& ports) const {
  std::vector<std::string> hosts, numbers;
  for (const std::string& address : ports.postgres) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(address, ':');
    hosts.push_back(parts.first);
    numbers.push_back(parts.second);
  }
  return absl::StrCat("host=", absl::StrJoin(hosts, ","), " port=", absl::StrJoin(numbers, ","),
                      " user=postgres dbname=fenfen passfile=", std::filesystem::weakly_canonical(Path("postgres")).string(), "/pgpass");
}

std::string Workspace::StoresConfig(const DemoPorts& ports) const {
  switch (mode_) {
    case DemoMode::kEmbedded:
      return "";
    case DemoMode::kRedis:
      return absl::StrCat("[state]\nstore = \"redis\"\n[redis]\naddress = \"unix:", RedisSocket(), "\"\nopen_timeout = \"10m\"\n");
    case DemoMode::kCluster:
      return absl::StrCat("[state]\nstore = \"redis\"\n[redis]\ncluster = [\"", absl::StrJoin(ports.redis, "\", \""),
                          "\"]\npassword_file = \"keys/redis.secret\"\nopen_timeout = \"10m\"\n[journal]\nstore = "
                          "\"postgres\"\n[postgres]\nconnection = \"",
                          PostgresConnection(ports), "\"\n");
  }
  return "";
}

absl::Status Workspace::WriteServerConfig(const DemoPorts& ports, size_t n) const {
  const std::string name = ServerName(mode_, n);
  const std::string data = mode_ == DemoMode::kCluster ? absl::StrCat("data-", n + 1) : "data";
  return ReplaceFile(Path(name + ".toml"), absl::StrCat(R"(# Written by fenfenctl demo at every start.
data_dir = ")",
                                                        data, R"("
listen = ")",
                                                        ports.Servers()[n], R"("
metrics_listen = ")",
                                                        n == 0 ? ports.metrics : "127.0.0.1:0", R"("
ready_file = ")",
                                                        name, R"(.ready"
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
file = "log/)",
                                                        name, R"(.jsonl"
)",
                                                        StoresConfig(ports)));
}

absl::Status Workspace::WriteConfigs(const DemoPorts& ports, const std::string& static_folder) const {
  if (mode_ == DemoMode::kRedis) {
    std::error_code error;
    std::filesystem::create_directories(Path("redis"), error);
    if (error) return absl::ErrnoToStatus(error.value(), Path("redis"));
  }
  for (size_t n = 0; n < ports.servers.size() + 1; ++n) {
    if (absl::Status status = WriteServerConfig(ports, n); !status.ok()) return status;
  }
  const std::string servers = ports.servers.empty() ? absl::StrCat("server = \"", ports.grpc, "\"")
                                                    : absl::StrCat("targets = [\"", absl::StrJoin(ports.Servers(), "\", \""), "\"]");
  return ReplaceFile(Path("bridge.toml"), absl::StrCat(R"(# Written by fenfenctl demo at every start.
listen = ")",
                                                       ports.http, R"("
ready_file = "bridge.ready"
)",
                                                       servers, R"(
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

}  // namespace fenfen::ctl
