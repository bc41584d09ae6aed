#include "server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/points/enrolment.h"
#include "ledger/points/keeping/household_people.h"
#include "server/call/end_serving.h"
#include "server/config/key_files.h"
#include "server/jobs/jobs.h"
#include "server/log/json_line.h"
#include "server/services/budget_service.h"
#include "server/services/catalogue_service.h"
#include "server/services/correction_render.h"
#include "server/services/correction_service.h"
#include "server/services/drop_service.h"
#include "server/services/game_backend.h"
#include "server/services/game_service.h"
#include "server/services/household_service.h"
#include "server/services/identity_service.h"
#include "server/services/membership_service.h"
#include "server/services/notice_service.h"
#include "server/services/pending_render.h"
#include "server/services/risk_backend.h"
#include "server/services/risk_service.h"
#include "server/services/settlement_service.h"
#include "server/services/station_service.h"
#include "server/services/timer_service.h"
#include "server/services/transfer_flow.h"
#include "server/services/transfer_service.h"
#include "server/services/verification_service.h"
#include "server/services/voucher_extracts.h"
#include "server/services/voucher_service.h"
#include "server/stores/redis_settings.h"
#include "server/stores/remembering.h"
#include "server/stores/stores.h"

namespace fenfen::server {
namespace {

// Calls of one connection that are read from it and not answered. What the server cannot keep up with waits at its clients, and those that
// it has read are answered while somebody still waits for them.
constexpr int kStreamsPerConnectionMax = 256;
constexpr size_t kMemoryBytesMax = 1u << 30;  // of gRPC's own buffers
constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kPingIntervalMinMs = 10'000;

// What the directory wants to know of a household.
std::optional<Directory::Enrolled> EnrolledIn(absl::string_view household_record) {
  absl::StatusOr<HouseholdNames> names = DecodeNames(household_record);
  if (!names.ok()) return std::nullopt;
  return Directory::Enrolled{names->card_hash, names->door_hash, std::move(names->members), std::move(names->left)};
}

// ... and what a transaction says it knew the household by before.
std::optional<Directory::Enrolled> FormerIn(const Transaction& transaction) {
  std::optional<HouseholdNames> names = FormerNamesIn(transaction);
  if (!names) return std::nullopt;
  return Directory::Enrolled{names->card_hash, names->door_hash, std::move(names->members), {}};
}

// A secret that others can read stops a server in production; elsewhere it is said.
absl::StatusOr<std::string> ReadKey(const std::string& path, bool production, Log& log) {
  if (absl::Status status = CheckOwnerOnly(path); !status.ok() && !production) {
    log.Write(Log::Level::kWarn, "a key is not kept secret", {{"detail", status.message()}});
  }
  return ReadSecret(path, production);
}

absl::StatusOr<TokenVerifier> ReadIssuers(const Config& config) {
  absl::flat_hash_map<std::string, Issuer> issuers;
  for (const IssuerConfig& issuer : config.issuers) {
    absl::StatusOr<std::string> key = ReadPublicKey(issuer.public_key);
    if (!key.ok()) return key.status();
    issuers[issuer.name] = {*std::move(key), issuer.roles};
  }
  return TokenVerifier(std::move(issuers));
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ReadCredentials(const Config& config) {
  const TlsConfig& tls = config.tls;
  if (tls.certificate.empty()) return grpc::InsecureServerCredentials();
  if (config.production) {
    if (absl::Status status = CheckOwnerOnly(tls.key); !status.ok()) return status;
  }
  const absl::StatusOr<std::string> certificate = ReadSmallFile(tls.certificate);
  const absl::StatusOr<std::string> key = ReadSmallFile(tls.key);
  if (!certificate.ok()) return certificate.status();
  if (!key.ok()) return key.status();
  grpc::SslServerCredentialsOptions options(tls.client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                                  : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_key_cert_pairs.push_back({*key, *certificate});
  if (!tls.client_ca.empty()) {
    const absl::StatusOr<std::string> ca = ReadSmallFile(tls.client_ca);
    if (!ca.ok()) return ca.status();
    options.pem_root_certs = *ca;
  }
  return grpc::SslServerCredentials(options);
}

// Written beside and renamed, so that whoever waits for the file never reads half of it.
absl::Status WriteReadyFile(const std::string& path, const std::string& grpc_address, const std::string& metrics_address) {
  if (path.empty()) return absl::OkStatus();
  const std::string draft = absl::StrCat(path, ".", getpid());
  {
    std::ofstream file(draft, std::ios::trunc);
    JsonLine line;
    file << line.Add("grpc", grpc_address).Add("metrics", metrics_address).Add("pid", int64_t{getpid()}).Finish() << "\n";
    if (!file.flush()) return absl::UnavailableError(absl::StrCat("cannot write ", draft));
  }
  std::error_code error;
  std::filesystem::rename(draft, path, error);
  return error ? absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", error.message())) : absl::OkStatus();
}

}  // namespace

// Everything that makes up the server, in the order in which it is made; it is unmade in the reverse.
struct Server::Parts {
  Parts(const Config& config_in, Log& log_in, const Clock& clock_in)
      : config(config_in), log(log_in), clock(clock_in), remembering(config_in.time_zone) {}

  ~Parts() {
    if (stores != nullptr) stores->Stop(absl::CancelledError("the server did not start"));
  }

  absl::Status OpenLedger();
  absl::Status OpenGate();
  absl::Status MakeJobs();
  absl::Status ReadMethods();
  absl::Status Listen();
  absl::Status ServeMetrics();

  const Config config;
  Log& log;
  const Clock& clock;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<Stores> stores;
  Remembering remembering;
  CatalogueStore& catalogue = remembering.catalogue;
  Directory directory{EnrolledIn, FormerIn};
  OpenTransfers open_transfers{TransferStepIn};
  Corrections corrections{CorrectionIn};
  PendingDrops pending_drops{WaitingDropIn};
  std::optional<Captures> captures;
  Reservations reservations{WaitingVoucherIn, WaitingHoldIn};
  GameBackend* const game = &remembering.game;
  RiskBackend* const risk = &remembering.risk;
  BudgetBackend* const budgets = &remembering.budgets;
  SettlementBook settlements;
  DeviceSequences& device_sequences = remembering.device_sequences;
  std::unique_ptr<Engine> engine;
  Metrics metrics;
  Methods methods;
  std::optional<RecordRegions> regions;
  std::optional<Authenticator> authenticator;
  std::optional<CallLimits> limits;
  std::optional<Gate> gate;
  std::optional<SlowLane> slow_lane;
  std::optional<Backend> backend;
  std::unique_ptr<RedisCounters> counters;  // with a State in Redis
  std::unique_ptr<Jobs> jobs;
  UploadStreams streams;
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<grpc::Server> grpc_server;
  std::string grpc_address;
  std::string metrics_address;
  bool stopped = false;
};

absl::Status Server::Parts::OpenLedger() {
  std::error_code error;
  std::filesystem::create_directories(config.data_dir, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot make ", config.data_dir, ": ", error.message()));
  absl::StatusOr<std::unique_ptr<AuditLog>> opened_audit = AuditLog::Open(absl::StrCat(config.data_dir, "/audit.log"));
  if (!opened_audit.ok()) return opened_audit.status();
  audit = *std::move(opened_audit);
  absl::StatusOr<std::unique_ptr<Stores>> opened = Stores::Open(config, log, clock);
  if (!opened.ok()) return opened.status();
  stores = *std::move(opened);
  captures.emplace(config.time_zone, CapturedIn);
  std::vector<Projection*> projections = remembering.All();
  for (Projection* const without_memo :
       std::initializer_list<Projection*>{&directory, &open_transfers, &*captures, &reservations, &settlements, &corrections,
                                          &pending_drops, &game->rules, &risk->queue, &risk->rules, &budgets->budgets}) {
    FENFEN_CHECK(without_memo->MemoName().empty());
    projections.push_back(without_memo);
  }
  engine = std::make_unique<Engine>(stores->state(), stores->journal(), clock, projections);
  regions.emplace(stores->state());
  return stores->Start(*engine, projections);
}

absl::Status Server::Parts::OpenGate() {
  absl::StatusOr<std::string> codes_key = ReadKey(config.codes_key, config.production, log);
  if (!codes_key.ok()) return codes_key.status();
  absl::StatusOr<std::string> lookups_key = ReadKey(config.lookups_key, config.production, log);
  if (!lookups_key.ok()) return lookups_key.status();
  absl::StatusOr<TokenVerifier> verifier = ReadIssuers(config);
  if (!verifier.ok()) return verifier.status();
  if (absl::Status status = OpenLedger(); !status.ok()) return status;
  authenticator.emplace(*std::move(verifier), directory);
  limits.emplace(config.limits.changes_max, config.limits.reads_max, config.limits.batches_max);
  gate.emplace(Gate{*authenticator, catalogue, *regions, *audit, log, clock, config.time_zone, *limits});
  slow_lane.emplace();
  backend.emplace(Backend{.engine = *engine,
                          .state = stores->state(),
                          .directory = directory,
                          .captures = *captures,
                          .reservations = reservations,
                          .settlements = settlements,
                          .device_sequences = device_sequences,
                          .slow_lane = *slow_lane,
                          .codes_key = *std::move(codes_key),
                          .lookups_key = *std::move(lookups_key),
                          .open_transfers = &open_transfers,
                          .pending_drops = &pending_drops,
                          .game = game,
                          .risk = risk,
                          .budgets = budgets});
  return MakeJobs();
}

absl::Status Server::Parts::MakeJobs() {
  if (config.stores.state == "redis") {
    const absl::StatusOr<RedisStateOptions> redis = RedisOptionsOf(config.stores.redis, config.production);
    if (!redis.ok()) return redis.status();
    counters = std::make_unique<RedisCounters>(*redis, stores->journal().Id());
  }
  const JobContext context{*backend, stores->journal(), counters.get(), catalogue, clock, config.time_zone, log};
  absl::StatusOr<std::unique_ptr<Jobs>> made = Jobs::Make(stores->journal(), config.timers, log, AllJobs(context));
  if (!made.ok()) return made.status();
  jobs = *std::move(made);
  return absl::OkStatus();
}

absl::Status Server::Parts::ReadMethods() {
  for (const google::protobuf::FileDescriptor* file :
       {v1::Household::descriptor()->file(), v1::RecordDropRequest::descriptor()->file(), v1::Region::descriptor()->file(),
        v1::Voucher::descriptor()->file(), v1::Settlement::descriptor()->file(), v1::DeviceBatch::descriptor()->file(),
        v1::Principal::descriptor()->file(), v1::Invitation::descriptor()->file(), v1::Transfer::descriptor()->file(),
        v1::PartitionDigest::descriptor()->file(), v1::Timer::descriptor()->file(), v1::Appeal::descriptor()->file(),
        v1::Notice::descriptor()->file(), v1::Game::descriptor()->file(), v1::InspectBagRequest::descriptor()->file(),
        v1::RiskCase::descriptor()->file(), v1::Budget::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      if (absl::Status status = methods.Add(*file->service(i), metrics); !status.ok()) return status;
    }
  }
  services.push_back(std::make_unique<DropService>(*gate, methods, *backend));
  services.push_back(std::make_unique<HouseholdService>(*gate, methods, *backend));
  services.push_back(std::make_unique<MembershipService>(*gate, methods, *backend));
  services.push_back(std::make_unique<TransferService>(*gate, methods, *backend));
  services.push_back(std::make_unique<BudgetService>(*gate, methods, *backend));
  services.push_back(std::make_unique<CatalogueService>(*gate, methods, *backend));
  services.push_back(std::make_unique<VoucherService>(*gate, methods, *backend));
  services.push_back(std::make_unique<SettlementService>(*gate, methods, *backend));
  services.push_back(std::make_unique<StationService>(*gate, methods, *backend, metrics, streams));
  services.push_back(std::make_unique<IdentityService>(*gate, methods, *backend));
  services.push_back(std::make_unique<AuditService>(*gate, methods, *backend));
  services.push_back(std::make_unique<TimerService>(*gate, methods, *backend, *jobs));
  services.push_back(std::make_unique<NoticeService>(*gate, methods, *backend));
  services.push_back(std::make_unique<CorrectionService>(*gate, methods, *backend, corrections));
  services.push_back(std::make_unique<GameService>(*gate, methods, *backend));
  services.push_back(std::make_unique<RiskService>(*gate, methods, *backend));
  services.push_back(std::make_unique<VerificationService>(*gate, methods, *backend));
  return absl::OkStatus();
}

absl::Status Server::Parts::Listen() {
  const absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials = ReadCredentials(config);
  if (!credentials.ok()) return credentials.status();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(config.listen, *credentials, &port);
  builder.SetMaxReceiveMessageSize(static_cast<int>(kMessageBytesMax));
  builder.SetResourceQuota(grpc::ResourceQuota("fenfend").Resize(kMemoryBytesMax));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingIntervalMinMs);
  // Two servers on one port would each get a part of the calls, and only one of them can hold the journal.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  for (const std::unique_ptr<grpc::Service>& service : services) builder.RegisterService(service.get());
  grpc_server = builder.BuildAndStart();
  if (grpc_server == nullptr || port == 0) return absl::UnavailableError(absl::StrCat("cannot listen on ", config.listen));
  grpc_address = absl::StrCat(config.listen.substr(0, config.listen.rfind(':')), ":", port);
  return absl::OkStatus();
}

absl::Status Server::Parts::ServeMetrics() {
  stores->AddMetrics(metrics);
  jobs->AddMetrics(metrics);
  metrics.AddGauge("fenfen_upload_streams", "Devices' streams open.", [this] { return static_cast<double>(streams.size()); });
  const auto in_progress = [this](const char* name, const char* help, CallLimit CallLimits::*limit) {
    metrics.AddGauge(name, help, [this, limit] { return static_cast<double>(((*limits).*limit).in_progress()); });
  };
  in_progress("fenfen_changes_in_progress", "Unary calls that change something and are being worked on.", &CallLimits::changes);
  in_progress("fenfen_reads_in_progress", "Other unary calls that are being worked on.", &CallLimits::reads);
  in_progress("fenfen_batches_in_progress", "Devices' batches that are being worked on.", &CallLimits::batches);
  metrics.AddGauge("fenfen_game_players", "Households with a streak, a history or a choice.",
                   [this] { return static_cast<double>(game->players.size()); });
  metrics.AddGauge("fenfen_tokens_cached", "Tokens verified and remembered.",
                   [this] { return static_cast<double>(authenticator->cached()); });
  if (config.metrics_listen.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> address = metrics.Serve(config.metrics_listen);
  if (!address.ok()) return address.status();
  metrics_address = *std::move(address);
  return absl::OkStatus();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Config& config, Log& log, const Clock& clock) {
  std::unique_ptr<Server> server(new Server(std::make_unique<Parts>(config, log, clock)));
  Parts& parts = *server->parts_;
  const absl::Time begin = absl::Now();
  if (absl::Status status = parts.OpenGate(); !status.ok()) return status;
  if (absl::Status status = parts.ReadMethods(); !status.ok()) return status;
  if (absl::Status status = parts.Listen(); !status.ok()) return status;
  if (absl::Status status = parts.ServeMetrics(); !status.ok()) return status;
  parts.jobs->Start();
  if (absl::Status status = WriteReadyFile(config.ready_file, parts.grpc_address, parts.metrics_address); !status.ok()) return status;
  log.Write(Log::Level::kInfo, "serving",
            {{"grpc", parts.grpc_address},
             {"metrics", parts.metrics_address},
             {"data_dir", config.data_dir},
             {"start_ms", absl::StrCat(absl::ToInt64Milliseconds(absl::Now() - begin))}});
  return server;
}

Server::~Server() {
  if (!parts_->stopped) Stop().IgnoreError();
}

absl::Status Server::Stop() {
  Parts& parts = *parts_;
  parts.stopped = true;
  if (!parts.config.ready_file.empty()) std::remove(parts.config.ready_file.c_str());
  if (parts.grpc_server != nullptr) {
    parts.log.Write(Log::Level::kInfo, "stopping", {});
    parts.stores->GiveUpAt(absl::Now() + kGiveUpMax);
    parts.jobs->Stop();
    if (auto* health = parts.grpc_server->GetHealthCheckService(); health != nullptr) health->SetServingStatus(false);
    parts.streams.Drain();
    const ServingEnd end = EndServing(*parts.grpc_server, kDrainMax, [&parts] { return parts.limits->calls.load(); });
    parts.log.Write(Log::Level::kInfo, "nothing is served any more", {{"clients", NameOfEnd(end)}});
  }
  parts.metrics.StopServing();
  parts.slow_lane.reset();
  if (parts.engine == nullptr) return absl::OkStatus();
  if (parts.jobs != nullptr) parts.jobs->Stop();
  absl::Status status = parts.engine->Stop();
  parts.stores->Stop(status);
  parts.log.Write(status.ok() ? Log::Level::kInfo : Log::Level::kError, "stopped", {{"detail", status.ToString()}});
  return status;
}

const std::string& Server::grpc_address() const { return parts_->grpc_address; }
const std::string& Server::metrics_address() const { return parts_->metrics_address; }

}  // namespace fenfen::server
