#include "server/stores/redis_settings.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/state/redis/partition_keys.h"
#include "server/config/key_files.h"

namespace fenfen::server {
namespace {

constexpr absl::string_view kUsualRedis = "127.0.0.1:6379";

absl::StatusOr<RedisEndpoint> EndpointOf(absl::string_view key, absl::string_view address) {
  RedisEndpoint endpoint;
  if (absl::ConsumePrefix(&address, "unix:")) {
    endpoint.unix_path = std::string(address);
    if (!endpoint.unix_path.empty()) return endpoint;
  }
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == absl::string_view::npos || colon == 0 || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 1 || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat(key, ": ", address, " 应为 HOST:PORT 或 unix:PATH / is neither HOST:PORT nor unix:PATH"));
  }
  endpoint.host = std::string(address.substr(0, colon));
  endpoint.port = static_cast<uint16_t>(port);
  return endpoint;
}

// Of one server among several, which are reached over TCP.
absl::StatusOr<std::vector<RedisEndpoint>> EndpointsOf(absl::string_view key, const std::vector<std::string>& addresses) {
  std::vector<RedisEndpoint> endpoints;
  for (const std::string& address : addresses) {
    const absl::StatusOr<RedisEndpoint> endpoint = EndpointOf(key, address);
    if (!endpoint.ok()) return endpoint.status();
    if (!endpoint->unix_path.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(key, ": ", address, " 应为 HOST:PORT / is not HOST:PORT"));
    }
    endpoints.push_back(*endpoint);
  }
  return endpoints;
}

absl::Status ReadPassword(const std::string& file, bool production, std::string& password) {
  if (file.empty()) return absl::OkStatus();
  if (absl::Status status = CheckOwnerOnly(file); production && !status.ok()) return status;
  const absl::StatusOr<std::string> text = ReadSmallFile(file);
  if (!text.ok()) return text.status();
  password = std::string(absl::StripAsciiWhitespace(*text));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RedisStateOptions> RedisOptionsOf(const RedisConfig& config, bool production) {
  RedisStateOptions options;
  if (!IsDeploymentName(config.deployment)) {
    return absl::InvalidArgumentError(absl::StrCat("redis.deployment: ", config.deployment, " 不能作键名的开头 / cannot begin a key"));
  }
  options.deployment = config.deployment;
  const absl::StatusOr<RedisEndpoint> endpoint = EndpointOf("redis.address", config.address.empty() ? kUsualRedis : config.address);
  if (!endpoint.ok()) return endpoint.status();
  options.redis.endpoint = *endpoint;
  absl::StatusOr<std::vector<RedisEndpoint>> sentinels = EndpointsOf("redis.sentinels", config.sentinels);
  if (!sentinels.ok()) return sentinels.status();
  options.redis.sentinels = *std::move(sentinels);
  absl::StatusOr<std::vector<RedisEndpoint>> cluster = EndpointsOf("redis.cluster", config.cluster);
  if (!cluster.ok()) return cluster.status();
  options.redis.cluster = *std::move(cluster);
  options.redis.master_name = config.master_name;
  options.redis.sentinel_user = config.sentinel_user;
  options.redis.user = config.user;
  absl::Status status = ReadPassword(config.password_file, production, options.redis.password);
  if (status.ok()) status = ReadPassword(config.sentinel_password_file, production, options.redis.sentinel_password);
  if (!status.ok()) return status;
  if (!config.ca.empty()) options.redis.tls = RedisTls{config.ca, config.certificate, config.key, config.server_name};
  return options;
}

}  // namespace fenfen::server
