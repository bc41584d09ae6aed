#include "clients/cpp/servers.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <array>

#include "absl/time/clock.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/targets.h"

namespace fenfen::client {

namespace {

constexpr absl::Duration kSettleMax = absl::Milliseconds(100);

// Back soon after a server's restart: its channel tries again after 100 ms and then ever slower, but at least once a second, which is cheap
// within the private network; whoever calls adds no more than a second to that (retry.h, the station's fleet). A connection has 3 s to come
// about, TLS over a mobile network included; one that died without a word is found by the next call within 5 s, and without calls by pings.
// More of them than one in 10 s the server takes for abuse.
grpc::ChannelArguments ChannelArgs(const ServersOptions& options) {
  grpc::ChannelArguments args;
  args.SetMaxReceiveMessageSize(options.message_bytes_max);
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 3'000);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  // gRPC's own retries would hide attempts from our policy.
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // The way to the server is ours to say, not that of a proxy in the environment or of records in DNS.
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // Connections of its own for each client, so that one client's trouble is not another's.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return args;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const ServersOptions& options) {
  if (options.ca_file.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  absl::StatusOr<std::string> ca = ReadKeyFile(options.ca_file, /*secret=*/false);
  if (!ca.ok()) return ca.status();
  ssl.pem_root_certs = *std::move(ca);
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return absl::InvalidArgumentError("a client certificate needs its key, and a key its certificate");
  }
  if (!options.certificate_file.empty()) {
    absl::StatusOr<std::string> chain = ReadKeyFile(options.certificate_file, /*secret=*/false);
    if (!chain.ok()) return chain.status();
    absl::StatusOr<std::string> key = ReadKeyFile(options.key_file, /*secret=*/true);
    if (!key.ok()) return key.status();
    ssl.pem_cert_chain = *std::move(chain);
    ssl.pem_private_key = *std::move(key);
  }
  return grpc::SslCredentials(ssl);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Servers>> Servers::Open(const ServersOptions& options, absl::string_view targets_field) {
  if (absl::Status status = CheckTargets(targets_field, options.targets); !status.ok()) return status;
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials = Credentials(options);
  if (!credentials.ok()) return credentials.status();
  std::unique_ptr<Servers> servers(new Servers());
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (const std::string& target : options.targets) {
    auto server = std::make_unique<Server>();
    server->target = target;
    server->hash = AffinityOfText(target);
    server->channel = grpc::CreateCustomChannel(target, *credentials, ChannelArgs(options));
    channels.push_back(server->channel);
    servers->servers_.push_back(std::move(server));
  }
  if (channels.size() == 1 && !options.watch) return servers;
  servers->watch_ = std::make_unique<HealthWatch>(channels, [&all = servers->servers_](size_t server, Health health) {
    const Health before = all[server]->health.exchange(health);
    if (before == Health::kDown && health == Health::kServing) all[server]->avoid_until_micros = 0;
  });
  return servers;
}

int Servers::RankOf(const Server& server, absl::Time now) const {
  if (absl::ToUnixMicros(now) < server.avoid_until_micros) return 2;
  switch (server.health) {
    case Health::kServing:
      return 0;
    case Health::kUnknown:
      return 1;
    case Health::kDown:
      return 2;
  }
  return 2;
}

size_t Servers::Choose(AffinityKey key, ServerSet tried) {
  if (size() == 1) return 0;
  const absl::Time now = absl::Now();
  std::array<Standing, 32> standings;
  for (size_t i = 0; i < size(); ++i) standings[i] = {servers_[i]->hash, RankOf(*servers_[i], now)};
  return Pick(absl::MakeConstSpan(standings.data(), size()), key, tried, turn_.fetch_add(key.has_value() ? 0 : 1));
}

void Servers::Avoid(size_t server) { servers_[server]->avoid_until_micros = absl::ToUnixMicros(absl::Now() + kAvoid); }

bool Servers::IsHealthy(size_t server) const { return size() == 1 || RankOf(*servers_[server], absl::Now()) < 2; }

bool Servers::HasOther(size_t server) const {
  for (size_t i = 0; i < size(); ++i) {
    if (i != server && IsHealthy(i)) return true;
  }
  return false;
}

void Servers::Settle(size_t server) {
  if (watch_ == nullptr) channel(server)->WaitForConnected(absl::ToChronoTime(absl::Now() + kSettleMax));
}

bool Servers::IsReachable() const {
  for (const std::unique_ptr<Server>& server : servers_) {
    if (server->health == Health::kServing) return true;
    if (server->health == Health::kUnknown && server->channel->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY) return true;
  }
  return false;
}

}  // namespace fenfen::client
