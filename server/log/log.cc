#include "server/log/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/log/json_line.h"

namespace fenfen::server {
namespace {

spdlog::level::level_enum LevelOf(Log::Level level) {
  switch (level) {
    case Log::Level::kDebug:
      return spdlog::level::debug;
    case Log::Level::kInfo:
      return spdlog::level::info;
    case Log::Level::kWarn:
      return spdlog::level::warn;
    case Log::Level::kError:
      break;
  }
  return spdlog::level::err;
}

absl::string_view NameOf(Log::Level level) {
  static constexpr absl::string_view kNames[] = {"debug", "info", "warn", "error"};
  return kNames[static_cast<size_t>(level)];
}

}  // namespace

absl::StatusOr<std::unique_ptr<Log>> Log::Open(const LogConfig& config) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  try {
    if (config.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.file);
    }
  } catch (const spdlog::spdlog_ex& error) {
    return absl::PermissionDeniedError(error.what());
  }
  auto logger = std::make_shared<spdlog::logger>("fenfend", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::from_str(config.level));
  logger->flush_on(spdlog::level::info);
  return std::unique_ptr<Log>(new Log(std::move(logger)));
}

Log::~Log() { logger_->flush(); }

bool Log::Wants(Level level) const { return logger_->should_log(LevelOf(level)); }

void Log::Write(Level level, absl::string_view message, Fields fields) {
  if (!Wants(level)) return;
  JsonLine line;
  line.Add("time", absl::FormatTime(absl::RFC3339_full, absl::Now(), absl::UTCTimeZone()))
      .Add("level", NameOf(level))
      .Add("message", message);
  for (const auto& [key, value] : fields) line.Add(key, value);
  const std::string text = line.Finish();
  logger_->log(LevelOf(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace fenfen::server
