#include "ledger/state/redis/redis_client.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>
#include <vector>

#include "absl/random/uniform_int_distribution.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "ledger/core/check.h"
#include "ledger/state/redis/redis_fault.h"

namespace fenfen {
namespace {

constexpr int kMajorVersionMin = 7;

SteadyTime After(absl::Duration duration) { return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(duration); }

absl::Status NotAServer(absl::string_view detail) { return RedisError(RedisFault::kUnreachable, detail); }

// The value of a line "name:value" of INFO; empty where there is none.
absl::string_view InfoField(absl::string_view info, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(info, "\r\n")) {
    if (absl::ConsumePrefix(&line, name) && absl::ConsumePrefix(&line, ":")) return line;
  }
  return {};
}

}  // namespace

RedisClient::RedisClient(RedisOptions options, OnSession on_session)
    : options_(std::move(options)),
      on_session_(std::move(on_session)),
      wake_fd_(eventfd(0, EFD_CLOEXEC)),
      status_(RedisError(RedisFault::kUnreachable, "not connected yet")),
      backoff_(options_.backoff_min) {
  FENFEN_CHECK(wake_fd_ >= 0);
  thread_ = std::thread([this] { Run(); });
}

RedisClient::~RedisClient() {
  Stop();
  close(wake_fd_);
}

void RedisClient::Stop() {
  stopping_.store(true);
  Wake();
  if (thread_.joinable()) thread_.join();
}

void RedisClient::Wake() const {
  const uint64_t one = 1;
  FENFEN_CHECK(write(wake_fd_, &one, sizeof one) == sizeof one);
}

absl::Status RedisClient::Send(SessionId session, const RedisCommand& command, Done done) {
  std::string bytes;
  AppendCommand(command, bytes);
  return Queue(session, bytes, 1, std::move(done));
}

absl::Status RedisClient::SendAsking(SessionId session, const RedisCommand& command, Done done) {
  std::string bytes;
  AppendCommand({"ASKING"}, bytes);
  AppendCommand(command, bytes);
  return Queue(session, bytes, 2, std::move(done));
}

// `done` is for the last of the commands; what the others are answered says the last, too.
absl::Status RedisClient::Queue(SessionId session, absl::string_view bytes, size_t commands, Done done) {
  bool wake = false;
  {
    absl::MutexLock lock(&mutex_);
    if (session == 0 || session != session_) {
      return session_ == 0 ? status_ : RedisError(RedisFault::kUnreachable, "the connection has been lost since");
    }
    if (!pending_.empty() && (pending_.size() >= options_.in_flight_max || pending_bytes_ + bytes.size() > options_.in_flight_bytes_max)) {
      return RedisError(RedisFault::kTooManyInFlight, absl::StrCat(pending_.size(), " commands, ", pending_bytes_, " bytes"));
    }
    const SteadyTime deadline = After(options_.command_timeout);
    for (size_t i = 1; i < commands; ++i) pending_.push_back({[](absl::StatusOr<RedisReply>) {}, 0, queued_bytes_, deadline});
    pending_.push_back({std::move(done), bytes.size(), queued_bytes_, deadline});
    pending_bytes_ += bytes.size();
    queued_bytes_ += bytes.size();
    wake = outgoing_.empty();
    outgoing_.append(bytes.data(), bytes.size());
  }
  // The thread takes everything at once, so one wake-up is enough.
  if (wake) Wake();
  return absl::OkStatus();
}

absl::StatusOr<RedisReply> RedisClient::Call(SessionId session, const RedisCommand& command) {
  absl::StatusOr<RedisReply> result = absl::UnknownError("");
  absl::Notification finished;
  const absl::Status sent = Send(session, command, [&](absl::StatusOr<RedisReply> reply) {
    result = std::move(reply);
    finished.Notify();
  });
  if (!sent.ok()) return sent;
  finished.WaitForNotification();
  return result;
}

RedisClient::SessionId RedisClient::session() const {
  absl::MutexLock lock(&mutex_);
  return session_;
}

absl::Status RedisClient::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

void RedisClient::Leave(SessionId session, const absl::Status& why) {
  {
    absl::MutexLock lock(&mutex_);
    if (session == 0 || session != session_) return;
    leave_ = why;
  }
  Wake();
}

// Writing to a TLS connection that the other side has closed raises SIGPIPE, which would end the program.
void RedisClient::Run() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (!stopping_.load()) {
    const absl::Status why = Converse();
    const bool served = session() != 0;
    End(why);
    if (!stopping_.load()) BackOff(served);
  }
}

absl::Status RedisClient::Converse() {
  const SteadyTime deadline = After(options_.connect_timeout);
  const absl::StatusOr<RedisEndpoint> master = FindMaster(deadline);
  if (!master.ok()) return master.status();
  RedisLink link(options_, wake_fd_);
  if (absl::Status status = link.Connect(*master, deadline); !status.ok()) return status;
  if (absl::Status status = SignIn(link, deadline); !status.ok()) return status;
  Begin();
  return Serve(link);
}

absl::StatusOr<RedisEndpoint> RedisClient::FindMaster(SteadyTime deadline) {
  if (options_.sentinels.empty()) return options_.endpoint;
  // One sentinel an attempt: the next attempt asks the next.
  const RedisEndpoint& sentinel = options_.sentinels[next_sentinel_++ % options_.sentinels.size()];
  RedisLink link(options_, wake_fd_);
  if (absl::Status status = link.Connect(sentinel, deadline); !status.ok()) return status;
  if (!options_.sentinel_password.empty()) {
    RedisCommand auth{"AUTH"};
    if (!options_.sentinel_user.empty()) auth.push_back(options_.sentinel_user);
    auth.push_back(options_.sentinel_password);
    if (const auto let_in = link.Ask(auth, deadline); !let_in.ok()) return let_in.status();
  }
  const absl::StatusOr<RedisReply> reply = link.Ask({"SENTINEL", "get-master-addr-by-name", options_.master_name}, deadline);
  if (!reply.ok()) return reply.status();
  const int64_t port = (*reply)[1].integer();
  if (reply->value().size() != 2 || port <= 0 || port > 65535) {
    return NotAServer(absl::StrCat("sentinel ", FormatEndpoint(sentinel), " knows no master named ", options_.master_name));
  }
  return RedisEndpoint{std::string((*reply)[0].text()), static_cast<uint16_t>(port), {}};
}

absl::Status RedisClient::SignIn(RedisLink& link, SteadyTime deadline) {
  if (!options_.password.empty()) {
    RedisCommand auth{"AUTH"};
    if (!options_.user.empty()) auth.push_back(options_.user);
    auth.push_back(options_.password);
    if (const auto reply = link.Ask(auth, deadline); !reply.ok()) return reply.status();
  }
  const absl::StatusOr<RedisReply> info = link.Ask({"INFO", "server"}, deadline);
  if (!info.ok()) return info.status();
  const absl::string_view version = InfoField(info->value().text(), "redis_version");
  int major = 0;
  if (!absl::SimpleAtoi(version.substr(0, version.find('.')), &major)) return NotAServer("what answers is not a Redis");
  if (major < kMajorVersionMin) return RedisError(RedisFault::kWrongVersion, absl::StrCat("it is ", version));
  const absl::StatusOr<RedisReply> role = link.Ask({"ROLE"}, deadline);
  if (!role.ok()) return role.status();
  // A sentinel may still name the old master, and that one may be a replica by now.
  if ((*role)[0].text() != "master") return RedisError(RedisFault::kReadOnly, absl::StrCat("its role is ", (*role)[0].text()));
  // Refused while Redis reads its files.
  const absl::StatusOr<RedisReply> ready = link.Ask({"PING"}, deadline);
  return ready.ok() ? absl::OkStatus() : ready.status();
}

void RedisClient::Begin() {
  SessionId session;
  {
    absl::MutexLock lock(&mutex_);
    session = session_ = ++last_session_;
    status_ = absl::OkStatus();
    leave_ = absl::OkStatus();
    queued_bytes_ = 0;
  }
  written_bytes_ = 0;
  on_session_(session);
}

absl::Status RedisClient::Serve(RedisLink& link) {
  std::string writing;
  size_t sent = 0;
  while (!stopping_.load()) {
    SteadyTime deadline = After(absl::Seconds(60));
    {
      absl::MutexLock lock(&mutex_);
      if (!leave_.ok()) return leave_;
      if (sent == writing.size()) {
        writing.clear();
        sent = 0;
        writing.swap(outgoing_);
      }
      if (!pending_.empty()) deadline = pending_.front().deadline;
    }
    if (std::chrono::steady_clock::now() >= deadline) return RedisError(RedisFault::kUnreachable, "no reply in time");
    const size_t before = sent;
    absl::Status status = link.Write(writing, sent);
    written_bytes_ += sent - before;
    if (status.ok()) status = link.Read([this](RedisReply reply) { TakeReply(std::move(reply)); });
    if (!status.ok()) return status;
    bool idle = sent == writing.size();
    if (idle) {
      // What a reply's callback has sent meanwhile goes out at once.
      absl::MutexLock lock(&mutex_);
      idle = outgoing_.empty();
    }
    if (idle || sent < writing.size()) link.Wait(deadline);
  }
  return RedisError(RedisFault::kUnreachable, "shutting down");
}

void RedisClient::TakeReply(RedisReply reply) {
  Done done;
  {
    absl::MutexLock lock(&mutex_);
    if (pending_.empty()) return;  // an answer to nothing asked: a push that we never subscribed to
    done = std::move(pending_.front().done);
    pending_bytes_ -= pending_.front().bytes;
    pending_.pop_front();
  }
  if (reply.value().is_error()) return std::move(done)(RedisError(FaultOfReply(reply.value().text()), reply.value().text()));
  std::move(done)(std::move(reply));
}

void RedisClient::End(const absl::Status& why) {
  std::deque<Pending> pending;
  bool had_session = false;
  {
    absl::MutexLock lock(&mutex_);
    had_session = session_ != 0;
    session_ = 0;
    status_ = why;
    pending.swap(pending_);
    pending_bytes_ = 0;
    outgoing_.clear();
  }
  for (Pending& one : pending) {
    const bool begun = one.begins_at < written_bytes_;
    std::move(one.done)(RedisError(begun ? RedisFault::kUnknownOutcome : RedisFault::kUnreachable, why.message()));
  }
  if (had_session) on_session_(0);
}

void RedisClient::BackOff(bool served) {
  if (served) backoff_ = options_.backoff_min;
  const int64_t nanos = absl::ToInt64Nanoseconds(backoff_);
  const SteadyTime until = After(absl::Nanoseconds(absl::Uniform<int64_t>(absl::IntervalClosed, random_, nanos / 2, nanos)));
  backoff_ = std::min(2 * backoff_, options_.backoff_max);
  RedisLink nothing(options_, wake_fd_);
  while (!stopping_.load() && std::chrono::steady_clock::now() < until) nothing.Wait(until);
}

}  // namespace fenfen
