// The configuration: defaults, every unknown key by its name, what is refused; and the files that hold secrets.
#include "server/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "server/config/key_files.h"

namespace fenfen::server {
namespace {

using testing::HasSubstr;

std::string FaultOf(const std::string& text) {
  const absl::StatusOr<Config> config = ParseConfig(text, "/etc/fenfen");
  return config.ok() ? "none" : std::string(config.status().message());
}

TEST(Config, DefaultsAreForOneMachine) {
  const absl::StatusOr<Config> config = ParseConfig("", "/etc/fenfen");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen, "127.0.0.1:0");
  EXPECT_EQ(config->data_dir, "/etc/fenfen/data");
  EXPECT_EQ(config->ready_file, "/etc/fenfen/fenfend.ready");
  EXPECT_EQ(config->codes_key, "/etc/fenfen/codes.key");
  EXPECT_EQ(config->journal.archive_dir, "/etc/fenfen/data/archive");
  EXPECT_EQ(config->time_zone.name(), "Asia/Shanghai");
  EXPECT_FALSE(config->production);
  EXPECT_TRUE(config->log.file.empty());
}

TEST(Config, TakesWhatIsWritten) {
  const absl::StatusOr<Config> config = ParseConfig(R"(
data_dir = "/var/lib/fenfen"
listen = "[::]:7070"
production = true
[tls]
certificate = "tls/server.pem"
key = "../server.key"
[[issuer]]
name = "bridge"
public_key = "bridge.pem"
roles = ["RESIDENT", "BRIDGE"]
[limits]
changes_max = 5
reads_max = 6
batches_max = 7
[snapshot]
interval = "90s"
transactions_min = 7
[log]
level = "warn"
)",
                                                    "/etc/fenfen");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->data_dir, "/var/lib/fenfen");
  EXPECT_EQ(config->tls.certificate, "/etc/fenfen/tls/server.pem");
  EXPECT_EQ(config->tls.key, "/etc/server.key");
  ASSERT_EQ(config->issuers.size(), 1u);
  EXPECT_THAT(config->issuers[0].roles, testing::ElementsAre(v1::ROLE_RESIDENT, v1::ROLE_BRIDGE));
  EXPECT_EQ(config->log.level, "warn");
  EXPECT_EQ(config->limits.changes_max, 5);
  EXPECT_EQ(config->limits.reads_max, 6);
  EXPECT_EQ(config->limits.batches_max, 7);
  EXPECT_EQ(config->snapshot.interval, absl::Seconds(90));
  EXPECT_EQ(config->snapshot.transactions_min, 7);
}

TEST(Config, EveryUnknownKeyIsNamed) {
  EXPECT_THAT(FaultOf("lisen = \"127.0.0.1:1\""), HasSubstr("lisen: unknown key"));
  EXPECT_THAT(FaultOf("[tls]\ncert = \"x\""), HasSubstr("tls.cert: unknown key"));
  EXPECT_THAT(FaultOf("[keys]\nvouchers = \"x\""), HasSubstr("keys.vouchers: unknown key"));
  EXPECT_THAT(FaultOf("[log]\nlvl = \"info\""), HasSubstr("log.lvl: unknown key"));
  EXPECT_THAT(FaultOf("[[issuer]]\nname=\"a\"\npublic_key=\"b\"\nroles=[\"STAFF\"]\nrole=\"x\""), HasSubstr("issuer[0].role: unknown key"));
}

TEST(Config, WrongValuesAreNamed) {
  EXPECT_THAT(FaultOf("production = \"yes\""), HasSubstr("production: must be true or false"));
  EXPECT_THAT(FaultOf("data_dir = 3"), HasSubstr("data_dir: must be a string"));
  EXPECT_THAT(FaultOf("listen = \"here\""), HasSubstr("listen: must be HOST:PORT"));
  EXPECT_THAT(FaultOf("listen = \"127.0.0.1:99999\""), HasSubstr("listen"));
  EXPECT_THAT(FaultOf("time_zone = \"Mars/Base\""), HasSubstr("time_zone: no such time zone"));
  EXPECT_THAT(FaultOf("[log]\nlevel = \"loud\""), HasSubstr("log.level"));
  EXPECT_THAT(FaultOf("[journal]\nuncompressed_segments = -1"), HasSubstr("journal.uncompressed_segments: must not be negative"));
  EXPECT_EQ(FaultOf("[journal]\nuncompressed_segments = 0"), "none");
  for (const char* days : {"-1", "1", "399", "100001"}) {
    EXPECT_THAT(FaultOf(std::string("[journal]\nretention_days = ") + days),
                HasSubstr("journal.retention_days: must be 0, for ever, or 400 to 100000"));
  }
  EXPECT_EQ(FaultOf("[journal]\nretention_days = 400"), "none");
  const std::string retention = "[journal]\nretention_days = 400\n";
  EXPECT_THAT(FaultOf(retention + "uncompressed_segments = 0"), HasSubstr("journal.uncompressed_segments must not be 0"));
  EXPECT_THAT(FaultOf(retention + "store = \"postgres\"\n[postgres]\nconnection = \"host=db\""), HasSubstr("the journal in files"));
  EXPECT_THAT(FaultOf(retention + "[state]\nstore = \"redis\""), HasSubstr("the State in memory"));
  EXPECT_THAT(FaultOf(retention + "[snapshot]\ninterval = \"0\""), HasSubstr("snapshot.interval must not be 0"));
  EXPECT_THAT(FaultOf("[journal]\narchive_dir = \"data/journal\""), HasSubstr("journal.archive_dir: must be another folder"));
  EXPECT_THAT(FaultOf("[limits]\nchanges_max = 0"), HasSubstr("limits.changes_max: must be at least 1"));
  EXPECT_THAT(FaultOf("[limits]\nreads_max = -1"), HasSubstr("limits.reads_max: must be at least 1"));
  EXPECT_THAT(FaultOf("[limits]\nbatches_max = 0"), HasSubstr("limits.batches_max: must be at least 1"));
  EXPECT_THAT(FaultOf("[snapshot]\ninterval = \"often\""), HasSubstr("snapshot.interval: must be a time such as"));
  EXPECT_THAT(FaultOf("[snapshot]\ninterval = \"-1s\""), HasSubstr("snapshot.interval: must not be negative"));
  EXPECT_THAT(FaultOf("[snapshot]\ntransactions_min = 0"), HasSubstr("snapshot.transactions_min: must be at least 1"));
  EXPECT_THAT(FaultOf("[snapshot]\ntransactions_min = \"many\""), HasSubstr("snapshot.transactions_min: must be a whole number"));
  EXPECT_EQ(FaultOf("[snapshot]\ninterval = \"0\""), "none");
  EXPECT_THAT(FaultOf("tls = 1"), HasSubstr("tls: must be a [table]"));
  EXPECT_THAT(FaultOf("a = [\n"), HasSubstr("line "));
}

TEST(Config, StoresAreChosenByName) {
  const absl::StatusOr<Config> usual = ParseConfig("", "/etc/fenfen");
  ASSERT_TRUE(usual.ok()) << usual.status();
  EXPECT_EQ(usual->stores.state, "memory");
  EXPECT_EQ(usual->journal.store, "files");
  const absl::StatusOr<Config> config = ParseConfig(R"(
[state]
store = "redis"
[redis]
sentinels = ["10.0.0.1:26379", "10.0.0.2:26379"]
master_name = "fenfen"
user = "fenfend"
password_file = "redis.password"
ca = "redis-ca.pem"
deployment = "tongzhou"
open_timeout = "30s"
[journal]
store = "postgres"
[postgres]
connection = "host=db1,db2 dbname=fenfen passfile=/etc/fenfen/pgpass"
timeout = "3s"
)",
                                                    "/etc/fenfen");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->stores.state, "redis");
  EXPECT_EQ(config->journal.store, "postgres");
  EXPECT_THAT(config->stores.redis.sentinels, testing::ElementsAre("10.0.0.1:26379", "10.0.0.2:26379"));
  EXPECT_EQ(config->stores.redis.password_file, "/etc/fenfen/redis.password");
  EXPECT_EQ(config->stores.redis.ca, "/etc/fenfen/redis-ca.pem");
  EXPECT_EQ(config->stores.redis.open_timeout, absl::Seconds(30));
  EXPECT_EQ(config->stores.postgres.timeout, absl::Seconds(3));
}

TEST(Config, StoresThatCannotBeAreNamed) {
  EXPECT_THAT(FaultOf("[state]\nstore = \"rocks\"\n"), HasSubstr("state.store: must be \"memory\" or \"redis\""));
  EXPECT_THAT(FaultOf("[journal]\nstore = \"tape\"\n"), HasSubstr("journal.store"));
  EXPECT_THAT(FaultOf("[journal]\nstore = \"postgres\"\n"), HasSubstr("postgres.connection: must be a libpq connection string"));
  EXPECT_THAT(FaultOf("[postgres]\nconnection = \"dbname=f password=secret\"\n"), HasSubstr("must not hold the password"));
  EXPECT_THAT(FaultOf("[redis]\nsentinels = [\"a:1\"]\n"), HasSubstr("redis.master_name"));
  EXPECT_THAT(FaultOf("[redis]\nuser = \"u\"\n"), HasSubstr("redis.password_file"));
  const std::string sentinels = "[redis]\nsentinels = [\"a:1\"]\nmaster_name = \"m\"\n";
  EXPECT_EQ(FaultOf(sentinels), "none");
  EXPECT_THAT(FaultOf(sentinels + "cluster = [\"b:1\"]\n"), HasSubstr("redis.cluster: and redis.sentinels exclude each other"));
  EXPECT_THAT(FaultOf(sentinels + "address = \"b:1\"\n"), HasSubstr("redis.address: is not used with"));
  EXPECT_THAT(FaultOf(sentinels + "sentinel_user = \"u\"\n"), HasSubstr("needs redis.sentinel_password_file"));
  EXPECT_THAT(FaultOf("[redis]\ncluster = [\"b:1\"]\naddress = \"b:1\"\n"), HasSubstr("redis.address: is not used with"));
  EXPECT_THAT(FaultOf("[redis]\nsentinel_password_file = \"p\"\n"), HasSubstr("need redis.sentinels"));
  EXPECT_EQ(FaultOf("[redis]\ncluster = [\"b:1\", \"c:2\"]\n"), "none");
  EXPECT_THAT(FaultOf("[redis]\ncertificate = \"c\"\n"), HasSubstr("redis.key"));
  EXPECT_THAT(FaultOf("[redis]\ncertificate = \"c\"\nkey = \"k\"\n"), HasSubstr("needs redis.ca"));
  EXPECT_THAT(FaultOf("[redis]\npasword_file = \"p\"\n"), HasSubstr("redis.pasword_file: unknown key"));
}

TEST(Config, PlaintextOnLoopbackOnly) {
  EXPECT_EQ(FaultOf("listen = \"127.0.0.1:7070\""), "none");
  EXPECT_EQ(FaultOf("listen = \"[::1]:7070\""), "none");
  EXPECT_EQ(FaultOf("listen = \"localhost:7070\""), "none");
  for (const char* address : {"0.0.0.0:7070", "10.0.0.1:7070", "[::]:7070", "server:7070"}) {
    EXPECT_THAT(FaultOf(std::string("listen = \"") + address + "\""), HasSubstr("not a loopback address")) << address;
    EXPECT_EQ(FaultOf(std::string("listen = \"") + address + "\"\n[tls]\ncertificate=\"c\"\nkey=\"k\""), "none") << address;
  }
  EXPECT_THAT(FaultOf("[tls]\ncertificate=\"c\""), HasSubstr("go together"));
  EXPECT_THAT(FaultOf("[tls]\nclient_ca=\"c\""), HasSubstr("tls.client_ca"));
}

TEST(Config, IssuersAreCheckedOnceForAll) {
  const auto issuer = [](const std::string& name, const std::string& roles) {
    return "[[issuer]]\nname=\"" + name + "\"\npublic_key=\"k\"\nroles=[" + roles + "]\n";
  };
  EXPECT_THAT(FaultOf(issuer("a", "\"KING\"")), HasSubstr("issuer[0].roles: no issuer can have the role KING"));
  EXPECT_THAT(FaultOf(issuer("a", "\"DEVICE\"")), HasSubstr("DEVICE"));
  EXPECT_THAT(FaultOf(issuer("a", "\"UNSPECIFIED\"")), HasSubstr("UNSPECIFIED"));
  EXPECT_THAT(FaultOf(issuer("a", "")), HasSubstr("at least one role"));
  EXPECT_THAT(FaultOf(issuer("devices/x", "\"STAFF\"")), HasSubstr("slash"));
  EXPECT_THAT(FaultOf(issuer("a", "\"STAFF\"") + issuer("a", "\"AUDITOR\"")), HasSubstr("two issuers are called a"));
}

TEST(KeyFiles, SecretsHaveOneForm) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / ("secret-" + std::to_string(getpid()));
  const auto write = [&path](const std::string& text, mode_t mode) {
    std::filesystem::remove(path);
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
  };
  write(std::string(64, 'f') + "\n", 0600);
  EXPECT_EQ(*ReadSecret(path, true), std::string(32, '\xff'));
  write(std::string(64, 'f'), 0640);
  EXPECT_EQ(ReadSecret(path, true).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(ReadSecret(path, false).ok());
  for (const std::string& text : {std::string(63, 'f'), std::string(66, 'f'), std::string(64, 'g'), std::string()}) {
    write(text, 0600);
    EXPECT_EQ(ReadSecret(path, true).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  std::filesystem::remove(path);
  EXPECT_EQ(ReadSecret(path, true).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fenfen::server
