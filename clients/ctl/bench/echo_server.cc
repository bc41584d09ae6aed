#include "clients/ctl/bench/echo_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "clients/cpp/key_file.h"
#include "clients/ctl/bench/bare_core.h"
#include "clients/ctl/bench/children.h"
#include "fenfen/v1/drop.grpc.pb.h"

namespace fenfen::bench {
namespace {

constexpr size_t kSyncFileBytes = 16u << 20;
constexpr size_t kCallBytes = 256;  // about what a drop takes in the journal

// Lets calls wait for a thread that makes some bytes for each of them durable, all that wait together in one group, as any server must
// that answers only for what it cannot lose.
class GroupSync {
 public:
  explicit GroupSync(std::unique_ptr<ZeroedFile> file) : file_(std::move(file)), thread_([this] { Loop(); }) {}
  ~GroupSync() {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    thread_.join();
  }
  void Finish(grpc::ServerUnaryReactor* reactor) {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(reactor);
  }

 private:
  void Loop() {
    std::vector<grpc::ServerUnaryReactor*> group;
    const std::string bytes(kSyncFileBytes / 4, 'x');
    while (true) {
      {
        absl::MutexLock lock(&mutex_);
        mutex_.Await(absl::Condition(this, &GroupSync::MustWake));
        if (waiting_.empty()) return;
        group.swap(waiting_);
      }
      const absl::Status status = file_->WriteDurably(absl::string_view(bytes).substr(0, group.size() * kCallBytes));
      for (grpc::ServerUnaryReactor* reactor : group) {
        reactor->Finish(status.ok() ? grpc::Status::OK : grpc::Status(grpc::StatusCode::INTERNAL, std::string(status.message())));
      }
      group.clear();
    }
  }
  bool MustWake() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !waiting_.empty(); }

  const std::unique_ptr<ZeroedFile> file_;
  absl::Mutex mutex_;
  std::vector<grpc::ServerUnaryReactor*> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class EchoService final : public v1::DropService::CallbackService {
 public:
  // Without `sync` it answers at once.
  EchoService(v1::RecordDropResponse reply, GroupSync* sync) : reply_(std::move(reply)), sync_(sync) {}
  grpc::ServerUnaryReactor* RecordDrop(grpc::CallbackServerContext* context, const v1::RecordDropRequest*,
                                       v1::RecordDropResponse* response) override {
    *response = reply_;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (sync_ != nullptr) {
      sync_->Finish(reactor);
    } else {
      reactor->Finish(grpc::Status::OK);
    }
    return reactor;
  }

 private:
  const v1::RecordDropResponse reply_;
  GroupSync* const sync_;
};

}  // namespace

absl::Status ServeEcho(const std::string& reply_file, const std::string& ready_file, const std::string& sync_file) {
  const absl::StatusOr<std::string> bytes = client::ReadKeyFile(reply_file, /*secret=*/false);
  if (!bytes.ok()) return bytes.status();
  v1::RecordDropResponse reply;
  if (!reply.ParseFromString(*bytes)) return absl::InvalidArgumentError(absl::StrCat(reply_file, ": not a RecordDropResponse"));
  std::unique_ptr<GroupSync> sync;
  if (!sync_file.empty()) {
    absl::StatusOr<std::unique_ptr<ZeroedFile>> file = ZeroedFile::Make(sync_file, kSyncFileBytes);
    if (!file.ok()) return file.status();
    sync = std::make_unique<GroupSync>(*std::move(file));
  }
  EchoService service(std::move(reply), sync.get());
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
