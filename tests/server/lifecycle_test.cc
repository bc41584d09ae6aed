// A server's life: what keeps it from starting, a whole journey, SIGKILL and the same replies after it, an orderly stop, audit records,
// metrics, health and reflection.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/identity.grpc.pb.h"
#include "fenfen/v1/station.grpc.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"
#include "tests/server/server_fixture.h"
#include "tests/server/test_stores.h"

namespace fenfen::server {
namespace {

v1::RecordDropRequest Drop(const TestServer& server) {
  v1::RecordDropRequest request;
  request.set_household("households/1001");
  request.set_request_id(server.NewRequestId());
  request.set_station("stations/s-a");
  request.set_category(v1::CATEGORY_FOOD);
  request.set_weight_grams(1500);
  return request;
}

TestReply<v1::RecordDropResponse> Record(const TestServer& server, const v1::RecordDropRequest& request) {
  return server.Call(&v1::DropService::Stub::RecordDrop, request, server.Token("staff/attendant-a", "ATTENDANT"));
}

TestReply<v1::GetBalanceResponse> Balance(const TestServer& server, const std::string& subject, const std::string& role) {
  v1::GetBalanceRequest request;
  request.set_household("households/1001");
  return server.Call(&v1::HouseholdService::Stub::GetBalance, request, server.Token(subject, role));
}

// One HTTP GET on the loopback, the whole answer.
std::string Get(const std::string& address, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int port = 0;
  if (!absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port)) return "";
  to.sin_port = htons(static_cast<uint16_t>(port));
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const std::string request = absl::StrCat("GET ", path, " HTTP/1.0\r\n\r\n");
    if (write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
      char buffer[4096];
      for (ssize_t n = read(fd, buffer, sizeof buffer); n > 0; n = read(fd, buffer, sizeof buffer))
        answer.append(buffer, static_cast<size_t>(n));
    }
  }
  close(fd);
  return answer;
}

// A connection of HTTP/2's that says what it must and then nothing more, as of a client that hangs.
class SilentClient {
 public:
  explicit SilentClient(const std::string& address) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
    to.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    // The preface, and SETTINGS without any (RFC 9113, 3.4).
    const std::string preface = std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + std::string("\0\0\0\4\0\0\0\0\0", 9);
    EXPECT_EQ(write(fd_, preface.data(), preface.size()), static_cast<ssize_t>(preface.size()));
    char first = 0;
    EXPECT_EQ(read(fd_, &first, 1), 1) << "the server's settings";
  }
  ~SilentClient() { close(fd_); }
  SilentClient(const SilentClient&) = delete;
  SilentClient& operator=(const SilentClient&) = delete;

 private:
  const int fd_;
};

TEST(Lifecycle, AWholeJourney) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  server.ImportDistrict();

  v1::RecordDropRequest drop = Drop(server);
  drop.clear_station();
  drop.set_station_code(server.StationCode("stations/s-a"));
  const std::string resident = server.Token(kResident, "RESIDENT");
  const auto dropped = server.Call(&v1::DropService::Stub::RecordDrop, drop, resident);
  ASSERT_TRUE(dropped.status.ok()) << dropped.error().ToString();
  EXPECT_EQ(dropped.reply.entry().reward(), 300);
  EXPECT_EQ(dropped.reply.entry().civic(), 100);
  EXPECT_EQ(dropped.reply.entry().rule(), "food");
  EXPECT_EQ(dropped.reply.entry().member(), kResident);
  EXPECT_FALSE(dropped.reply.entry().reason_zh().empty());

  v1::ReserveVoucherRequest reserve;
  reserve.set_household("households/1001");
  reserve.set_request_id(server.NewRequestId());
  reserve.set_offer("offers/o-a");
  const auto reserved = server.Call(&v1::VoucherService::Stub::ReserveVoucher, reserve, resident);
  ASSERT_TRUE(reserved.status.ok()) << reserved.error().ToString();
  EXPECT_EQ(reserved.reply.voucher().state(), v1::Voucher::STATE_RESERVED);
  EXPECT_EQ(reserved.reply.entry().reward(), -100);

  v1::CaptureVoucherRequest capture;
  capture.set_merchant("merchants/m-a");
  capture.set_request_id(server.NewRequestId());
  capture.set_code("FV1." + reserved.reply.voucher().code());
  const auto captured = server.Call(&v1::VoucherService::Stub::CaptureVoucher, capture, server.Token(kMerchantOperator, "MERCHANT"));
  ASSERT_TRUE(captured.status.ok()) << captured.error().ToString();
  EXPECT_EQ(captured.reply.capture().amount(), 100);
  EXPECT_EQ(captured.reply.capture().operator_(), kMerchantOperator);

  const auto balance = Balance(server, kResident, "RESIDENT").reply.balance();
  EXPECT_EQ(balance.reward(), 200);
  EXPECT_EQ(balance.held(), 0);
  EXPECT_EQ(balance.civic(), 100);
  EXPECT_EQ(balance.earned_today(), 300);

  v1::ListEntriesRequest entries;
  entries.set_household("households/1001");
  entries.set_page_size(3);
  const auto page = server.Call(&v1::HouseholdService::Stub::ListEntries, entries, resident);
  ASSERT_EQ(page.reply.entries_size(), 3);
  EXPECT_EQ(page.reply.entries(0).kind(), v1::ENTRY_KIND_CAPTURE);
  EXPECT_EQ(page.reply.entries(2).SerializeAsString(), dropped.reply.entry().SerializeAsString());
  entries.set_page_token(page.reply.next_page_token());
  const auto rest = server.Call(&v1::HouseholdService::Stub::ListEntries, entries, resident);
  ASSERT_EQ(rest.reply.entries_size(), 1);
  EXPECT_EQ(rest.reply.entries(0).kind(), v1::ENTRY_KIND_ENROLMENT);
  EXPECT_EQ(rest.reply.next_page_token(), "");

  v1::ListCapturesRequest captures;
  captures.set_merchant("merchants/m-a");
  const auto today = server.Call(&v1::VoucherService::Stub::ListCaptures, captures, server.Token(kMerchantOperator, "MERCHANT"));
  EXPECT_EQ(today.reply.day_count(), 1);
  EXPECT_EQ(today.reply.captures(0).SerializeAsString(), captured.reply.capture().SerializeAsString());

  v1::TraceEntryRequest trace;
  trace.set_name(dropped.reply.entry().name());
  const auto traced = server.Call(&v1::HouseholdService::Stub::TraceEntry, trace, server.Token("staff/auditor-a", "AUDITOR"));
  ASSERT_TRUE(traced.status.ok()) << traced.error().ToString();
  EXPECT_EQ(traced.reply.trace().actor(), kResident);
  EXPECT_EQ(traced.reply.trace().request_key(), drop.request_id());
  EXPECT_EQ(traced.reply.trace().journal_crc32c().size(), 8u);
}

TEST(Lifecycle, PeopleAndHouseholdsAreFound) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  server.ImportDistrict();
  v1::ResolveSubjectRequest subject;
  const std::string bridge = server.Token("bridges/test", "BRIDGE");
  subject.set_wechat_subject("wechat-1001");
  const auto resident = server.Call(&v1::IdentityService::Stub::ResolveSubject, subject, bridge);
  ASSERT_EQ(resident.reply.principals_size(), 1) << resident.error().ToString();
  EXPECT_EQ(resident.reply.principals(0).subject(), kResident);
  EXPECT_EQ(resident.reply.principals(0).region(), "regions/a-1");
  subject.set_wechat_subject("wechat-staff-b");
  const auto staff = server.Call(&v1::IdentityService::Stub::ResolveSubject, subject, bridge);
  EXPECT_EQ(staff.reply.principals(0).role(), v1::ROLE_STAFF);

  v1::FindHouseholdRequest find;
  const auto found = [&] {
    return server.Call(&v1::HouseholdService::Stub::FindHousehold, find, server.Token("staff/staff-a", "STAFF")).reply.household().name();
  };
  find.set_region("regions/a");
  find.set_card("C-1001");
  EXPECT_EQ(found(), "households/1001");
  find.set_number("1002");
  EXPECT_EQ(found(), "households/1002");
  find.set_number("2001");
  EXPECT_EQ(found(), "") << "outside the region";
  find.set_region("regions/a-1");
  find.set_door("1-1-1001");
  EXPECT_EQ(found(), "households/1001");
}

TEST(Lifecycle, AfterSigkillTheSameRepliesAndTheSameState) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  server.ImportDistrict();
  const v1::RecordDropRequest drop = Drop(server);
  const auto first = Record(server, drop);
  ASSERT_TRUE(first.status.ok()) << first.error().ToString();
  const std::string digests = server.Digests();
  server.Kill();
  ASSERT_TRUE(server.Start()) << server.Log();
  EXPECT_EQ(server.Digests(), digests);
  const auto again = Record(server, drop);
  ASSERT_TRUE(again.status.ok()) << again.error().ToString();
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.reply.SerializeAsString(), first.reply.SerializeAsString());
  EXPECT_EQ(server.Digests(), digests);
  EXPECT_EQ(Balance(server, kResident, "RESIDENT").reply.balance().reward(), 300);
}

TEST(Lifecycle, WhatWasAcknowledgedUnderLoadIsThereAfterSigkill) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  server.ImportDistrict();
  std::atomic<bool> stop{false};
  std::vector<std::vector<v1::RecordDropRequest>> acknowledged(4);
  std::vector<std::thread> clients;
  clients.reserve(acknowledged.size());
  for (auto& mine : acknowledged) {
    clients.emplace_back([&server, &mine, &stop] {
      while (!stop) {
        const v1::RecordDropRequest drop = Drop(server);
        if (Record(server, drop).status.ok()) mine.push_back(drop);
      }
    });
  }
  absl::SleepFor(absl::Milliseconds(500));
  server.Kill();
  stop = true;
  for (std::thread& client : clients) client.join();
  ASSERT_TRUE(server.Start()) << server.Log();
  size_t count = 0;
  for (const auto& mine : acknowledged) {
    for (const v1::RecordDropRequest& drop : mine) {
      const auto again = Record(server, drop);
      EXPECT_TRUE(again.status.ok() && again.replayed) << again.error().ToString();
      ++count;
    }
  }
  EXPECT_GT(count, 20u);
}

TEST(Lifecycle, AClientThatSaysNothingDoesNotHoldUpTheStop) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  const SilentClient client(server.address());
  EXPECT_EQ(server.Stop(), 0) << server.Log();
  EXPECT_NE(server.Log().find("\"clients\":\"let go\""), std::string::npos) << server.Log();
}

TEST(Lifecycle, StopsInOrderWithStreamsOpen) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  server.ImportDistrict();
  v1::StationService::Stub stub(server.channel());
  grpc::ClientContext context;
  TestServer::Prepare(&context, server.Token("devices/d-a", "DEVICE"));
  const auto stream = stub.UploadDrops(&context);
  v1::DeviceBatch batch;
  batch.set_device("devices/d-a");
  batch.set_previous_sha256(std::string(32, '\0'));
  batch.add_drops()->set_sequence(1);
  ASSERT_TRUE(stream->Write(server.SignedBatch(batch, "devices/d-a")));
  v1::UploadDropsResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  std::thread reader([&] {
    EXPECT_FALSE(stream->Read(&answer));
    EXPECT_EQ(client::ParseError(stream->Finish()).reason, v1::REASON_SHUTTING_DOWN);
  });
  const absl::Time begin = absl::Now();
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(8)) << "the stream was not drained";
  reader.join();
  EXPECT_FALSE(std::filesystem::exists(server.folder() + "/fenfend.ready"));
  EXPECT_NE(server.Log().find("\"stopped\""), std::string::npos);
}

TEST(Lifecycle, StaffReadsAreRecordedBeforeTheDataLeaves) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  server.ImportDistrict();
  ASSERT_TRUE(Balance(server, kResident, "RESIDENT").status.ok());
  const std::string before = server.AuditLog();
  EXPECT_EQ(before.find(kResident), std::string::npos) << "a resident's own read is nobody's business";
  ASSERT_TRUE(Balance(server, "staff/staff-a", "STAFF").status.ok());
  const std::string after = server.AuditLog().substr(before.size());
  for (const char* part : {"\"staff/staff-a\"", "\"STAFF\"", "GetBalance", "\"households/1001\"", "\"outcome\":\"OK\""}) {
    EXPECT_NE(after.find(part), std::string::npos) << part << " in " << after;
  }
  EXPECT_EQ(Balance(server, "staff/staff-b", "STAFF").error().reason, v1::REASON_PERMISSION_DENIED);
  EXPECT_NE(server.AuditLog().find("\"outcome\":\"PERMISSION_DENIED\""), std::string::npos) << "an attempt is recorded too";
}

TEST(Lifecycle, NoRecordNoData) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  server.ImportDistrict();
  ASSERT_EQ(server.Stop(), 0);
  std::filesystem::remove(server.data_dir() + "/audit.log");
  std::filesystem::create_symlink("/dev/full", server.data_dir() + "/audit.log");
  ASSERT_TRUE(server.Start()) << server.Log();
  const auto staff = Balance(server, "staff/staff-a", "STAFF");
  EXPECT_EQ(staff.error().reason, v1::REASON_STORAGE_FULL);
  EXPECT_FALSE(staff.reply.has_balance());
  EXPECT_TRUE(Balance(server, kResident, "RESIDENT").status.ok()) << "what needs no record goes on";
}

// Sends one message to any method and gives the reply's bytes; empty where the call failed.
std::string CallRaw(const TestServer& server, const std::string& method, const std::string& request) {
  grpc::GenericStub stub(server.channel());
  grpc::ClientContext context;
  TestServer::Prepare(&context, "");
  grpc::CompletionQueue queue;
  const grpc::Slice slice(request);
  const auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&slice, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer reply;
  grpc::Status status;
  call->Finish(&reply, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  grpc::Slice bytes;
  if (!status.ok() || !reply.DumpToSingleSlice(&bytes).ok()) return "";
  return std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
}

TEST(Lifecycle, StandardHealthAndReflection) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  // HealthCheckResponse{status: SERVING}.
  EXPECT_EQ(CallRaw(server, "/grpc.health.v1.Health/Check", ""), std::string("\x08\x01"));
  // ServerReflectionRequest{list_services: ""}.
  const std::string services =
      CallRaw(server, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", std::string("\x3a\x00", 2));
  for (const char* name :
       {"DropService", "HouseholdService", "CatalogueService", "VoucherService", "StationService", "IdentityService", "AuditService"}) {
    EXPECT_NE(services.find(absl::StrCat("fenfen.v1.", name)), std::string::npos) << name;
  }
}

TEST(Lifecycle, MetricsCountCallsByReason) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  server.ImportDistrict();
  ASSERT_TRUE(Record(server, Drop(server)).status.ok());
  Balance(server, "staff/staff-b", "STAFF");
  const std::string metrics = Get(server.metrics_address(), "/metrics");
  for (const char* line : {"fenfen_requests_total{method=\"fenfen.v1.DropService/RecordDrop\",reason=\"OK\"} 1",
                           "fenfen_requests_total{method=\"fenfen.v1.HouseholdService/GetBalance\",reason=\"PERMISSION_DENIED\"} 1",
                           "fenfen_transactions_durable 5", "fenfen_writable 1"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << " in " << metrics;
  }
}

TEST(Lifecycle, KeepsFromStarting) {
  const auto refuses = [](const std::function<void(TestServer&)>& spoil, const std::string& says) {
    TestServer server;
    spoil(server);
    EXPECT_FALSE(server.Start());
    EXPECT_EQ(server.exit_code(), 1);
    EXPECT_NE(server.Log().find(says), std::string::npos) << server.Log();
  };
  refuses([](TestServer& s) { s.AddConfig("[tls]\ncertficate = \"x\"\n"); }, "tls.certficate: unknown key");
  refuses([](TestServer& s) { std::filesystem::remove(s.folder() + "/codes.key"); }, "codes.key");
  refuses([](TestServer& s) { std::ofstream(s.folder() + "/lookups.key") << "short"; }, "64 hexadecimal digits");
  refuses([](TestServer& s) { std::ofstream(s.folder() + "/bridge.pub.pem") << "no key"; }, "not an Ed25519 public key");
  // Several servers may write to one PostgreSQL.
  if (!JournalIsFiles()) return;
  TestServer first;
  ASSERT_TRUE(first.Start());
  refuses([&](TestServer& s) { std::filesystem::create_symlink(first.data_dir(), s.data_dir()); }, "");
}

TEST(Lifecycle, TlsWithClientCertificates) {
  TestServer server;
  const std::string f = server.folder();
  const std::string make =
      absl::StrCat("openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout ", f,
                   "/tls.key -out ", f, "/tls.pem 2>/dev/null");
  ASSERT_EQ(std::system(make.c_str()), 0);
  server.AddConfig("[tls]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\nclient_ca = \"tls.pem\"\n");
  ASSERT_TRUE(server.Start()) << server.Log();
  const auto call = [&server](const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    v1::CatalogueService::Stub stub(grpc::CreateChannel(server.address(), credentials));
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    v1::ListOffersResponse reply;
    return stub.ListOffers(&context, v1::ListOffersRequest(), &reply);
  };
  std::stringstream certificate, key;
  certificate << std::ifstream(f + "/tls.pem").rdbuf();
  key << std::ifstream(f + "/tls.key").rdbuf();
  EXPECT_TRUE(call(grpc::SslCredentials({certificate.str(), key.str(), certificate.str()})).ok());
  EXPECT_FALSE(call(grpc::SslCredentials({certificate.str(), "", ""})).ok()) << "a client without a certificate";
  EXPECT_FALSE(call(grpc::InsecureChannelCredentials()).ok()) << "plaintext";
}

TEST(Lifecycle, InProductionAKeyThatOthersCanReadIsRefused) {
  for (const bool production : {false, true}) {
    TestServer server;
    chmod((server.folder() + "/codes.key").c_str(), 0644);
    server.SetTop(absl::StrCat("production = ", production ? "true" : "false", "\n"));
    EXPECT_EQ(server.Start(), !production) << server.Log();
    EXPECT_NE(server.Log().find("can be read by others"), std::string::npos);
  }
}

}  // namespace
}  // namespace fenfen::server
