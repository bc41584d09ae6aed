// Log: what the server has to say to its operators, as JSON lines: time, level, message, and what else belongs to it. It never holds a
// token, a code or anything of a person. Thread-safe.
//
//   log.Write(Log::Level::kInfo, "serving", {{"grpc", address}});
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/config/config.h"

namespace spdlog {
class logger;
}

namespace fenfen::server {

class Log {
 public:
  enum class Level { kDebug, kInfo, kWarn, kError };
  using Fields = std::initializer_list<std::pair<absl::string_view, absl::string_view>>;

  // Opens the file of the configuration for appending, or standard error. PERMISSION_DENIED where it cannot be opened.
  static absl::StatusOr<std::unique_ptr<Log>> Open(const LogConfig& config);
  ~Log();

  bool Wants(Level level) const;
  void Write(Level level, absl::string_view message, Fields fields = {});

 private:
  explicit Log(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}
  const std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace fenfen::server
