// RedisState against the conformance suite: over a unix socket, over TCP, and over TLS as an ACL user that may not administer the server.
#include "ledger/state/redis/redis_state.h"

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/state/redis/library.h"
#include "tests/ledger/state/redis/memory_tail.h"
#include "tests/ledger/state/redis/redis_server.h"
#include "tests/ledger/state/state_conformance.h"

namespace fenfen {
namespace {

// A State with a journal of its own, under a deployment of its own: as empty as a new MemoryState.
class FreshRedisState final : public State {
 public:
  explicit FreshRedisState(const RedisOptions& redis) : state_(Options(redis), tail_) {
    const absl::Status open = state_.AwaitOpen(absl::Seconds(10));
    EXPECT_TRUE(open.ok()) << open;
  }
  void Execute(PartitionId partition, std::vector<Work> works, Done done) override {
    state_.Execute(partition, std::move(works), std::move(done));
  }
  absl::Status Read(PartitionId partition, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const override {
    return state_.Read(partition, reader);
  }
  absl::Status Apply(PartitionId partition, PartitionSeq seq, const Transaction& transaction) override {
    return state_.Apply(partition, seq, transaction);
  }
  absl::StatusOr<Digest> DigestOf(PartitionId partition) const override { return state_.DigestOf(partition); }

 private:
  static RedisStateOptions Options(const RedisOptions& redis) {
    static std::atomic<int> count{0};
    RedisStateOptions options;
    options.redis = redis;
    options.deployment = absl::StrCat("test-", ++count);
    return options;
  }
  MemoryTail tail_;
  RedisState state_;
};

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
