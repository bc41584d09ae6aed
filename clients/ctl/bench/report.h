// Report: what a benchmark prints. One line a figure: as JSON, `name, value, unit, bare, ratio, goal, lower_is_better`, or for people.
// `ratio` is value ÷ bare. `goal` is owed by the ratio or, where `goal_of` says so, by the value itself; null where nothing is owed.
// Where a figure depends on how many processors there are, `processors` says how many, and each process's share of them in each phase.
//
// Lines go to standard output as they come, progress to standard error. Not thread-safe.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fenfen::bench {

// How busy the processors were in one phase of a measurement: 1 is one of them, all the time.
struct ProcessorUse {
  struct Share {
    std::string process;  // "fenfenctl", "redis", "others"
    double processors = 0;
  };
  std::string phase;  // "one shard"
  std::vector<Share> shares;

  double sum() const;
};

// One figure. `value` and `bare` are in `unit`.
struct Line {
  std::string name;  // "core/transfers/1000000-accounts/uniform/batch-8190"
  double value = 0;
  std::string unit;
  double bare = 0;  // more than zero
  std::optional<double> goal;
  bool lower_is_better = false;
  bool goal_is_value = false;
  std::vector<ProcessorUse> processors = {};  // by phase, where it matters

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
