#include "tests/server/drop_load.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "fenfen/v1/household.grpc.pb.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kLong = absl::Seconds(60);

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

DropLoad::DropLoad(const TestServer& server, std::vector<std::string> targets) : server_(server) {
  ImportHouseholds(server);
  client::ClientOptions options;
  options.targets = std::move(targets);
  options.affinity = false;  // so that both servers write every partition
  options.call_deadline = kLong;
  options.token = [token = server.Token("staff/attendant-a", "ATTENDANT")](bool) { return token; };
  absl::StatusOr<std::unique_ptr<client::Client>> client = client::Client::Connect(std::move(options));
  EXPECT_TRUE(client.ok()) << client.status();
  client_ = *std::move(client);
  for (int person = 0; person < kPeople; ++person) threads_.emplace_back([this, person] { Run(person); });
}

void DropLoad::Run(int person) {
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
    if (Record(request)) continue;
    absl::MutexLock lock(&mutex_);
    open_.push_back(request);
  }
}

bool DropLoad::Record(const v1::RecordDropRequest& request) {
  const auto reply = client_->Call(&v1::DropService::Stub::RecordDrop, request);
  if (!reply.ok()) {
    if (!reply.error().retryable && !refused_.exchange(true)) ADD_FAILURE() << reply.error().ToString();
    return false;
  }
  ++count_;
  absl::MutexLock lock(&mutex_);
  acknowledged_[request.request_id()] = {reply->entry().name(), reply->entry().reward()};
  return true;
}

void DropLoad::Await(uint64_t more) {
  const uint64_t target = count_ + more;
  const absl::Time deadline = absl::Now() + kLong;
  while (count_ < target) {
    ASSERT_FALSE(refused_);
    ASSERT_LT(absl::Now(), deadline) << "the load makes no progress";
    absl::SleepFor(absl::Milliseconds(2));
  }
}

void DropLoad::Stop() {
  if (stop_.exchange(true)) return;
  for (std::thread& thread : threads_) thread.join();
  const absl::Time deadline = absl::Now() + kLong;
  std::vector<v1::RecordDropRequest> open;
  {
    absl::MutexLock lock(&mutex_);
    open = open_;
  }
  for (const v1::RecordDropRequest& request : open) {
    while (!Record(request)) {
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
