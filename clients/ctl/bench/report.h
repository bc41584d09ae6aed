// Report: what a benchmark prints. One line a figure: as JSON, `name, value, unit, bare, ratio, goal, lower_is_better`, or for people.
// `ratio` is value ÷ bare. `goal` is owed by the ratio or, where `goal_of` says so, by the value itself; null where nothing is owed.
//
// Lines go to standard output as they come, progress to standard error. Not thread-safe.
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"

namespace fenfen::bench {

// One figure. `value` and `bare` are in `unit`.
struct Line {
  std::string name;  // "core/transfers/1000000-accounts/uniform/batch-8190"
  double value = 0;
  std::string unit;
  double bare = 0;  // more than zero
  std::optional<double> goal;
  bool lower_is_better = false;
  bool goal_is_value = false;

  double ratio() const { return value / bare; }
  // True where nothing is owed, too.
  bool met() const;
};

class Report {
 public:
  // Both streams outlive the report.
  Report(bool json, std::ostream& out, std::ostream& progress) : json_(json), out_(out), progress_(progress) {}

  void Add(const Line& line);
  // What is going on, for people who wait.
  void Say(absl::string_view text);

 private:
  const bool json_;
  std::ostream& out_;
  std::ostream& progress_;
};

}  // namespace fenfen::bench
