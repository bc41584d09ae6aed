#include "clients/ctl/bench/echo_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cpp/key_file.h"
#include "clients/ctl/bench/children.h"
#include "fenfen/v1/drop.grpc.pb.h"

namespace fenfen::bench {
namespace {

class EchoService final : public v1::DropService::CallbackService {
 public:
  explicit EchoService(v1::RecordDropResponse reply) : reply_(std::move(reply)) {}
  grpc::ServerUnaryReactor* RecordDrop(grpc::CallbackServerContext* context, const v1::RecordDropRequest*,
                                       v1::RecordDropResponse* response) override {
    *response = reply_;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const v1::RecordDropResponse reply_;
};

}  // namespace

absl::Status ServeEcho(const std::string& reply_file, const std::string& ready_file) {
  const absl::StatusOr<std::string> bytes = client::ReadKeyFile(reply_file, /*secret=*/false);
  if (!bytes.ok()) return bytes.status();
  v1::RecordDropResponse reply;
  if (!reply.ParseFromString(*bytes)) return absl::InvalidArgumentError(absl::StrCat(reply_file, ": not a RecordDropResponse"));
  EchoService service(std::move(reply));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return absl::UnavailableError("cannot listen");
  if (absl::Status status = WriteReadyFile(ready_file, "grpc", absl::StrCat("127.0.0.1:", port)); !status.ok()) return status;
  server->Wait();
  return absl::OkStatus();
}

}  // namespace fenfen::bench
