// TestNetwork: the network between the machines of a test, which can be cut between any two of them, in one direction or both, while the
// connections stay open: bytes that the cut holds up go on when it is healed, as TCP would repeat them. It carries connections from an
// address of its own to the real one, on loopback, so it needs no rights over the kernel's network.
//
//   TestNetwork network;
//   network.Carry("a", "db", {"127.0.0.1", 0}, "unix:/tmp/x/.s.PGSQL.5432");   // a is configured to find db there
//   network.Cut("a", "db");       // db hears nothing of a any more, and does not notice
//   network.CutBoth("a", "db");
//   network.LoseSilent("db");     // as db's keep-alive does after a while
//   network.Heal();
//
// One thing differs from a cut cable: a new connection over a cut is accepted at once, and then silent.
//
// Thread-safe. Each call returns when what it says is so; up to 16 KiB that were being passed on may still arrive after a cut.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace fenfen {

class TestNetwork {
 public:
  struct Address {
    std::string ip;
    uint16_t port = 0;  // 0: a free one
  };

  TestNetwork();
  // Ends all connections.
  ~TestNetwork();
  TestNetwork(const TestNetwork&) = delete;
  TestNetwork& operator=(const TestNetwork&) = delete;

  // Whatever connects to `at` is carried to `target`, "IP:PORT" or "unix:PATH", which is on the machine `to`. It comes from the machine
  // `from`, or, where that is empty, from the machine that is called by the address that it has bound itself to. Returns the port. Ends
  // the test program where `at` is taken.
  uint16_t Carry(const std::string& from, const std::string& to, const Address& at, const std::string& target);

  // From now on nothing that `from` sends reaches `to`.
  void Cut(const std::string& from, const std::string& to);
  void CutBoth(const std::string& one, const std::string& other) {
    Cut(one, other);
    Cut(other, one);
  }
  // Ends, at the machine's end alone, the connections to it whose other end it does not hear, as its kernel does where nothing comes for
  // long.
  void LoseSilent(const std::string& machine);
  // All cuts are undone.
  void Heal();

 private:
  class Carrier;
  const std::unique_ptr<Carrier> carrier_;
};

}  // namespace fenfen
