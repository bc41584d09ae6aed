#include "server/config/config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/config/table_reader.h"

namespace fenfen::server {
namespace {

// A year's books, and the events that may still come for it, are always at hand.
constexpr int64_t kRetentionDaysMin = 400;
constexpr int64_t kRetentionDaysMax = 100'000;
constexpr absl::Duration kLeaseMin = absl::Seconds(1);
constexpr absl::Duration kPeriodMin = absl::Milliseconds(100);
constexpr absl::Duration kPeriodMax = absl::Hours(31 * 24);

bool IsAddress(absl::string_view address) {
  const size_t colon = address.rfind(':');
  int port = -1;
  return colon != absl::string_view::npos && colon > 0 && absl::SimpleAtoi(address.substr(colon + 1), &port) && port >= 0 && port <= 65535;
}

void ReadIssuer(const toml::table& table, size_t position, absl::Status& status, Config& config) {
  TableReader reader(table, absl::StrCat("issuer[", position, "]."), status);
  IssuerConfig issuer;
  std::vector<std::string> roles;
  reader.String("name", issuer.name);
  reader.String("public_key", issuer.public_key);
  reader.Strings("roles", roles);
  reader.Finish();
  // A name with a slash could be mistaken for a device's, which signs for itself.
  if (issuer.name.empty() || absl::StrContains(issuer.name, "/")) reader.Fail("name", "must not be empty or hold a slash");
  if (issuer.public_key.empty()) reader.Fail("public_key", "must name a PEM file");
  if (roles.empty()) reader.Fail("roles", "must name at least one role");
  for (const std::string& name : roles) {
    v1::Role role = v1::ROLE_UNSPECIFIED;
    if (!v1::Role_Parse(absl::StrCat("ROLE_", name), &role) || role == v1::ROLE_UNSPECIFIED || role == v1::ROLE_DEVICE) {
      reader.Fail("roles", absl::StrCat("no issuer can have the role ", name));
    }
    issuer.roles.push_back(role);
  }
  for (const IssuerConfig& other : config.issuers) {
    if (other.name == issuer.name) reader.Fail("name", absl::StrCat("two issuers are called ", issuer.name));
  }
  config.issuers.push_back(std::move(issuer));
}

void ReadTimers(const toml::table& table, absl::Status& status, TimersConfig& config) {
  TableReader reader(table, "timers.", status);
  reader.Bool("enabled", config.enabled);
  reader.Duration("lease", config.lease);
  for (const toml::table* periods : reader.Tables("periods", false)) {
    TableReader names(*periods, "timers.periods.", status);
    for (const auto& [key, node] : *periods) {
      const std::string name(key.str());
      names.Duration(name.c_str(), config.periods[name]);
    }
  }
  reader.Finish();
}

void ReadTables(const toml::table& table, absl::Status& status, Config& config) {
  TableReader root(table, "", status);
  std::string zone = "Asia/Shanghai";
  root.String("data_dir", config.data_dir);
  root.String("listen", config.listen);
  root.String("metrics_listen", config.metrics_listen);
  root.String("ready_file", config.ready_file);
  root.Bool("production", config.production);
  root.String("time_zone", zone);
  for (const toml::table* tls : root.Tables("tls", false)) {
    TableReader reader(*tls, "tls.", status);
    reader.String("certificate", config.tls.certificate);
    reader.String("key", config.tls.key);
    reader.String("client_ca", config.tls.client_ca);
    reader.Finish();
  }
  for (const toml::table* keys : root.Tables("keys", false)) {
    TableReader reader(*keys, "keys.", status);
    reader.String("codes", config.codes_key);
    reader.String("lookups", config.lookups_key);
    reader.Finish();
  }
  for (const toml::table* journal : root.Tables("journal", false)) {
    TableReader reader(*journal, "journal.", status);
    reader.String("store", config.journal.store);
    reader.Integer("uncompressed_segments", config.journal.uncompressed_segments);
    reader.Integer("retention_days", config.journal.retention_days);
    reader.String("archive_dir", config.journal.archive_dir);
    reader.Finish();
  }
  ReadStores(root, status, config.stores);
  for (const toml::table* snapshot : root.Tables("snapshot", false)) {
    TableReader reader(*snapshot, "snapshot.", status);
    reader.Duration("interval", config.snapshot.interval);
    reader.Integer("transactions_min", config.snapshot.transactions_min);
    reader.Finish();
  }
  for (const toml::table* limits : root.Tables("limits", false)) {
    TableReader reader(*limits, "limits.", status);
    reader.Integer("changes_max", config.limits.changes_max);
    reader.Integer("reads_max", config.limits.reads_max);
    reader.Integer("batches_max", config.limits.batches_max);
    reader.Finish();
  }
  for (const toml::table* timers : root.Tables("timers", false)) ReadTimers(*timers, status, config.timers);
  for (const toml::table* log : root.Tables("log", false)) {
    TableReader reader(*log, "log.", status);
    reader.String("level", config.log.level);
    reader.String("file", config.log.file);
    reader.Finish();
  }
  for (const toml::table* issuer : root.Tables("issuer", true)) ReadIssuer(*issuer, config.issuers.size(), status, config);
  root.Finish();
  if (!absl::LoadTimeZone(zone, &config.time_zone)) root.Fail("time_zone", absl::StrCat("no such time zone: ", zone));
}

// A journal without its oldest part is of use only where a start begins from a snapshot.
absl::Status CheckRetention(const Config& config) {
  const int64_t days = config.journal.retention_days;
  if (days == 0) return absl::OkStatus();
  const auto invalid = [](absl::string_view why) { return absl::InvalidArgumentError(absl::StrCat("journal.retention_days: ", why)); };
  if (days < kRetentionDaysMin || days > kRetentionDaysMax) {
    return invalid(absl::StrCat("must be 0, for ever, or ", kRetentionDaysMin, " to ", kRetentionDaysMax));
  }
  if (config.journal.store != "files") return invalid("is for the journal in files; PostgreSQL's months have an archive of their own");
  if (config.stores.state != "memory") return invalid("needs the State in memory: a start of another reads the whole journal");
  if (config.snapshot.interval == absl::ZeroDuration()) return invalid("needs snapshots: snapshot.interval must not be 0");
  if (config.journal.uncompressed_segments == 0) {
    return invalid("archives what is compressed: journal.uncompressed_segments must not be 0");
  }
  return absl::OkStatus();
}

absl::Status Check(const Config& config) {
  const auto invalid = [](absl::string_view key, absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(key, ": ", why));
  };
  if (config.data_dir.empty()) return invalid("data_dir", "must not be empty");
  if (!IsAddress(config.listen)) return invalid("listen", "must be HOST:PORT");
  if (!config.metrics_listen.empty() && !IsAddress(config.metrics_listen)) return invalid("metrics_listen", "must be HOST:PORT or empty");
  if (config.tls.certificate.empty() != config.tls.key.empty()) return invalid("tls", "certificate and key go together");
  if (!config.tls.client_ca.empty() && config.tls.certificate.empty()) return invalid("tls.client_ca", "needs a certificate and key");
  if (config.tls.certificate.empty() && !IsLoopback(config.listen)) {
    return invalid("listen", absl::StrCat(config.listen, " is not a loopback address, so [tls] certificate and key are required"));
  }
  if (config.codes_key.empty()) return invalid("keys.codes", "must name a file");
  if (config.lookups_key.empty()) return invalid("keys.lookups", "must name a file");
  if (absl::Status status = CheckStores(config.stores, config.journal.store); !status.ok()) return status;
  if (config.journal.uncompressed_segments < 0) return invalid("journal.uncompressed_segments", "must not be negative");
  if (config.snapshot.interval < absl::ZeroDuration()) return invalid("snapshot.interval", "must not be negative");
  if (absl::Status status = CheckRetention(config); !status.ok()) return status;
  if (config.snapshot.transactions_min < 1) return invalid("snapshot.transactions_min", "must be at least 1");
  if (config.limits.changes_max < 1) return invalid("limits.changes_max", "must be at least 1");
  if (config.limits.reads_max < 1) return invalid("limits.reads_max", "must be at least 1");
  if (config.limits.batches_max < 1) return invalid("limits.batches_max", "must be at least 1");
  if (config.timers.lease < kLeaseMin) return invalid("timers.lease", "must be at least 1s");
  for (const auto& [name, period] : config.timers.periods) {
    if (period < kPeriodMin || period > kPeriodMax) return invalid(absl::StrCat("timers.periods.", name), "must be 100ms to 744h");
  }
  static constexpr absl::string_view kLevels[] = {"debug", "info", "warn", "error"};
  if (std::find(std::begin(kLevels), std::end(kLevels), config.log.level) == std::end(kLevels)) {
    return invalid("log.level", absl::StrCat("must be one of ", absl::StrJoin(kLevels, ", ")));
  }
  return absl::OkStatus();
}

void ResolvePaths(const std::filesystem::path& folder, Config& config) {
  const auto resolve = [&folder](std::string& path) {
    if (!path.empty()) path = (folder / path).lexically_normal().string();
  };
  for (std::string* path : {&config.data_dir, &config.ready_file, &config.tls.certificate, &config.tls.key, &config.tls.client_ca,
                            &config.codes_key, &config.lookups_key, &config.log.file, &config.journal.archive_dir}) {
    resolve(*path);
  }
  if (config.journal.archive_dir.empty()) config.journal.archive_dir = absl::StrCat(config.data_dir, "/archive");
  for (std::string* path : PathsOf(config.stores)) resolve(*path);
  for (IssuerConfig& issuer : config.issuers) resolve(issuer.public_key);
}

}  // namespace

absl::StatusOr<Config> ParseConfig(absl::string_view text, const std::string& folder) {
  Config config;
  absl::Status status;
  try {
    ReadTables(toml::parse(std::string_view(text.data(), text.size())), status, config);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("line ", error.source().begin.line, ": ", std::string(error.description())));
  }
  if (status.ok()) status = Check(config);
  if (!status.ok()) return status;
  ResolvePaths(folder, config);
  if (config.journal.archive_dir == absl::StrCat(config.data_dir, "/journal")) {
    return absl::InvalidArgumentError("journal.archive_dir: must be another folder than the journal's");
  }
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read the configuration ", path));
  std::stringstream text;
  text << file.rdbuf();
  absl::StatusOr<Config> config = ParseConfig(text.str(), std::filesystem::absolute(path).parent_path().string());
  if (!config.ok()) return absl::Status(config.status().code(), absl::StrCat(path, ": ", config.status().message()));
  return config;
}

bool IsLoopback(absl::string_view address) {
  const absl::string_view host = address.substr(0, address.rfind(':'));
  return host == "localhost" || host == "[::1]" || absl::StartsWith(host, "127.");
}

}  // namespace fenfen::server
