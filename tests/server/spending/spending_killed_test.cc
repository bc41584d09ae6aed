// What a server that is killed between two transactions of one business leaves, over Redis and PostgreSQL: a piece set aside whose
// reservation never came to be, a payment that no partition has entered. The jobs finish both, once.
//
// The kill falls there because the journal of one partition is held: the transaction before is in it, the one after cannot get there. Then
// Redis is emptied, so that what was committed in it alone never was.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/settlement.grpc.pb.h"
#include "fenfen/v1/timer.grpc.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"
#include "grpcpp/create_channel.h"
#include "ledger/points/spending/stock.h"
#include "server/server.h"
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/server/shared_deployment.h"

namespace fenfen::server {
namespace {

constexpr char kHousehold[] = "households/1001";
constexpr char kMaker[] = "staff/staff-a";
constexpr char kChecker[] = "staff/staff-a2";
constexpr PartitionId kOfHousehold = PartitionOf(HouseholdId(1001));
static_assert(PartitionOfStock(CatalogueIdOf("offers/o-a")) != kOfHousehold, "what is in the one must not wait for the other");

class SpendingKilled : public SharedDeployment {
 protected:
  void SetUp() override {
    const absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::Generate();
    ASSERT_TRUE(key.ok()) << key.status();
    operator_ = std::make_unique<client::TokenSigner>(*client::TokenSigner::FromKey(*key, "killed-test"));
    bridge_ = std::make_unique<client::TokenSigner>(*client::TokenSigner::FromKey(a_.BridgeKey(), "bridge"));
    std::ofstream(a_.folder() + "/test.pub.pem") << key->PublicPem();
    a_.AddConfig("[[issuer]]\nname = \"killed-test\"\npublic_key = \"test.pub.pem\"\nroles = [\"OPERATOR\"]\n");
    a_.AddConfig("[timers]\nenabled = false\n");
    ASSERT_TRUE(a_.Start()) << a_.Log();
    a_.ImportDistrict();
    v1::UpdateCatalogueRequest update;
    update.set_request_id(NewId());
    v1::Staff& second = *update.add_staff();
    second.set_name(kChecker);
    second.set_role(v1::ROLE_STAFF);
    second.set_region("regions/a");
    v1::Offer& offer = *update.add_offers();
    offer.set_name("offers/o-a");
    offer.set_title_zh("鸡蛋");
    offer.set_title_en("Eggs");
    offer.set_price(100);
    offer.set_merchant("merchants/m-a");
    offer.set_voucher_days(30);
    offer.set_stock(1);
    ExpectDone(Call(&v1::CatalogueService::Stub::UpdateCatalogue, update, kOperator, "OPERATOR"));
    v1::RecordDropRequest drop;
    drop.set_household(kHousehold);
    drop.set_request_id(NewId());
    drop.set_station("stations/s-a");
    drop.set_category(v1::CATEGORY_FOOD);
    drop.set_weight_grams(50'000);
    ExpectDone(Call(&v1::DropService::Stub::RecordDrop, drop, "staff/attendant-a", "ATTENDANT"));
  }

  absl::Time Now() const { return clock_ == nullptr ? absl::Now() : clock_->Now(); }
  std::string NewId() {
    ++ids_;
    return client::FormatUuid7(Now(), ids_, ids_);
  }
  // Of the server that runs: the process, or the one in this process.
  template <typename Stub, typename Request, typename Reply>
  TestReply<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*), const Request& request,
                        const std::string& subject, const std::string& role) const {
    const std::string token = (role == "OPERATOR" ? *operator_ : *bridge_).Mint(subject, role, Now(), absl::Hours(1));
    Stub stub(inner_ == nullptr ? a_.channel() : channel_);
    TestReply<Reply> result;
    grpc::ClientContext context;
    TestServer::Prepare(&context, token);
    result.status = (stub.*method)(&context, request, &result.reply);
    return result;
  }
  template <typename Reply>
  static void ExpectDone(const TestReply<Reply>& reply) {
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
  }

  // Has `call` made while the household's partition is not journaled, and kills the server once so many entries of the kind are.
  void KillBefore(const std::function<void()>& call, TransactionKind kind, int entries) {
    const std::string count = absl::StrCat("SELECT count(*) FROM fenfen.entries WHERE kind = ", static_cast<int>(kind));
    std::thread caller;
    {
      const JournalHeld held(*postgres_, database_, kOfHousehold);
      caller = std::thread(call);
      AwaitThat([&] { return Ask(count) == absl::StrCat(entries); }, "what comes before the kill is not journaled");
      a_.Kill();
    }
    caller.join();
    redis_->Type({"FLUSHALL"});
  }
  // Goes on in this process, at that time from now.
  void GoOnAfter(absl::Duration time) {
    clock_ = std::make_unique<ManualClock>(absl::Now() + time);
    const absl::StatusOr<Config> config = LoadConfig(a_.folder() + "/fenfend.toml");
    ASSERT_TRUE(config.ok()) << config.status();
    log_ = *Log::Open(config->log);
    absl::StatusOr<std::unique_ptr<Server>> started = Server::Start(*config, *log_, *clock_);
    ASSERT_TRUE(started.ok()) << started.status();
    inner_ = *std::move(started);
    channel_ = grpc::CreateChannel(inner_->grpc_address(), grpc::InsecureChannelCredentials());
  }
  void StopInner() {
    EXPECT_TRUE(inner_->Stop().ok());
    inner_.reset();
    clock_.reset();
  }
  // Twice: what is done is done once.
  void RunTimer(const std::string& timer) {
    v1::RunTimerRequest request;
    request.set_name("timers/" + timer);
    for (int i = 0; i < 2; ++i) ExpectDone(Call(&v1::TimerService::Stub::RunTimer, request, kOperator, "OPERATOR"));
  }
  v1::ReserveVoucherRequest ReserveRequest() {
    v1::ReserveVoucherRequest request;
    request.set_household(kHousehold);
    request.set_request_id(NewId());
    request.set_offer("offers/o-a");
    return request;
  }
  TestReply<v1::ReserveVoucherResponse> Reserve(const v1::ReserveVoucherRequest& request) const {
    return Call(&v1::VoucherService::Stub::ReserveVoucher, request, kResident, "RESIDENT");
  }
  int64_t StockLeft() const {
    const auto reply = Call(&v1::CatalogueService::Stub::ListOffers, v1::ListOffersRequest(), kResident, "RESIDENT");
    ExpectDone(reply);
    for (const v1::Offer& offer : reply.reply.offers()) {
      if (offer.name() == "offers/o-a") return offer.stock_left();
    }
    return -1;
  }
  v1::Settlement Settlement() const {
    v1::ListSettlementsRequest request;
    request.set_merchant("merchants/m-a");
    const auto reply = Call(&v1::SettlementService::Stub::ListSettlements, request, kMerchantOperator, "MERCHANT");
    ExpectDone(reply);
    return reply.reply.settlements_size() == 0 ? v1::Settlement() : reply.reply.settlements(0);
  }

  std::unique_ptr<client::TokenSigner> operator_, bridge_;
  std::unique_ptr<ManualClock> clock_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Server> inner_;
  std::shared_ptr<grpc::Channel> channel_;
  uint64_t ids_ = 0;
};

TEST_F(SpendingKilled, APieceWhoseReservationNeverCameToBeIsGivenBack) {
  const v1::ReserveVoucherRequest request = ReserveRequest();
  KillBefore([&] { EXPECT_FALSE(Reserve(request).status.ok()); }, TransactionKind::kStockTake, 1);
  ASSERT_NO_FATAL_FAILURE(GoOnAfter(2 * kStockHoldPatience));
  EXPECT_EQ(StockLeft(), 0);
  RunTimer("finish-stock");
  EXPECT_EQ(StockLeft(), 1);
  EXPECT_EQ(Reserve(request).error().reason, v1::REASON_RESERVATION_LAPSED) << "its number is taken, so that it never comes late";
  ExpectDone(Reserve(ReserveRequest()));
  EXPECT_EQ(StockLeft(), 0);
  StopInner();
}

TEST_F(SpendingKilled, APaymentThatNoPartitionHasEnteredIsEntered) {
  const auto reserved = Reserve(ReserveRequest());
  ExpectDone(reserved);
  v1::CaptureVoucherRequest capture;
  capture.set_merchant("merchants/m-a");
  capture.set_request_id(NewId());
  capture.set_code(reserved.reply.voucher().code());
  ExpectDone(Call(&v1::VoucherService::Stub::CaptureVoucher, capture, kMerchantOperator, "MERCHANT"));
  const absl::TimeZone shanghai = absl::FixedTimeZone(8 * 3600);
  const absl::CivilDay day = absl::ToCivilDay(absl::Now(), shanghai);
  a_.Kill();
  // The day must be over for its statement. It is paid by the process again, whose clock says that it is not, as clocks may.
  ASSERT_NO_FATAL_FAILURE(GoOnAfter(absl::Hours(25)));
  v1::CreateSettlementRequest create;
  create.set_merchant("merchants/m-a");
  create.set_request_id(NewId());
  create.set_last_day(absl::FormatCivilTime(day));
  const auto created = Call(&v1::SettlementService::Stub::CreateSettlement, create, kMaker, "STAFF");
  ASSERT_TRUE(created.status.ok()) << created.error().ToString();
  v1::ApproveSettlementRequest approve;
  approve.set_name(created.reply.settlement().name());
  approve.set_request_id(NewId());
  ExpectDone(Call(&v1::SettlementService::Stub::ApproveSettlement, approve, kChecker, "STAFF"));
  StopInner();
  ASSERT_TRUE(a_.Start()) << a_.Log();
  v1::PaySettlementRequest pay;
  pay.set_name(approve.name());
  pay.set_request_id(NewId());
  pay.set_bank_reference("ICBC-0001");
  const auto paying = [&] { EXPECT_FALSE(Call(&v1::SettlementService::Stub::PaySettlement, pay, kMaker, "STAFF").status.ok()); };
  KillBefore(paying, TransactionKind::kSettlement, 3);
  ASSERT_NO_FATAL_FAILURE(GoOnAfter(absl::Hours(26)));
  EXPECT_EQ(Settlement().state(), v1::Settlement::STATE_PAID);
  RunTimer("enter-settlements");
  EXPECT_EQ(Settlement().state(), v1::Settlement::STATE_SETTLED);
  EXPECT_EQ(Settlement().bank_reference(), "ICBC-0001");
  EXPECT_EQ(Ask(absl::StrCat("SELECT count(*) FROM fenfen.entries WHERE kind = 38 AND partition = ", kOfHousehold.value())), "1");
  StopInner();
}

}  // namespace
}  // namespace fenfen::server
