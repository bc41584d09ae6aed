#include "clients/ctl/check/demo_check_command.h"

#include <signal.h>

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

namespace fenfen::ctl {

namespace {

std::atomic<bool> stop_requested{false};

// Kills the server as a power cut would end it, lets it come back, and looks whether everything is as it was.
void KillAndCompare(Tour* tour) {
  const int64_t before = tour->Balance();
  kill(tour->demo->services().Find("fenfend")->pid(), SIGKILL);
  absl::Status back;
  for (int i = 0; i < 200 && back.ok() && !tour->demo->services().Find("fenfend")->Ended().has_value(); ++i)
    absl::SleepFor(absl::Milliseconds(10));
  back = tour->demo->services().Watch();
  tour->checks->Expect(back.ok(), "the server starts again after kill -9", back.message());
  // The bridge's connection comes back by itself, with back-off.
  int64_t after = tour->Balance();
  for (int i = 0; i < 100 && after != before; ++i, after = tour->Balance()) absl::SleepFor(absl::Milliseconds(100));
  tour->checks->ExpectEqual(after, before, "the balance survives kill -9 of the server");
}

// Redis loses all it holds. The balance is the same, from the journal, as soon as it is asked for.
void EmptyRedisAndCompare(Tour* tour) {
  const int64_t before = tour->Balance();
  const std::string flush = absl::StrCat("redis-cli -s '", tour->demo->workspace().RedisSocket(), "' FLUSHALL >/dev/null");
  tour->checks->ExpectEqual(std::system(flush.c_str()), 0, "Redis is emptied");
  int64_t after = tour->Balance();
  for (int i = 0; i < 100 && after != before; ++i, after = tour->Balance()) absl::SleepFor(absl::Milliseconds(100));
  tour->checks->ExpectEqual(after, before, "the balance survives an emptied Redis");
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
  Tour tour{demo->get(), &checks, HttpClient((*demo)->ports().http), client::RequestIds::FromSystem(), options.bin, {}, {}, {}, "", "",
            "",          ""};
  std::vector<std::pair<const char*, void (*)(Tour*)>> journeys = {
      {"居民 / resident", ResidentJourney}, {"商户 / merchant", MerchantJourney}, {"社区 / staff", StaffJourney},
      {"设备 / device", DeviceJourney},     {"错误输入 / bad input", Refusals},   {"kill -9", KillAndCompare}};
  if (options.mode == DemoMode::kRedis) journeys.emplace_back("Redis 清空 / an emptied Redis", EmptyRedisAndCompare);
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
  options.folder = absl::StrCat(name, "/demo");
  options.http = options.grpc = "127.0.0.1:0";
  options.plan = SmallPlan();
  const absl::StatusOr<boost::json::object> report = RunChecks(options);
  if (!report.ok()) return Fail(context, report.status());
  std::cout << *report << std::endl;
  return report->at("ok").as_bool() ? 0 : 1;
}

}  // namespace

void AddDemoCheckCommand(CLI::App& app, Context* context) {
  auto options = std::make_shared<DemoOptions>();
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
