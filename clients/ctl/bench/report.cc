#include "clients/ctl/bench/report.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fenfen::bench {
namespace {

int64_t ProcessorsHere() { return sysconf(_SC_NPROCESSORS_ONLN); }

boost::json::object JsonOf(const std::vector<ProcessorUse>& uses) {
  boost::json::array phases;
  for (const ProcessorUse& use : uses) {
    boost::json::array shares;
    for (const ProcessorUse::Share& share : use.shares) {
      shares.push_back(boost::json::object{{"process", share.process}, {"processors", share.processors}});
    }
    phases.push_back(boost::json::object{{"phase", use.phase}, {"shares", std::move(shares)}, {"sum", use.sum()}});
  }
  return {{"count", ProcessorsHere()}, {"phases", std::move(phases)}};
}

// "  two shards: fenfenctl 0.92 + redis 0.55 + redis 0.51 = 1.98 of 2 processors"
std::string TextOf(const ProcessorUse& use) {
  std::string text = absl::StrCat("  ", use.phase, "：");
  const char* separator = "";
  for (const ProcessorUse::Share& share : use.shares) {
    absl::StrAppendFormat(&text, "%s%s %.2f", std::exchange(separator, " + "), share.process, share.processors);
  }
  absl::StrAppendFormat(&text, " = %.2f，处理器共 %d 个 / of %d processors", use.sum(), ProcessorsHere(), ProcessorsHere());
  return text;
}

}  // namespace

double ProcessorUse::sum() const {
  double sum = 0;
  for (const Share& share : shares) sum += share.processors;
  return sum;
}

bool Line::met() const {
  if (!goal.has_value()) return true;
  const double owing = goal_is_value ? value : ratio();
  return lower_is_better ? owing <= *goal : owing >= *goal;
}

void Report::Add(const Line& line) {
  if (json_) {
    boost::json::object json{{"name", line.name},
                             {"value", line.value},
                             {"unit", line.unit},
                             {"bare", line.bare},
                             {"ratio", line.ratio()},
                             {"goal", line.goal.has_value() ? boost::json::value(*line.goal) : boost::json::value(nullptr)},
                             {"lower_is_better", line.lower_is_better},
                             {"goal_of", line.goal_is_value ? "value" : "ratio"},
                             {"met", line.met()}};
    if (!line.processors.empty()) json["processors"] = JsonOf(line.processors);
    out_ << json << std::endl;
    return;
  }
  out_ << absl::StrFormat("%-64s %14.4g %-14s 裸机 bare %.4g，比 ratio %.3f", line.name, line.value, line.unit, line.bare, line.ratio());
  if (line.goal.has_value()) {
    out_ << absl::StrFormat("，目标 goal %s%s %g %s", line.goal_is_value ? "" : "ratio ", line.lower_is_better ? "≤" : "≥", *line.goal,
                            line.met() ? "✓" : "✗");
  }
  out_ << std::endl;
  for (const ProcessorUse& use : line.processors) out_ << TextOf(use) << std::endl;
}

void Report::Say(absl::string_view text) { progress_ << "bench: " << text << std::endl; }

}  // namespace fenfen::bench
