// DropLoad: people who record drops through several servers at once, by the C++ client that balances over them, and write down themselves
// what they sent and what was acknowledged; and the judgement, from these records against the journal in PostgreSQL.
//
//   DropLoad load(server, {a.address(), b.address()});
//   load.Await(100);      // as many more acknowledged
//   load.Stop();
//   load.ExpectIn(postgres, database);
//
// People may be of several groups, each of which knows some of the servers, so that a server may be somebody's only one.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "clients/cpp/client.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "tests/ledger/journal/postgres/postgres_server.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {

class DropLoad {
 public:
  using Targets = std::vector<std::string>;
  static constexpr size_t kPeopleMin = 4;
  static constexpr int kHouseholds = 24;

  // Imports its households through `server`, which has the small district, and begins: four people, or two of each group.
  DropLoad(const TestServer& server, Targets targets);
  DropLoad(const TestServer& server, std::vector<Targets> groups);
  ~DropLoad() { Stop(); }

  // Waits until that many more were acknowledged, of the group where one is named; ends the test where that takes a minute.
  void Await(uint64_t more);
  void AwaitOf(size_t group, uint64_t more);
  uint64_t acknowledged() const;
  // Ends the load, and repeats what had no outcome until each has one.
  void Stop();

  // After Stop: every acknowledged drop is in the journal exactly once, under the number that its reply named; nothing is there that nobody
  // sent; the journal holds together.
  void ExpectIn(PostgresServer& postgres, const std::string& database) const;

 private:
  struct Acknowledged {
    std::string entry;  // its name
    int64_t reward = 0;
  };
  struct Group {
    std::unique_ptr<client::Client> client;
    std::atomic<uint64_t> count = 0;  // acknowledged
  };
  void Run(Group& group, int person);
  bool Record(Group& group, const v1::RecordDropRequest& request);
  void AwaitUntil(const std::function<bool()>& reached) const;

  const TestServer& server_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> refused_ = false;  // for good, which nothing here deserves
  mutable absl::Mutex mutex_;
  std::set<std::string> sent_ ABSL_GUARDED_BY(mutex_);  // request ids
  std::map<std::string, Acknowledged> acknowledged_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::RecordDropRequest> open_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace fenfen::server
