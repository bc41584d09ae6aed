#include "tests/ledger/state/redis/redis_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ledger/core/check.h"

namespace fenfen {
namespace {

std::string TemporaryFolder() {
  std::string path = (std::filesystem::temp_directory_path() / "fenfen-redis-XXXXXX").string();
  FENFEN_CHECK(mkdtemp(path.data()) != nullptr);
  return path;
}

std::string TextOf(RedisValue value) {
  if (value.is_integer()) return absl::StrCat(value.integer());
  if (!value.is_array()) return std::string(value.text());
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) absl::StrAppend(&text, i == 0 ? "" : " ", TextOf(value[i]));
  return text;
}

}  // namespace

// Below the range that outgoing connections take theirs from, so that it stays free while a server is down.
uint16_t FreePort() {
  static std::mt19937 random{std::random_device{}()};
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto port = static_cast<uint16_t>(20'000 + random() % 12'000);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (is_free) return port;
  }
  FENFEN_CHECK(false);
  return 0;
}

void MakeCertificates(const std::string& folder) {
  const std::string command =
      absl::StrCat("cd ", folder,
                   " && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.crt"
                   " && openssl req -newkey rsa:2048 -nodes -subj /CN=redis -keyout server.key -out server.csr"
                   " && printf 'subjectAltName=IP:127.0.0.1' > san"
                   " && openssl x509 -req -days 2 -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile san -out server.crt");
  ASSERT_EQ(std::system(absl::StrCat("(", command, ") > ", folder, "/openssl.log 2>&1").c_str()), 0) << "openssl could not do it";
}

// A port that was free a moment ago may be taken by another test's server by now, so the first start has several attempts.
RedisServer::RedisServer(std::vector<std::string> settings)
    : folder_(TemporaryFolder()), port_(FreePort()), cluster_port_(FreePort()), settings_(std::move(settings)) {
  bool started = Try();
  for (int attempt = 1; attempt < 5 && !started; ++attempt) {
    Kill();
    port_ = FreePort();
    cluster_port_ = FreePort();
    started = Try();
  }
  [&] { ASSERT_TRUE(started) << "redis-server is missing, does not take its settings, or does not answer"; }();
}

RedisServer::~RedisServer() {
  Kill();
  std::filesystem::remove_all(folder_);
}

void RedisServer::Start() {
  // Another may be about to use its port for a moment.
  for (int attempt = 0; attempt < 50; ++attempt) {
    if (Try()) return;
    Kill();
    absl::SleepFor(absl::Milliseconds(100));
  }
  FAIL() << "redis-server does not start again";
}

bool RedisServer::Try() {
  {
    std::ofstream config(folder_ + "/redis.conf");
    config << "dir " << folder_ << "\nunixsocket " << folder_ << "/redis.sock\nbind 127.0.0.1\nsave \"\"\nloglevel warning\n"
           << "logfile " << folder_ << "/redis.log\n";
    bool port = false;
    for (const std::string& line : settings_) {
      config << line << "\n";
      port = port || line.rfind("port ", 0) == 0;
    }
    if (!port) config << "port " << port_ << "\n";
    config << "cluster-port " << cluster_port_ << "\n";
  }
  pid_ = fork();
  FENFEN_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // it must not outlive the test
    closefrom(3);                      // what the test has open is not the server's
    execlp("redis-server", "redis-server", (folder_ + "/redis.conf").c_str(), nullptr);
    _exit(127);
  }
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  while (!Answers()) {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) {
      pid_ = 0;
      return false;
    }
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

void RedisServer::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void RedisServer::Pause() { kill(pid_, SIGSTOP); }
void RedisServer::Resume() { kill(pid_, SIGCONT); }

RedisOptions RedisServer::OverUnixSocket() const {
  RedisOptions options = OverTcp();
  options.endpoint = {{}, 0, folder_ + "/redis.sock"};
  return options;
}

RedisOptions RedisServer::OverTcp() const {
  RedisOptions options;
  options.endpoint = {"127.0.0.1", port_, {}};
  options.backoff_min = absl::Milliseconds(5);
  options.backoff_max = absl::Milliseconds(50);
  return options;
}

bool RedisServer::Answers() const { return Type({"PING"}).find("LOADING") == std::string::npos && !Type({"PING"}).empty(); }

// Blocking and plain: it must work whatever the client under test does. An empty text where there is no answer.
std::string RedisServer::Type(const RedisCommand& command) const {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder_ + "/redis.sock").c_str(), sizeof address.sun_path - 1);
  std::string text, bytes;
  AppendCommand(command, bytes);
  const std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader(redisReaderCreate(), redisReaderFree);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && write(fd, bytes.data(), bytes.size()) > 0) {
    char buffer[4096];
    void* reply = nullptr;
    while (reply == nullptr) {
      const ssize_t got = read(fd, buffer, sizeof buffer);
      if (got <= 0 || redisReaderFeed(reader.get(), buffer, static_cast<size_t>(got)) != REDIS_OK) break;
      if (redisReaderGetReply(reader.get(), &reply) != REDIS_OK) break;
    }
    if (reply != nullptr) text = TextOf(RedisReply(static_cast<redisReply*>(reply)).value());
  }
  close(fd);
  return text;
}

}  // namespace fenfen
