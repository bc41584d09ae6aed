// The client against a server in this process that fails as told.
#include "clients/cpp/client.h"

#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>

#include "fenfen/v1/voucher.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace fenfen::client {
namespace {

grpc::Status Refusal(v1::Reason reason, std::map<std::string, std::string> facts = {}, int retry_ms = 0) {
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonName(reason));
  info.set_domain("fenfen");
  info.mutable_metadata()->insert(facts.begin(), facts.end());
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  if (retry_ms > 0) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(retry_ms * 1'000'000);
    details.add_details()->PackFrom(retry);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(RowOf(reason).code()), "no", details.SerializeAsString());
}

// Answers with the statuses of its script, one a call, then with success; keeps what it was asked.
class ScriptedVouchers : public v1::VoucherService::Service {
 public:
  grpc::Status ReserveVoucher(grpc::ServerContext* context, const v1::ReserveVoucherRequest* request,
                              v1::ReserveVoucherResponse* reply) override {
    std::lock_guard<std::mutex> lock(mutex);
    request_ids.push_back(request->request_id());
    const auto token = context->client_metadata().find("authorization");
    tokens.push_back(token == context->client_metadata().end() ? "" : std::string(token->second.data(), token->second.size()));
    if (!script.empty()) {
      const grpc::Status status = script.front();
      script.pop_front();
      if (!status.ok()) return status;
    }
    if (request_ids.size() > 1) context->AddInitialMetadata("fenfen-replayed", "1");
    reply->mutable_voucher()->set_name("households/1/vouchers/2");
    return grpc::Status::OK;
  }

  std::mutex mutex;
  std::deque<grpc::Status> script;
  std::vector<std::string> request_ids, tokens;
};

class ClientCalls : public testing::Test {
 protected:
  ClientCalls() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&vouchers_);
    server_ = builder.BuildAndStart();
    ClientOptions options;
    options.target = "127.0.0.1:" + std::to_string(port);
    options.token = [this](bool renew) { return "token-" + std::to_string(renew ? ++tokens_made_ : tokens_made_); };
    options.sleep = [this](absl::Duration delay) { sleeps_.push_back(delay); };
    options.random = [] { return uint64_t{0}; };
    options.retry = {.attempts_max = 4, .delay_first = absl::Milliseconds(100), .delay_max = absl::Seconds(1)};
    client_ = *Client::Connect(std::move(options));
    request_.set_request_id("0190b0a0-0000-7000-8000-000000000000");
  }
  Result<v1::ReserveVoucherResponse> Reserve() { return client_->Call(&v1::VoucherService::Stub::ReserveVoucher, request_); }

  ScriptedVouchers vouchers_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Client> client_;
  v1::ReserveVoucherRequest request_;
  std::vector<absl::Duration> sleeps_;
  int tokens_made_ = 0;
};

TEST_F(ClientCalls, GetTheReply) {
  const auto reply = Reserve();
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->voucher().name(), "households/1/vouchers/2");
  EXPECT_FALSE(reply.replayed());
  EXPECT_EQ(vouchers_.tokens, std::vector<std::string>{"Bearer token-0"});
}

TEST_F(ClientCalls, RetryWithTheSameRequestId) {
  vouchers_.script = {Refusal(v1::REASON_OVERLOADED), Refusal(v1::REASON_SHUTTING_DOWN)};
  const auto reply = Reserve();
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(reply.replayed());
  EXPECT_EQ(vouchers_.request_ids, std::vector<std::string>(3, request_.request_id()));
  EXPECT_EQ(sleeps_, (std::vector<absl::Duration>{absl::Milliseconds(50), absl::Milliseconds(100)}));
}

TEST_F(ClientCalls, WaitAsLongAsTheServerAsks) {
  vouchers_.script = {Refusal(v1::REASON_OVERLOADED, {}, 700)};
  ASSERT_TRUE(Reserve().ok());
  EXPECT_EQ(sleeps_, std::vector<absl::Duration>{absl::Milliseconds(700)});
}

TEST_F(ClientCalls, DoNotRetryARefusal) {
  vouchers_.script = {Refusal(v1::REASON_POINTS_INSUFFICIENT, {{"needed", "5"}, {"available", "3"}})};
  const auto reply = Reserve();
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().reason, v1::REASON_POINTS_INSUFFICIENT);
  EXPECT_EQ(reply.error().zh, "积分不足：需要 5，可用 3");
  EXPECT_EQ(reply.error().en, "Not enough points: 5 needed, 3 available");
  EXPECT_EQ(vouchers_.request_ids.size(), 1u);
}

TEST_F(ClientCalls, GiveUpAfterTheLastAttempt) {
  for (int i = 0; i < 9; ++i) vouchers_.script.push_back(Refusal(v1::REASON_OVERLOADED));
  const auto reply = Reserve();
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().reason, v1::REASON_OVERLOADED);
  EXPECT_EQ(vouchers_.request_ids.size(), 4u);
}

TEST_F(ClientCalls, RenewAnExpiredTokenOnce) {
  vouchers_.script = {Refusal(v1::REASON_TOKEN_EXPIRED), Refusal(v1::REASON_TOKEN_EXPIRED)};
  EXPECT_FALSE(Reserve().ok());
  EXPECT_EQ(vouchers_.tokens, (std::vector<std::string>{"Bearer token-0", "Bearer token-1"}));
  EXPECT_TRUE(sleeps_.empty());
}

TEST_F(ClientCalls, AServerThatIsGoneIsUnreachable) {
  server_->Shutdown();
  const auto reply = Reserve();
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().reason, v1::REASON_SERVER_UNREACHABLE);
  EXPECT_EQ(sleeps_.size(), 3u);
}

TEST(ErrorTable, EveryRowIsRead) {
  EXPECT_EQ(RowOf(v1::REASON_VOUCHER_USED).http(), 422);
  EXPECT_TRUE(RowOf(v1::REASON_OVERLOADED).retryable());
  EXPECT_EQ(RowOf(static_cast<v1::Reason>(9999)).code(), 13);
  EXPECT_EQ(ReasonOf("VOUCHER_USED"), v1::REASON_VOUCHER_USED);
  EXPECT_EQ(ReasonOf("NEVER_HEARD_OF"), v1::REASON_UNSPECIFIED);
}

TEST(ErrorTable, ASentenceKeepsWhatItHasNoFactFor) {
  EXPECT_EQ(FillSentence("{a} and {b}", {{"a", "1"}}), "1 and {b}");
  EXPECT_EQ(FillSentence("open { only", {}), "open { only");
}

TEST(ParseError, AReasonFromANewerServerKeepsItsNameAndSentence) {
  google::rpc::ErrorInfo info;
  info.set_reason("MOON_TOO_FULL");
  info.set_domain("fenfen");
  (*info.mutable_metadata())["zh"] = "月亮太圆";
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  const Error error = ParseError(grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "x", details.SerializeAsString()));
  EXPECT_EQ(error.reason, v1::REASON_UNSPECIFIED);
  EXPECT_EQ(error.reason_name, "MOON_TOO_FULL");
  EXPECT_EQ(error.zh, "月亮太圆");
  EXPECT_FALSE(error.retryable);
}

TEST(ParseError, BrokenDetailsAreOurOwnFault) {
  const Error error = ParseError(grpc::Status(grpc::StatusCode::INTERNAL, "x", "\xff\xff"));
  EXPECT_EQ(error.reason, v1::REASON_UNSPECIFIED);
}

// A certificate for localhost that is its own authority, in PEM.
struct TestCertificate {
  std::string certificate, key;
  TestCertificate() {
    EVP_PKEY* pair = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    X509* x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, pair);
    X509_NAME* name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(x509, name);
    for (const auto& [id, value] :
         {std::pair{NID_subject_alt_name, "DNS:localhost"}, std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
      X509_add_ext(x509, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(x509, pair, EVP_sha256());
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x509);
    certificate = Take(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, pair, nullptr, nullptr, 0, nullptr, nullptr);
    key = Take(bio);
    X509_free(x509);
    EVP_PKEY_free(pair);
  }
  static std::string Take(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<size_t>(size));
    BIO_free(bio);
    return text;
  }
};

TEST(Connect, OverTlsNeedsTheRightAuthority) {
  const TestCertificate right, wrong;
  ScriptedVouchers vouchers;
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({right.key, right.certificate});
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&vouchers);
  const auto server = builder.BuildAndStart();
  char folder[] = "/tmp/fenfen-tls-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string right_file = std::string(folder) + "/right.pem", wrong_file = std::string(folder) + "/wrong.pem";
  ASSERT_TRUE(WriteNewFile(right_file, right.certificate, false).ok());
  ASSERT_TRUE(WriteNewFile(wrong_file, wrong.certificate, false).ok());
  const auto call = [&](const std::string& ca_file) {
    ClientOptions options;
    options.target = "localhost:" + std::to_string(port);
    options.ca_file = ca_file;
    options.retry.attempts_max = 1;
    return (*Client::Connect(options))->Call(&v1::VoucherService::Stub::ReserveVoucher, v1::ReserveVoucherRequest()).ok();
  };
  EXPECT_TRUE(call(right_file));
  EXPECT_FALSE(call(wrong_file));
  EXPECT_FALSE(call(""));
  std::filesystem::remove_all(folder);
}

TEST(Connect, NeedsAnAddressAndReadableFiles) {
  EXPECT_FALSE(Client::Connect({}).ok());
  ClientOptions options;
  options.target = "127.0.0.1:1";
  options.ca_file = "/nonexistent";
  EXPECT_EQ(Client::Connect(options).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fenfen::client
