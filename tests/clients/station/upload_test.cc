// The agent's uploads against a server in this process that keeps exact books, refuses what it is told to, and dies.
#include <gmock/gmock.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/station/device.h"
#include "clients/station/enqueue.h"
#include "clients/station/queue/format.h"
#include "clients/station/upload/fleet.h"
#include "fenfen/v1/station.grpc.pb.h"

namespace fenfen::station {
namespace {

// Credits every event once; keeps what it has acknowledged even when the server object is replaced, as a journal would.
class Books : public v1::StationService::Service {
 public:
  grpc::Status UploadDrops(grpc::ServerContext* context,
                           grpc::ServerReaderWriter<v1::UploadDropsResponse, v1::UploadDropsRequest>* stream) override {
    const auto token = context->client_metadata().find("authorization");
    EXPECT_NE(token, context->client_metadata().end());
    ++streams;
    v1::UploadDropsRequest request;
    while (stream->Read(&request)) {
      if (!accepted_device) return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "who are you");
      v1::UploadDropsResponse answer;
      if (Take(request, &answer) && --answers_before_cut == 0) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut");
      stream->Write(answer);
    }
    return grpc::Status::OK;
  }

  bool Take(const v1::UploadDropsRequest& request, v1::UploadDropsResponse* answer) {
    std::lock_guard<std::mutex> lock(mutex);
    v1::DeviceBatch batch;
    EXPECT_TRUE(batch.ParseFromString(request.batch()));
    EXPECT_TRUE(client::VerifyEd25519(
        keys[request.device()], absl::StrCat("fenfen-device-batch-v1", absl::string_view("\0", 1), request.batch()), request.signature()));
    // A batch that comes again comes as the same bytes.
    const auto [known, fresh] = batches.emplace(absl::StrCat(request.device(), "/", batch.drops(0).sequence()), request.batch());
    EXPECT_EQ(known->second, request.batch());
    answer->set_last_sequence(batch.drops(batch.drops_size() - 1).sequence());
    if (refuse_batches) {
      answer->set_reason("DEVICE_BATCH_MALFORMED");
      return true;
    }
    const bool busy = busy_answers > 0 && busy_answers-- > 0;
    for (const v1::DeviceDrop& drop : batch.drops()) {
      v1::DropOutcome* outcome = answer->add_outcomes();
      outcome->set_sequence(drop.sequence());
      if (busy && drop.sequence() % 2 == 0) {
        outcome->set_retry(true);
      } else if (drop.household() == kUnknownHousehold) {
        outcome->set_reason("HOUSEHOLD_UNKNOWN");
      } else {
        outcome->set_replayed(!credited[request.device()].insert(drop.sequence()).second);
      }
    }
    if (busy) answer->set_retry_delay_ms(20);
    return true;
  }
  size_t Credited() {
    std::lock_guard<std::mutex> lock(mutex);
    size_t sum = 0;
    for (const auto& [device, sequences] : credited) sum += sequences.size();
    return sum;
  }

  static constexpr int64_t kUnknownHousehold = 666;
  std::mutex mutex;
  std::map<std::string, std::string> keys, batches;
  std::map<std::string, std::set<int64_t>> credited;
  std::atomic<int> answers_before_cut{0};
  int busy_answers = 0;
  bool refuse_batches = false;
  std::atomic<bool> accepted_device{true};
  std::atomic<int> streams{0};
};

class Upload : public testing::Test {
 protected:
  Upload() {
    char name[] = "/tmp/fenfen-fleet-XXXXXX";
    folder_ = mkdtemp(name);
    StartServer();
  }
  ~Upload() override {
    StopServer();
    std::filesystem::remove_all(folder_);
  }
  void StartServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_), grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&books_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void StopServer() {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }
  void AddDevice(const std::string& id) {
    const Device device = *CreateDevice(absl::StrCat(folder_, "/", id), id, "s1");
    books_.keys[device.name] = device.key.PublicBytes();
  }
  void Enqueue(const std::string& device, int count, int64_t household = 1) {
    Enqueuer enqueuer(*LoadFleet(folder_), {.batch_events_max = 5}, [] { return absl::Now(); });
    for (int i = 0; i < count; ++i) {
      enqueuer.Line(absl::StrCat("{\"device\":\"", device, "\",\"household\":", household, ",\"category\":\"FOOD\"}"));
    }
    enqueuer.Commit();
    ASSERT_EQ(enqueuer.report().refused, 0) << enqueuer.report().faults[0];
  }
  // Runs a fresh agent until its queues are empty; what it told at the end in progress_.
  bool Drain(std::atomic<bool>* stop = nullptr) {
    client::ClientOptions options;
    options.target = absl::StrCat("127.0.0.1:", port_);
    const auto client = *client::Client::Connect(options);
    FleetOptions fleet_options;
    fleet_options.drain = true;
    fleet_options.threads = 4;
    fleet_options.poll = absl::Milliseconds(5);
    fleet_options.retry = {.attempts_max = 0, .delay_first = absl::Milliseconds(10), .delay_max = absl::Milliseconds(100)};
    const auto fleet = *Fleet::Open(
        *LoadFleet(folder_), client.get(), [] { return absl::Now(); }, fleet_options);
    std::atomic<bool> never{false};
    return fleet->Run(stop == nullptr ? never : *stop, [this](const FleetProgress& progress) { progress_ = progress; });
  }

  std::string folder_;
  int port_ = 0;
  Books books_;
  std::unique_ptr<grpc::Server> server_;
  FleetProgress progress_;
};

TEST_F(Upload, CreditsEveryEventOfEveryDeviceOnce) {
  for (int i = 0; i < 20; ++i) {
    AddDevice(absl::StrCat("d", i));
    Enqueue(absl::StrCat("d", i), 23);
  }
  EXPECT_TRUE(Drain());
  EXPECT_EQ(books_.Credited(), 20u * 23u);
  EXPECT_EQ(progress_.credited, 20 * 23);
  EXPECT_EQ(progress_.replayed, 0);
  EXPECT_TRUE(Drain());
  EXPECT_EQ(progress_.credited, 0);  // nothing is sent twice
}

TEST_F(Upload, AQueueMovesOnPastPoison) {
  AddDevice("d1");
  Enqueue("d1", 3);
  Enqueue("d1", 1, Books::kUnknownHousehold);
  Enqueue("d1", 3);
  EXPECT_TRUE(Drain());
  EXPECT_EQ(books_.Credited(), 6u);
  EXPECT_EQ(progress_.rejected, 1);
  std::ifstream file(folder_ + "/d1/rejected.jsonl");
  std::string line, more;
  std::getline(file, line);
  EXPECT_THAT(line, testing::HasSubstr("\"sequence\":4"));
  EXPECT_THAT(line, testing::HasSubstr("HOUSEHOLD_UNKNOWN"));
  EXPECT_FALSE(std::getline(file, more));
}

TEST_F(Upload, ABatchRefusedWholeIsSetAsideWhole) {
  AddDevice("d1");
  Enqueue("d1", 7);
  books_.refuse_batches = true;
  EXPECT_TRUE(Drain());
  EXPECT_EQ(progress_.rejected, 7);
  EXPECT_EQ(CountRejected(folder_ + "/d1/rejected.jsonl"), 7);
}

TEST_F(Upload, SendsAgainWhatTheServerIsTooBusyFor) {
  AddDevice("d1");
  Enqueue("d1", 40);
  books_.busy_answers = 3;
  EXPECT_TRUE(Drain());
  EXPECT_EQ(books_.Credited(), 40u);
  EXPECT_EQ(progress_.credited, 40);
}

TEST_F(Upload, ResumesAfterACutStream) {
  AddDevice("d1");
  Enqueue("d1", 60);
  books_.answers_before_cut = 4;  // the fourth batch is credited and its answer lost
  EXPECT_TRUE(Drain());
  EXPECT_EQ(books_.Credited(), 60u);
  EXPECT_EQ(progress_.credited, 60);
  EXPECT_GE(progress_.replayed, 5);
  EXPECT_GE(books_.streams, 2);
}

TEST_F(Upload, ResumesAQueueThatWasAllInFlightWhenTheStreamWasCut) {
  AddDevice("d1");
  Enqueue("d1", 8);  // two batches
  books_.answers_before_cut = 1;
  EXPECT_TRUE(Drain());
  EXPECT_EQ(books_.Credited(), 8u);
}

TEST_F(Upload, WaitsForAServerThatIsNotThereYet) {
  for (int i = 0; i < 30; ++i) {
    AddDevice(absl::StrCat("d", i));
    Enqueue(absl::StrCat("d", i), 3);
  }
  StopServer();
  std::thread agent([this] { EXPECT_TRUE(Drain()); });
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_EQ(books_.Credited(), 0u);
  StartServer();
  agent.join();
  EXPECT_EQ(books_.Credited(), 90u);
}

TEST_F(Upload, ResumesWhenTheServerDiesAndComesBack) {
  for (int i = 0; i < 8; ++i) {
    AddDevice(absl::StrCat("d", i));
    Enqueue(absl::StrCat("d", i), 400);
  }
  std::thread agent([this] { EXPECT_TRUE(Drain()); });
  for (int death = 0; death < 3; ++death) {
    absl::SleepFor(absl::Milliseconds(30));
    StopServer();
    absl::SleepFor(absl::Milliseconds(50));
    StartServer();
  }
  agent.join();
  EXPECT_EQ(books_.Credited(), 3'200u);
}

TEST_F(Upload, AnAgentThatStopsGoesOnLater) {
  AddDevice("d1");
  Enqueue("d1", 200);
  std::atomic<bool> stop{false};
  std::thread stopper([&stop, this] {
    while (books_.Credited() < 20) absl::SleepFor(absl::Milliseconds(1));
    stop = true;
  });
  Drain(&stop);
  stopper.join();
  EXPECT_TRUE(Drain());
  EXPECT_EQ(books_.Credited(), 200u);
}

TEST_F(Upload, AnAgentKilledAtAnyMomentGoesOnLater) {
  for (int i = 0; i < 6; ++i) {
    AddDevice(absl::StrCat("d", i));
    Enqueue(absl::StrCat("d", i), 500);
  }
  const char* bin = std::getenv("FENFEN_BIN");
  ASSERT_NE(bin, nullptr) << "FENFEN_BIN is not set";
  const std::string program = absl::StrCat(bin, "/fenfen-station"), server = absl::StrCat("127.0.0.1:", port_);
  for (int kill_after_ms = 20; kill_after_ms <= 140; kill_after_ms += 20) {
    std::string arguments[] = {program, "run", "--drain", "--fleet", folder_, "--server", server};
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_t agent = 0;
    ASSERT_EQ(posix_spawn(&agent, program.c_str(), nullptr, nullptr, argv.data(), environ), 0) << program;
    absl::SleepFor(absl::Milliseconds(kill_after_ms));
    kill(agent, SIGKILL);
    waitpid(agent, nullptr, 0);
  }
  EXPECT_TRUE(Drain());
  EXPECT_EQ(books_.Credited(), 3'000u);
}

TEST_F(Upload, ADeviceThatIsNotAcceptedKeepsItsEvents) {
  AddDevice("d1");
  Enqueue("d1", 5);
  books_.accepted_device = false;
  EXPECT_FALSE(Drain());
  EXPECT_EQ(progress_.blocked, 1);
  EXPECT_EQ(progress_.rejected, 0);
  books_.accepted_device = true;
  EXPECT_TRUE(Drain());
  EXPECT_EQ(books_.Credited(), 5u);
}

TEST_F(Upload, ADeviceIsLoadedFromItsFolderAndErrorsNameTheFile) {
  AddDevice("d1");
  EXPECT_EQ(LoadFleet(folder_)->front().station, "stations/s1");
  std::ofstream(folder_ + "/d1/device.json") << "{}";
  EXPECT_THAT(std::string(LoadFleet(folder_).status().message()), testing::HasSubstr("device.json"));
  EXPECT_FALSE(CreateDevice(folder_ + "/x", "no spaces", "s1").ok());
}

}  // namespace
}  // namespace fenfen::station
