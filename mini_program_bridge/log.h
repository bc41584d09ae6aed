// The log: one JSON object a line, to a file or to stderr.
//
//   log.Info("listening").Text("address", "127.0.0.1:8080").Number("threads", 2);
//
// Invariant: what callers put in holds no token, sign-in code, openid, session_key or query value; a request is named by its route's
// template. Thread-safe.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_LOG_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_LOG_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace spdlog {
class logger;
}

namespace fenfen::bridge {

class Log {
 public:
  // A line being written; it goes out when this ends.
  class Line {
   public:
    Line(spdlog::logger* logger, int level, absl::string_view event);
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    ~Line();

    Line& Text(absl::string_view key, absl::string_view value);
    Line& Number(absl::string_view key, double value);

   private:
    spdlog::logger* const logger_;
    const int level_;
    std::string text_;  // empty where the level is not logged
  };

  // `level` is debug, info, warn or error; `file` empty: stderr. Errors: InvalidArgument, Unavailable.
  static absl::StatusOr<std::unique_ptr<Log>> Open(const std::string& level, const std::string& file);
  ~Log();

  Line Info(absl::string_view event);
  Line Warn(absl::string_view event);
  Line Error(absl::string_view event);

 private:
  explicit Log(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}
  const std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_LOG_H_
