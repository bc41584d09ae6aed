// A server that says what a test wants: an old Redis, or a sentinel. It answers by the command's first word; every other command gets the
// second constructor argument as an array, or PONG.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/check.h"

namespace fenfen {

class FakeServer {
 public:
  explicit FakeServer(std::map<std::string, std::string> answers, std::vector<std::string> array = {})
      : answers_(std::move(answers)), array_(std::move(array)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    FENFEN_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener_, 8) == 0);
    FENFEN_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeServer() {
    stopping_.store(true);
    thread_.join();
    close(listener_);
  }
  uint16_t port() const { return port_; }
  // What it says from now on.
  void Say(std::vector<std::string> array) {
    absl::MutexLock lock(&mutex_);
    array_ = std::move(array);
  }

 private:
  static bool Readable(int fd) {
    pollfd poll_fd{fd, POLLIN, 0};
    return poll(&poll_fd, 1, 20) > 0;
  }
  void Serve() {
    while (!stopping_.load()) {
      if (!Readable(listener_)) continue;
      const int fd = accept(listener_, nullptr, nullptr);
      char buffer[4096];
      while (!stopping_.load()) {
        if (!Readable(fd)) continue;
        const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        const std::string answer = AnswerTo({buffer, static_cast<size_t>(got)});
        if (send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
      }
      close(fd);
    }
  }
  std::string AnswerTo(const std::string& command) const {
    absl::MutexLock lock(&mutex_);
    for (const auto& [word, text] : answers_) {
      if (absl::StrContains(command, word)) return absl::StrCat("$", text.size(), "\r\n", text, "\r\n");
    }
    if (array_.empty()) return "+PONG\r\n";
    std::string answer = absl::StrCat("*", array_.size(), "\r\n");
    for (const std::string& item : array_) absl::StrAppend(&answer, "$", item.size(), "\r\n", item, "\r\n");
    return answer;
  }

  const std::map<std::string, std::string> answers_;
  mutable absl::Mutex mutex_;
  std::vector<std::string> array_ ABSL_GUARDED_BY(mutex_);
  const int listener_;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace fenfen
