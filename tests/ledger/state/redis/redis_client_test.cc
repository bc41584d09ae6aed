// RedisClient against real servers: pipelining, its bounds, every way in, and every way a session can end.
#include "ledger/state/redis/redis_client.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "ledger/state/redis/redis_fault.h"
#include "tests/ledger/state/redis/fake_server.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen {
namespace {

class RedisClientTest : public testing::Test {
 protected:
  // A session, or 0 where none begins within ten seconds.
  static RedisClient::SessionId Await(const RedisClient& client, RedisClient::SessionId after = 0) {
    for (int i = 0; i < 2000; ++i) {
      if (const RedisClient::SessionId session = client.session(); session > after) return session;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return 0;
  }
  // Waits until the client says why it has no session.
  static RedisFault AwaitFault(const RedisClient& client, RedisFault fault) {
    const auto told = [&] {
      const absl::Status status = client.status();
      return FaultOf(status) == fault && !absl::StrContains(status.message(), "not connected yet");
    };
    for (int i = 0; i < 2000 && !told(); ++i) absl::SleepFor(absl::Milliseconds(5));
    return FaultOf(client.status());
  }
  static RedisClient::OnSession Nothing() {
    return [](RedisClient::SessionId) {};
  }
};

TEST_F(RedisClientTest, RepliesComeInTheOrderSent) {
  RedisServer server;
  for (const RedisOptions& options : {server.OverUnixSocket(), server.OverTcp()}) {
    RedisClient client(options, Nothing());
    const auto session = Await(client);
    server.Type({"FLUSHALL"});
    std::vector<int64_t> order;
    absl::BlockingCounter left(1000);
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(client
                      .Send(session, {"INCR", "counter"},
                            [&](absl::StatusOr<RedisReply> reply) {
                              order.push_back(reply->value().integer());
                              left.DecrementCount();
                            })
                      .ok());
    }
    left.Wait();
    for (size_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], static_cast<int64_t>(i + 1));
  }
}

TEST_F(RedisClientTest, LongCommandsAndRepliesAndAnyBytes) {
  RedisServer server;
  RedisClient client(server.OverTcp(), Nothing());
  const auto session = Await(client);
  std::string value(20u << 20, 'x');
  value.replace(0, 6, std::string("\0\r\n$-1", 6));
  ASSERT_TRUE(client.Call(session, {"SET", "key", value}).ok());
  const auto reply = client.Call(session, {"GET", "key"});
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(reply->value().text() == value);
}

TEST_F(RedisClientTest, RefusesMoreInFlightThanItsBound) {
  RedisServer server;
  RedisOptions options = server.OverTcp();
  options.in_flight_max = 10;
  RedisClient client(options, Nothing());
  const auto session = Await(client);
  server.Pause();
  int taken = 0;
  absl::Status last;
  absl::BlockingCounter left(10);
  for (int i = 0; i < 20; ++i) {
    last = client.Send(session, {"PING"}, [&](absl::StatusOr<RedisReply>) { left.DecrementCount(); });
    taken += last.ok() ? 1 : 0;
  }
  EXPECT_EQ(taken, 10);
  EXPECT_EQ(FaultOf(last), RedisFault::kTooManyInFlight);
  server.Resume();
  left.Wait();
}

TEST_F(RedisClientTest, ErrorRepliesHaveTheirKind) {
  RedisServer server;
  RedisClient client(server.OverTcp(), Nothing());
  const auto session = Await(client);
  EXPECT_EQ(FaultOf(client.Call(session, {"FCALL", "nothing", "0"}).status()), RedisFault::kFunctionMissing);
  EXPECT_EQ(FaultOf(client.Call(session, {"NONSENSE"}).status()), RedisFault::kRefused);
  EXPECT_TRUE(client.Call(session, {"PING"}).ok()) << "an error reply ends no session";
}

TEST_F(RedisClientTest, SignsInAsAnAclUserOverTls) {
  RedisServer keeper;  // only for its folder
  MakeCertificates(keeper.folder());
  const uint16_t port = FreePort();
  const std::string pem = keeper.folder() + "/";
  RedisServer server({"port 0", absl::StrCat("tls-port ", port), "tls-cert-file " + pem + "server.crt",
                      "tls-key-file " + pem + "server.key", "tls-ca-cert-file " + pem + "ca.crt", "user fen on >geheim ~* &* +@all"});
  RedisOptions options = server.OverTcp();
  options.endpoint.port = port;
  options.user = "fen";
  options.password = "geheim";
  options.tls = RedisTls{pem + "ca.crt", pem + "server.crt", pem + "server.key", {}};
  {
    RedisClient client(options, Nothing());
    const auto session = Await(client);
    const auto reply = client.Call(session, {"ACL", "WHOAMI"});
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->value().text(), "fen");
  }
  RedisOptions stranger = options;
  stranger.tls->certificate_file.clear();
  const RedisClient unknown(stranger, Nothing());
  EXPECT_EQ(AwaitFault(unknown, RedisFault::kUnreachable), RedisFault::kUnreachable);
  EXPECT_EQ(unknown.session(), 0u) << "the server wants a certificate";
  RedisOptions other_name = options;
  other_name.tls->server_name = "redis.example";
  const RedisClient named(other_name, Nothing());
  EXPECT_EQ(AwaitFault(named, RedisFault::kAccessDenied), RedisFault::kAccessDenied);
  EXPECT_TRUE(absl::StrContains(named.status().message(), "mismatch")) << named.status();
  RedisOptions no_file = options;
  no_file.tls->ca_file = "/nowhere.crt";
  const RedisClient lost(no_file, Nothing());
  EXPECT_EQ(AwaitFault(lost, RedisFault::kAccessDenied), RedisFault::kAccessDenied);
  EXPECT_TRUE(absl::StrContains(lost.status().message(), "/nowhere.crt")) << lost.status();
}

TEST_F(RedisClientTest, SaysWhyThereIsNoSession) {
  RedisServer server({"requirepass right"});
  RedisOptions options = server.OverTcp();
  const RedisClient none(options, Nothing());
  EXPECT_EQ(AwaitFault(none, RedisFault::kAccessDenied), RedisFault::kAccessDenied) << none.status();
  options.password = "wrong";
  const RedisClient wrong(options, Nothing());
  EXPECT_EQ(AwaitFault(wrong, RedisFault::kAccessDenied), RedisFault::kAccessDenied) << wrong.status();
  options.password = "right";
  EXPECT_NE(Await(RedisClient(options, Nothing())), 0u);
  options.endpoint.port = FreePort();
  const RedisClient nobody(options, Nothing());
  EXPECT_EQ(AwaitFault(nobody, RedisFault::kUnreachable), RedisFault::kUnreachable);
}

TEST_F(RedisClientTest, RefusesOldVersionsAndReplicas) {
  FakeServer old(std::map<std::string, std::string>{{"INFO", "redis_version:6.2.14\r\n"}});
  RedisOptions options;
  options.endpoint = {"127.0.0.1", old.port(), {}};
  const RedisClient client(options, Nothing());
  EXPECT_EQ(AwaitFault(client, RedisFault::kWrongVersion), RedisFault::kWrongVersion);
  EXPECT_TRUE(absl::StrContains(client.status().message(), "6.2.14"));
  RedisServer master;
  RedisServer replica({absl::StrCat("replicaof 127.0.0.1 ", master.port())});
  const RedisClient other(replica.OverTcp(), Nothing());
  EXPECT_EQ(AwaitFault(other, RedisFault::kReadOnly), RedisFault::kReadOnly);
}

TEST_F(RedisClientTest, AsksSentinelsInTurnWhereTheMasterIs) {
  RedisServer server;
  const std::string port = absl::StrCat(server.port());
  FakeServer sentinel({}, {"127.0.0.1", port});
  RedisOptions options = server.OverTcp();
  options.sentinels = {{"127.0.0.1", FreePort(), {}}, {"127.0.0.1", sentinel.port(), {}}};
  options.master_name = "main";
  options.endpoint = {};
  RedisClient client(options, Nothing());
  EXPECT_TRUE(client.Call(Await(client), {"PING"}).ok());
}

TEST_F(RedisClientTest, ALostConnectionLeavesTheOutcomeUnknownAndANewSessionBegins) {
  RedisServer server({"appendonly yes"});
  std::atomic<int> begun{0}, ended{0};
  RedisClient client(server.OverUnixSocket(), [&](RedisClient::SessionId session) { ++(session == 0 ? ended : begun); });
  const auto first = Await(client);
  ASSERT_TRUE(client.Call(first, {"SET", "a", "1"}).ok());
  // Redis takes the command and lets it wait.
  server.Type({"CLIENT", "PAUSE", "60000", "WRITE"});
  absl::StatusOr<RedisReply> reply = absl::UnknownError("");
  std::thread waiting([&] { reply = client.Call(first, {"SET", "a", "2"}); });
  while (!absl::StrContains(server.Type({"INFO", "clients"}), "blocked_clients:1")) absl::SleepFor(absl::Milliseconds(1));
  server.Kill();
  waiting.join();
  EXPECT_EQ(FaultOf(reply.status()), RedisFault::kUnknownOutcome) << reply.status();
  server.Start();
  const auto second = Await(client, first);
  ASSERT_GT(second, first);
  EXPECT_EQ(FaultOf(client.Call(first, {"PING"}).status()), RedisFault::kUnreachable) << "a command is for its session";
  EXPECT_EQ(client.Call(second, {"GET", "a"})->value().text(), "1");
  while (begun != 2) absl::SleepFor(absl::Milliseconds(1));  // it is told just after it has begun
  EXPECT_EQ(ended, 1);
}

TEST_F(RedisClientTest, ACommandWithoutAnAnswerInTimeEndsTheSession) {
  RedisServer server;
  RedisOptions options = server.OverTcp();
  options.command_timeout = absl::Milliseconds(100);
  options.connect_timeout = absl::Milliseconds(200);
  RedisClient client(options, Nothing());
  const auto session = Await(client);
  server.Pause();
  EXPECT_EQ(FaultOf(client.Call(session, {"PING"}).status()), RedisFault::kUnknownOutcome);
  server.Resume();
  EXPECT_GT(Await(client, session), session);
}

TEST_F(RedisClientTest, LeavesASessionThatIsOfNoUse) {
  RedisServer server;
  RedisClient client(server.OverTcp(), Nothing());
  const auto session = Await(client);
  client.Leave(session, RedisError(RedisFault::kReadOnly, "it says so"));
  EXPECT_GT(Await(client, session), session);
}

// What stands for a sentinel is a Redis that knows no SENTINEL: it says so to whom it has let in.
TEST_F(RedisClientTest, ASentinelMayAskForAPassword) {
  RedisServer sentinel({"requirepass right"});
  RedisOptions options = sentinel.OverTcp();
  options.sentinels = {options.endpoint};
  options.master_name = "main";
  for (const auto& [password, fault] : {std::pair("wrong", RedisFault::kAccessDenied), std::pair("right", RedisFault::kRefused)}) {
    options.sentinel_password = password;
    RedisClient client(options, Nothing());
    EXPECT_EQ(AwaitFault(client, fault), fault) << password;
  }
}

}  // namespace
}  // namespace fenfen
