// The servers behind one client: a channel each, what is known of their health, and the choice for each attempt (pick.h). With one server
// there is nothing to choose, and it is watched only for a program that asks for it.
//
//   auto servers = Servers::Open({.targets = {"10.0.0.1:7070", "10.0.0.2:7070"}});
//   const size_t server = (*servers)->Choose(AffinityOfRequest(request), tried);
//   … call on (*servers)->channel(server) …
//   (*servers)->Avoid(server);  // the connection broke
//
// A channel of its own for each server, with health watched beside it, in place of gRPC's own policies: they know neither a preference by
// key nor which servers an attempt has been to.
//
// Thread-safe.
#ifndef FENFEN_CLIENTS_CPP_SERVERS_H_
#define FENFEN_CLIENTS_CPP_SERVERS_H_

#include <grpcpp/channel.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/health_watch.h"
#include "clients/cpp/pick.h"

namespace fenfen::client {

struct ServersOptions {
  std::vector<std::string> targets;  // HOST:PORT; see targets.h
  std::string ca_file;               // PEM; TLS if set, plaintext otherwise
  std::string certificate_file;      // PEM, with key_file: the client's own certificate for mutual TLS
  std::string key_file;              // PEM, only its owner can read it
  int message_bytes_max = 4 << 20;   // of a reply
  bool watch = false;                // a single server too is watched, which keeps its channel connecting
};

class Servers {
 public:
  // How long a server that failed an attempt comes after the others, unless it is seen to come back before.
  static constexpr absl::Duration kAvoid = absl::Seconds(2);

  // Opens the channels; they connect when first used, and with several at once. InvalidArgument for targets that are none, naming
  // `targets_field`, and the errors of reading the TLS files.
  static absl::StatusOr<std::unique_ptr<Servers>> Open(const ServersOptions& options, absl::string_view targets_field = "targets");

  size_t size() const { return servers_.size(); }
  const std::shared_ptr<grpc::Channel>& channel(size_t server) const { return servers_[server]->channel; }
  const std::string& target(size_t server) const { return servers_[server]->target; }
  // As the server says itself; always kUnknown where it is not watched.
  Health health(size_t server) const { return servers_[server]->health; }

  // The server for the next attempt of a call that has been to `tried`.
  size_t Choose(AffinityKey key, ServerSet tried);
  // The call has been to all.
  bool AllIn(ServerSet tried) const { return tried == (ServerSet{1} << (size() - 1) << 1) - 1; }
  // An attempt found the server in trouble.
  void Avoid(size_t server);
  // The server takes new work as far as is known.
  bool IsHealthy(size_t server) const;
  // Another one does.
  bool HasOther(size_t server) const;
  // Before another attempt at a server that was gone: lets its channel take note of a connection that has come about in the meantime, 100
  // ms at most. gRPC does so only while a thread waits in it, as the watching one does all the time.
  void Settle(size_t server);
  // One of them is connected and has not said that it does not serve. Asks channels that rest to connect.
  bool IsReachable() const;

 private:
  struct Server {
    std::string target;
    uint64_t hash = 0;
    std::shared_ptr<grpc::Channel> channel;
    std::atomic<Health> health{Health::kUnknown};
    std::atomic<int64_t> avoid_until_micros{0};  // since 1970
  };

  Servers() = default;
  int RankOf(const Server& server, absl::Time now) const;

  std::vector<std::unique_ptr<Server>> servers_;
  std::atomic<uint64_t> turn_{0};
  std::unique_ptr<HealthWatch> watch_;  // null for one that is not watched; last, since it reports into the above
};

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_SERVERS_H_
