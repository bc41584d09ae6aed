// A real redis-server for tests: a child process in a temporary folder of its own, on a free port of 127.0.0.1 and a unix socket. Ended,
// and its folder removed, when the object is.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ledger/state/redis/redis_options.h"
#include "ledger/state/redis/redis_reply.h"

namespace fenfen {

class RedisServer {
 public:
  // `settings` are lines of redis.conf; a node of a cluster has a free port for that, too. Fails the test where redis-server is not there
  // or does not start.
  explicit RedisServer(std::vector<std::string> settings = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // How to reach it, with time-outs that suit a test.
  RedisOptions OverUnixSocket() const;
  RedisOptions OverTcp() const;
  uint16_t port() const { return port_; }
  uint16_t cluster_port() const { return cluster_port_; }
  const std::string& folder() const { return folder_; }

  // kill -9, and the same again over the same folder.
  void Kill();
  void Start();
  void Restart() {
    Kill();
    Start();
  }
  void Pause();
  void Resume();

  // One command over a connection of its own, as an operator would type it; its reply as text, arrays with a space between items.
  std::string Type(const RedisCommand& command) const;

 private:
  bool Answers() const;
  // Begins a process; false where it ends at once or does not answer.
  bool Try();
  const std::string folder_;
  uint16_t port_;
  uint16_t cluster_port_;
  const std::vector<std::string> settings_;
  pid_t pid_ = 0;
};

// A TCP port that was free a moment ago.
uint16_t FreePort();

// A CA and a certificate for 127.0.0.1 signed by it, made with the openssl program in `folder`: ca.crt, server.crt, server.key.
void MakeCertificates(const std::string& folder);

}  // namespace fenfen
