// Several servers over one store, in this process: each answers for itself, can be slow, refuse, drain, die and come back to its port, and
// all write to one SharedLedger, which gives a request id one effect and notices when one comes with another body.
#ifndef FENFEN_TESTS_CLIENTS_CPP_SHARED_LEDGER_H_
#define FENFEN_TESTS_CLIENTS_CPP_SHARED_LEDGER_H_

#include <grpcpp/server.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/reason.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"

namespace fenfen::client {

// What the servers share.
struct SharedLedger {
  std::mutex mutex;
  std::map<std::string, std::string> bodies;       // guarded by mutex; by request id, as first seen
  std::map<std::string, std::set<int>> served_by;  // guarded by mutex; the servers that had a household's calls
  int differing = 0;                               // guarded by mutex; request ids that came again with another body
};

// One server.
class LedgerServer : public v1::VoucherService::Service, public v1::HouseholdService::Service {
 public:
  LedgerServer(SharedLedger* ledger, int number) : ledger_(ledger), number_(number) { Start(); }
  ~LedgerServer() override { Kill(); }

  // Comes (back) to its port.
  void Start();
  // Ends without letting calls finish.
  void Kill();
  // Says NOT_SERVING and serves on.
  void SetServing(bool serving);
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status ReserveVoucher(grpc::ServerContext* context, const v1::ReserveVoucherRequest* request,
                              v1::ReserveVoucherResponse* reply) override;
  grpc::Status GetBalance(grpc::ServerContext* context, const v1::GetBalanceRequest* request, v1::GetBalanceResponse* reply) override;

  std::atomic<int> calls{0};
  // Refuses everything with this, asking for 10 s.
  std::atomic<v1::Reason> refuse{v1::REASON_UNSPECIFIED};
  // Answers only once the caller has gone, after the change is made.
  std::atomic<bool> silent{false};
  // Takes a little while for every call, so that there are calls under way at any moment.
  std::atomic<bool> unhurried{false};

 private:
  // Counts the call; what keeps it from being answered.
  grpc::Status Enter(const std::string& household);
  void Linger(grpc::ServerContext* context) const;

  SharedLedger* const ledger_;
  const int number_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace fenfen::client

#endif  // FENFEN_TESTS_CLIENTS_CPP_SHARED_LEDGER_H_
