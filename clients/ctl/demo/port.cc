#include "clients/ctl/demo/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "clients/cpp/request_id.h"

namespace fenfen::ctl {

PortPicker::~PortPicker() {
  for (const int fd : held_) close(fd);
}

std::string PortPicker::Pick(const std::string& wanted, bool* taken) {
  constexpr int kFirst = 20'000, kCount = 12'000;
  const size_t colon = wanted.rfind(':');
  const std::string host = colon == std::string::npos || colon == 0 ? "127.0.0.1" : wanted.substr(0, colon);
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(wanted.substr(colon + 1), &port)) port = 0;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  *taken = false;
  for (int tries = 0; tries < kCount; ++tries) {
    if (port == 0) port = kFirst + static_cast<int>(client::SystemRandom() % kCount);
    address.sin_port = htons(static_cast<uint16_t>(port));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int reuse = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(fd, 1) == 0) {
      held_.push_back(fd);
      return absl::StrCat(host, ":", port);
    }
    close(fd);
    *taken = *taken || (tries == 0 && colon != std::string::npos && wanted.substr(colon + 1) != "0");
    port = 0;
  }
  return absl::StrCat(host, ":0");
}

std::string PortPicker::Pick() {
  bool taken = false;
  return Pick("127.0.0.1:0", &taken);
}

std::string PortOf(const std::string& address) { return address.substr(address.rfind(':') + 1); }

bool Accepts(const std::string& address) {
  int port = 0;
  if (!absl::SimpleAtoi(PortOf(address), &port)) return false;
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<uint16_t>(port));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool accepted = fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  if (fd >= 0) close(fd);
  return accepted;
}

}  // namespace fenfen::ctl
