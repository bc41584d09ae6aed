#include "clients/ctl/demo/demo.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "clients/ctl/commands/secrets.h"
#include "clients/ctl/demo/cast.h"
#include "clients/ctl/demo/district_files.h"
#include "clients/ctl/demo/import_district.h"
#include "clients/ctl/demo/port.h"
#include "clients/ctl/demo/progress_bar.h"
#include "clients/ctl/demo/redis_nodes.h"
#include "fenfen/v1/catalogue.grpc.pb.h"

namespace fenfen::ctl {

namespace {

constexpr char kAgent[] = "fenfen-station";
constexpr char kReplay[] = "fenfen-station (replay)";
constexpr char kLive[] = "fenfen-station (live)";
constexpr absl::Duration kLivePause = absl::Seconds(1);
constexpr absl::Duration kFollowMax = absl::Seconds(60);

absl::CivilDay Yesterday() { return absl::ToCivilDay(absl::Now(), ProgrammeTimeZone()) - 1; }

int64_t Member(const boost::json::object& object, const char* name) {
  const boost::json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->as_int64() : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Demo>> Demo::Start(const DemoOptions& options, std::function<void(const std::string&)> say,
                                                  const std::atomic<bool>* stop) {
  std::unique_ptr<Demo> demo(new Demo(options, std::move(say), stop));
  const absl::Status begun = demo->Begin();
  if (!begun.ok()) return begun;
  return demo;
}

absl::Status Demo::Begin() {
  absl::StatusOr<std::unique_ptr<Workspace>> workspace = Workspace::Open(options_.folder, options_.plan);
  if (!workspace.ok()) return workspace.status();
  workspace_ = *std::move(workspace);
  if (absl::Status status = workspace_->ChooseMode(options_.mode); !status.ok()) return status;
  const DistrictPlan& plan = workspace_->record().plan;
  absl::StatusOr<District> district = MakeDistrict(plan);
  if (!district.ok()) return district.status();
  district_ = *std::move(district);
  if (workspace_->record().step == DemoStep::kNew) {
    say_(absl::StrFormat("生成通州区示范数据（种子 %d）：%d 小区，%d 站点，%d 家庭 / drawing the district", plan.seed, plan.estates,
                         plan.stations, plan.households));
    const absl::StatusOr<std::string> subject_key = ReadSecret(workspace_->Path("keys/subject.key"));
    if (!subject_key.ok()) return subject_key.status();
    const absl::Status written =
        WriteDistrictFiles(district_, workspace_->Path("import"), workspace_->Path("fleet"), *subject_key, kDemoAppId);
    if (!written.ok()) return written;
    const absl::Status reached = workspace_->Reached(DemoStep::kGenerated, "");
    if (!reached.ok()) return reached;
  }
  ChoosePorts();
  services_ = std::make_unique<Services>(say_, stop_);
  services_->NoteIn(workspace_->Path("services.json"));
  const bool history = NeedsHistory();
  absl::Status ready = history ? workspace_->ForgetLedger() : absl::OkStatus();
  if (ready.ok()) ready = StartStores();
  if (ready.ok()) ready = workspace_->WriteConfigs(ports_, options_.static_folder);
  if (ready.ok()) ready = WritePeople(district_, workspace_->Path("people.json"));
  const std::string first_server = ServerName(workspace_->mode(), 0);
  for (const Service& service : DemoServices(*workspace_, options_.bin, ports_)) {
    if (ready.ok() && history && service.name == first_server) ready = PlayHistory();
    if (ready.ok()) ready = services_->Start(service);
  }
  return ready;
}

void Demo::ChoosePorts() {
  PortPicker picker;
  const std::pair<std::string*, std::string> wanted[] = {
      {&ports_.http, options_.http}, {&ports_.grpc, options_.grpc}, {&ports_.sandbox, "127.0.0.1:0"}, {&ports_.metrics, "127.0.0.1:0"}};
  for (const auto& [port, want] : wanted) {
    bool taken = false;
    *port = picker.Pick(want, &taken);
    if (taken) say_(absl::StrCat(want, " 已被占用，改用 ", *port, " / is taken; using another port"));
  }
  if (options_.mode != DemoMode::kCluster) return;
  ports_.servers = {picker.Pick()};
  for (size_t node = 0; node < kPostgresNodes; ++node) ports_.postgres.push_back(picker.Pick());
  for (size_t node = 0; node < kRedisNodes; ++node) {
    ports_.redis.push_back(picker.Pick());
    ports_.redis_bus.push_back(picker.Pick());
  }
}

absl::Status Demo::StartStores() {
  if (options_.mode != DemoMode::kCluster) return absl::OkStatus();
  say_("启动 PostgreSQL 主备和六个 Redis 节点 / starting PostgreSQL with a standby, and six Redis nodes");
  postgres_ = std::make_unique<PostgresPair>(*workspace_, ports_, services_.get(), say_, *stop_);
  const absl::Status started = postgres_->Start();
  return started.ok() ? StartRedisNodes(*workspace_, ports_, services_.get(), *stop_) : started;
}

absl::Status Demo::Watch() {
  // What takes a moment first: PostgreSQL's taking over takes seconds.
  const absl::Status watched = services_->Watch();
  if (watched.ok() && postgres_ != nullptr) postgres_->Watch();
  return watched;
}

absl::StatusOr<std::unique_ptr<client::Client>> Demo::Connect(const std::string& issuer, const std::string& subject,
                                                              const std::string& role) const {
  return ConnectTo(ports_.Servers(), issuer, subject, role);
}

absl::StatusOr<std::unique_ptr<client::Client>> Demo::ConnectTo(std::vector<std::string> servers, const std::string& issuer,
                                                                const std::string& subject, const std::string& role) const {
  absl::StatusOr<client::TokenSigner> signer =
      client::TokenSigner::FromPemFile(workspace_->Path(absl::StrCat("keys/", issuer, ".key.pem")), issuer);
  if (!signer.ok()) return signer.status();
  client::ClientOptions options;
  options.targets = std::move(servers);
  options.token = client::MintedTokens(*std::move(signer), subject, role, absl::Hours(1), [] { return absl::Now(); });
  return client::Client::Connect(std::move(options));
}

absl::Status Demo::SetUp() {
  absl::Status done;
  if (workspace_->record().step == DemoStep::kGenerated) done = Import();
  if (done.ok() && workspace_->record().step == DemoStep::kImported) done = Queue();
  if (done.ok() && workspace_->record().step == DemoStep::kQueued) {
    // An interrupted replay goes on with what is left.
    done = Drain(Pending());
    if (done.ok()) done = workspace_->Reached(DemoStep::kReplayed, workspace_->record().day);
  }
  return done;
}

absl::Status Demo::Import() {
  const absl::StatusOr<std::unique_ptr<client::Client>> client = Connect("operator", "operators/demo", "OPERATOR");
  if (!client.ok()) return client.status();
  absl::Status done =
      ImportDistrict(client->get(), client::RequestIds::FromSystem(), workspace_->Path("import"), /*with_rules=*/true, say_, *stop_);
  if (done.ok()) done = AwaitCatalogue();
  return done.ok() ? workspace_->Reached(DemoStep::kImported, "") : done;
}

bool Demo::NeedsHistory() const { return workspace_->record().step == DemoStep::kGenerated && workspace_->record().plan.history_days > 0; }

// Through a server of its own, before any other begins. One that was interrupted is begun anew.
absl::Status Demo::PlayHistory() {
  if (!options_.history) return absl::InternalError("no history can be made here");
  const absl::Status played =
      options_.history({.district = district_, .workspace = *workspace_, .last_day = Yesterday() - 1, .say = say_, .stop = *stop_});
  if (!played.ok()) return played;
  for (const DemoStation& station : district_.stations) {
    if (absl::Status kept = workspace_->KeepQueue(station.device); !kept.ok()) return kept;
  }
  return workspace_->Reached(DemoStep::kImported, "");
}

// The rules were imported last, and a server follows the catalogue in order.
absl::Status Demo::AwaitCatalogue() const {
  const absl::Time deadline = absl::Now() + kFollowMax;
  for (const std::string& server : ports_.Servers()) {
    const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectTo({server}, "operator", "operators/demo", "OPERATOR");
    if (!client.ok()) return client.status();
    while (true) {
      const auto rules = (*client)->Call(&v1::CatalogueService::Stub::GetRuleSet, v1::GetRuleSetRequest());
      if (rules.ok() && rules->rule_set().rules_size() > 0) break;
      if (*stop_) return absl::CancelledError("stopped");
      if (absl::Now() > deadline) {
        return absl::DeadlineExceededError(absl::StrCat(server, " 60 秒内没有目录 / does not have the catalogue within 60 s"));
      }
      absl::SleepFor(absl::Milliseconds(50));
    }
  }
  return absl::OkStatus();
}

absl::Status Demo::Queue() {
  // What an interrupted try has left goes: nothing of it was uploaded.
  for (const DemoStation& station : district_.stations) {
    const absl::Status begun = workspace_->RestoreQueue(station.device);
    if (!begun.ok()) return begun;
  }
  const absl::CivilDay yesterday = Yesterday();
  SeededRandom random(workspace_->record().plan.seed + 1);
  std::vector<std::string> lines = EarlierDrops(district_, yesterday);
  // A household that the history merged into another drops no more by its own number.
  const absl::StatusOr<Cast> cast = ChooseCast(district_);
  const bool merged = workspace_->record().plan.history_days > 0 && cast.ok();
  const std::string gone = merged ? absl::StrCat("\"household\":", district_.households[cast->merged].number, ",") : "";
  for (std::string& line : DayOfDrops(district_, &random, yesterday, workspace_->record().plan.drops)) {
    if (gone.empty() || !absl::StrContains(line, gone)) lines.push_back(std::move(line));
  }
  const absl::Status queued = Enqueue(lines);
  if (!queued.ok()) return queued;
  say_(absl::StrFormat("%s 的 %d 次投放已进入 %d 台设备的队列 / drops are in the devices' queues", absl::FormatCivilTime(yesterday),
                       lines.size(), district_.stations.size()));
  return workspace_->Reached(DemoStep::kQueued, absl::FormatCivilTime(yesterday));
}

Service Demo::Agent(const std::string& name, const std::vector<std::string>& more) const {
  Service service;
  service.name = name;
  service.options.arguments = {absl::StrCat(options_.bin, "/fenfen-station")};
  service.options.arguments.insert(service.options.arguments.end(), more.begin(), more.end());
  for (const std::string& argument : {std::string("--fleet"), workspace_->Path("fleet")}) service.options.arguments.push_back(argument);
  service.options.log_file = workspace_->Path("log/station.log");
  return service;
}

absl::Status Demo::Enqueue(const std::vector<std::string>& lines) {
  Service service = Agent(kLive, {"enqueue", "--stdin", "--batch-max", "50"});
  service.options.pipe_in = true;
  const absl::StatusOr<std::unique_ptr<Child>> child = Child::Start(service.options);
  if (!child.ok()) return child.status();
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    absl::StrAppend(&text, lines[i], "\n");
    const bool flush = text.size() > (64 << 10) || i + 1 == lines.size();
    if (flush && !(*child)->Write(text)) break;
    if (flush) text.clear();
    if (*stop_) return absl::CancelledError("stopped");
  }
  (*child)->CloseInput();
  while (!(*child)->Ended().has_value()) absl::SleepFor(absl::Milliseconds(5));
  const int ended = *(*child)->Ended();
  if (ended != 0) return absl::AbortedError(absl::StrCat("fenfen-station enqueue: ", DescribeEnd(ended), "; ", service.options.log_file));
  return absl::OkStatus();
}

int64_t Demo::Pending() const {
  Service service = Agent(kReplay, {"status", "--json"});
  service.options.pipe_out = true;
  const absl::StatusOr<std::unique_ptr<Child>> child = Child::Start(service.options);
  std::string printed;
  while (child.ok()) {
    const bool ended = (*child)->Ended().has_value();
    for (const std::string& line : (*child)->ReadLines()) printed += line;
    if (ended) break;
    absl::SleepFor(absl::Milliseconds(5));
  }
  boost::system::error_code error;
  const boost::json::value status = boost::json::parse(printed, error);
  int64_t pending = 0;
  if (error || !status.is_object() || !status.as_object().contains("devices")) return pending;
  for (const boost::json::value& device : status.at("devices").as_array()) pending += Member(device.as_object(), "pending");
  return pending;
}

absl::Status Demo::Drain(int64_t total) {
  Service service = Agent(kReplay, {"run", "--server", absl::StrJoin(ports_.Servers(), ","), "--drain", "--progress"});
  service.options.pipe_out = true;
  const absl::StatusOr<std::unique_ptr<Child>> agent = Child::Start(service.options);
  if (!agent.ok()) return agent.status();
  const absl::Time start = absl::Now();
  const bool terminal = isatty(STDERR_FILENO) == 1;
  ProgressBar bar("投放 / drops", total, start, terminal);
  std::optional<int> ended;
  replay_ = {};
  while (true) {
    ended = (*agent)->Ended();  // before reading, so that nothing written at the end is missed
    for (const std::string& line : (*agent)->ReadLines()) {
      boost::system::error_code error;
      const boost::json::value value = boost::json::parse(line, error);
      if (error || !value.is_object()) continue;
      replay_.credited = Member(value.as_object(), "credited");
      replay_.rejected = Member(value.as_object(), "rejected");
      std::cerr << bar.Line(replay_.credited + replay_.rejected, absl::Now()) << std::flush;
    }
    if (ended.has_value()) break;
    if (*stop_) {
      (*agent)->Stop(absl::Seconds(15));
      return absl::CancelledError("stopped");
    }
    const absl::Status watched = Watch();
    if (!watched.ok()) return watched;
    absl::SleepFor(absl::Milliseconds(50));
  }
  replay_.time = absl::Now() - start;
  if (*ended != 0) return absl::AbortedError(absl::StrCat("fenfen-station: ", DescribeEnd(*ended), "; ", service.options.log_file));
  say_(absl::StrFormat("上传完成：%d 次入账，%d 次被拒，%.1f 秒 / uploaded", replay_.credited, replay_.rejected,
                       absl::ToDoubleSeconds(replay_.time)));
  return absl::OkStatus();
}

absl::Status Demo::Live() {
  absl::Status running = services_->Start(Agent(kAgent, {"run", "--server", absl::StrJoin(ports_.Servers(), ",")}));
  Service enqueue = Agent(kLive, {"enqueue", "--stdin"});
  enqueue.options.pipe_in = true;
  if (running.ok()) running = services_->Start(enqueue);
  SeededRandom random(static_cast<uint64_t>(absl::ToUnixMicros(absl::Now())));
  absl::Time next = absl::Now();
  while (running.ok() && !*stop_) {
    if (absl::Now() >= next) {
      services_->Find(kLive)->Write(DropLine(district_, &random, absl::Now()) + "\n");
      // People do not come by the clock.
      next = absl::Now() + kLivePause * (0.5 + random.Unit());
    }
    absl::SleepFor(absl::Milliseconds(100));
    running = Watch();
  }
  return running;
}

absl::Status Demo::Keep() {
  absl::Status running;
  while (running.ok() && !*stop_) {
    absl::SleepFor(absl::Milliseconds(100));
    running = Watch();
  }
  return running;
}

}  // namespace fenfen::ctl
