#include "tests/overload/fenfend.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/token.h"
#include "clients/ctl/bench/district.h"
#include "clients/ctl/bench/ledger.h"

namespace fenfen::overload {
namespace {

constexpr char kServer[] = "fenfend";
constexpr char kAnyPort[] = "127.0.0.1:0";
constexpr absl::Duration kTokenLife = absl::Hours(1);
constexpr absl::Duration kVerifyMax = absl::Minutes(5);
constexpr absl::Duration kStopMax = absl::Seconds(60);

std::string FileText(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The processors that this process may use, divided: for the server, and for the load.
struct Processors {
  cpu_set_t server, load;
};
Processors Divide() {
  cpu_set_t all;
  CPU_ZERO(&all);
  sched_getaffinity(0, sizeof all, &all);
  Processors divided{all, all};
  if (CPU_COUNT(&all) < 2) return divided;
  CPU_ZERO(&divided.load);
  for (int processor = CPU_SETSIZE - 1; processor >= 0; --processor) {
    if (!CPU_ISSET(processor, &all)) continue;
    CPU_SET(processor, &divided.load);
    CPU_CLR(processor, &divided.server);
    return divided;
  }
  return divided;
}

}  // namespace

Fenfend::Fenfend(bench::TemporaryFolder folder, ServerPlan plan)
    : folder_(std::move(folder)), plan_(std::move(plan)), services_([](const std::string&) {}, &stop_) {}

absl::StatusOr<std::unique_ptr<Fenfend>> Fenfend::Start(const ServerPlan& plan) {
  absl::StatusOr<bench::TemporaryFolder> folder = bench::TemporaryFolder::Make(plan.folder);
  if (!folder.ok()) return folder.status();
  std::unique_ptr<Fenfend> server(new Fenfend(*std::move(folder), plan));
  absl::StatusOr<std::unique_ptr<ctl::Workspace>> workspace = ctl::Workspace::Open(server->folder_.path(), {});
  if (!workspace.ok()) return workspace.status();
  server->workspace_ = *std::move(workspace);
  absl::Status status = server->Prepare();
  if (status.ok()) status = server->Launch();
  if (!status.ok()) return status;
  return server;
}

absl::Status Fenfend::Prepare() {
  std::vector<std::string> public_keys;
  // At least one: a station for the attendant.
  for (size_t n = 0; n < std::max<size_t>(plan_.devices, 1); ++n) {
    absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::Generate();
    if (!key.ok()) return key.status();
    public_keys.push_back(key->PublicBytes());
    device_keys_.push_back(*std::move(key));
  }
  absl::StatusOr<std::unique_ptr<bench::Ledger>> ledger = bench::Ledger::Open(workspace_->Path("data"), public_keys);
  if (!ledger.ok()) return ledger.status();
  if (absl::Status status = (*ledger)->Enrol(plan_.households, /*named=*/true); !status.ok()) return status;
  return (*ledger)->Close();
}

absl::Status Fenfend::Launch() {
  const ctl::DemoPorts ports{kAnyPort, kAnyPort, kAnyPort, kAnyPort};
  std::error_code error;
  std::filesystem::create_directories(workspace_->Path("pages"), error);
  if (absl::Status status = workspace_->WriteConfigs(ports, workspace_->Path("pages")); !status.ok()) return status;
  if (plan_.batches_max != 0) {
    std::ofstream config(workspace_->Path("fenfend.toml"), std::ios::app);
    config << "[limits]\nbatches_max = " << plan_.batches_max << "\n";
    if (!config.flush()) return absl::InternalError("cannot write the server's configuration");
  }
  const std::vector<ctl::Service> services = ctl::DemoServices(*workspace_, plan_.bin, ports);
  ctl::Service service = *std::find_if(services.begin(), services.end(), [](const auto& one) { return one.name == kServer; });
  if (plan_.sync_delay > absl::ZeroDuration()) {
    const std::vector<std::string> slowed = {"/usr/bin/strace",
                                             "-f",
                                             "-qq",
                                             "--seccomp-bpf",
                                             "-o",
                                             "/dev/null",
                                             "-e",
                                             "trace=fdatasync",
                                             "-e",
                                             absl::StrCat("inject=fdatasync:delay_enter=", absl::ToInt64Microseconds(plan_.sync_delay))};
    service.options.arguments.insert(service.options.arguments.begin(), slowed.begin(), slowed.end());
  }
  // A child has its parent's processors; threads that this process makes later have those of the load.
  const Processors processors = Divide();
  sched_setaffinity(0, sizeof processors.server, &processors.server);
  const absl::Status started = services_.Start(service);
  sched_setaffinity(0, sizeof processors.load, &processors.load);
  if (!started.ok()) return started;
  boost::system::error_code broken;
  const boost::json::value ready = boost::json::parse(FileText(service.ready_file), broken);
  if (broken || !ready.is_object()) return absl::InternalError(absl::StrCat(service.ready_file, " cannot be read"));
  address_ = std::string(ready.as_object().at("grpc").as_string());
  pid_ = static_cast<pid_t>(ready.as_object().at("pid").as_int64());
  return absl::OkStatus();
}

absl::StatusOr<std::string> Fenfend::AttendantToken() const {
  const absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromPemFile(workspace_->Path("keys/bridge.key.pem"), "bridge");
  if (!signer.ok()) return signer.status();
  return signer->Mint(bench::kAttendant, "ATTENDANT", absl::Now(), kTokenLife);
}

absl::StatusOr<std::unique_ptr<client::Client>> Fenfend::ConnectAsDevice(size_t device) const {
  const std::string name = bench::DeviceName(device);
  absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromKey(device_keys_[device], name);
  if (!signer.ok()) return signer.status();
  client::ClientOptions options;
  options.target = address_;
  options.token = client::MintedTokens(*std::move(signer), name, "DEVICE", kTokenLife, [] { return absl::Now(); });
  return client::Client::Connect(std::move(options));
}

absl::StatusOr<uint64_t> Fenfend::ResidentBytes() const {
  uint64_t all = 0, resident = 0;
  std::ifstream file(absl::StrCat("/proc/", pid_, "/statm"));
  if (!(file >> all >> resident)) return absl::NotFoundError("the server is gone");
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

absl::Status Fenfend::Verify() const {
  ctl::ChildOptions options;
  options.arguments = {plan_.bin + "/fenfenctl",
                       "--json",
                       "--server",
                       address_,
                       "--operator-key",
                       workspace_->Path("keys/operator.key.pem"),
                       "verify",
                       journal()};
  options.log_file = workspace_->Path("log/verify.log");
  options.pipe_out = true;
  const absl::StatusOr<std::unique_ptr<ctl::Child>> child = ctl::Child::Start(options);
  if (!child.ok()) return child.status();
  std::string said;
  std::optional<int> ended;
  for (const absl::Time until = absl::Now() + kVerifyMax; !ended && absl::Now() < until; absl::SleepFor(absl::Milliseconds(10))) {
    ended = (*child)->Ended();
    for (const std::string& line : (*child)->ReadLines()) absl::StrAppend(&said, line, "\n");
  }
  if (!ended) return absl::DeadlineExceededError("fenfenctl verify does not end");
  if (*ended == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("fenfenctl verify: ", ctl::DescribeEnd(*ended), "\n", said, FileText(options.log_file)));
}

absl::Status Fenfend::Stop() {
  ctl::Child* const child = services_.Find(kServer);
  // A tracer passes no signal on; it ends with what it traces, and as that does.
  ::kill(pid_, SIGTERM);
  std::optional<int> ended;
  for (const absl::Time until = absl::Now() + kStopMax; !ended && absl::Now() < until; absl::SleepFor(absl::Milliseconds(5))) {
    ended = child->Ended();
  }
  if (ended && *ended == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("fenfend ", ended ? ctl::DescribeEnd(*ended) : "does not end", "\n", FileText(workspace_->Path("log/fenfend.jsonl"))));
}

}  // namespace fenfen::overload
