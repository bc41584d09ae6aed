// A scenario: a text table of what is given, what happens, and what then holds. tests/scenarios/README.md has the grammar.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fenfen::scenarios {

// One line: a verb's words, and the lines indented below it.
struct Step {
  int line = 0;                                // in the file, from 1
  std::vector<std::string> words;              // without quotes; never empty
  std::string refused;                         // the reason expected after "=> refused"; empty where the step must succeed
  std::vector<std::vector<std::string>> rows;  // the indented lines' words

  // The word after `word`, or empty where `word` is not there or is the last.
  std::string After(absl::string_view word) const;
  bool Has(absl::string_view word) const;
};

struct Scenario {
  std::string title;
  int line = 0;
  std::vector<Step> steps;
};

// The scenarios of a file's text; INVALID_ARGUMENT naming the line.
absl::StatusOr<std::vector<Scenario>> ParseScenarios(absl::string_view text);

}  // namespace fenfen::scenarios
