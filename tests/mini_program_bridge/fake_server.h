// A gRPC server that answers a few of the services with fixed data, so that the bridge can be tested without fenfend. It judges no
// token: it remembers what it was sent, and refuses what a test asks it to.
#ifndef FENFEN_TESTS_MINI_PROGRAM_BRIDGE_FAKE_SERVER_H_
#define FENFEN_TESTS_MINI_PROGRAM_BRIDGE_FAKE_SERVER_H_

#include <grpcpp/server.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/correction.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/game.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/identity.grpc.pb.h"
#include "fenfen/v1/membership.grpc.pb.h"
#include "fenfen/v1/settlement.grpc.pb.h"
#include "fenfen/v1/transfer.grpc.pb.h"

namespace fenfen::bridge {

class FakeServer {
 public:
  // Serves on a free port of 127.0.0.1, or on `port`.
  explicit FakeServer(int port = 0);
  ~FakeServer();

  // Ends without letting calls finish; what it has seen stays. Start brings it back to its port.
  void Kill();
  void Start();
  // What its health service says.
  void SetServing(bool serving);

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // What the last call carried.
  std::string authorization();
  std::string request_id();
  v1::RecordDropRequest drop();
  // Every RecordDrop's request by its id, serialised; and how many came in all.
  std::map<std::string, std::string> drops();
  int drops_seen();
  // Calls of ListOffers so far.
  int offers_listed();
  // The WeChat subject that ResolveSubject knows: a resident of household 1, and an operator of merchant m1.
  void Know(const std::string& subject);
  // The last JoinHousehold's request; the invitation "USED" is refused.
  v1::JoinHouseholdRequest join();

 private:
  class Identity;
  class Members;
  class Drops;
  class Households;
  class Catalogue;
  class Corrections;
  class Games;
  class Settlements;
  class Transfers;
  struct Seen {
    std::mutex mutex;
    std::string authorization, request_id, subject;  // guarded by mutex, as is all below
    v1::JoinHouseholdRequest join;
    v1::RecordDropRequest drop;
    std::map<std::string, std::string> drops;
    int drops_seen = 0;
    int offers_listed = 0;
  };

  Seen seen_;
  std::unique_ptr<Identity> identity_;
  std::unique_ptr<Members> members_;
  std::unique_ptr<Drops> drops_;
  std::unique_ptr<Households> households_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<Corrections> corrections_;
  std::unique_ptr<Games> games_;
  std::unique_ptr<Settlements> settlements_;
  std::unique_ptr<Transfers> transfers_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_TESTS_MINI_PROGRAM_BRIDGE_FAKE_SERVER_H_
