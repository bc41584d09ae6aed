#include "mini_program_bridge/config.h"

#include <toml++/toml.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/targets.h"

namespace fenfen::bridge {
namespace {

// Reads the keys of one table, remembers which were asked for, and keeps the first error.
class Reader {
 public:
  Reader(const toml::table* table, std::string name, std::string folder, absl::Status* status)
      : table_(table), name_(std::move(name)), folder_(std::move(folder)), status_(status) {}

  // Whatever was not asked for is a mistake of the person who wrote it.
  ~Reader() {
    if (table_ == nullptr) return;
    for (const auto& [key, value] : *table_) {
      if (known_.count(std::string(key.str())) == 0) Wrong(std::string(key.str()), "is not a known key");
    }
  }

  void Text(const char* key, std::string* out) { Take(key, "a string", out); }
  void Flag(const char* key, bool* out) { Take(key, "true or false", out); }

  void Path(const char* key, std::string* out) {
    Text(key, out);
    if (!out->empty()) *out = (std::filesystem::path(folder_) / *out).lexically_normal().string();
  }

  bool Has(const char* key) const { return table_ != nullptr && table_->contains(key); }

  void Texts(const char* key, std::vector<std::string>* out) {
    known_.insert(key);
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    out->clear();
    for (size_t i = 0; array != nullptr && i < array->size(); ++i) {
      if (const auto value = array->get(i)->value_exact<std::string>()) out->push_back(*value);
    }
    if (array == nullptr || out->size() != array->size()) Wrong(key, "must be a list of strings");
  }

  void Place(const absl::Status& status) {
    if (status_->ok()) *status_ = status;
  }

  template <typename Number>
  void Whole(const char* key, std::int64_t least, std::int64_t most, Number* out) {
    auto value = static_cast<std::int64_t>(*out);
    Take(key, "a whole number", &value);
    if (value < least || value > most) Wrong(key, absl::StrCat("must be ", least, " to ", most));
    *out = static_cast<Number>(value);
  }

  void Seconds(const char* key, std::int64_t least, std::int64_t most, absl::Duration* out) {
    std::int64_t value = absl::ToInt64Seconds(*out);
    Whole(key, least, most, &value);
    *out = absl::Seconds(value);
  }

  void Wrong(const std::string& key, const std::string& what) {
    if (!status_->ok()) return;
    *status_ = absl::InvalidArgumentError(absl::StrCat(name_.empty() ? "" : absl::StrCat("[", name_, "] "), key, " ", what));
  }

  Reader Table(const char* key) {
    known_.insert(key);
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    if (node != nullptr && !node->is_table()) Wrong(key, "must be a table");
    return Reader(node == nullptr ? nullptr : node->as_table(), key, folder_, status_);
  }

 private:
  template <typename Value>
  void Take(const char* key, const char* kind, Value* out) {
    known_.insert(key);
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    if (node == nullptr) return;
    if (const auto value = node->value_exact<Value>()) {
      *out = *value;
    } else {
      Wrong(key, absl::StrCat("must be ", kind));
    }
  }

  const toml::table* const table_;
  const std::string name_;
  const std::string folder_;
  absl::Status* const status_;
  std::set<std::string> known_;
};

void ReadServers(Reader* top, Config* config) {
  top->Text("server", &config->server);
  top->Texts("targets", &config->targets);
  top->Flag("affinity", &config->affinity);
  if (!top->Has("targets")) {
    top->Place(client::CheckTarget("server", config->server));
    config->targets = {config->server};
    return;
  }
  if (top->Has("server")) top->Wrong("targets", "is in place of server; give one of them");
  top->Place(client::CheckTargets("targets", config->targets));
  config->server.clear();
}

void ReadTop(Reader* top, Config* config) {
  top->Text("listen", &config->listen);
  top->Text("metrics_listen", &config->metrics_listen);
  top->Path("ready_file", &config->ready_file);
  ReadServers(top, config);
  top->Path("server_ca", &config->server_ca);
  top->Path("static_dir", &config->static_dir);
  top->Path("subject_key", &config->subject_key);
  top->Flag("production", &config->production);
  top->Whole("threads", 1, 64, &config->threads);
  top->Seconds("deadline_seconds", 1, 60, &config->deadline);
}

void ReadTables(Reader* top, Config* config) {
  {
    Reader session = top->Table("session");
    session.Text("issuer", &config->session_issuer);
    session.Path("key", &config->session_key);
    session.Seconds("ttl_seconds", 60, 86400, &config->session_ttl);
    if (config->session_issuer.empty()) session.Wrong("issuer", "must not be empty");
  }
  {
    Reader wechat = top->Table("wechat");
    std::string api = "https://api.weixin.qq.com";
    wechat.Text("api", &api);
    wechat.Path("ca", &config->wechat_ca);
    wechat.Text("app_id", &config->wechat_app_id);
    wechat.Path("secret_file", &config->wechat_secret_file);
    wechat.Flag("sandbox", &config->wechat_sandbox);
    wechat.Seconds("deadline_seconds", 1, 30, &config->wechat_deadline);
    absl::StatusOr<HttpOrigin> origin = ParseOrigin(api);
    if (origin.ok()) {
      config->wechat_api = *origin;
    } else {
      wechat.Wrong("api", std::string(origin.status().message()));
    }
    if (config->wechat_app_id.empty()) wechat.Wrong("app_id", "is missing");
    if (config->wechat_secret_file.empty()) wechat.Wrong("secret_file", "is missing");
    if (!config->wechat_api.tls && !config->wechat_sandbox) wechat.Wrong("api", "must be https unless sandbox is true");
  }
  {
    Reader log = top->Table("log");
    log.Text("level", &config->log_level);
    log.Path("file", &config->log_file);
  }
  Reader limits = top->Table("limits");
  limits.Whole("connections", 1, 100000, &config->limits.connections);
  limits.Whole("rate_per_second", 0, 1000000, &config->rate_per_second);
  limits.Whole("rate_burst", 1, 1000000, &config->rate_burst);
  limits.Flag("trust_forwarded_for", &config->trust_forwarded_for);
  limits.Whole("cache_bytes", 0, 1 << 30, &config->cache_bytes);
  limits.Seconds("head_seconds", 1, 60, &config->limits.head_time);
  limits.Seconds("body_seconds", 1, 300, &config->limits.body_time);
  limits.Seconds("idle_seconds", 1, 3600, &config->limits.idle_time);
}

// What stays within this machine may go in the clear.
bool StaysHere(const std::string& target) {
  if (absl::StartsWith(target, "unix:")) return true;
  HttpOrigin origin;
  origin.host = target.substr(0, target.rfind(':'));
  if (absl::StartsWith(origin.host, "[") && absl::EndsWith(origin.host, "]")) origin.host = origin.host.substr(1, origin.host.size() - 2);
  return origin.IsLoopback();
}

absl::Status CheckPlaces(const Config& config) {
  if (!config.production) return absl::OkStatus();
  for (const std::string& target : config.targets) {
    if (!config.server_ca.empty() || StaysHere(target)) continue;
    const absl::string_view key = config.server.empty() ? "targets" : "server";
    return absl::InvalidArgumentError(absl::StrCat("production: ", key, " ", target, " is not on this machine, so server_ca is needed"));
  }
  if (config.wechat_sandbox) return absl::InvalidArgumentError("production: [wechat] sandbox must be false");
  if (config.wechat_api.IsLoopback()) return absl::InvalidArgumentError("production: [wechat] api must not be on this machine");
  if (!config.wechat_api.tls) return absl::InvalidArgumentError("production: [wechat] api must be https");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Config> ParseConfig(const std::string& text, const std::string& folder) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("line ", error.source().begin.line, ": ", std::string(error.description())));
  }
  Config config;
  absl::Status status;
  {
    Reader top(&table, "", folder, &status);
    ReadTop(&top, &config);
    ReadTables(&top, &config);
  }
  if (status.ok()) status = CheckPlaces(config);
  if (!status.ok()) return status;
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  absl::StatusOr<std::string> text = client::ReadKeyFile(path, /*secret=*/false);
  if (!text.ok()) return text.status();
  absl::StatusOr<Config> config = ParseConfig(*text, std::filesystem::absolute(path).parent_path().string());
  if (!config.ok()) return absl::Status(config.status().code(), absl::StrCat(path, ": ", config.status().message()));
  return config;
}

absl::StatusOr<std::string> ReadSecret(const std::string& path, bool strict) {
  absl::StatusOr<std::string> text = client::ReadKeyFile(path, strict);
  if (!text.ok()) return text.status();
  std::string secret(absl::StripAsciiWhitespace(*text));
  if (secret.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  return secret;
}

absl::StatusOr<std::string> ReadHexKey(const std::string& path, bool strict) {
  absl::StatusOr<std::string> text = ReadSecret(path, strict);
  if (!text.ok()) return text.status();
  if (text->size() != 64 || text->find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(path, " does not hold 64 hexadecimal digits"));
  }
  return absl::HexStringToBytes(*text);
}

}  // namespace fenfen::bridge
