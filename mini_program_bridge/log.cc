#include "mini_program_bridge/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "mini_program_bridge/json_body.h"
#include "mini_program_bridge/utf8.h"

namespace fenfen::bridge {
namespace {

// Up to here a double tells whole numbers apart.
constexpr double kWholeMax = 9007199254740992.0;

// A time to the millisecond. To name day and hour takes as long as all the rest of a line, so that is kept for the second.
std::string TimeText(absl::Time time) {
  thread_local std::int64_t second = -1;
  thread_local std::string text;
  const std::int64_t millis = absl::ToUnixMillis(time);
  if (millis / 1000 != second) {
    second = millis / 1000;
    text = absl::FormatTime("%Y-%m-%dT%H:%M:%S", absl::FromUnixSeconds(second), absl::UTCTimeZone());
  }
  return absl::StrCat(text, ".", absl::Dec(millis % 1000, absl::kZeroPad3), "Z");
}

}  // namespace

Log::Line::Line(spdlog::logger* logger, int level, absl::string_view event) : logger_(logger), level_(level) {
  const auto severity = static_cast<spdlog::level::level_enum>(level);
  if (!logger_->should_log(severity)) return;
  const auto name = spdlog::level::to_string_view(severity);
  text_ = absl::StrCat("{\"time\":\"", TimeText(absl::Now()), "\",\"level\":\"", absl::string_view(name.data(), name.size()),
                       "\",\"event\":\"", event, "\"");
}

Log::Line::~Line() {
  if (text_.empty()) return;
  text_.push_back('}');
  logger_->log(static_cast<spdlog::level::level_enum>(level_), spdlog::string_view_t(text_));
}

Log::Line& Log::Line::Text(absl::string_view key, absl::string_view value) {
  if (text_.empty()) return *this;
  absl::StrAppend(&text_, ",\"", key, "\":");
  AppendJsonString(IsUtf8(value) ? value : "(not UTF-8)", &text_);
  return *this;
}

Log::Line& Log::Line::Number(absl::string_view key, double value) {
  if (text_.empty()) return *this;
  absl::StrAppend(&text_, ",\"", key, "\":");
  if (std::trunc(value) == value && std::abs(value) < kWholeMax) {
    absl::StrAppend(&text_, static_cast<std::int64_t>(value));
  } else {
    absl::StrAppendFormat(&text_, "%.3f", value);
  }
  return *this;
}

absl::StatusOr<std::unique_ptr<Log>> Log::Open(const std::string& level, const std::string& file) {
  const spdlog::level::level_enum severity = spdlog::level::from_str(level);
  if (severity == spdlog::level::off)
    return absl::InvalidArgumentError(absl::StrCat("log level \"", level, "\" is not debug, info, warn or error"));
  std::shared_ptr<spdlog::sinks::sink> sink;
  try {
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    }
  } catch (const spdlog::spdlog_ex& error) {
    return absl::UnavailableError(absl::StrCat("log file: ", error.what()));
  }
  auto logger = std::make_shared<spdlog::logger>("bridge", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(severity);
  logger->flush_on(spdlog::level::info);
  return std::unique_ptr<Log>(new Log(std::move(logger)));
}

Log::~Log() { logger_->flush(); }

Log::Line Log::Info(absl::string_view event) { return Line(logger_.get(), spdlog::level::info, event); }
Log::Line Log::Warn(absl::string_view event) { return Line(logger_.get(), spdlog::level::warn, event); }
Log::Line Log::Error(absl::string_view event) { return Line(logger_.get(), spdlog::level::err, event); }

}  // namespace fenfen::bridge
