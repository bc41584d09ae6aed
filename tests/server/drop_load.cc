#include "tests/server/drop_load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "fenfen/v1/household.grpc.pb.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kLong = absl::Seconds(60);

// After a failure nothing is waited for any more, so that the test ends.
absl::Time Deadline() { return absl::Now() + (testing::Test::HasFatalFailure() ? absl::ZeroDuration() : kLong); }

std::string HouseholdNumber(int n) { return absl::StrCat(3001 + n); }

void ImportHouseholds(const TestServer& server) {
  v1::HouseholdService::Stub stub(server.channel());
  grpc::ClientContext context;
  TestServer::Prepare(&context, server.Token(kOperator, "OPERATOR"));
  v1::ImportHouseholdsResponse reply;
  const auto writer = stub.ImportHouseholds(&context, &reply);
  v1::ImportHouseholdsRequest request;
  request.set_request_id(server.NewRequestId());
  for (int n = 0; n < DropLoad::kHouseholds; ++n) {
    v1::HouseholdRow& row = *request.add_rows();
    row.set_number(HouseholdNumber(n));
    row.set_region("a-1");
    row.set_members(1);
  }
  writer->Write(request);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(reply.created(), DropLoad::kHouseholds) << reply.ShortDebugString();
}

}  // namespace

DropLoad::DropLoad(const TestServer& server, Targets targets) : DropLoad(server, std::vector<Targets>{std::move(targets)}) {}

DropLoad::DropLoad(const TestServer& server, std::vector<Targets> groups) : server_(server) {
  ImportHouseholds(server);
  for (Targets& targets : groups) {
    client::ClientOptions options;
    options.targets = std::move(targets);
    options.affinity = false;  // so that all servers write every partition
    options.call_deadline = kLong;
    options.retry.delay_max = absl::Milliseconds(500);  // people who are in a hurry
    options.token = [token = server.Token("staff/attendant-a", "ATTENDANT")](bool) { return token; };
    absl::StatusOr<std::unique_ptr<client::Client>> client = client::Client::Connect(std::move(options));
    EXPECT_TRUE(client.ok()) << client.status();
    groups_.push_back(std::make_unique<Group>());
    groups_.back()->client = *std::move(client);
  }
  const size_t people = std::max(kPeopleMin, 2 * groups_.size());
  for (size_t person = 0; person < people; ++person) {
    threads_.emplace_back([this, person] { Run(*groups_[person % groups_.size()], static_cast<int>(person)); });
  }
}

void DropLoad::Run(Group& group, int person) {
  client::RequestIds ids = client::RequestIds::FromSystem();
  for (int n = person; !stop_ && !refused_; ++n) {
    v1::RecordDropRequest request;
    request.set_household("households/" + HouseholdNumber(n * 7 % kHouseholds));
    request.set_request_id(ids.Next());
    request.set_station("stations/s-a");
    request.set_category(v1::CATEGORY_FOOD);
    request.set_weight_grams(1000 + n % 500);
    {
      absl::MutexLock lock(&mutex_);
      sent_.insert(request.request_id());
    }
    if (Record(group, request)) continue;
    absl::MutexLock lock(&mutex_);
    open_.push_back(request);
  }
}

bool DropLoad::Record(Group& group, const v1::RecordDropRequest& request) {
  const auto reply = group.client->Call(&v1::DropService::Stub::RecordDrop, request);
  if (!reply.ok()) {
    if (!reply.error().retryable && !refused_.exchange(true)) ADD_FAILURE() << reply.error().ToString();
    return false;
  }
  ++group.count;
  absl::MutexLock lock(&mutex_);
  acknowledged_[request.request_id()] = {reply->entry().name(), reply->entry().reward()};
  return true;
}

uint64_t DropLoad::acknowledged() const {
  uint64_t sum = 0;
  for (const auto& group : groups_) sum += group->count;
  return sum;
}

void DropLoad::Await(uint64_t more) {
  AwaitUntil([this, target = acknowledged() + more] { return acknowledged() >= target; });
}

void DropLoad::AwaitOf(size_t group, uint64_t more) {
  const std::atomic<uint64_t>& count = groups_[group]->count;
  AwaitUntil([&count, target = count + more] { return count >= target; });
}

void DropLoad::AwaitUntil(const std::function<bool()>& reached) const {
  const absl::Time deadline = Deadline();
  while (!reached()) {
    ASSERT_FALSE(refused_);
    ASSERT_LT(absl::Now(), deadline) << "the load makes no progress";
    absl::SleepFor(absl::Milliseconds(2));
  }
}

void DropLoad::Stop() {
  if (stop_.exchange(true)) return;
  for (std::thread& thread : threads_) thread.join();
  const absl::Time deadline = Deadline();
  std::vector<v1::RecordDropRequest> open;
  {
    absl::MutexLock lock(&mutex_);
    open = open_;
  }
  for (const v1::RecordDropRequest& request : open) {
    while (!Record(*groups_.back(), request)) {
      ASSERT_FALSE(refused_);
      ASSERT_LT(absl::Now(), deadline) << "no outcome of " << request.request_id();
      absl::SleepFor(absl::Milliseconds(20));
    }
  }
}

void DropLoad::ExpectIn(PostgresServer& postgres, const std::string& database) const {
  absl::MutexLock lock(&mutex_);
  const std::string drops =
      postgres.Run(database, {"SELECT string_agg(request_key || ' ' || sequence, ',') FROM fenfen.entries WHERE kind = 3"});
  std::map<std::string, std::string> journaled;
  for (const absl::string_view drop : absl::StrSplit(drops, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> key_and_seq = absl::StrSplit(drop, ' ');
    EXPECT_TRUE(journaled.insert(key_and_seq).second) << key_and_seq.first << " is there twice";
    EXPECT_EQ(sent_.count(key_and_seq.first), 1u) << key_and_seq.first << " was sent by nobody";
  }
  for (const auto& [id, drop] : acknowledged_) {
    const auto found = journaled.find(id);
    ASSERT_NE(found, journaled.end()) << "acknowledged and lost: " << id << ", " << drop.entry;
    EXPECT_EQ(drop.entry.substr(drop.entry.rfind('/') + 1), found->second) << id;
  }
  EXPECT_EQ(acknowledged_.size(), sent_.size()) << "everything that was sent was acknowledged in the end";
  EXPECT_EQ(
      postgres.Run(database, {"SELECT (SELECT count(*) FROM fenfen.broken_partitions) + (SELECT count(*) FROM fenfen.unbalanced_entries)"
                              " + (SELECT count(*) FROM fenfen.overdrawn_accounts)"}),
      "0");
}

}  // namespace fenfen::server
