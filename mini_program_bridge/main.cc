// fenfen-bridge: the HTTP face of Fenfen, for the mini program and the H5 pages.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/token.h"
#include "mini_program_bridge/api_descriptors.h"
#include "mini_program_bridge/backend.h"
#include "mini_program_bridge/bridge.h"
#include "mini_program_bridge/config.h"
#include "mini_program_bridge/http_client.h"
#include "mini_program_bridge/http_server.h"
#include "mini_program_bridge/log.h"
#include "mini_program_bridge/metrics.h"
#include "mini_program_bridge/openapi.h"
#include "mini_program_bridge/ready_file.h"
#include "mini_program_bridge/route.h"
#include "mini_program_bridge/serve.h"
#include "mini_program_bridge/sessions.h"
#include "mini_program_bridge/static_files.h"
#include "mini_program_bridge/token_check.h"
#include "mini_program_bridge/wechat.h"

namespace fenfen::bridge {
namespace {

constexpr absl::Duration kStopGrace = absl::Seconds(10);

// Everything that a request needs, made in the order of its dependencies and destroyed in the reverse.
class Program {
 public:
  explicit Program(Config config) : config_(std::move(config)), loop_(config_.threads) {}

  absl::Status Start() {
    absl::StatusOr<std::unique_ptr<Log>> log = Log::Open(config_.log_level, config_.log_file);
    if (!log.ok()) return log.status();
    log_ = *std::move(log);
    for (const auto step : {&Program::BuildRoutes, &Program::LoadPages, &Program::Connect, &Program::OpenSessions, &Program::Listen}) {
      if (absl::Status status = (this->*step)(); !status.ok()) {
        log_->Error("cannot start").Text("why", std::string(status.message()));
        return status;
      }
    }
    return absl::OkStatus();
  }

  void Run() {
    std::vector<std::shared_ptr<HttpServer>> servers = {http_};
    if (metrics_http_ != nullptr) servers.push_back(metrics_http_);
    loop_.Run(servers, kStopGrace);
    log_->Info("stopped");
  }

 private:
  absl::Status BuildRoutes() {
    absl::StatusOr<RouteTable> routes = RouteTable::Build(api_.services());
    if (!routes.ok()) return routes.status();
    routes_ = std::make_unique<RouteTable>(*std::move(routes));
    return absl::OkStatus();
  }

  absl::Status LoadPages() {
    if (!config_.static_dir.empty()) {
      absl::StatusOr<StaticFiles> files = StaticFiles::Load(config_.static_dir);
      if (!files.ok()) return files.status();
      files_ = *std::move(files);
    }
    files_.Add("/openapi.json", OpenApiDocument(api_, *routes_));
    return absl::OkStatus();
  }

  absl::Status Connect() {
    absl::StatusOr<std::unique_ptr<Backend>> backend =
        Backend::Create({config_.targets, config_.server.empty() ? "targets" : "server", config_.server_ca, config_.deadline});
    if (!backend.ok()) return backend.status();
    backend_ = *std::move(backend);
    if (!config_.wechat_sandbox) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<HttpClient>> sandbox = WechatClient();
    if (!sandbox.ok()) return sandbox.status();
    sandbox_ = *std::move(sandbox);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<HttpClient>> WechatClient() {
    return HttpClient::Create(loop_.io(), config_.wechat_api, config_.wechat_ca, config_.wechat_deadline);
  }

  absl::Status OpenSessions() {
    absl::StatusOr<std::string> secret = ReadSecret(config_.wechat_secret_file, config_.production);
    if (!secret.ok()) return secret.status();
    absl::StatusOr<std::string> subject_key = ReadHexKey(config_.subject_key, /*strict=*/true);
    if (!subject_key.ok()) return subject_key.status();
    absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::FromPemFile(config_.session_key);
    if (!key.ok()) return key.status();
    absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromKey(*key, config_.session_issuer);
    if (!signer.ok()) return signer.status();
    absl::StatusOr<std::unique_ptr<HttpClient>> http = WechatClient();
    if (!http.ok()) return http.status();
    const auto report = [this](int errcode, const std::string& detail) {
      log_->Warn("wechat").Number("errcode", errcode).Text("detail", detail);
    };
    wechat_ = std::make_unique<Wechat>(loop_.io(), *std::move(http), Wechat::Options{config_.wechat_app_id, *secret, *subject_key}, report);
    tokens_ = std::make_unique<TokenCheck>(config_.session_issuer, key->PublicBytes());
    sessions_ = std::make_unique<Sessions>(wechat_.get(), backend_.get(), *signer, config_.session_ttl, absl::Now);
    return absl::OkStatus();
  }

  absl::Status Listen() {
    const Bridge::Parts parts = {&api_,         routes_.get(),  &files_,    backend_.get(), sessions_.get(),
                                 tokens_.get(), sandbox_.get(), log_.get(), &metrics_,      absl::Now};
    const Bridge::Options options = {config_.production,          config_.rate_per_second, config_.rate_burst,
                                     config_.trust_forwarded_for, config_.cache_bytes,     config_.affinity};
    absl::StatusOr<std::unique_ptr<Bridge>> bridge = Bridge::Create(parts, options);
    if (!bridge.ok()) return bridge.status();
    bridge_ = *std::move(bridge);
    absl::StatusOr<std::shared_ptr<HttpServer>> http = HttpServer::Listen(loop_.threads(), config_.listen, bridge_.get(), config_.limits);
    if (!http.ok()) return http.status();
    http_ = *std::move(http);
    if (!config_.metrics_listen.empty()) {
      absl::StatusOr<std::shared_ptr<HttpServer>> metrics =
          HttpServer::Listen(loop_.threads(), config_.metrics_listen, &metrics_, config_.limits);
      if (!metrics.ok()) return metrics.status();
      metrics_http_ = *std::move(metrics);
    }
    log_->Info("listening")
        .Text("http", http_->address())
        .Text("metrics", metrics_http_ == nullptr ? "" : metrics_http_->address())
        .Text("server", absl::StrJoin(config_.targets, ","))
        .Number("routes", static_cast<double>(routes_->routes().size()))
        .Number("pages", static_cast<double>(files_.size()));
    return config_.ready_file.empty() ? absl::OkStatus() : WriteReadyFile(config_.ready_file, http_->address());
  }

  const Config config_;
  std::unique_ptr<Log> log_;
  Metrics metrics_;
  ApiDescriptors api_;
  std::unique_ptr<RouteTable> routes_;
  StaticFiles files_;
  ServeLoop loop_;
  std::unique_ptr<HttpClient> sandbox_;
  std::unique_ptr<Wechat> wechat_;
  std::unique_ptr<TokenCheck> tokens_;
  std::unique_ptr<Sessions> sessions_;
  std::unique_ptr<Bridge> bridge_;
  // Its callbacks reach into all of the above, so it goes before them.
  std::unique_ptr<Backend> backend_;
  std::shared_ptr<HttpServer> http_;
  std::shared_ptr<HttpServer> metrics_http_;
};

int PrintOpenApi() {
  const ApiDescriptors api;
  const absl::StatusOr<RouteTable> routes = RouteTable::Build(api.services());
  if (!routes.ok()) {
    std::cerr << "fenfen-bridge: " << routes.status().message() << "\n";
    return 1;
  }
  std::cout << OpenApiDocument(api, *routes) << "\n";
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("fenfen-bridge: HTTP and JSON for the mini program and the H5 pages, in front of fenfend");
  std::string config_path;
  bool print_openapi = false;
  app.add_option("--config", config_path, "Configuration file (TOML)");
  app.add_flag("--print-openapi", print_openapi, "Print the OpenAPI document and exit");
  CLI11_PARSE(app, argc, argv);
  if (print_openapi) return PrintOpenApi();
  if (config_path.empty()) {
    std::cerr << "fenfen-bridge: --config is needed\n";
    return 2;
  }
  absl::StatusOr<Config> config = LoadConfig(config_path);
  if (!config.ok()) {
    std::cerr << "fenfen-bridge: " << config.status().message() << "\n";
    return 2;
  }
  Program program(*std::move(config));
  if (absl::Status status = program.Start(); !status.ok()) {
    std::cerr << "fenfen-bridge: " << status.message() << "\n";
    return 1;
  }
  program.Run();
  return 0;
}

}  // namespace
}  // namespace fenfen::bridge

int main(int argc, char** argv) { return fenfen::bridge::Main(argc, argv); }
