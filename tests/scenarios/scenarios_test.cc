// Plays every *.scenario file below tests/scenarios, each scenario a test of its own, and lets the checker go over its journal.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ledger/core/errors.h"
#include "tests/scenarios/verbs.h"

namespace fenfen::scenarios {
namespace {

// What a step came to against what it should have; empty where they agree.
std::string Disagreement(const Step& step, const absl::Status& status) {
  if (absl::IsAborted(status)) return std::string(status.message());
  if (status.ok()) return step.refused.empty() ? "" : absl::StrCat("was not refused, but should be with ", step.refused);
  const Refusal refusal = RefusalOf(status);
  const std::string reason(NameOf(refusal.reason));
  if (reason == step.refused) return "";
  return absl::StrCat("was refused with ", reason, ": ", refusal.en, " (", status.message(), ")");
}

class ScenarioTest : public testing::Test {
 public:
  ScenarioTest(std::string folder, std::string file, Scenario scenario)
      : folder_(std::move(folder)), file_(std::move(file)), scenario_(std::move(scenario)) {}

  void TestBody() override {
    const Verbs verbs = AllVerbs();
    World world(folder_);
    const absl::Status begun = world.Begin();
    ASSERT_TRUE(begun.ok()) << begun;
    for (const Step& step : scenario_.steps) {
      const std::string where = absl::StrCat(file_, ":", step.line, ": ", absl::StrJoin(step.words, " "));
      const Verb* verb = verbs.Find(step);
      ASSERT_NE(verb, nullptr) << where << ": there is no such step";
      const std::string wrong = Disagreement(step, (*verb)(world, step));
      ASSERT_EQ(wrong, "") << where;
    }
    EXPECT_EQ(absl::StrJoin(world.Verify(), "\n"), "") << file_ << ": " << scenario_.title;
  }

 private:
  const std::string folder_;
  const std::string file_;
  const Scenario scenario_;
};

// A test's name may hold letters, digits and _.
std::string NameOfTest(const std::string& file, int line) {
  std::string name = std::filesystem::path(file).stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !absl::ascii_isalnum(static_cast<unsigned char>(c)); }, '_');
  return absl::StrCat(name, "_line_", line);
}

class UnreadableTest : public testing::Test {
 public:
  explicit UnreadableTest(std::string why) : why_(std::move(why)) {}
  void TestBody() override { FAIL() << why_; }

 private:
  const std::string why_;
};

void RegisterFile(const std::string& folder, const std::filesystem::path& path) {
  const std::string file = std::filesystem::relative(path, folder).string();
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  const absl::StatusOr<std::vector<Scenario>> scenarios = ParseScenarios(text.str());
  const std::string suite = std::filesystem::path(file).parent_path().string();
  if (!scenarios.ok()) {
    const std::string why = absl::StrCat(file, ": ", scenarios.status().message());
    testing::RegisterTest(suite.c_str(), NameOfTest(file, 0).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [why]() -> testing::Test* { return new UnreadableTest(why); });
    return;
  }
  for (const Scenario& scenario : *scenarios) {
    testing::RegisterTest(suite.c_str(), NameOfTest(file, scenario.line).c_str(), nullptr, scenario.title.c_str(), __FILE__, __LINE__,
                          [folder, file, scenario]() -> testing::Test* { return new ScenarioTest(folder, file, scenario); });
  }
}

}  // namespace
}  // namespace fenfen::scenarios

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const char* source = std::getenv("FENFEN_SOURCE");
  const std::string folder = absl::StrCat(source == nullptr ? "." : source, "/tests/scenarios");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".scenario") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    std::fprintf(stderr, "no scenarios below %s\n", folder.c_str());
    return 1;
  }
  for (const std::filesystem::path& file : files) fenfen::scenarios::RegisterFile(folder, file);
  return RUN_ALL_TESTS();
}
