#include "clients/ctl/check/demo_check_command.h"

#include <signal.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/check/books.h"
#include "clients/ctl/check/journeys.h"
#include "clients/ctl/demo/demo_command.h"
#include "clients/ctl/demo/redis_nodes.h"

namespace fenfen::ctl {

namespace {

// Any 31 days have a first of a month among them, on which points lapse.
constexpr int64_t kHistoryDays = 31;

std::atomic<bool> stop_requested{false};

// Looks until the balance is what it was, for so long.
int64_t BalanceAgain(Tour* tour, int64_t before, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  int64_t after = tour->Balance();
  for (; after != before && absl::Now() < deadline; after = tour->Balance()) absl::SleepFor(absl::Milliseconds(100));
  return after;
}

// Kills a service as a power cut would end it, and waits until the demo knows.
bool Kill(Tour* tour, const std::string& name) {
  Child* const child = tour->demo->services().Find(name);
  if (!tour->checks->Expect(child != nullptr, absl::StrCat(name, " runs"))) return false;
  kill(child->pid(), SIGKILL);
  while (!child->Ended().has_value() && !stop_requested) absl::SleepFor(absl::Milliseconds(10));
  return true;
}

// Kills the server, lets it come back, and looks whether everything is as it was.
void KillAndCompare(Tour* tour) {
  const int64_t before = tour->Balance();
  if (!Kill(tour, ServerName(tour->demo->workspace().mode(), 0))) return;
  const absl::Status back = tour->demo->Watch();
  tour->checks->Expect(back.ok(), "the server starts again after kill -9", back.message());
  // The bridge's connection comes back by itself, with back-off.
  tour->checks->ExpectEqual(BalanceAgain(tour, before, absl::Seconds(20)), before, "the balance survives kill -9 of the server");
}

// Redis loses all it holds. The balance is the same, from the journal, as soon as it is asked for.
void EmptyRedisAndCompare(Tour* tour) {
  const int64_t before = tour->Balance();
  const std::string flush = absl::StrCat("redis-cli -s '", tour->demo->workspace().RedisSocket(), "' FLUSHALL >/dev/null");
  tour->checks->ExpectEqual(std::system(flush.c_str()), 0, "Redis is emptied");
  tour->checks->ExpectEqual(BalanceAgain(tour, before, absl::Seconds(20)), before, "the balance survives an emptied Redis");
}

// A master of the Redis Cluster dies; its replica takes over.
void KillRedisMaster(Tour* tour) {
  const Demo& demo = *tour->demo;
  const int64_t before = tour->Balance();
  const std::vector<size_t> masters = RedisMasters(demo.workspace(), demo.ports(), stop_requested);
  if (!tour->checks->ExpectEqual(masters.size(), kRedisNodes / 2, "three of the six nodes are masters")) return;
  const std::string name = absl::StrCat("redis-", masters.front() + 1);
  if (!Kill(tour, name)) return;
  const pid_t dead = tour->demo->services().Find(name)->pid();
  tour->checks->ExpectEqual(BalanceAgain(tour, before, absl::Seconds(60)), before, "the balance survives kill -9 of a master of Redis");
  // It comes back as a replica.
  absl::Status watched;
  while (watched.ok() && !stop_requested && tour->demo->services().Find(name)->pid() == dead) {
    watched = tour->demo->Watch();
    absl::SleepFor(absl::Milliseconds(50));
  }
  tour->checks->Expect(watched.ok(), "the node comes back", watched.message());
}

// PostgreSQL's primary dies; its standby takes over, with everything.
void KillPrimary(Tour* tour) {
  const int64_t before = tour->Balance();
  const std::string primary = tour->demo->postgres()->primary();
  if (!Kill(tour, primary)) return;
  const absl::Status watched = tour->demo->Watch();
  tour->checks->Expect(watched.ok() && tour->demo->postgres()->primary() != primary, "the standby takes over", watched.message());
  tour->checks->ExpectEqual(BalanceAgain(tour, before, absl::Seconds(60)), before, "the balance survives kill -9 of the primary");
  // What is written now is written by the new one.
  SeededRandom random(7);
  absl::Status uploaded = tour->demo->Enqueue({DropLine(tour->demo->district(), &random, absl::Now())});
  if (uploaded.ok()) uploaded = tour->demo->Drain(1);
  tour->checks->Expect(uploaded.ok() && tour->demo->replay().credited == 1, "a drop after that is credited", uploaded.message());
}

absl::StatusOr<boost::json::object> RunChecks(const DemoOptions& options) {
  const absl::Time start = absl::Now();
  const auto say = [](const std::string& text) { std::cerr << text << std::endl; };
  const absl::StatusOr<std::unique_ptr<Demo>> demo = Demo::Start(options, say, &stop_requested);
  if (!demo.ok()) return demo.status();
  const absl::Status ready = (*demo)->SetUp();
  if (!ready.ok()) return ready;
  Checks checks;
  checks.ExpectEqual((*demo)->replay().rejected, 0, "no drop of the day is refused");
  const int64_t replayed = (*demo)->replay().credited;
  const double rate = static_cast<double>(replayed) / absl::ToDoubleSeconds((*demo)->replay().time);
  Tour tour{
      demo->get(), &checks, HttpClient((*demo)->ports().http), client::RequestIds::FromSystem(), options.bin, {}, {}, {}, {}, {}, "", "",
      "",          ""};
  std::vector<std::pair<const char*, void (*)(Tour*)>> journeys = {
      {"历史 / history", HistoryJourney}, {"居民 / resident", ResidentJourney},   {"商户 / merchant", MerchantJourney},
      {"社区 / staff", StaffJourney},     {"家庭 / household", HouseholdJourney}, {"办公 / office", OfficeJourney},
      {"设备 / device", DeviceJourney},   {"错误输入 / bad input", Refusals},     {"kill -9", KillAndCompare}};
  if (options.mode == DemoMode::kRedis) journeys.emplace_back("Redis 清空 / an emptied Redis", EmptyRedisAndCompare);
  if (options.mode == DemoMode::kCluster) {
    journeys.emplace_back("主节点 / a Redis master", KillRedisMaster);
    journeys.emplace_back("主库 / PostgreSQL's primary", KillPrimary);
  }
  boost::json::array names;
  for (const auto& [name, journey] : journeys) {
    if (stop_requested) return absl::CancelledError("stopped");
    say(absl::StrCat("检查 / checking ", name));
    journey(&tour);
    names.push_back(name);
  }
  say("核对账本 / comparing the books");
  boost::json::object report = CompareBooks(&tour);
  (*demo)->services().StopAll();
  boost::json::array failures;
  for (const std::string& failure : checks.failures()) failures.push_back(boost::json::string(failure));
  report["ok"] = checks.failures().empty();
  report["checks"] = checks.count();
  report["failures"] = failures;
  report["journeys"] = names;
  report["drops_replayed"] = replayed;
  report["drops_per_second"] = static_cast<int64_t>(rate);
  report["seconds"] = absl::ToInt64Milliseconds(absl::Now() - start) / 1000.0;
  return report;
}

int DemoCheck(const Context& context, DemoOptions options, bool keep) {
  char name[] = "/tmp/fenfen-check-XXXXXX";
  if (mkdtemp(name) == nullptr) return Fail(context, absl::ErrnoToStatus(errno, name));
  const absl::Cleanup remove = [&name, keep] {
    if (!keep) std::filesystem::remove_all(name);
    if (keep) std::cerr << "保留 / kept " << name << std::endl;
  };
  // PostgreSQL's user has to come through.
  if (options.mode == DemoMode::kCluster) chmod(name, 0711);
  options.folder = absl::StrCat(name, "/demo");
  options.http = options.grpc = "127.0.0.1:0";
  options.plan = SmallPlan();
  options.plan.history_days = kHistoryDays;
  const absl::StatusOr<boost::json::object> report = RunChecks(options);
  if (!report.ok()) return Fail(context, report.status());
  std::cout << *report << std::endl;
  return report->at("ok").as_bool() ? 0 : 1;
}

}  // namespace

void AddDemoCheckCommand(CLI::App& app, Context* context, HistoryPlayer history) {
  auto options = std::make_shared<DemoOptions>();
  options->history = std::move(history);
  auto keep = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("demo-check", "在临时小区上走完整条路径并核对账本，输出一行 JSON / drive the whole path and compare the books");
  command->add_option("--bin", options->bin, "各程序所在文件夹 / the folder of the programs")->required()->check(CLI::ExistingDirectory);
  command->add_option("--static", options->static_folder, "H5 页面文件夹 / the H5 build")->required()->check(CLI::ExistingDirectory);
  AddModeOption(*command, options->mode);
  command->add_flag("--keep", *keep, "保留临时文件夹 / keep the folder");
  command->callback([context, options, keep] {
    std::signal(SIGPIPE, SIG_IGN);
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stop_requested = true; });
    context->exit_code = DemoCheck(*context, *options, *keep);
  });
}

}  // namespace fenfen::ctl
