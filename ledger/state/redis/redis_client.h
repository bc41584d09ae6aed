// RedisClient: commands to one Redis, pipelined over one connection that one thread of the client's looks after. Start here to see how
// Redis is spoken to.
//
//   Send → outgoing bytes → (I/O thread) socket … reply → done, in the order sent        a lost connection → back-off → the next session
//
// Each connection is a session with a number of its own, and a command is for the session that it names: what was found out in one session
// (which data this Redis has) does not hold in the next. A session begins when the server has let us in, is a master of version 7.0 or
// newer and has read its files. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/state/redis/redis_link.h"
#include "ledger/state/redis/redis_options.h"
#include "ledger/state/redis/redis_reply.h"

namespace fenfen {

class RedisClient {
 public:
  // 0: no session.
  using SessionId = uint64_t;
  // Runs exactly once, on the client's thread: with the reply, which is no error reply, or a RedisError. It must be short and must not
  // Call.
  using Done = absl::AnyInvocable<void(absl::StatusOr<RedisReply>) &&>;
  // Runs on the client's thread after a session has begun, and after one has ended and all its commands are answered (with 0).
  using OnSession = std::function<void(SessionId)>;

  RedisClient(RedisOptions options, OnSession on_session);
  // Ends the session; what is in flight gets kUnknownOutcome.
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // Queues the command; never blocks. OK where `done` will run; else nothing was done and it will not: kUnreachable where the session has
  // ended (with why), kTooManyInFlight.
  absl::Status Send(SessionId session, const RedisCommand& command, Done done);
  // The same for a command whose slot is on its way to this node of a cluster: ASKING goes before it, and nothing between.
  absl::Status SendAsking(SessionId session, const RedisCommand& command, Done done);
  // Send, and waits for the reply.
  absl::StatusOr<RedisReply> Call(SessionId session, const RedisCommand& command);

  // The present session; 0 for none.
  SessionId session() const;
  // OK in a session; else why there is none.
  absl::Status status() const;
  // Ends the session, for good: what is in flight is answered as by the destructor, nothing is sent any more.
  void Stop();
  // Ends a session that turned out to be of no use (the server has become a replica) and finds a new one.
  void Leave(SessionId session, const absl::Status& why);

 private:
  struct Pending {
    Done done;
    size_t bytes;
    uint64_t begins_at;  // in the session's stream of bytes
    SteadyTime deadline;
  };

  absl::Status Queue(SessionId session, absl::string_view bytes, size_t commands, Done done);
  void Run();
  // One session: from connecting to its end, which it returns.
  absl::Status Converse();
  absl::StatusOr<RedisEndpoint> FindMaster(SteadyTime deadline);
  absl::Status SignIn(RedisLink& link, SteadyTime deadline);
  absl::Status Serve(RedisLink& link);
  void Begin();
  void TakeReply(RedisReply reply);
  void End(const absl::Status& why);
  void BackOff(bool served);
  void Wake() const;

  const RedisOptions options_;
  const OnSession on_session_;
  const int wake_fd_;
  std::atomic<bool> stopping_{false};

  mutable absl::Mutex mutex_;
  SessionId session_ ABSL_GUARDED_BY(mutex_) = 0;
  SessionId last_session_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  absl::Status leave_ ABSL_GUARDED_BY(mutex_);         // not OK: the session is to end
  std::string outgoing_ ABSL_GUARDED_BY(mutex_);       // handed over, not yet taken by the thread
  uint64_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of the session's stream
  std::deque<Pending> pending_ ABSL_GUARDED_BY(mutex_);
  size_t pending_bytes_ ABSL_GUARDED_BY(mutex_) = 0;

  // The thread's own.
  uint64_t written_bytes_ = 0;  // of the session's stream
  absl::Duration backoff_;
  size_t next_sentinel_ = 0;
  absl::BitGen random_;
  std::thread thread_;
};

}  // namespace fenfen
