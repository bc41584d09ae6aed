// Two servers over one Redis and one PostgreSQL are one: what is done through either is seen by both, and done once.
#include <gmock/gmock.h>
#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"
#include "tests/server/shared_deployment.h"

namespace fenfen::server {
namespace {

using testing::HasSubstr;

class SeveralServers : public SharedDeployment {
 protected:
  v1::RecordDropRequest NewDrop(const std::string& station = "stations/s-a") {
    v1::RecordDropRequest request;
    request.set_household("households/1001");
    request.set_request_id(a_.NewRequestId());
    request.set_station(station);
    request.set_category(v1::CATEGORY_FOOD);
    request.set_weight_grams(1500);
    return request;
  }
  TestReply<v1::RecordDropResponse> Record(const TestServer& server, const v1::RecordDropRequest& request) {
    return server.Call(&v1::DropService::Stub::RecordDrop, request, attendant_);
  }
  v1::Balance BalanceAt(const TestServer& server) {
    v1::GetBalanceRequest request;
    request.set_household("households/1001");
    const auto reply = server.Call(&v1::HouseholdService::Stub::GetBalance, request, resident_);
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.balance();
  }
  v1::Entry NewestAt(const TestServer& server) {
    v1::ListEntriesRequest request;
    request.set_household("households/1001");
    request.set_page_size(1);
    const auto reply = server.Call(&v1::HouseholdService::Stub::ListEntries, request, resident_);
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.entries_size() == 1 ? reply.reply.entries(0) : v1::Entry();
  }
  // Runs the work for both servers, as often, at once.
  void ThroughBoth(int times, const std::function<void(const TestServer&, int)>& work) {
    std::vector<std::thread> threads;
    for (const TestServer* server : {&a_, &b_}) {
      for (int n = 0; n < times; ++n) threads.emplace_back([&work, server, n] { work(*server, n); });
    }
    for (std::thread& thread : threads) thread.join();
  }

  const std::string attendant_ = a_.Token("staff/attendant-a", "ATTENDANT");
  const std::string resident_ = a_.Token(kResident, "RESIDENT");
};

TEST_F(SeveralServers, WhatIsDoneThroughOneIsSeenThroughTheOtherAtOnce) {
  StartBoth();
  for (int n = 0; n < 10; ++n) {
    const TestServer& writes = n % 2 == 0 ? a_ : b_;
    const TestServer& reads = n % 2 == 0 ? b_ : a_;
    const auto dropped = Record(writes, NewDrop());
    ASSERT_TRUE(dropped.status.ok()) << dropped.error().ToString();
    EXPECT_EQ(NewestAt(reads).SerializeAsString(), dropped.reply.entry().SerializeAsString());
    EXPECT_EQ(BalanceAt(reads).SerializeAsString(), BalanceAt(writes).SerializeAsString());
  }
  EXPECT_EQ(a_.Digests(), b_.Digests());
  for (const TestServer* server : {&a_, &b_}) {
    const std::string metrics = MetricsOf(*server);
    for (const char* name : {"fenfen_follower_lag_seconds ", "fenfen_follower_behind ", "fenfen_follower_followed ",
                             "fenfen_journal_stale 0", "fenfen_journal_gaps "}) {
      EXPECT_THAT(metrics, HasSubstr(absl::StrCat("\n", name)));
    }
  }
}

TEST_F(SeveralServers, ARequestHasOneEffectWhoeverGetsIt) {
  StartBoth();
  const v1::RecordDropRequest request = NewDrop();
  const auto first = Record(a_, request);
  const auto again = Record(b_, request);
  ASSERT_TRUE(first.status.ok()) << first.error().ToString();
  ASSERT_TRUE(again.status.ok()) << again.error().ToString();
  EXPECT_FALSE(first.replayed);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(first.reply.SerializeAsString(), again.reply.SerializeAsString());
  v1::RecordDropRequest other = request;
  other.set_weight_grams(1);
  EXPECT_EQ(Record(b_, other).error().reason, v1::REASON_REQUEST_ID_REUSED);
  // At the same moment.
  std::vector<v1::RecordDropRequest> requests;
  for (int n = 0; n < 6; ++n) requests.push_back(NewDrop());
  absl::Mutex mutex;
  std::vector<std::vector<std::string>> replies(requests.size());
  ThroughBoth(6, [&](const TestServer& server, int n) {
    const auto reply = Record(server, requests[n]);
    ASSERT_TRUE(reply.status.ok()) << reply.error().ToString();
    absl::MutexLock lock(&mutex);
    replies[n].push_back(reply.reply.SerializeAsString());
  });
  for (const auto& both : replies) {
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(both[0], both[1]);
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.entries WHERE kind = 3"), "7");
}

TEST_F(SeveralServers, CapsAndBalancesAreExact) {
  StartBoth();
  absl::Mutex mutex;
  std::map<std::string, int> rewarded_by_day;
  int64_t reward = 0, civic = 0;
  ThroughBoth(8, [&](const TestServer& server, int) {
    const auto reply = Record(server, NewDrop());
    ASSERT_TRUE(reply.status.ok()) << reply.error().ToString();
    const v1::Entry& entry = reply.reply.entry();
    absl::MutexLock lock(&mutex);
    reward += entry.reward();
    civic += entry.civic();
    // The cap is of a day; should midnight come meanwhile there are two of them.
    if (entry.reward() > 0) ++rewarded_by_day[absl::FormatCivilTime(absl::ToCivilDay(absl::Now(), absl::FixedTimeZone(8 * 3600)))];
  });
  int rewarded = 0;
  for (const auto& [day, count] : rewarded_by_day) rewarded += count;
  EXPECT_GE(rewarded, 2);
  EXPECT_LE(rewarded, 2 * static_cast<int>(rewarded_by_day.size()));
  EXPECT_EQ(reward, rewarded * 300);
  for (const TestServer* server : {&a_, &b_}) {
    EXPECT_EQ(BalanceAt(*server).reward(), reward);
    EXPECT_EQ(BalanceAt(*server).civic(), civic);
  }
  EXPECT_EQ(Ask("SELECT (SELECT count(*) FROM fenfen.broken_partitions) + (SELECT count(*) FROM fenfen.unbalanced_entries)"), "0");
}

TEST_F(SeveralServers, AVoucherIsCapturedOnce) {
  StartBoth();
  ASSERT_TRUE(Record(a_, NewDrop()).status.ok());
  for (int voucher = 0; voucher < 3; ++voucher) {
    v1::ReserveVoucherRequest reserve;
    reserve.set_household("households/1001");
    reserve.set_request_id(a_.NewRequestId());
    reserve.set_offer("offers/o-a");
    const auto reserved = a_.Call(&v1::VoucherService::Stub::ReserveVoucher, reserve, resident_);
    ASSERT_TRUE(reserved.status.ok()) << reserved.error().ToString();
    const std::string merchant = a_.Token(kMerchantOperator, "MERCHANT");
    std::atomic<int> captured = 0, used = 0;
    ThroughBoth(2, [&](const TestServer& server, int) {
      v1::CaptureVoucherRequest capture;
      capture.set_merchant("merchants/m-a");
      capture.set_request_id(a_.NewRequestId());
      capture.set_code("FV1." + reserved.reply.voucher().code());
      const auto reply = server.Call(&v1::VoucherService::Stub::CaptureVoucher, capture, merchant);
      if (reply.status.ok()) ++captured;
      if (!reply.status.ok() && reply.error().reason == v1::REASON_VOUCHER_USED) ++used;
    });
    EXPECT_EQ(captured, 1);
    EXPECT_EQ(used, 3);
  }
  EXPECT_EQ(BalanceAt(b_).reward(), 0);
  EXPECT_EQ(BalanceAt(b_).held(), 0);
}

TEST_F(SeveralServers, TheCatalogueReachesAll) {
  StartBoth();
  for (int n = 0; n < 3; ++n) {
    const TestServer& changes = n % 2 == 0 ? a_ : b_;
    const TestServer& follows = n % 2 == 0 ? b_ : a_;
    v1::UpdateCatalogueRequest update;
    update.set_request_id(a_.NewRequestId());
    v1::Station& station = *update.add_stations();
    station.set_name(absl::StrCat("stations/new-", n));
    station.set_display_name("新站");
    station.set_region("regions/a-1");
    const auto updated = changes.Call(&v1::CatalogueService::Stub::UpdateCatalogue, update, a_.Token(kOperator, "OPERATOR"));
    ASSERT_TRUE(updated.status.ok()) << updated.error().ToString();
    EXPECT_TRUE(Record(changes, NewDrop(station.name())).status.ok()) << "at once where it was changed";
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    TestReply<v1::RecordDropResponse> dropped = Record(follows, NewDrop(station.name()));
    while (!dropped.status.ok() && absl::Now() < deadline) {
      EXPECT_EQ(dropped.error().reason, v1::REASON_STATION_UNKNOWN);
      absl::SleepFor(absl::Milliseconds(5));
      dropped = Record(follows, NewDrop(station.name()));
    }
    EXPECT_TRUE(dropped.status.ok()) << dropped.error().ToString();
  }
}

// A State in memory would not see what the others do.
TEST_F(SeveralServers, AServerWithItsStateInMemoryIsAlone) {
  const std::string alone =
      absl::StrCat("[postgres]\nconnection = \"", postgres_->Conninfo(database_), "\"\n[journal]\nstore = \"postgres\"\n");
  // How long it waits for the other to be gone.
  const std::string impatient = absl::StrCat("[postgres]\ntimeout = \"5s\"\nconnection = \"", postgres_->Conninfo(database_),
                                             "\"\n[journal]\nstore = \"postgres\"\n");
  TestServer one(a_, alone), another(a_, impatient);
  TestServer over_redis(a_, impatient + "[state]\nstore = \"redis\"\n");
  ASSERT_TRUE(one.Start()) << one.Log();
  std::future<bool> other_started = std::async(std::launch::async, [&] { return another.Start(); });
  EXPECT_FALSE(over_redis.Start());
  EXPECT_FALSE(other_started.get());
  for (TestServer* refused : {&another, &over_redis}) {
    EXPECT_EQ(refused->exit_code(), 1);
    EXPECT_THAT(refused->Log(), HasSubstr("another server is the only one that may write this journal"));
    EXPECT_THAT(refused->Log(), HasSubstr(absl::StrCat("/", one.pid(), "/")));
  }
  one.Kill();
  EXPECT_TRUE(a_.Start()) << a_.Log();
}

TEST_F(SeveralServers, AStopOfOneLeavesTheOther) {
  StartBoth();
  ASSERT_TRUE(Record(a_, NewDrop()).status.ok());
  EXPECT_EQ(a_.Stop(), 0);
  EXPECT_TRUE(Record(b_, NewDrop()).status.ok());
  ASSERT_TRUE(a_.Start()) << a_.Log();
  EXPECT_EQ(BalanceAt(a_).SerializeAsString(), BalanceAt(b_).SerializeAsString());
}

}  // namespace
}  // namespace fenfen::server
