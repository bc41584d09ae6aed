#include "tests/scenarios/scenario.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace fenfen::scenarios {
namespace {

absl::Status Wrong(int line, absl::string_view what) { return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", what)); }

// Words are parted by blanks; "…" is one word, blanks and all. "#" before a word begins a comment.
absl::StatusOr<std::vector<std::string>> SplitWords(int line, absl::string_view text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    if (text[at] == '#') break;
    if (text[at] == '"') {
      const size_t end = text.find('"', at + 1);
      if (end == absl::string_view::npos) return Wrong(line, "a quote without its end");
      words.emplace_back(text.substr(at + 1, end - at - 1));
      at = end + 1;
      continue;
    }
    const size_t end = std::min(text.find(' ', at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

// Takes "=> refused REASON" off the end.
absl::Status TakeRefusal(Step& step) {
  const auto arrow = std::find(step.words.begin(), step.words.end(), "=>");
  if (arrow == step.words.end()) return absl::OkStatus();
  const std::vector<std::string> tail(arrow + 1, step.words.end());
  if (tail.size() != 2 || tail[0] != "refused") return Wrong(step.line, "after => comes: refused REASON");
  step.refused = tail[1];
  step.words.erase(arrow, step.words.end());
  return absl::OkStatus();
}

}  // namespace

std::string Step::After(absl::string_view word) const {
  const auto at = std::find(words.begin(), words.end(), word);
  return at == words.end() || at + 1 == words.end() ? std::string() : *(at + 1);
}

bool Step::Has(absl::string_view word) const { return std::find(words.begin(), words.end(), word) != words.end(); }

absl::StatusOr<std::vector<Scenario>> ParseScenarios(absl::string_view text) {
  std::vector<Scenario> scenarios;
  int line = 0;
  for (absl::string_view raw : absl::StrSplit(text, '\n')) {
    ++line;
    raw = absl::StripTrailingAsciiWhitespace(raw);
    const bool indented = absl::StartsWith(raw, " ");
    absl::string_view title = raw;
    if (absl::ConsumePrefix(&title, "scenario:")) {
      scenarios.push_back({std::string(absl::StripAsciiWhitespace(title)), line, {}});
      continue;
    }
    absl::StatusOr<std::vector<std::string>> words = SplitWords(line, raw);
    if (!words.ok()) return words.status();
    if (words->empty()) continue;
    if (scenarios.empty()) return Wrong(line, "a step before the first \"scenario:\"");
    std::vector<Step>& steps = scenarios.back().steps;
    if (indented) {
      if (steps.empty()) return Wrong(line, "an indented line without a step above it");
      steps.back().rows.push_back(*std::move(words));
      continue;
    }
    Step step;
    step.line = line;
    step.words = *std::move(words);
    if (absl::Status status = TakeRefusal(step); !status.ok()) return status;
    if (step.words.empty()) return Wrong(line, "a refusal without a step");
    steps.push_back(std::move(step));
  }
  if (scenarios.empty()) return absl::InvalidArgumentError("no \"scenario:\" in it");
  return scenarios;
}

}  // namespace fenfen::scenarios
