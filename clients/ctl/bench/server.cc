#include "clients/ctl/bench/server.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/bench/children.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/load.h"

namespace fenfen::bench {
namespace {

constexpr char kAnyPort[] = "127.0.0.1:0";
constexpr absl::Duration kTokenLife = absl::Hours(1);

absl::StatusOr<std::unique_ptr<client::Client>> Connect(const std::string& target, absl::StatusOr<client::TokenSigner> signer,
                                                        const std::string& subject, const std::string& role) {
  if (!signer.ok()) return signer.status();
  client::ClientOptions options;
  options.target = target;
  options.token = client::MintedTokens(*std::move(signer), subject, role, kTokenLife, [] { return absl::Now(); });
  return client::Client::Connect(std::move(options));
}

}  // namespace

BenchServer::BenchServer(TemporaryFolder folder) : folder_(std::move(folder)), services_([](const std::string&) {}, &stop_) {}

absl::StatusOr<std::unique_ptr<BenchServer>> BenchServer::Start(const Options& options, const ServerPlan& plan) {
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(options.folder);
  if (!folder.ok()) return folder.status();
  std::unique_ptr<BenchServer> server(new BenchServer(*std::move(folder)));
  absl::StatusOr<std::unique_ptr<ctl::Workspace>> workspace = ctl::Workspace::Open(server->folder(), {});
  if (!workspace.ok()) return workspace.status();
  server->workspace_ = *std::move(workspace);
  absl::Status status = server->PrepareLedger(plan);
  if (status.ok()) status = server->StartServer(options.bin);
  if (status.ok() && plan.bridge) status = server->StartBridge(options.bin);
  if (!status.ok()) return status;
  return server;
}

absl::Status BenchServer::PrepareLedger(const ServerPlan& plan) {
  std::vector<std::string> public_keys;
  for (size_t n = 0; n < plan.devices; ++n) {
    absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::Generate();
    if (!key.ok()) return key.status();
    public_keys.push_back(key->PublicBytes());
    device_keys_.push_back(*std::move(key));
  }
  // One more, for the sample.
  public_keys.emplace_back(32, 'k');
  absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(workspace_->Path("data"), public_keys);
  if (!ledger.ok()) return ledger.status();
  if (absl::Status status = (*ledger)->Enrol(plan.households, /*named=*/true); !status.ok()) return status;
  std::vector<Command> sample;
  sample.push_back(DropCommand(0, plan.devices, 1, (*ledger)->Setting()));
  if (absl::Status status = SubmitAllAndWait((*ledger)->engine(), std::move(sample)); !status.ok()) return status;
  const absl::StatusOr<size_t> bytes = (*ledger)->StoredBytesOfLast(PartitionOf(HouseholdOf(0)));
  if (!bytes.ok()) return bytes.status();
  drop_bytes_ = *bytes;
  return (*ledger)->Close();
}

absl::Status BenchServer::StartServer(const std::string& bin) {
  ports_ = {kAnyPort, kAnyPort, kAnyPort, kAnyPort};
  std::error_code error;
  std::filesystem::create_directories(workspace_->Path("pages"), error);
  if (absl::Status status = workspace_->WriteConfigs(ports_, workspace_->Path("pages")); !status.ok()) return status;
  if (absl::Status status = services_.Start(ctl::DemoServices(*workspace_, bin, ports_).front()); !status.ok()) return status;
  absl::StatusOr<std::string> address = ReadyField(workspace_->Path("fenfend.ready"), "grpc");
  if (!address.ok()) return address.status();
  grpc_address_ = *std::move(address);
  return absl::OkStatus();
}

absl::Status BenchServer::StartBridge(const std::string& bin) {
  ports_.grpc = grpc_address_;
  if (absl::Status status = workspace_->WriteConfigs(ports_, workspace_->Path("pages")); !status.ok()) return status;
  // All requests come from one address here, which is one caller.
  std::ofstream(workspace_->Path("bridge.toml"), std::ios::app) << "[limits]\nrate_per_second = 0\n";
  const std::vector<ctl::Service> services = ctl::DemoServices(*workspace_, bin, ports_);
  const auto bridge = std::find_if(services.begin(), services.end(), [](const auto& service) { return service.name == "fenfen-bridge"; });
  if (absl::Status status = services_.Start(*bridge); !status.ok()) return status;
  absl::StatusOr<std::string> address = ReadyField(bridge->ready_file, "http");
  if (!address.ok()) return address.status();
  http_address_ = *std::move(address);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<client::Client>> BenchServer::ConnectAsDevice(size_t device) const {
  const std::string name = DeviceName(device);
  return Connect(grpc_address_, client::TokenSigner::FromKey(device_keys_[device], name), name, "DEVICE");
}

absl::StatusOr<std::unique_ptr<client::Client>> BenchServer::ConnectAsAttendant() const {
  return Connect(grpc_address_, client::TokenSigner::FromPemFile(workspace_->Path("keys/bridge.key.pem"), "bridge"), kAttendant,
                 "ATTENDANT");
}

}  // namespace fenfen::bench
