// A real fenfend for tests: a child process on a free port of 127.0.0.1, with its own keys, configuration and data in a temporary folder
// that is removed at the end. Nothing is shared between two of them.
//
//   TestServer server;
//   server.Start();
//   server.ImportDistrict();
//   auto reply = server.Call(&v1::HouseholdService::Stub::GetBalance, request, server.Token("households/1001/members/1", "RESIDENT"));
//
// The small district (ImportDistrict) has two towns, each with one of everything, so that "own" and "other" exist for every role:
//
//   regions/t  ⊃ regions/a ⊃ regions/a-1     stations/s-a  devices/d-a  merchants/m-a  offers/o-a  staff/{staff,attendant,auditor}-a
//              ⊃ regions/b ⊃ regions/b-1     stations/s-b  devices/d-b  merchants/m-b  offers/o-b  staff/{staff,attendant,auditor}-b
//   households 1001 and 1002 in a-1, 2001 in b-1, two members each; devices/d-gone is revoked.
//
// Food earns 2 reward points a kilogram and 1 civic point a drop, two drops a day; an offer costs 1 point.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "clients/cpp/error.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/request_id.h"
#include "clients/cpp/token.h"
#include "fenfen/v1/station.pb.h"

namespace fenfen::server {

inline constexpr char kResident[] = "households/1001/members/1";
inline constexpr char kNeighbour[] = "households/1002/members/1";
inline constexpr char kMerchantOperator[] = "merchants/m-a/operators/o-1";
inline constexpr char kOtherMerchantOperator[] = "merchants/m-b/operators/o-1";
inline constexpr char kOperator[] = "operators/test";

template <typename Reply>
struct TestReply {
  grpc::Status status;
  Reply reply;
  bool replayed = false;
  client::Error error() const { return client::ParseError(status); }
};

class TestServer {
 public:
  // Makes the folder, the keys and the configuration. Ends the test program where it cannot.
  TestServer();
  // The same with `stores` as the lines of the configuration for them.
  explicit TestServer(const std::string& stores);
  // Another server of the same deployment: the same keys, so that a token for one is good for both; a folder of its own.
  TestServer(const TestServer& sibling, const std::string& stores);
  // Kills the server if it runs and removes the folder.
  ~TestServer();

  // Appends to the configuration; before Start. `text` goes to its end, so it may open a table.
  void AddConfig(const std::string& text);
  // Puts keys of the top level before everything; before Start.
  void SetTop(const std::string& text);
  // Starts and waits until it serves; false where it ended instead, with its exit code in `exit_code`.
  bool Start();
  // Kills without warning; the data stays.
  void Kill();
  // Asks it to stop and gives its exit code.
  int Stop();
  int exit_code() const { return exit_code_; }
  pid_t pid() const { return pid_; }

  const std::string& folder() const { return folder_; }
  std::string data_dir() const { return folder_ + "/data"; }
  // What the server logged so far.
  std::string Log() const;
  std::string AuditLog() const;
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& address() const { return address_; }
  const std::string& metrics_address() const { return metrics_address_; }

  // A token of the issuer that may issue the role; for DEVICE, signed with the device's own key.
  std::string Token(const std::string& subject, const std::string& role, absl::Duration ttl = absl::Hours(1)) const;
  // A device's key pair; made when first asked for.
  const client::Ed25519Key& DeviceKey(const std::string& device) const;
  const client::Ed25519Key& BridgeKey() const { return bridge_key_; }
  std::string NewRequestId() const { return ids_.Next(); }

  // Calls a unary method. An empty token sends none.
  template <typename Stub, typename Request, typename Reply>
  TestReply<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*), const Request& request,
                        const std::string& token) const {
    Stub stub(channel_);
    TestReply<Reply> result;
    grpc::ClientContext context;
    Prepare(&context, token);
    result.status = (stub.*method)(&context, request, &result.reply);
    result.replayed = context.GetServerTrailingMetadata().count("fenfen-replayed") > 0;
    return result;
  }
  static void Prepare(grpc::ClientContext* context, const std::string& token);

  // Fills the ledger with the small district. Ends the test program where it cannot.
  void ImportDistrict();
  // The digests of all partitions that hold anything, as text: two are equal where nothing changed in between.
  std::string Digests() const;
  // The code that a station shows now.
  std::string StationCode(const std::string& station) const;
  // A batch signed with the device's key.
  v1::UploadDropsRequest SignedBatch(const v1::DeviceBatch& batch, const std::string& key_of) const;

 private:
  TestServer(client::Ed25519Key bridge_key, client::Ed25519Key operator_key, const std::string& stores);
  void WaitUntilReady();
  void Reap();

  std::string folder_;
  std::string config_;
  std::string address_, metrics_address_;
  pid_t pid_ = -1;
  int exit_code_ = -1;
  client::Ed25519Key bridge_key_, operator_key_;
  mutable std::map<std::string, client::Ed25519Key> device_keys_;
  client::RequestIds ids_ = client::RequestIds::FromSystem();
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace fenfen::server
