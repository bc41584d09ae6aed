#include "server/config/stores_config.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/config/table_reader.h"

namespace fenfen::server {

void ReadStores(TableReader& root, absl::Status& status, StoresConfig& config) {
  for (const toml::table* state : root.Tables("state", false)) {
    TableReader reader(*state, "state.", status);
    reader.String("store", config.state);
    reader.Finish();
  }
  for (const toml::table* redis : root.Tables("redis", false)) {
    TableReader reader(*redis, "redis.", status);
    reader.String("address", config.redis.address);
    reader.Strings("sentinels", config.redis.sentinels);
    reader.Strings("cluster", config.redis.cluster);
    reader.String("master_name", config.redis.master_name);
    reader.String("sentinel_user", config.redis.sentinel_user);
    reader.String("sentinel_password_file", config.redis.sentinel_password_file);
    reader.String("user", config.redis.user);
    reader.String("password_file", config.redis.password_file);
    reader.String("ca", config.redis.ca);
    reader.String("certificate", config.redis.certificate);
    reader.String("key", config.redis.key);
    reader.String("server_name", config.redis.server_name);
    reader.String("deployment", config.redis.deployment);
    reader.Duration("open_timeout", config.redis.open_timeout);
    reader.Finish();
  }
  for (const toml::table* postgres : root.Tables("postgres", false)) {
    TableReader reader(*postgres, "postgres.", status);
    reader.String("connection", config.postgres.connection);
    reader.Duration("timeout", config.postgres.timeout);
    reader.Finish();
  }
}

absl::Status CheckStores(const StoresConfig& config, const std::string& journal_store) {
  const auto invalid = [](absl::string_view key, absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(key, ": ", why));
  };
  if (config.state != "memory" && config.state != "redis") return invalid("state.store", "must be \"memory\" or \"redis\"");
  if (journal_store != "files" && journal_store != "postgres") return invalid("journal.store", "must be \"files\" or \"postgres\"");
  const RedisConfig& redis = config.redis;
  if (redis.sentinels.empty() != redis.master_name.empty()) return invalid("redis.sentinels", "go together with redis.master_name");
  if (!redis.cluster.empty() && !redis.sentinels.empty()) return invalid("redis.cluster", "and redis.sentinels exclude each other");
  if (!redis.address.empty() && !(redis.cluster.empty() && redis.sentinels.empty())) {
    return invalid("redis.address", "is not used with redis.cluster or redis.sentinels; leave it out");
  }
  if (redis.sentinels.empty() && !(redis.sentinel_user.empty() && redis.sentinel_password_file.empty())) {
    return invalid("redis.sentinel_user", "and redis.sentinel_password_file need redis.sentinels");
  }
  if (!redis.sentinel_user.empty() && redis.sentinel_password_file.empty()) {
    return invalid("redis.sentinel_user", "needs redis.sentinel_password_file");
  }
  if (redis.certificate.empty() != redis.key.empty()) return invalid("redis.certificate", "and redis.key go together");
  if (redis.ca.empty() && !redis.certificate.empty()) return invalid("redis.certificate", "needs redis.ca");
  if (!redis.user.empty() && redis.password_file.empty()) return invalid("redis.user", "needs redis.password_file");
  if (redis.open_timeout <= absl::ZeroDuration()) return invalid("redis.open_timeout", "must be more than nothing");
  if (journal_store == "postgres" && config.postgres.connection.empty()) {
    return invalid("postgres.connection", "must be a libpq connection string, such as \"host=db1 dbname=fenfen user=fenfend\"");
  }
  // It would stand in the file for everyone who may read the configuration; libpq reads it from a passfile.
  if (absl::StrContains(config.postgres.connection, "password=")) {
    return invalid("postgres.connection", "must not hold the password; name a passfile instead (passfile=/etc/fenfen/pgpass)");
  }
  if (config.postgres.timeout <= absl::ZeroDuration()) return invalid("postgres.timeout", "must be more than nothing");
  return absl::OkStatus();
}

std::vector<std::string*> PathsOf(StoresConfig& config) {
  return {&config.redis.password_file, &config.redis.sentinel_password_file, &config.redis.ca, &config.redis.certificate,
          &config.redis.key};
}

}  // namespace fenfen::server
