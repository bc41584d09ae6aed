#include "clients/ctl/bench/children.h"

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/demo/child.h"
#include "clients/ctl/demo/district_files.h"

namespace fenfen::bench {
namespace {

constexpr absl::Duration kRunMax = absl::Minutes(20);

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

ctl::ChildOptions OwnCommand(const std::string& folder, const std::string& command, const std::vector<std::string>& arguments) {
  ctl::ChildOptions options;
  options.arguments = {OwnProgram(), "bench", command};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.log_file = absl::StrCat(folder, "/", command, ".log");
  return options;
}

}  // namespace

std::string OwnProgram() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

ctl::Service OwnService(const std::string& folder, const std::string& command, const std::vector<std::string>& arguments) {
  ctl::Service service{command, OwnCommand(folder, command, arguments), absl::StrCat(folder, "/", command, ".ready")};
  service.options.arguments.insert(service.options.arguments.end(), {"--ready-file", service.ready_file});
  return service;
}

absl::StatusOr<std::string> ReadyField(const std::string& path, const char* field) {
  boost::system::error_code error;
  const boost::json::value ready = boost::json::parse(ReadAll(path), error);
  const boost::json::value* value = !error && ready.is_object() ? ready.as_object().if_contains(field) : nullptr;
  if (value == nullptr || !value->is_string()) return absl::InternalError(absl::StrCat(path, " 里没有 / does not say: ", field));
  return std::string(value->as_string());
}

absl::Status WriteReadyFile(const std::string& path, const char* field, const std::string& value) {
  return ctl::ReplaceFile(path, boost::json::serialize(boost::json::object{{field, value}}) + "\n");
}

absl::StatusOr<std::string> RunOwn(const std::string& folder, const std::string& command, const std::vector<std::string>& arguments) {
  ctl::ChildOptions options = OwnCommand(folder, command, arguments);
  options.pipe_out = true;
  const absl::StatusOr<std::unique_ptr<ctl::Child>> child = ctl::Child::Start(options);
  if (!child.ok()) return child.status();
  std::string printed;
  const absl::Time deadline = absl::Now() + kRunMax;
  std::optional<int> ended;
  while (!ended.has_value()) {
    ended = (*child)->Ended();  // before reading, so that nothing written at the end is missed
    for (const std::string& line : (*child)->ReadLines()) absl::StrAppend(&printed, line, "\n");
    if (absl::Now() > deadline) return absl::DeadlineExceededError(absl::StrCat(command, " 没有结束 / does not end"));
    if (!ended.has_value()) absl::SleepFor(absl::Milliseconds(5));
  }
  if (*ended == 0) return printed;
  return absl::AbortedError(absl::StrCat(command, ": ", ctl::DescribeEnd(*ended), "; ", ReadAll(options.log_file)));
}

}  // namespace fenfen::bench
