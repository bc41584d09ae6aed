#include "mini_program_bridge/backend.h"

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/unknown_field_set.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "clients/cpp/key_file.h"
#include "mini_program_bridge/envelope.h"

namespace fenfen::bridge {
namespace {

// The largest reply: a page of a thousand stations is about 200 KiB.
constexpr int kReplyBytesMax = 4 << 20;

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// Everything that must live as long as a call.
struct Pending {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer reply;
};

std::shared_ptr<Pending> NewCall(const std::string& request, absl::Duration deadline) {
  auto call = std::make_shared<Pending>();
  call->context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline));
  const grpc::Slice slice(request);
  call->request = grpc::ByteBuffer(&slice, 1);
  return call;
}

}  // namespace

class Backend::Impl {
 public:
  Impl(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline) : deadline(deadline), stub_(std::move(channel)) {}

  // Calls still under way are cancelled, and their answers waited for: they reach into what the caller is about to destroy.
  ~Impl() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (Pending* call : pending_) call->context.TryCancel();
    none_left_.wait(lock, [this] { return pending_.empty(); });
  }

  void Start(const std::string& rpc, std::shared_ptr<Pending> call, std::function<void(const Pending&, const grpc::Status&)> done) {
    Pending* pending = call.get();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      pending_.insert(pending);
    }
    stub_.UnaryCall(&pending->context, rpc, grpc::StubOptions(), &pending->request, &pending->reply,
                    [this, call = std::move(call), done = std::move(done)](const grpc::Status& status) {
                      done(*call, status);
                      // The lock is held while telling, since the one who waits destroys both.
                      std::lock_guard<std::mutex> lock(mutex_);
                      pending_.erase(call.get());
                      none_left_.notify_all();
                    });
  }

  const absl::Duration deadline;

 private:
  grpc::GenericStub stub_;
  std::mutex mutex_;
  std::condition_variable none_left_;
  std::unordered_set<Pending*> pending_;  // guarded by mutex_
};

Backend::Backend(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Backend::~Backend() = default;

absl::StatusOr<std::unique_ptr<Backend>> Backend::Create(const Options& options) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!options.server_ca.empty()) {
    absl::StatusOr<std::string> ca = client::ReadKeyFile(options.server_ca, /*secret=*/false);
    if (!ca.ok()) return absl::InvalidArgumentError("server_ca: " + std::string(ca.status().message()));
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = *ca;
    credentials = grpc::SslCredentials(ssl);
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReplyBytesMax);
  // The way to the server is ours to say, not that of a proxy in the environment or of records in DNS.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // A server that restarts is found again within two seconds. Pings find a connection that died silently; more often than this, a server
  // with gRPC's defaults would take them for abuse.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  auto channel = grpc::CreateCustomChannel(options.target, credentials, arguments);
  return std::unique_ptr<Backend>(new Backend(std::make_unique<Impl>(std::move(channel), options.deadline)));
}

void Backend::Call(const std::string& rpc, const std::string& request, const std::string& authorization, const std::string& request_id,
                   std::function<void(BackendReply)> done) {
  std::shared_ptr<Pending> call = NewCall(request, impl_->deadline);
  if (!authorization.empty()) call->context.AddMetadata("authorization", authorization);
  call->context.AddMetadata("x-request-id", request_id);
  impl_->Start(rpc, std::move(call), [done = std::move(done)](const Pending& call, const grpc::Status& status) {
    BackendReply reply;
    if (status.ok()) {
      reply.bytes = BytesOf(call.reply);
      const auto& leading = call.context.GetServerInitialMetadata();
      const auto& trailing = call.context.GetServerTrailingMetadata();
      reply.replayed = leading.count("fenfen-replayed") + trailing.count("fenfen-replayed") > 0;
    } else {
      const bool from_server = !status.error_details().empty();
      reply.refusal = RefusalOf(client::ParseError(status), from_server);
      if (!from_server) reply.trouble = std::to_string(status.error_code()) + " " + status.error_message();
    }
    done(std::move(reply));
  });
}

void Backend::CheckHealth(std::function<void(bool)> done) {
  impl_->Start("/grpc.health.v1.Health/Check", NewCall("", absl::Seconds(2)),
               [done = std::move(done)](const Pending& call, const grpc::Status& status) {
                 // HealthCheckResponse has one field, `status = 1`, and SERVING is 1; that is all we need to know of it.
                 google::protobuf::Empty reply;
                 bool serving = false;
                 if (status.ok() && reply.ParseFromString(BytesOf(call.reply))) {
                   const auto& fields = reply.GetReflection()->GetUnknownFields(reply);
                   for (int i = 0; i < fields.field_count(); ++i) {
                     const auto& field = fields.field(i);
                     if (field.number() == 1 && field.type() == google::protobuf::UnknownField::TYPE_VARINT) serving = field.varint() == 1;
                   }
                 }
                 done(serving);
               });
}

}  // namespace fenfen::bridge
