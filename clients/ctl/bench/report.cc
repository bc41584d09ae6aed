#include "clients/ctl/bench/report.h"

#include <boost/json.hpp>

#include "absl/strings/str_format.h"

namespace fenfen::bench {

bool Line::met() const {
  if (!goal.has_value()) return true;
  const double owing = goal_is_value ? value : ratio();
  return lower_is_better ? owing <= *goal : owing >= *goal;
}

void Report::Add(const Line& line) {
  if (json_) {
    out_ << boost::json::object{{"name", line.name},
                                {"value", line.value},
                                {"unit", line.unit},
                                {"bare", line.bare},
                                {"ratio", line.ratio()},
                                {"goal", line.goal.has_value() ? boost::json::value(*line.goal) : boost::json::value(nullptr)},
                                {"lower_is_better", line.lower_is_better},
                                {"goal_of", line.goal_is_value ? "value" : "ratio"},
                                {"met", line.met()}}
         << std::endl;
    return;
  }
  out_ << absl::StrFormat("%-64s %14.4g %-14s 裸机 bare %.4g，比 ratio %.3f", line.name, line.value, line.unit, line.bare, line.ratio());
  if (line.goal.has_value()) {
    out_ << absl::StrFormat("，目标 goal %s%s %g %s", line.goal_is_value ? "" : "ratio ", line.lower_is_better ? "≤" : "≥", *line.goal,
                            line.met() ? "✓" : "✗");
  }
  out_ << std::endl;
}

void Report::Say(absl::string_view text) { progress_ << "bench: " << text << std::endl; }

}  // namespace fenfen::bench
