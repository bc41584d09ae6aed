// RedisState against the conformance suite: over a unix socket, over TCP, and over TLS as an ACL user that may not administer the server.
#include "ledger/state/redis/redis_state.h"

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ledger/state/redis/library.h"
#include "tests/ledger/state/redis/fresh_redis_state.h"
#include "tests/ledger/state/redis/redis_fixture.h"
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

// A report of a district reads thousands of records: one call each would take seconds.
TEST(RedisStateReading, WhatIsExpectedComesInAFewCalls) {
  RedisServer server;
  MemoryTail tail(5);
  RedisLedger ledger(server.OverUnixSocket(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());  // the other partitions make calls until they are
  std::vector<State::Work> works;
  std::vector<RecordKey> records;
  std::vector<AccountId> accounts;
  for (uint64_t id = 1; id <= 3000; ++id) {
    records.push_back(RedisLedger::Household(id));
    accounts.push_back(RedisLedger::Home(id));
    if (id <= 50) works.push_back(RedisLedger::Move(KeyAt(absl::FromUnixSeconds(1'800'000'000), id), id, 50));
  }
  for (const auto& result : ledger.Execute(std::move(works))) ASSERT_TRUE(result.ok()) << result.status();
  server.Type({"CONFIG", "RESETSTAT"});
  int there = 0;
  const auto read = [&](const View& view, PartitionSeq) {
    there = 0;
    view.Expect(records, accounts);
    for (const RecordKey& record : records) there += view.Record(record) ? 1 : 0;
    for (const AccountId& account : accounts) there += view.Balance(account).hundredths() == 50 ? 1 : 0;
  };
  ASSERT_TRUE(ledger.state().Read(RedisLedger::kPartition, read).ok());
  EXPECT_EQ(there, 100);
  const std::string stats = server.Type({"INFO", "commandstats"}), name = "cmdstat_fcall:calls=";
  ASSERT_TRUE(absl::StrContains(stats, name)) << stats;
  const int calls = std::stoi(stats.substr(stats.find(name) + name.size()));
  EXPECT_LT(calls, 1000);  // seven, and the State may look at each of its 256 partitions meanwhile
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(RedisUnixSocket, StateConformance, testing::Values(FreshOver([](const Servers& s) { return s.Plain(false); })));
INSTANTIATE_TEST_SUITE_P(RedisTcp, StateConformance, testing::Values(FreshOver([](const Servers& s) { return s.Plain(true); })));
INSTANTIATE_TEST_SUITE_P(RedisTlsAclUser, StateConformance, testing::Values(FreshOver([](const Servers& s) { return s.Tls(); })));

}  // namespace fenfen
