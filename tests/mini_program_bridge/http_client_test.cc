// The outgoing HTTP client against a small TLS server: whom it trusts, and for how long it waits.
#include "mini_program_bridge/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace fenfen::bridge {
namespace {

// A certificate for `host` that signs itself, valid for an hour, with its key.
struct Identity {
  EVP_PKEY* key;
  X509* certificate;

  explicit Identity(const std::string& host) : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, host.c_str());
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate, key, EVP_sha256());
  }
  ~Identity() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
};

class HttpClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fenfen_tls_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0);
    ASSERT_EQ(listen(listener_, 4), 0);
    socklen_t size = sizeof(at);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
  }
  void TearDown() override {
    shutdown(listener_, SHUT_RDWR);
    close(listener_);
    if (server_.joinable()) server_.join();
    std::filesystem::remove_all(folder_);
  }

  // Serves one connection with a certificate for `names`, which is also written to `ca`.
  void Serve(const std::string& names, const std::string& reply) {
    const Identity identity(names);
    std::FILE* ca = std::fopen(Ca().c_str(), "w");
    PEM_write_X509(ca, identity.certificate);
    std::fclose(ca);
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, identity.certificate);
    SSL_CTX_use_PrivateKey(context, identity.key);
    server_ = std::thread([this, context, reply] {
      const int connection = accept(listener_, nullptr, nullptr);
      SSL* tls = SSL_new(context);
      SSL_set_fd(tls, connection);
      char request[4096];
      if (connection >= 0 && SSL_accept(tls) == 1 && SSL_read(tls, request, sizeof(request)) > 0 && !reply.empty()) {
        SSL_write(tls, reply.data(), static_cast<int>(reply.size()));
        SSL_shutdown(tls);
      } else if (connection >= 0) {
        // Says nothing until the client goes.
        while (recv(connection, request, sizeof(request), 0) > 0) {
        }
      }
      SSL_free(tls);
      SSL_CTX_free(context);
      if (connection >= 0) close(connection);
    });
  }

  std::string Ca() const { return folder_ + "/ca.pem"; }

  // The body of GET /, or the error.
  std::string Get(const std::string& ca_file, absl::Duration deadline = absl::Seconds(5)) {
    boost::asio::io_context io;
    const auto client = HttpClient::Create(&io, *ParseOrigin(absl::StrCat("https://localhost:", port_)), ca_file, deadline);
    if (!client.ok()) return std::string(client.status().message());
    std::string out = "no answer";
    (*client)->Get("/secret-target", [&](absl::StatusOr<HttpClient::Reply> reply) {
      out = reply.ok() ? reply->body : std::string(reply.status().message());
    });
    io.run();
    return out;
  }

  std::string folder_;
  int listener_ = -1;
  int port_ = 0;
  std::thread server_;
};

constexpr char kReply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

TEST_F(HttpClientTest, TakesACertificateOfItsAuthorityForItsHost) {
  Serve("DNS:localhost", kReply);
  EXPECT_EQ(Get(Ca()), "hi");
}

TEST_F(HttpClientTest, RefusesAnUnknownAuthority) {
  Serve("DNS:localhost", kReply);
  EXPECT_NE(Get("").find("certificate verify failed"), std::string::npos);
}

TEST_F(HttpClientTest, RefusesAnotherHostsCertificate) {
  Serve("DNS:api.weixin.qq.com", kReply);
  const std::string error = Get(Ca());
  EXPECT_NE(error.find("certificate verify failed"), std::string::npos) << error;
  EXPECT_EQ(error.find("secret-target"), std::string::npos);
}

TEST_F(HttpClientTest, DoesNotWaitPastItsDeadline) {
  Serve("DNS:localhost", "");
  const absl::Time start = absl::Now();
  EXPECT_NE(Get(Ca(), absl::Milliseconds(500)).find("timeout"), std::string::npos);
  EXPECT_LT(absl::Now() - start, absl::Seconds(4));
}

TEST_F(HttpClientTest, RefusesAReplyWithoutEnd) {
  Serve("DNS:localhost", "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\nhi");
  EXPECT_NE(Get(Ca()).find("body limit exceeded"), std::string::npos);
}

TEST(Origin, IsASchemeAndAHost) {
  EXPECT_EQ(ParseOrigin("https://api.weixin.qq.com")->port, "443");
  EXPECT_EQ(ParseOrigin("http://127.0.0.1:8080")->port, "8080");
  EXPECT_TRUE(ParseOrigin("http://127.9.9.9:8080")->IsLoopback());
  EXPECT_TRUE(ParseOrigin("http://localhost")->IsLoopback());
  EXPECT_FALSE(ParseOrigin("https://api.weixin.qq.com")->IsLoopback());
  for (const char* url :
       {"", "api.weixin.qq.com", "ftp://x", "https://", "https://a/b", "https://a b", "https://a:b", "https://u@h", "https://a:"}) {
    EXPECT_FALSE(ParseOrigin(url).ok()) << url;
  }
}

}  // namespace
}  // namespace fenfen::bridge
