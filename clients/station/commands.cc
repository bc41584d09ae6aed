#include "clients/station/commands.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/client.h"
#include "clients/cpp/targets.h"
#include "clients/station/device.h"
#include "clients/station/enqueue.h"
#include "clients/station/queue/queue_reader.h"
#include "clients/station/terminal_qr.h"
#include "clients/station/upload/fleet.h"
#include "fenfen/v1/station.grpc.pb.h"

namespace fenfen::station {

namespace {

// Set by a signal; the only thing a handler may do.
std::atomic<bool> stop_requested{false};

absl::Time Now() { return absl::Now(); }

int Fail(const absl::Status& status) {
  std::cerr << "fenfen-station: " << status.message() << std::endl;
  return 2;
}

// Which devices a command is about.
struct Whose {
  std::string device, fleet;
  void AddTo(CLI::App* command) {
    auto* one = command->add_option("--device", device, "设备文件夹 / the device's folder");
    auto* many = command->add_option("--fleet", fleet, "含多个设备文件夹的目录 / a folder of devices' folders");
    one->excludes(many);
  }
  absl::StatusOr<std::vector<Device>> Load() const {
    if (!fleet.empty()) return LoadFleet(fleet);
    if (device.empty()) return absl::InvalidArgumentError("请给出 --device 或 --fleet / give --device or --fleet");
    absl::StatusOr<Device> one = LoadDevice(device);
    if (!one.ok()) return one.status();
    return std::vector<Device>{*std::move(one)};
  }
};

// Where the servers are.
struct Where {
  std::vector<std::string> servers = {"127.0.0.1:7070"};
  std::string server_ca;
  void AddTo(CLI::App* command) {
    command
        ->add_option("--server", servers,
                     "服务器地址 HOST:PORT；共用存储的多台以逗号分隔 / the server's address; several over one store with commas between")
        ->delimiter(',')
        ->capture_default_str()
        ->envname("FENFEN_SERVER");
    command->add_option("--server-ca", server_ca, "服务器证书的 CA（PEM），给出则用 TLS / TLS if given");
  }
  absl::StatusOr<std::unique_ptr<client::Client>> Connect() const {
    if (absl::Status status = client::CheckTargets("--server", servers); !status.ok()) return status;
    client::ClientOptions options;
    options.targets = servers;
    options.watch = true;
    options.ca_file = server_ca;
    return client::Client::Connect(std::move(options));
  }
};

void AddKeygen(CLI::App& app, int* exit_code) {
  struct Args {
    std::string folder, device, station;
  };
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand("keygen", "建立设备文件夹和密钥，输出公钥供登记 / make a device's folder and key");
  command->add_option("FOLDER", args->folder, "设备文件夹 / the device's folder")->required();
  command->add_option("--device", args->device, "设备编号 / the device's id")->required();
  command->add_option("--station", args->station, "站点编号 / its station's id")->required();
  command->callback([args, exit_code] {
    const absl::StatusOr<Device> device = CreateDevice(args->folder, args->device, args->station);
    if (!device.ok()) {
      *exit_code = Fail(device.status());
      return;
    }
    // A row for `fenfenctl import devices`.
    std::cout << "device,station,public_key\n"
              << args->device << "," << args->station << "," << absl::BytesToHexString(device->key.PublicBytes()) << std::endl;
  });
}

struct EnqueueArgs {
  Whose whose;
  QueueLimits limits;
  bool from_stdin = false;
  int64_t household = 0, member = 0, grams = 0;
  std::string category, time;
};

// The line that the flags stand for.
std::string LineOf(const EnqueueArgs& args) {
  boost::json::object line = {{"household", args.household}, {"category", args.category}, {"member", args.member}, {"grams", args.grams}};
  if (!args.time.empty()) line["time"] = args.time;
  return boost::json::serialize(line);
}

int Enqueue(const EnqueueArgs& args) {
  absl::StatusOr<std::vector<Device>> devices = args.whose.Load();
  if (!devices.ok()) return Fail(devices.status());
  Enqueuer enqueuer(*std::move(devices), args.limits, Now);
  if (args.from_stdin) {
    EnqueueFrom(STDIN_FILENO, &enqueuer);
  } else {
    enqueuer.Line(LineOf(args));
    enqueuer.Commit();
  }
  const EnqueueReport& report = enqueuer.report();
  for (const std::string& fault : report.faults) std::cerr << "fenfen-station: " << fault << '\n';
  std::cout << boost::json::object{{"accepted", report.accepted}, {"refused", report.refused}} << std::endl;
  return report.refused == 0 ? 0 : 1;
}

void AddEnqueue(CLI::App& app, int* exit_code) {
  auto args = std::make_shared<EnqueueArgs>();
  CLI::App* command = app.add_subcommand("enqueue", "把投放记入队列（落盘后才返回）/ put drops into the queue; durable when it returns");
  args->whose.AddTo(command);
  command->add_flag("--stdin", args->from_stdin, "从标准输入读 JSON 行 / read JSON lines from standard input");
  command->add_option("--household", args->household, "户号 / the household's number");
  command->add_option("--member", args->member, "成员号，0 为未知 / the member, 0 if not known");
  command->add_option("--category", args->category, "FOOD RECYCLABLE HAZARDOUS RESIDUAL BULKY RENOVATION");
  command->add_option("--grams", args->grams, "克，0 为未称重 / grams, 0 if not weighed");
  command->add_option("--time", args->time, "RFC 3339 时间，默认现在 / the time; now by default");
  command
      ->add_option("--pending-max", args->limits.pending_events_max, "待上传上限，超出则拒绝 / refuse beyond this many unanswered events")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  command->add_option("--batch-max", args->limits.batch_events_max, "每批条数上限 / events a batch")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->callback([args, exit_code] { *exit_code = Enqueue(*args); });
}

struct RunArgs {
  Whose whose;
  Where where;
  FleetOptions options;
  bool progress = false;
};

void Report(const RunArgs& args, const FleetProgress& progress) {
  if (!args.progress) return;
  std::cout << boost::json::object{{"credited", progress.credited},
                                   {"replayed", progress.replayed},
                                   {"rejected", progress.rejected},
                                   {"blocked", progress.blocked},
                                   {"trouble", progress.last_trouble}}
            << std::endl;
}

int Run(const RunArgs& args) {
  absl::StatusOr<std::vector<Device>> devices = args.whose.Load();
  if (!devices.ok()) return Fail(devices.status());
  const absl::StatusOr<std::unique_ptr<client::Client>> client = args.where.Connect();
  if (!client.ok()) return Fail(client.status());
  absl::StatusOr<std::unique_ptr<Fleet>> fleet = Fleet::Open(*std::move(devices), client->get(), Now, args.options);
  if (!fleet.ok()) return Fail(fleet.status());
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stop_requested = true; });
  std::string told;
  const bool clean = (*fleet)->Run(stop_requested, [&](const FleetProgress& progress) {
    Report(args, progress);
    if (progress.last_trouble != told) std::cerr << "fenfen-station: " << (told = progress.last_trouble) << std::endl;
  });
  return clean || !args.options.drain ? 0 : 1;
}

void AddRun(CLI::App& app, int* exit_code) {
  auto args = std::make_shared<RunArgs>();
  CLI::App* command = app.add_subcommand("run", "持续上传队列 / keep uploading the queues");
  args->whose.AddTo(command);
  args->where.AddTo(command);
  command->add_flag("--drain", args->options.drain, "队列清空后退出 / end once the queues are empty");
  command->add_flag("--progress", args->progress, "每半秒输出一行 JSON / a line of JSON twice a second");
  command->add_option("--threads", args->options.threads, "并发上传数 / uploads at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->callback([args, exit_code] { *exit_code = Run(*args); });
}

int Status(const Whose& whose, bool json) {
  const absl::StatusOr<std::vector<Device>> devices = whose.Load();
  if (!devices.ok()) return Fail(devices.status());
  boost::json::array list;
  for (const Device& device : *devices) {
    const auto reader = QueueReader::Open(device.queue_folder());
    if (!reader.ok()) return Fail(reader.status());
    const int64_t acked = (*reader)->acked();
    int64_t last = acked;
    while (true) {
      const auto next = (*reader)->Next();
      if (!next.ok()) return Fail(next.status());
      if (!next->has_value()) break;
      last = (*next)->last_sequence;
    }
    const int64_t rejected = CountRejected(device.rejected_file());
    if (json) {
      list.push_back(boost::json::object{{"device", device.name},
                                         {"station", device.station},
                                         {"last", last},
                                         {"acked", acked},
                                         {"pending", last - acked},
                                         {"rejected", rejected}});
    } else {
      std::cout << device.name << "（" << device.station << "）：已记 " << last << "，已上传 " << acked << "，待上传 " << last - acked
                << "，被拒 " << rejected << " / " << last << " taken, " << acked << " answered, " << last - acked << " waiting, "
                << rejected << " refused\n";
    }
  }
  if (json) std::cout << boost::json::object{{"devices", list}} << '\n';
  std::cout.flush();
  return 0;
}

void AddStatus(CLI::App& app, int* exit_code) {
  auto whose = std::make_shared<Whose>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("status", "各设备队列的情况 / how the queues stand");
  whose->AddTo(command);
  command->add_flag("--json", *json, "输出 JSON / print JSON");
  command->callback([whose, json, exit_code] { *exit_code = Status(*whose, *json); });
}

int Code(const std::string& folder, const Where& where, bool text_only) {
  const absl::StatusOr<Device> device = LoadDevice(folder);
  if (!device.ok()) return Fail(device.status());
  const absl::StatusOr<std::unique_ptr<client::Client>> client = where.Connect();
  if (!client.ok()) return Fail(client.status());
  v1::GetStationCodeRequest request;
  request.set_station(device->station);
  client::CallOptions call;
  call.token = DeviceTokens(*device, Now)(false);
  const auto reply = (*client)->Call(&v1::StationService::Stub::GetStationCode, request, call);
  if (!reply.ok()) {
    std::cerr << "fenfen-station: " << reply.error().ToString() << std::endl;
    return 1;
  }
  if (text_only) {
    std::cout << reply->code() << std::endl;
    return 0;
  }
  const absl::StatusOr<std::string> qr = TerminalQr(reply->code());
  if (!qr.ok()) return Fail(qr.status());
  std::cout << reply->station_display_name() << '\n' << *qr << reply->code() << std::endl;
  return 0;
}

void AddCode(CLI::App& app, int* exit_code) {
  struct Args {
    std::string folder;
    Where where;
    bool text = false;
  };
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand("code", "显示站点当前的二维码 / show the station's present code as a QR");
  command->add_option("--device", args->folder, "设备文件夹 / the device's folder")->required();
  args->where.AddTo(command);
  command->add_flag("--text", args->text, "只输出文字 / the text alone");
  command->callback([args, exit_code] { *exit_code = Code(args->folder, args->where, args->text); });
}

}  // namespace

void AddCommands(CLI::App& app, int* exit_code) {
  AddKeygen(app, exit_code);
  AddEnqueue(app, exit_code);
  AddRun(app, exit_code);
  AddStatus(app, exit_code);
  AddCode(app, exit_code);
}

}  // namespace fenfen::station
