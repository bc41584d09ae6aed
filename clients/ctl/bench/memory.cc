// fenfenctl bench memory: what idle households cost, in a process of their own.
#include <boost/json.hpp>

#include "absl/strings/str_cat.h"
#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/children.h"

namespace fenfen::bench {
namespace {

constexpr int64_t kSample = 1'000'000;
constexpr int64_t kTenMillion = 10'000'000;
constexpr double kGoalBytes = 256;
constexpr double kGoalGiB = 4;
constexpr double kGiB = 1024.0 * 1024 * 1024;

struct Cost {
  double base = 0, resident = 0, raw = 0;
};

absl::StatusOr<Cost> Hold(const Options& options, int64_t households) {
  const absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(options.folder);
  if (!folder.ok()) return folder.status();
  const absl::StatusOr<std::string> printed = RunOwn(folder->path(), "hold-households", {"--households", absl::StrCat(households)});
  if (!printed.ok()) return printed.status();
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(*printed, error);
  if (error || !value.is_object()) return absl::InternalError(absl::StrCat("hold-households: ", *printed));
  const auto number = [&value](const char* name) { return value.at(name).to_number<double>(); };
  return Cost{number("base"), number("resident"), number("raw")};
}

}  // namespace

absl::Status RunMemory(const Options& options, Report& report) {
  const int64_t sample = options.quick ? 20'000 : options.full ? kTenMillion : kSample;
  report.Say(absl::StrCat("memory：", sample, " 户 / households"));
  const absl::StatusOr<Cost> cost = Hold(options, sample);
  if (!cost.ok()) return cost.status();
  const double bytes = (cost->resident - cost->base) / static_cast<double>(sample);
  const double raw = cost->raw / static_cast<double>(sample);
  Line line{.name = absl::StrCat("memory/idle-household/", sample, "-households"),
            .value = bytes,
            .unit = "bytes",
            .bare = raw,
            .goal = kGoalBytes,
            .lower_is_better = true,
            .goal_is_value = true};
  report.Add(line);
  line.name = absl::StrCat("memory/", kTenMillion, "-households");
  if (sample != kTenMillion) line.name += absl::StrCat("/extrapolated-from-", sample);
  const auto all = static_cast<double>(kTenMillion);
  line.value = (cost->base + bytes * all) / kGiB;
  line.unit = "GiB";
  line.bare = raw * all / kGiB;
  line.goal = kGoalGiB;
  report.Add(line);
  return absl::OkStatus();
}

}  // namespace fenfen::bench
