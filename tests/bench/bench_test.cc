// The benchmarks, small and short: that each line has its fields and a figure, and that what measures is right. Never how fast.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/ctl/bench/bare_core.h"
#include "clients/ctl/bench/measure.h"
#include "clients/ctl/bench/picks.h"
#include "clients/ctl/bench/report.h"

namespace fenfen::bench {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// What a command printed to standard output, and how it ended.
struct Ran {
  int exit_code = -1;
  std::string out;
};

Ran RunBench(const std::string& arguments) {
  const std::string folder = (std::filesystem::temp_directory_path() / absl::StrCat("fenfen-bench-test-", getpid())).string();
  const std::string program = absl::StrCat(std::getenv("FENFEN_BIN"), "/fenfenctl");
  FILE* pipe = popen(absl::StrCat("timeout 100 ", program, " bench ", arguments, " --dir ", folder, " 2>/dev/null").c_str(), "r");
  Ran ran;
  char chunk[4096];
  for (size_t got = 0; pipe != nullptr && (got = fread(chunk, 1, sizeof chunk, pipe)) > 0;) ran.out.append(chunk, got);
  if (pipe != nullptr) ran.exit_code = WEXITSTATUS(pclose(pipe));
  EXPECT_TRUE(!std::filesystem::exists(folder) || std::filesystem::is_empty(folder)) << "left something behind";
  std::filesystem::remove_all(folder);
  return ran;
}

// The lines of a benchmark, each checked for its form.
std::vector<boost::json::object> LinesOf(const std::string& arguments) {
  const Ran ran = RunBench(absl::StrCat(arguments, " --quick --json"));
  EXPECT_EQ(ran.exit_code, 0) << ran.out;
  std::vector<boost::json::object> lines;
  for (const absl::string_view text : absl::StrSplit(ran.out, '\n', absl::SkipEmpty())) {
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
    EXPECT_TRUE(!error && value.is_object()) << text;
    if (error || !value.is_object()) continue;
    const boost::json::object& line = value.as_object();
    for (const char* field : {"name", "value", "unit", "bare", "ratio", "goal", "lower_is_better"}) {
      EXPECT_TRUE(line.contains(field)) << field << " is missing: " << text;
    }
    EXPECT_GT(line.at("value").to_number<double>(), 0) << text;
    EXPECT_GT(line.at("bare").to_number<double>(), 0) << text;
    EXPECT_NEAR(line.at("ratio").to_number<double>() * line.at("bare").to_number<double>() / line.at("value").to_number<double>(), 1, 1e-6);
    EXPECT_TRUE(line.at("goal").is_null() || line.at("goal").to_number<double>() > 0) << text;
    EXPECT_TRUE(line.at("lower_is_better").is_bool() && !line.at("unit").as_string().empty()) << text;
    lines.push_back(line);
  }
  return lines;
}

TEST(Bench, CoreSaysItsLines) {
  std::set<std::string> names;
  for (const boost::json::object& line : LinesOf("core")) names.insert(std::string(line.at("name").as_string()));
  EXPECT_THAT(names,
              testing::IsSupersetOf({"core/transfers/1000-accounts/uniform/batch-8190", "core/transfers/1000-accounts/hot/batch-8190",
                                     "core/transfers/10000-accounts/uniform/batch-1", "core/drops/10000-accounts/uniform/batch-1024"}));
}

TEST(Bench, StreamSaysItsLines) {
  const std::vector<boost::json::object> lines = LinesOf("stream");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("goal").to_number<double>(), 400'000);
  EXPECT_EQ(lines[1].at("goal").to_number<double>(), 0.5);
}

TEST(Bench, UnarySaysItsLines) {
  std::set<std::string> names;
  for (const boost::json::object& line : LinesOf("unary")) names.insert(std::string(line.at("name").as_string()));
  EXPECT_THAT(names, testing::ElementsAre("unary/record-drop/1-in-flight", "unary/record-drop/1-in-flight/against-durable-echo",
                                          "unary/record-drop/1-in-flight/p50", "unary/record-drop/16-in-flight",
                                          "unary/record-drop/16-in-flight/against-durable-echo", "unary/record-drop/64-in-flight",
                                          "unary/record-drop/64-in-flight/against-durable-echo"));
}

TEST(Bench, MemorySaysItsLines) {
  const std::vector<boost::json::object> lines = LinesOf("memory");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("unit").as_string(), "bytes");
  EXPECT_TRUE(lines[0].at("lower_is_better").as_bool());
  EXPECT_THAT(std::string(lines[1].at("name").as_string()), HasSubstr("extrapolated"));
}

TEST(Bench, RecoverySaysItsLines) {
  std::set<std::string> names;
  for (const boost::json::object& line : LinesOf("recovery")) names.insert(std::string(line.at("name").as_string()));
  EXPECT_THAT(names, testing::ElementsAre("recovery/replay/5000-households", "recovery/start-from-snapshot/5000-households",
                                          "recovery/verify/5000-households"));
}

TEST(Bench, StatementSaysItsLines) {
  const std::vector<boost::json::object> lines = LinesOf("statement");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("name").as_string(), "statement/first-page/25000-entries/p50");
  EXPECT_EQ(lines[1].at("name").as_string(), "statement/first-page/25000-entries/p99");
  EXPECT_EQ(lines[1].at("goal").to_number<double>(), 5);
  EXPECT_TRUE(lines[1].at("lower_is_better").as_bool());
}

TEST(Bench, BridgeSaysItsLines) {
  const std::vector<boost::json::object> lines = LinesOf("bridge");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].at("goal").to_number<double>(), 0.5);
}

TEST(Bench, ScaleSaysItsLines) {
  const std::vector<boost::json::object> lines = LinesOf("scale");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].at("goal").to_number<double>(), 1.5);
}

TEST(Bench, RedisSaysItsLines) {
  std::vector<std::string> names;
  boost::json::object processors;
  for (const boost::json::object& line : LinesOf("redis")) {
    names.emplace_back(line.at("name").as_string());
    if (line.contains("processors")) processors = line.at("processors").as_object();
  }
  EXPECT_THAT(names,
              testing::ElementsAre("redis/commit/no-aof/batch-64", "redis/drops-a-shard/no-aof", "redis/commit/everysec/batch-64",
                                   "redis/drops-a-shard/everysec", "redis/commit/always/batch-64", "redis/load-and-commit/no-aof/batch-64",
                                   "redis/two-shards-against-one", "redis/postgres-journal"));
  // Who took the processors: this process, each server and all the rest, in each phase.
  EXPECT_EQ(processors.at("count").to_number<int64_t>(), sysconf(_SC_NPROCESSORS_ONLN));
  const boost::json::array& phases = processors.at("phases").as_array();
  ASSERT_EQ(phases.size(), 2u);
  for (size_t shards = 1; shards <= 2; ++shards) {
    const boost::json::object& phase = phases[shards - 1].as_object();
    EXPECT_EQ(phase.at("phase").as_string(), shards == 1 ? "one shard" : "two shards");
    const boost::json::array& shares = phase.at("shares").as_array();
    ASSERT_EQ(shares.size(), 2 + shards);
    double sum = 0;
    for (size_t n = 0; n < shares.size(); ++n) {
      const boost::json::object& share = shares[n].as_object();
      EXPECT_EQ(share.at("process").as_string(), n == 0 ? "fenfenctl" : n <= shards ? "redis" : "others");
      sum += share.at("processors").to_number<double>();
    }
    EXPECT_NEAR(phase.at("sum").to_number<double>(), sum, 1e-9);
    EXPECT_GT(sum, 0);
  }
}

TEST(Bench, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(RunBench("speed").exit_code, 0);
  EXPECT_NE(RunBench("core --rounds 0").exit_code, 0);
  EXPECT_NE(RunBench("").exit_code, 0);
}

TEST(Picks, StayWithinAPartition) {
  for (const Spread spread : {Spread::kUniform, Spread::kHot}) {
    const Picks picks(1000, spread);
    for (uint64_t turn = 0; turn < 10'000; ++turn) {
      const Picks::Pick& pick = picks.At(turn);
      ASSERT_NE(pick.from, pick.to);
      ASSERT_LT(pick.from, 1000u);
      ASSERT_LT(pick.to, 1000u);
      ASSERT_EQ(PartitionOf(HouseholdOf(pick.from)), PartitionOf(HouseholdOf(pick.to)));
    }
  }
}

TEST(Picks, HotAccountsAreHot) {
  const auto busiest = [](Spread spread) {
    const Picks picks(10'000, spread);
    std::vector<int> counts(10'000);
    for (uint64_t turn = 0; turn < 100'000; ++turn) ++counts[picks.At(turn).from];
    return *std::max_element(counts.begin(), counts.end());
  };
  EXPECT_LT(busiest(Spread::kUniform), 100);
  EXPECT_GT(busiest(Spread::kHot), 1000);
}

TEST(Alternate, GivesTheMedianRoundAndTakesTurns) {
  std::string order;
  double round = 0;
  const auto bare = [&]() -> absl::StatusOr<double> {
    order += "b";
    return 10.0 * ++round;
  };
  const auto ours = [&]() -> absl::StatusOr<double> {
    order += "o";
    return round == 2 ? 19.0 : round;
  };
  const absl::StatusOr<Pair> pair = Alternate(3, bare, ours);
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(order, "bobobo");
  EXPECT_NEAR(pair->ratio(), 0.1, 1e-9);  // not the 0.95 of the second
  EXPECT_FALSE(Alternate(
                   1, [] { return absl::InternalError("x"); }, ours)
                   .ok());
  EXPECT_FALSE(Alternate(1, bare, [] { return absl::StatusOr<double>(0.0); }).ok());
}

TEST(Quantile, IsOneOfTheValues) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Quantile({5, 4, 3, 2, 1}, 1), 5);
  EXPECT_EQ(Quantile({7}, 0.99), 7);
}

TEST(BareCore, WritesItsBatchesDurably) {
  const absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(std::filesystem::temp_directory_path().string());
  ASSERT_TRUE(folder.ok());
  const absl::StatusOr<std::unique_ptr<ZeroedFile>> file = ZeroedFile::Make(absl::StrCat(folder->path(), "/bare"), 1 << 20);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(std::filesystem::file_size(absl::StrCat(folder->path(), "/bare")), 1u << 20);
  BareCore core(**file, 1000);
  const Picks picks(1000, Spread::kUniform);
  const absl::StatusOr<double> rate = core.Run(picks, 64, 100, absl::Milliseconds(1));
  ASSERT_TRUE(rate.ok()) << rate.status();
  EXPECT_GT(*rate, 0);
}

TEST(Report, SaysWhetherTheGoalIsMet) {
  std::ostringstream out, progress;
  Report report(false, out, progress);
  report.Add({.name = "a", .value = 9, .unit = "x/s", .bare = 10, .goal = 0.85});
  report.Add({.name = "b", .value = 300, .unit = "bytes", .bare = 100, .goal = 256, .lower_is_better = true, .goal_is_value = true});
  report.Say("正在测");
  const std::vector<std::string> lines = absl::StrSplit(out.str(), '\n');
  EXPECT_THAT(lines[0], testing::AllOf(StartsWith("a "), HasSubstr("ratio 0.900"), HasSubstr("≥ 0.85 ✓")));
  EXPECT_THAT(lines[1], testing::AllOf(StartsWith("b "), HasSubstr("≤ 256 ✗")));
  EXPECT_EQ(progress.str(), "bench: 正在测\n");
}

TEST(Report, SaysWhoTookTheProcessors) {
  std::ostringstream out, progress;
  Report report(false, out, progress);
  Line line{.name = "a", .value = 13, .unit = "x/s", .bare = 10, .goal = 1.7};
  line.processors = {{"one shard", {{"fenfenctl", 0.95}, {"redis", 1}}},
                     {"two shards", {{"fenfenctl", 1}, {"redis", 0.5}, {"redis", 0.49}}}};
  report.Add(line);
  const std::vector<std::string> lines = absl::StrSplit(out.str(), '\n');
  ASSERT_GE(lines.size(), 3u);
  const std::string of = absl::StrCat(" / of ", sysconf(_SC_NPROCESSORS_ONLN), " processors");
  EXPECT_THAT(lines[1], testing::AllOf(HasSubstr("one shard：fenfenctl 0.95 + redis 1.00 = 1.95"), testing::EndsWith(of)));
  EXPECT_THAT(lines[2], HasSubstr("two shards：fenfenctl 1.00 + redis 0.50 + redis 0.49 = 1.99"));
}

}  // namespace
}  // namespace fenfen::bench
