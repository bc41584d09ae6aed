#include "tests/server/shared_deployment.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fenfen::server {

std::string RedisAndPostgres(const RedisServer& redis, const std::string& deployment, const std::string& conninfo) {
  return absl::StrCat("[state]\nstore = \"redis\"\n[redis]\naddress = \"unix:", redis.OverUnixSocket().endpoint.unix_path,
                      "\"\ndeployment = \"", deployment, "\"\n[postgres]\nconnection = \"", conninfo,
                      "\"\n[journal]\nstore = \"postgres\"\n");
}

std::string ClusterAndPostgres(const std::vector<RedisEndpoint>& seeds, const std::string& deployment, const std::string& conninfo) {
  const std::string list = absl::StrJoin(
      seeds, ", ", [](std::string* out, const RedisEndpoint& seed) { absl::StrAppend(out, "\"", FormatEndpoint(seed), "\""); });
  return absl::StrCat("[state]\nstore = \"redis\"\n[redis]\ncluster = [", list, "]\ndeployment = \"", deployment,
                      "\"\n[postgres]\nconnection = \"", conninfo, "\"\n[journal]\nstore = \"postgres\"\n");
}

JournalHeld::JournalHeld(const PostgresServer& postgres, const std::string& database, std::optional<PartitionId> partition)
    : session_(PQconnectdb(postgres.Conninfo(database).c_str())) {
  Run("BEGIN");
  Run(absl::StrCat("SELECT FROM (SELECT partition FROM fenfen.heads ",
                   partition.has_value() ? absl::StrCat("WHERE partition = ", partition->value()) : "ORDER BY partition",
                   " FOR UPDATE) AS held"));
}

JournalHeld::~JournalHeld() { PQfinish(session_); }

void JournalHeld::Run(const std::string& sql) {
  PGresult* result = PQexec(session_, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << sql << ": " << PQresultErrorMessage(result);
  PQclear(result);
}

int LastingPort() {
  std::random_device random;
  while (true) {
    const int port = 20'000 + static_cast<int>(random() % 12'000);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (free) return port;
  }
}

std::string MetricsOf(const TestServer& server) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(server.metrics_address().substr(server.metrics_address().rfind(':') + 1), &port));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  constexpr absl::string_view kRequest = "GET /metrics HTTP/1.0\r\n\r\n";
  std::string answer;
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(write(fd, kRequest.data(), kRequest.size()), static_cast<ssize_t>(kRequest.size()));
  char buffer[4096];
  for (ssize_t n = read(fd, buffer, sizeof buffer); n > 0; n = read(fd, buffer, sizeof buffer))
    answer.append(buffer, static_cast<size_t>(n));
  close(fd);
  return answer;
}

double MetricOf(const TestServer& server, const std::string& name) {
  const std::string metrics = MetricsOf(server);
  const size_t at = metrics.find("\n" + name + " ");
  double value = 0;
  const bool known = at != std::string::npos &&
                     absl::SimpleAtod(metrics.substr(at + name.size() + 2, metrics.find('\n', at + 1) - at - name.size() - 2), &value);
  EXPECT_TRUE(known) << name << " in:\n" << metrics;
  return value;
}

void SharedDeployment::StartBoth() {
  ASSERT_TRUE(a_.Start()) << a_.Log();
  a_.ImportDistrict();
  ASSERT_TRUE(b_.Start()) << b_.Log();
}

}  // namespace fenfen::server
