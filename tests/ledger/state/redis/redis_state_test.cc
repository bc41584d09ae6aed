// RedisState against the conformance suite: over a unix socket, over TCP, and over TLS as an ACL user that may not administer the server.
#include "ledger/state/redis/redis_state.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/state/redis/library.h"
#include "tests/ledger/state/redis/fresh_redis_state.h"
#include "tests/ledger/state/redis/redis_server.h"
#include "tests/ledger/state/state_conformance.h"

namespace fenfen {
namespace {

// One server for all tests of this program.
class Servers {
 public:
  static Servers& Instance() {
    static Servers servers;
    return servers;
  }
  RedisOptions Plain(bool over_tcp) const { return over_tcp ? plain_.OverTcp() : plain_.OverUnixSocket(); }
  RedisOptions Tls() const {
    RedisOptions options = tls_->OverTcp();
    options.endpoint.port = tls_port_;
    options.tls = RedisTls{plain_.folder() + "/ca.crt", plain_.folder() + "/server.crt", plain_.folder() + "/server.key", {}};
    options.user = "ledger";
    options.password = "only-functions";
    return options;
  }

 private:
  Servers() {
    MakeCertificates(plain_.folder());
    const std::string pem = plain_.folder() + "/";
    tls_ = std::make_unique<RedisServer>(std::vector<std::string>{
        "port 0", absl::StrCat("tls-port ", tls_port_), "tls-cert-file " + pem + "server.crt", "tls-key-file " + pem + "server.key",
        "tls-ca-cert-file " + pem + "ca.crt",
        "user ledger on >only-functions ~fenfen:* +fcall +ping +role +info +hget +hmget +hset +hdel +hgetall +exists +unlink"});
    tls_->Type({"FUNCTION", "LOAD", std::string(LibraryText())});
  }
  RedisServer plain_;
  uint16_t tls_port_ = FreePort();
  std::unique_ptr<RedisServer> tls_;
};

template <typename Options>
StateFactory FreshOver(Options options) {
  return [options] { return std::make_unique<FreshRedisState>(options(Servers::Instance())); };
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(RedisUnixSocket, StateConformance, testing::Values(FreshOver([](const Servers& s) { return s.Plain(false); })));
INSTANTIATE_TEST_SUITE_P(RedisTcp, StateConformance, testing::Values(FreshOver([](const Servers& s) { return s.Plain(true); })));
INSTANTIATE_TEST_SUITE_P(RedisTlsAclUser, StateConformance, testing::Values(FreshOver([](const Servers& s) { return s.Tls(); })));

}  // namespace fenfen
