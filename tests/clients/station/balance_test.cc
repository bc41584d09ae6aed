// The agent's uploads over two servers that share a store: devices keep to a server, leave one that drains or dies, and every event is
// credited once.
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/station/device.h"
#include "clients/station/enqueue.h"
#include "clients/station/upload/fleet.h"
#include "fenfen/v1/station.grpc.pb.h"

namespace fenfen::station {
namespace {

bool Await(const std::function<bool()>& what) {
  for (const absl::Time end = absl::Now() + absl::Seconds(30); absl::Now() < end; absl::SleepFor(absl::Milliseconds(2))) {
    if (what()) return true;
  }
  return false;
}

// What the servers share: a device's number has one effect and one content.
struct Store {
  std::mutex mutex;
  std::map<std::string, std::map<int64_t, std::string>> credited;  // guarded by mutex, as is all below
  std::map<std::string, std::set<int>> served_by;
  int differing = 0;

  size_t Credited() {
    std::lock_guard<std::mutex> lock(mutex);
    size_t sum = 0;
    for (const auto& [device, drops] : credited) sum += drops.size();
    return sum;
  }
};

class BookServer : public v1::StationService::Service {
 public:
  BookServer(Store* store, int number) : store_(store), number_(number) { Start(); }
  ~BookServer() override { Kill(); }

  void Start() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort(target(), grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  void Kill() {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    server_ = nullptr;
  }
  void SetServing(bool serving) { server_->GetHealthCheckService()->SetServingStatus(serving); }
  std::string target() const { return absl::StrCat("127.0.0.1:", port_); }

  grpc::Status UploadDrops(grpc::ServerContext*,
                           grpc::ServerReaderWriter<v1::UploadDropsResponse, v1::UploadDropsRequest>* stream) override {
    ++streams;
    v1::UploadDropsRequest request;
    while (stream->Read(&request)) {
      absl::SleepFor(absl::Milliseconds(1));
      v1::UploadDropsResponse answer;
      Take(request, &answer);
      stream->Write(answer);
    }
    return grpc::Status::OK;
  }

  std::atomic<int> streams{0};

 private:
  void Take(const v1::UploadDropsRequest& request, v1::UploadDropsResponse* answer) {
    v1::DeviceBatch batch;
    EXPECT_TRUE(batch.ParseFromString(request.batch()));
    std::lock_guard<std::mutex> lock(store_->mutex);
    store_->served_by[request.device()].insert(number_);
    for (const v1::DeviceDrop& drop : batch.drops()) {
      const std::string content = drop.SerializeAsString();
      const auto [first, fresh] = store_->credited[request.device()].emplace(drop.sequence(), content);
      if (first->second != content) ++store_->differing;
      v1::DropOutcome* outcome = answer->add_outcomes();
      outcome->set_sequence(drop.sequence());
      outcome->set_replayed(!fresh);
      answer->set_last_sequence(drop.sequence());
    }
  }

  Store* const store_;
  const int number_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class UploadBalance : public testing::Test {
 protected:
  static constexpr int kDevices = 12;

  UploadBalance() {
    char name[] = "/tmp/fenfen-balance-XXXXXX";
    folder_ = mkdtemp(name);
    client::ClientOptions options;
    for (const auto& server : servers_) options.targets.push_back(server->target());
    client_ = *client::Client::Connect(std::move(options));
    for (int i = 0; i < kDevices; ++i) EXPECT_TRUE(CreateDevice(absl::StrCat(folder_, "/d", i), absl::StrCat("d", i), "s1").ok());
  }
  ~UploadBalance() override { std::filesystem::remove_all(folder_); }

  void SetUp() override { ASSERT_TRUE(AwaitHealth(0, client::Health::kServing) && AwaitHealth(1, client::Health::kServing)); }
  bool AwaitHealth(size_t server, client::Health health) {
    return Await([&] { return client_->servers().health(server) == health; });
  }
  void Enqueue(int each) {
    Enqueuer enqueuer(*LoadFleet(folder_), {.batch_events_max = 5}, [] { return absl::Now(); });
    for (int i = 0; i < each * kDevices; ++i) {
      enqueuer.Line(absl::StrCat("{\"device\":\"d", i % kDevices, "\",\"household\":", 1 + i, ",\"category\":\"FOOD\"}"));
    }
    enqueuer.Commit();
    ASSERT_EQ(enqueuer.report().refused, 0) << enqueuer.report().faults[0];
  }
  bool Drain() {
    FleetOptions options;
    options.drain = true;
    options.threads = 6;
    options.poll = absl::Milliseconds(5);
    const auto fleet = *Fleet::Open(
        *LoadFleet(folder_), client_.get(), [] { return absl::Now(); }, options);
    const std::atomic<bool> never{false};
    return fleet->Run(never, [this](const FleetProgress& progress) { progress_ = progress; });
  }
  void ExpectAll(int each) {
    EXPECT_EQ(store_.Credited(), static_cast<size_t>(each * kDevices));
    EXPECT_EQ(progress_.credited, each * kDevices) << progress_.last_trouble;
    EXPECT_EQ(progress_.rejected, 0);
    EXPECT_EQ(store_.differing, 0);
  }

  std::string folder_;
  Store store_;
  std::unique_ptr<BookServer> servers_[2] = {std::make_unique<BookServer>(&store_, 0), std::make_unique<BookServer>(&store_, 1)};
  std::unique_ptr<client::Client> client_;
  FleetProgress progress_;
};

TEST_F(UploadBalance, DevicesSpreadAndEachKeepsToItsServer) {
  for (int round = 1; round <= 2; ++round) {
    Enqueue(10);
    EXPECT_TRUE(Drain());
  }
  for (const auto& [device, servers] : store_.served_by) EXPECT_EQ(servers.size(), 1u) << device;
  EXPECT_GT(servers_[0]->streams, 0);
  EXPECT_GT(servers_[1]->streams, 0);
  EXPECT_EQ(store_.Credited(), 240u);
}

TEST_F(UploadBalance, AServerThatDiesIsLeftAndNothingIsLostOrDoubled) {
  Enqueue(300);
  std::thread agent([this] { EXPECT_TRUE(Drain()); });
  EXPECT_TRUE(Await([this] { return store_.Credited() > 300; }));
  servers_[0]->Kill();
  EXPECT_TRUE(Await([this] { return store_.Credited() > 1'200; }));
  servers_[0]->Start();
  servers_[1]->Kill();
  agent.join();
  ExpectAll(300);
}

TEST_F(UploadBalance, ADrainingServerGetsNoNewStream) {
  Enqueue(300);
  std::thread agent([this] { EXPECT_TRUE(Drain()); });
  EXPECT_TRUE(Await([this] { return store_.Credited() > 300; }));
  servers_[0]->SetServing(false);
  EXPECT_TRUE(AwaitHealth(0, client::Health::kDown));
  agent.join();
  ExpectAll(300);
  for (const auto& [device, servers] : store_.served_by) EXPECT_EQ(servers.count(1), 1u) << device << " stayed behind";
  const int before = servers_[0]->streams;
  Enqueue(5);
  EXPECT_TRUE(Drain());
  EXPECT_EQ(servers_[0]->streams, before);
}

TEST_F(UploadBalance, WithBothGoneTheFleetWaitsAndGoesOnByItself) {
  Enqueue(50);
  for (const auto& server : servers_) server->Kill();
  EXPECT_TRUE(AwaitHealth(0, client::Health::kDown) && AwaitHealth(1, client::Health::kDown));
  std::thread agent([this] { EXPECT_TRUE(Drain()); });
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_EQ(store_.Credited(), 0u);
  for (const auto& server : servers_) server->Start();
  agent.join();
  ExpectAll(50);
}

TEST_F(UploadBalance, TheProgramTakesSeveralAddressesAndNamesAWrongOne) {
  Enqueue(5);
  const char* bin = std::getenv("FENFEN_BIN");
  ASSERT_NE(bin, nullptr) << "FENFEN_BIN is not set";
  const auto run = [&](const std::string& servers) {
    FILE* pipe = popen(absl::StrCat(bin, "/fenfen-station run --drain --fleet ", folder_, " ", servers, " 2>&1").c_str(), "r");
    std::string said;
    char part[512];
    while (std::fgets(part, sizeof part, pipe) != nullptr) said += part;
    return absl::StrCat(WEXITSTATUS(pclose(pipe)), " ", said);
  };
  EXPECT_EQ(run("--server 127.0.0.1:1,nowhere").find("2 fenfen-station: --server[1]："), 0u);
  EXPECT_NE(run("--server h:1 --server h:1").find("same as --server[0]"), std::string::npos);
  EXPECT_EQ(run(absl::StrCat("--server ", servers_[0]->target(), ",", servers_[1]->target())), "0 ");
  EXPECT_EQ(store_.Credited(), 5u * kDevices);
}

}  // namespace
}  // namespace fenfen::station
