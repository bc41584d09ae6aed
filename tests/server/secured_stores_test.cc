// Two servers whose stores let in nobody else: Redis over TLS for a user of its ACL with no more rights than docs/formats/redis.md names,
// PostgreSQL over TLS for a role with a password.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/drop_load.h"
#include "tests/server/shared_deployment.h"

namespace fenfen::server {
namespace {

using testing::HasSubstr;

// A folder with a CA and a certificate for 127.0.0.1, which PostgreSQL's user can read too; its key as each server demands it.
class Certificates {
 public:
  Certificates() {
    char name[] = "/tmp/fenfen-certificates-XXXXXX";
    folder_ = mkdtemp(name);
    MakeCertificates(folder_);
    chmod(folder_.c_str(), 0755);
    for (const char* readable : {"ca.crt", "server.crt"}) chmod(File(readable).c_str(), 0644);
    std::filesystem::copy_file(File("server.key"), File("postgres.key"));
    chmod(File("postgres.key").c_str(), 0600);
    const passwd* const user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
    if (user != nullptr && chown(File("postgres.key").c_str(), user->pw_uid, user->pw_gid) != 0) ADD_FAILURE() << "chown";
    std::ofstream(File("pg_hba.conf")) << "local all postgres trust\nhostssl all fenfend 127.0.0.0/8 scram-sha-256\n";
    Secret("redis.secret", "of-redis\n");
    Secret("wrong.secret", "no-idea\n");
    Secret("pgpass", "*:*:*:fenfend:of-postgres\n");
    Secret("wrong.pgpass", "*:*:*:fenfend:no-idea\n");
    chmod(File("pg_hba.conf").c_str(), 0644);
  }
  ~Certificates() { std::filesystem::remove_all(folder_); }
  std::string File(const std::string& name) const { return absl::StrCat(folder_, "/", name); }

 private:
  void Secret(const std::string& name, const std::string& text) const {
    std::ofstream(File(name)) << text;
    chmod(File(name).c_str(), 0600);
  }
  std::string folder_;
};

// An address of this machine on which nobody listens at PostgreSQL's port.
std::string FreePostgresAddress() {
  std::random_device random;
  while (true) {
    const uint32_t address = 0x7f000000u + 0x10000u + random() % 0xfe0000u;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(5432);
    place.sin_addr.s_addr = htonl(address);
    const bool is_free = bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
    close(fd);
    if (is_free) return absl::StrCat(address >> 24, ".", address >> 16 & 255, ".", address >> 8 & 255, ".", address & 255);
  }
}

class SecuredStores : public testing::Test {
 protected:
  SecuredStores() {
    postgres_.Run("postgres", {"CREATE ROLE fenfend LOGIN PASSWORD 'of-postgres'"});
    postgres_.Run("postgres", {absl::StrCat("ALTER DATABASE ", database_, " OWNER TO fenfend")});
  }
  std::string Stores(const std::string& redis_secret, const std::string& passfile, const std::string& ca) const {
    return absl::StrCat("[state]\nstore = \"redis\"\n[redis]\naddress = \"127.0.0.1:", tls_port_,
                        "\"\nuser = \"ledger\"\npassword_file = \"", files_.File(redis_secret), "\"\nca = \"", files_.File(ca),
                        "\"\ndeployment = \"secured\"\nopen_timeout = \"20s\"\n",
                        "[postgres]\nconnection = \"host=127.0.0.1 hostaddr=", address_, " port=5432 dbname=", database_,
                        " user=fenfend passfile=", files_.File(passfile), " sslmode=verify-full sslrootcert=", files_.File("ca.crt"),
                        "\"\n[journal]\nstore = \"postgres\"\n");
  }

  const Certificates files_;
  const std::string address_ = FreePostgresAddress();
  const uint16_t tls_port_ = FreePort();
  // `port 0`: there is no way in without TLS but the unix socket, which is the test's own.
  RedisServer redis_{{"port 0", absl::StrCat("tls-port ", tls_port_), "tls-cert-file " + files_.File("server.crt"),
                      "tls-key-file " + files_.File("server.key"), "tls-ca-cert-file " + files_.File("ca.crt"), "tls-auth-clients no",
                      "user ledger on >of-redis ~fenfen:* +fcall +ping +role +info +hget +hmget +hset +hdel +hgetall +exists +unlink"
                      " +hincrby +zincrby +expireat +scan"
                      " +function|load"}};
  PostgresServer postgres_{{"listen_addresses=" + address_, "ssl=on", "ssl_cert_file=" + files_.File("server.crt"),
                            "ssl_key_file=" + files_.File("postgres.key"), "hba_file=" + files_.File("pg_hba.conf")}};
  const std::string database_ = postgres_.NewDatabase();
};

TEST_F(SecuredStores, TwoServersServeThroughBoth) {
  const std::string stores = Stores("redis.secret", "pgpass", "ca.crt");
  TestServer a(stores), b(a, stores);
  ASSERT_TRUE(a.Start()) << a.Log();
  a.ImportDistrict();
  ASSERT_TRUE(b.Start()) << b.Log();
  DropLoad load(a, std::vector<DropLoad::Targets>{{a.address()}, {b.address()}});
  load.AwaitOf(0, 50);
  load.AwaitOf(1, 50);
  const std::string encrypted =
      "SELECT count(*) FILTER (WHERE ssl) || ' of ' || count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)";
  const std::string sessions = postgres_.Run(database_, {encrypted + " WHERE usename = 'fenfend'"});
  const size_t of = sessions.find(" of ");
  EXPECT_EQ(sessions.substr(0, of), sessions.substr(of + 4)) << "sessions without TLS";
  EXPECT_NE(sessions, "0 of 0");
  load.Stop();
  load.ExpectIn(postgres_, database_);
  EXPECT_EQ(a.Digests(), b.Digests());
}

TEST_F(SecuredStores, WhoeverHasNotTheRightPasswordOrAuthorityDoesNotServe) {
  TestServer wrong_redis(Stores("wrong.secret", "pgpass", "ca.crt"));
  EXPECT_FALSE(wrong_redis.Start());
  EXPECT_THAT(wrong_redis.Log(), HasSubstr("password"));
  TestServer wrong_postgres(Stores("redis.secret", "wrong.pgpass", "ca.crt"));
  EXPECT_FALSE(wrong_postgres.Start());
  EXPECT_THAT(wrong_postgres.Log(), HasSubstr("password authentication failed"));
  EXPECT_THAT(wrong_postgres.Log(), testing::Not(HasSubstr("no-idea"))) << "a password in the log";
  TestServer stranger(Stores("redis.secret", "pgpass", "server.crt"));
  EXPECT_FALSE(stranger.Start());
  EXPECT_THAT(stranger.Log(), HasSubstr("certificate"));
}

}  // namespace
}  // namespace fenfen::server
