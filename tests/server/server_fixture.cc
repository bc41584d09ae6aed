#include "tests/server/server_fixture.h"

#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fenfen/v1/audit.grpc.pb.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/station.grpc.pb.h"
#include "tests/server/test_stores.h"

extern char** environ;

namespace fenfen::server {
namespace {

constexpr absl::Duration kStartMax = absl::Seconds(30);
constexpr absl::Duration kCallMax = absl::Seconds(20);

void Require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "the test server: %s\n", what.c_str());
  std::abort();
}

std::string ReadAll(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// What stands between two marks; empty where they are not there.
std::string Between(const std::string& text, const std::string& before, const std::string& after) {
  const size_t begin = text.find(before);
  if (begin == std::string::npos) return "";
  const size_t end = text.find(after, begin + before.size());
  return end == std::string::npos ? "" : text.substr(begin + before.size(), end - begin - before.size());
}

void WriteSecret(const std::string& path, const std::string& text) {
  const absl::Status status = client::WriteNewFile(path, text, true);
  Require(status.ok(), status.ToString());
}

client::Ed25519Key NewKey() {
  absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::Generate();
  Require(key.ok(), key.status().ToString());
  return *std::move(key);
}

// In memory where there is room: these tests cause no power cut, so nothing rests on a disk, and each server fills its first segments with
// zeros.
std::filesystem::path ParentOfFolders() {
  std::error_code absent;
  const std::filesystem::space_info memory = std::filesystem::space("/dev/shm", absent);
  const bool room = !absent && memory.available >= (uintmax_t{4} << 30);
  return room ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
}

std::string BinaryPath() {
  const char* folder = std::getenv("FENFEN_BIN");
  Require(folder != nullptr, "FENFEN_BIN must name the folder of the programs");
  return absl::StrCat(folder, "/fenfend");
}

void AddTown(v1::UpdateCatalogueRequest& request, const TestServer& server, const std::string& x) {
  const auto region = [&request](const std::string& id, const std::string& level, const std::string& parent) {
    v1::Region& out = *request.add_regions();
    out.set_name("regions/" + id);
    out.set_display_name("区" + id);
    out.set_level(level);
    if (!parent.empty()) out.set_parent("regions/" + parent);
  };
  if (request.regions().empty()) region("t", "district", "");
  region(x, "town", "t");
  region(x + "-1", "estate", x);
  v1::Station& station = *request.add_stations();
  station.set_name("stations/s-" + x);
  station.set_display_name("站" + x);
  station.set_region("regions/" + x + "-1");
  v1::Device& device = *request.add_devices();
  device.set_name("devices/d-" + x);
  device.set_station(station.name());
  device.set_public_key(server.DeviceKey("devices/d-" + x).PublicBytes());
  v1::Merchant& merchant = *request.add_merchants();
  merchant.set_name("merchants/m-" + x);
  merchant.set_display_name("商户" + x);
  merchant.set_region("regions/" + x);
  v1::MerchantOperator& person = *merchant.add_operators();
  person.set_name(merchant.name() + "/operators/o-1");
  person.set_subject("wechat-merchant-" + x);
  v1::Offer& offer = *request.add_offers();
  offer.set_name("offers/o-" + x);
  offer.set_title_zh("鸡蛋");
  offer.set_title_en("Eggs");
  offer.set_price(100);
  offer.set_merchant(merchant.name());
  offer.set_voucher_days(30);
  for (const auto& [id, role] :
       {std::pair("staff", v1::ROLE_STAFF), std::pair("attendant", v1::ROLE_ATTENDANT), std::pair("auditor", v1::ROLE_AUDITOR)}) {
    v1::Staff& staff = *request.add_staff();
    staff.set_name(absl::StrCat("staff/", id, "-", x));
    staff.set_role(role);
    staff.set_region("regions/" + x);
    staff.set_subject(absl::StrCat("wechat-", id, "-", x));
  }
}

v1::UpdateCatalogueRequest District(const TestServer& server) {
  v1::UpdateCatalogueRequest request;
  request.set_request_id(server.NewRequestId());
  AddTown(request, server, "a");
  AddTown(request, server, "b");
  v1::Device& gone = *request.add_devices();
  gone.set_name("devices/d-gone");
  gone.set_station("stations/s-a");
  gone.set_public_key(server.DeviceKey("devices/d-gone").PublicBytes());
  gone.set_revoked(true);
  v1::RuleSet& rules = *request.mutable_rule_set();
  rules.set_version(1);
  rules.set_late_days_max(7);
  rules.set_expiry_grace_months(3);
  v1::Rule& food = *rules.add_rules();
  food.set_id("food");
  food.set_category(v1::CATEGORY_FOOD);
  food.set_reward_per_kg(200);
  food.set_civic_per_drop(100);
  food.set_assumed_grams(500);
  food.set_daily_drops_max(2);
  food.set_daily_reward_max(100'000);
  return request;
}

v1::HouseholdRow Row(const std::string& number, const std::string& region) {
  v1::HouseholdRow row;
  row.set_number(number);
  row.set_region(region);
  row.set_card("C-" + number);
  row.set_door("1-1-" + number);
  row.set_members(2);
  row.add_subjects("wechat-" + number);
  return row;
}

}  // namespace

TestServer::TestServer() : TestServer(NewStores()) {}

TestServer::TestServer(const std::string& stores) : TestServer(NewKey(), NewKey(), stores) {}

TestServer::TestServer(const TestServer& sibling, const std::string& stores)
    : TestServer(sibling.bridge_key_, sibling.operator_key_, stores) {
  device_keys_ = sibling.device_keys_;
}

TestServer::TestServer(client::Ed25519Key bridge_key, client::Ed25519Key operator_key, const std::string& stores)
    : bridge_key_(std::move(bridge_key)), operator_key_(std::move(operator_key)) {
  std::string pattern = (ParentOfFolders() / "fenfend-test-XXXXXX").string();
  Require(mkdtemp(pattern.data()) != nullptr, "cannot make a temporary folder");
  folder_ = pattern;
  WriteSecret(folder_ + "/codes.key", std::string(64, 'a'));
  WriteSecret(folder_ + "/lookups.key", std::string(64, 'b'));
  std::ofstream(folder_ + "/bridge.pub.pem") << bridge_key_.PublicPem();
  std::ofstream(folder_ + "/operator.pub.pem") << operator_key_.PublicPem();
  config_ = R"([[issuer]]
name = "bridge"
public_key = "bridge.pub.pem"
roles = ["BRIDGE", "RESIDENT", "MERCHANT", "ATTENDANT", "STAFF", "AUDITOR"]
[[issuer]]
name = "operator"
public_key = "operator.pub.pem"
roles = ["OPERATOR"]
[log]
level = "info"
file = "fenfend.log"
)";
  AddConfig(stores);
}

TestServer::~TestServer() {
  Kill();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

void TestServer::AddConfig(const std::string& text) { config_ += text; }

void TestServer::SetTop(const std::string& text) { config_ = text + config_; }

bool TestServer::Start() {
  const std::string path = folder_ + "/fenfend.toml";
  std::ofstream(path, std::ios::trunc) << config_;
  const std::string binary = BinaryPath();
  const std::string output = folder_ + "/output";
  char* const arguments[] = {const_cast<char*>(binary.c_str()), const_cast<char*>("--config"), const_cast<char*>(path.c_str()), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  // A connection of the test's that the server had too would stay open when the test closes it.
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  Require(posix_spawn(&pid_, binary.c_str(), &actions, nullptr, arguments, environ) == 0, "cannot start " + binary);
  posix_spawn_file_actions_destroy(&actions);
  WaitUntilReady();
  if (pid_ < 0) return false;
  channel_ = grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
  return true;
}

void TestServer::WaitUntilReady() {
  const absl::Time deadline = absl::Now() + kStartMax;
  while (absl::Now() < deadline) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      pid_ = -1;
      return;
    }
    const std::string ready = ReadAll(folder_ + "/fenfend.ready");
    // A file that a killed server left names another process.
    if (Between(ready, "\"pid\":", "}") == std::to_string(pid_)) {
      address_ = Between(ready, "\"grpc\":\"", "\"");
      metrics_address_ = Between(ready, "\"metrics\":\"", "\"");
      return;
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  Require(false, "not ready in time: " + Log());
}

void TestServer::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  Reap();
}

int TestServer::Stop() {
  kill(pid_, SIGTERM);
  Reap();
  return exit_code_;
}

void TestServer::Reap() {
  int status = 0;
  waitpid(pid_, &status, 0);
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = -1;
}

std::string TestServer::Log() const { return ReadAll(folder_ + "/output") + ReadAll(folder_ + "/fenfend.log"); }
std::string TestServer::AuditLog() const { return ReadAll(data_dir() + "/audit.log"); }

std::string TestServer::Token(const std::string& subject, const std::string& role, absl::Duration ttl) const {
  const bool device = role == "DEVICE";
  const client::Ed25519Key& key = device ? DeviceKey(subject) : role == "OPERATOR" ? operator_key_ : bridge_key_;
  const absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromKey(key, device               ? subject
                                                                                       : role == "OPERATOR" ? "operator"
                                                                                                            : "bridge");
  Require(signer.ok(), "cannot sign tokens");
  return signer->Mint(subject, role, absl::Now(), ttl);
}

const client::Ed25519Key& TestServer::DeviceKey(const std::string& device) const {
  auto found = device_keys_.find(device);
  if (found == device_keys_.end()) found = device_keys_.emplace(device, NewKey()).first;
  return found->second;
}

void TestServer::Prepare(grpc::ClientContext* context, const std::string& token) {
  context->set_deadline(absl::ToChronoTime(absl::Now() + kCallMax));
  if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
}

void TestServer::ImportDistrict() {
  const std::string token = Token(kOperator, "OPERATOR");
  const auto catalogue = Call(&v1::CatalogueService::Stub::UpdateCatalogue, District(*this), token);
  Require(catalogue.status.ok() && catalogue.reply.errors().empty(),
          "catalogue: " + catalogue.error().ToString() + catalogue.reply.ShortDebugString());
  v1::HouseholdService::Stub stub(channel_);
  grpc::ClientContext context;
  Prepare(&context, token);
  v1::ImportHouseholdsResponse reply;
  const auto writer = stub.ImportHouseholds(&context, &reply);
  v1::ImportHouseholdsRequest request;
  request.set_request_id(NewRequestId());
  *request.add_rows() = Row("1001", "a-1");
  *request.add_rows() = Row("1002", "a-1");
  *request.add_rows() = Row("2001", "b-1");
  writer->Write(request);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  Require(status.ok() && reply.created() == 3, "households: " + status.error_message() + reply.ShortDebugString());
}

std::string TestServer::Digests() const {
  const auto reply = Call(&v1::AuditService::Stub::GetStateDigests, v1::GetStateDigestsRequest(), Token(kOperator, "OPERATOR"));
  Require(reply.status.ok(), "digests: " + reply.error().ToString());
  std::string text;
  for (const v1::PartitionDigest& digest : reply.reply.partitions()) {
    if (digest.sequence() > 0)
      absl::StrAppend(&text, digest.partition(), ":", digest.sequence(), ":", absl::BytesToHexString(digest.sha256()), " ");
  }
  return text;
}

std::string TestServer::StationCode(const std::string& station) const {
  v1::GetStationCodeRequest request;
  request.set_station(station);
  const std::string town = station.substr(station.size() - 1);
  const auto reply = Call(&v1::StationService::Stub::GetStationCode, request, Token("staff/attendant-" + town, "ATTENDANT"));
  Require(reply.status.ok(), "station code: " + reply.error().ToString());
  return reply.reply.code();
}

v1::UploadDropsRequest TestServer::SignedBatch(const v1::DeviceBatch& batch, const std::string& key_of) const {
  v1::UploadDropsRequest request;
  request.set_device(batch.device());
  request.set_batch(batch.SerializeAsString());
  request.set_signature(DeviceKey(key_of).Sign(absl::StrCat("fenfen-device-batch-v1", std::string(1, '\0'), request.batch())));
  return request;
}

}  // namespace fenfen::server
