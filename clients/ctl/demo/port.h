// Ports of this machine: which are free, and whether somebody listens.
//
// Not thread-safe, but for the functions.
#ifndef FENFEN_CLIENTS_CTL_DEMO_PORT_H_
#define FENFEN_CLIENTS_CTL_DEMO_PORT_H_

#include <string>
#include <vector>

namespace fenfen::ctl {

// Chooses ports that are free. Those without a wish come from below the range that the system gives to outgoing connections, and each is
// kept occupied until the picker goes, so that no two get the same.
class PortPicker {
 public:
  PortPicker() = default;
  ~PortPicker();
  PortPicker(const PortPicker&) = delete;
  PortPicker& operator=(const PortPicker&) = delete;

  // HOST:PORT with the wanted port, or with another where that is 0 or taken; `taken` says that it was taken.
  std::string Pick(const std::string& wanted, bool* taken);
  // A free one of 127.0.0.1.
  std::string Pick();

 private:
  std::vector<int> held_;  // listening sockets
};

// The digits behind the last colon of HOST:PORT.
std::string PortOf(const std::string& address);

// Whether a connection to 127.0.0.1:PORT is taken.
bool Accepts(const std::string& address);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_PORT_H_
