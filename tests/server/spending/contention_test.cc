// 100 at once want an offer's last piece, 100 capture one voucher: exactly one has it, the others are told why; also where the server is
// killed in the midst of it and all ask again.
#include <atomic>
#include <map>
#include <thread>

#include "tests/server/spending/spending_fixture.h"

namespace fenfen::server {
namespace {

constexpr int kPeople = 100;

using Contention = SpendingServer;

// Runs `ask` for each of them, all at once, and counts what they were told: "OK" or the reason.
std::map<std::string, int> AllAtOnce(const std::function<client::Error(int)>& ask) {
  std::vector<std::string> told(kPeople);
  std::vector<std::thread> threads;
  std::atomic<int> ready{0};
  for (int i = 0; i < kPeople; ++i) {
    threads.emplace_back([&, i] {
      for (++ready; ready < kPeople;) std::this_thread::yield();
      const client::Error error = ask(i);
      told[static_cast<size_t>(i)] = error.reason_name;
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<std::string, int> counts;
  for (const std::string& reason : told) ++counts[reason];
  return counts;
}

template <typename Reply>
client::Error ErrorOf(const TestReply<Reply>& reply) {
  client::Error error = reply.error();
  if (reply.status.ok()) error.reason_name = "OK";
  return error;
}

// Asks again, under the same request id, until there is an answer: a busy machine may keep 100 waiting longer than a call waits.
template <typename Call>
client::Error Answer(const Call& call) {
  const absl::Time until = absl::Now() + absl::Minutes(2);
  for (;;) {
    const auto reply = call();
    const bool answered =
        reply.status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED && reply.status.error_code() != grpc::StatusCode::UNAVAILABLE;
    if (answered || absl::Now() > until) return ErrorOf(reply);
    absl::SleepFor(absl::Milliseconds(50));
  }
}

TEST_F(Contention, OneHasTheLastPiece) {
  SetOffer([](v1::Offer& offer) { offer.set_stock(1); });
  std::vector<v1::ReserveVoucherRequest> requests;
  for (int i = 0; i < kPeople; ++i) requests.push_back(ReserveRequest(i % 2 == 0 ? "households/1001" : "households/1002"));
  const auto counts = AllAtOnce([&](int i) { return Answer([&] { return Reserve(requests[static_cast<size_t>(i)]); }); });
  EXPECT_EQ(counts, (std::map<std::string, int>{{"OK", 1}, {"OFFER_SOLD_OUT", kPeople - 1}}));
  EXPECT_EQ(Balance("households/1001").held() + Balance("households/1002").held(), 100);
  EXPECT_EQ(StockLeft(), 0);
}

TEST_F(Contention, OneCapturesAVoucher) {
  const v1::Voucher voucher = Reserved();
  std::vector<std::string> ids;
  for (int i = 0; i < kPeople; ++i) ids.push_back(server.NewRequestId());
  const auto counts = AllAtOnce([&](int i) {
    return Answer([&] { return Capture(i % 2 == 0 ? voucher.code() : voucher.screen_code(), ids[static_cast<size_t>(i)]); });
  });
  // A code from the screen may have changed meanwhile; a used voucher is used, whichever code it was.
  EXPECT_EQ(counts.at("OK"), 1);
  for (const auto& [reason, count] : counts) {
    EXPECT_TRUE(reason == "OK" || reason == "VOUCHER_USED" || reason == "VOUCHER_CODE_EXPIRED") << reason << " " << count;
  }
  EXPECT_EQ(Voucher(voucher.name()).state(), v1::Voucher::STATE_CAPTURED);
}

// All ask, the server is killed at some moment among them, and all ask again, under the same request ids, until each has an answer.
TEST_F(Contention, OneHasTheLastPieceThroughAKill) {
  SetOffer([](v1::Offer& offer) { offer.set_stock(1); });
  std::vector<v1::ReserveVoucherRequest> requests;
  for (int i = 0; i < kPeople; ++i) requests.push_back(ReserveRequest(i % 2 == 0 ? "households/1001" : "households/1002"));
  std::atomic<int> answered{0};
  std::thread killer([&] {
    while (answered < 3) std::this_thread::yield();
    server.Kill();
  });
  const auto before = AllAtOnce([&](int i) {
    const client::Error error = ErrorOf(Reserve(requests[static_cast<size_t>(i)]));
    ++answered;
    return error;
  });
  killer.join();
  ASSERT_TRUE(server.Start()) << server.Log();
  const auto counts = AllAtOnce([&](int i) { return Answer([&] { return Reserve(requests[static_cast<size_t>(i)]); }); });
  EXPECT_EQ(counts, (std::map<std::string, int>{{"OK", 1}, {"OFFER_SOLD_OUT", kPeople - 1}}));
  EXPECT_LE(before.count("OK") != 0 ? before.at("OK") : 0, 1);
  EXPECT_EQ(Balance("households/1001").held() + Balance("households/1002").held(), 100);
  RunTimer("finish-stock");
  EXPECT_EQ(StockLeft(), 0);
}

TEST_F(Contention, OneCapturesAVoucherThroughAKill) {
  const v1::Voucher voucher = Reserved();
  std::vector<std::string> ids;
  for (int i = 0; i < kPeople; ++i) ids.push_back(server.NewRequestId());
  std::atomic<int> answered{0};
  std::thread killer([&] {
    while (answered < 3) std::this_thread::yield();
    server.Kill();
  });
  const auto before = AllAtOnce([&](int i) {
    const client::Error error = ErrorOf(Capture(voucher.code(), ids[static_cast<size_t>(i)]));
    ++answered;
    return error;
  });
  killer.join();
  ASSERT_TRUE(server.Start()) << server.Log();
  const auto after = AllAtOnce([&](int i) { return Answer([&] { return Capture(voucher.code(), ids[static_cast<size_t>(i)]); }); });
  EXPECT_LE(before.count("OK") != 0 ? before.at("OK") : 0, 1);
  EXPECT_EQ(after, (std::map<std::string, int>{{"OK", 1}, {"VOUCHER_USED", kPeople - 1}}));
}

}  // namespace
}  // namespace fenfen::server
