// What takes days. A merchant's statement from its captures to the bank: made, approved by another person, paid, entered in every
// partition; what a fault left is finished by the job; the captures and the statements fit together at every step. Vouchers that expire.
// The days pass by a clock of the test's own.
#include <grpcpp/create_channel.h>

#include <memory>

#include "server/server.h"
#include "tests/server/spending/spending_fixture.h"

namespace fenfen::server {
namespace {

constexpr char kMaker[] = "staff/staff-a";
constexpr char kChecker[] = "staff/staff-a2";
const absl::TimeZone kShanghai = absl::FixedTimeZone(8 * 3600);

class SettlementServer : public SpendingServer {
 protected:
  void SetUp() override {
    SpendingServer::SetUp();
    v1::UpdateCatalogueRequest update;
    update.set_request_id(server.NewRequestId());
    v1::Staff& second = *update.add_staff();
    second.set_name(kChecker);
    second.set_role(v1::ROLE_STAFF);
    second.set_region("regions/a");
    ASSERT_TRUE(server.Call(&v1::CatalogueService::Stub::UpdateCatalogue, update, server.Token(kOperator, "OPERATOR")).status.ok());
  }
  // The same ledger in this process, some days later.
  void GoOnTomorrow(int days = 1) {
    server.Kill();
    const absl::Time now = absl::Now();
    day_ = absl::ToCivilDay(now, kShanghai);
    clock_ = std::make_unique<ManualClock>(absl::FromCivil(day_ + days, kShanghai) + absl::Hours(1));
    const absl::StatusOr<Config> config = LoadConfig(server.folder() + "/fenfend.toml");
    ASSERT_TRUE(config.ok()) << config.status();
    log_ = *Log::Open(config->log);
    absl::StatusOr<std::unique_ptr<Server>> started = Server::Start(*config, *log_, *clock_);
    ASSERT_TRUE(started.ok()) << started.status();
    inner_ = *std::move(started);
    channel_ = grpc::CreateChannel(inner_->grpc_address(), grpc::InsecureChannelCredentials());
  }
  template <typename Stub, typename Request, typename Reply>
  TestReply<Reply> CallInner(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*), const Request& request,
                             const std::string& subject, const std::string& role) const {
    const absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromKey(server.BridgeKey(), "bridge");
    Stub stub(channel_);
    TestReply<Reply> result;
    grpc::ClientContext context;
    const client::TokenSigner& by = role == "OPERATOR" ? *operator_signer : *signer;
    TestServer::Prepare(&context, by.Mint(subject, role, clock_->Now(), absl::Hours(1)));
    result.status = (stub.*method)(&context, request, &result.reply);
    return result;
  }
  TestReply<v1::CreateSettlementResponse> Create(absl::CivilDay last) {
    v1::CreateSettlementRequest request;
    request.set_merchant("merchants/m-a");
    request.set_request_id(NewId());
    request.set_last_day(absl::FormatCivilTime(last));
    return CallInner(&v1::SettlementService::Stub::CreateSettlement, request, kMaker, "STAFF");
  }
  TestReply<v1::ApproveSettlementResponse> Approve(const std::string& name, const std::string& staff) {
    v1::ApproveSettlementRequest request;
    request.set_name(name);
    request.set_request_id(NewId());
    return CallInner(&v1::SettlementService::Stub::ApproveSettlement, request, staff, "STAFF");
  }
  TestReply<v1::PaySettlementResponse> Pay(const std::string& name) {
    v1::PaySettlementRequest request;
    request.set_name(name);
    request.set_request_id(NewId());
    request.set_bank_reference("ICBC-0001");
    return CallInner(&v1::SettlementService::Stub::PaySettlement, request, kMaker, "STAFF");
  }
  v1::ReconcileSettlementsResponse Reconcile() {
    v1::ReconcileSettlementsRequest request;
    request.set_merchant("merchants/m-a");
    const auto reply = CallInner(&v1::SettlementService::Stub::ReconcileSettlements, request, "staff/auditor-a", "AUDITOR");
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply;
  }
  v1::Settlement Last() {
    v1::ListSettlementsRequest request;
    request.set_merchant("merchants/m-a");
    const auto reply = CallInner(&v1::SettlementService::Stub::ListSettlements, request, kMerchantOperator, "MERCHANT");
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.settlements_size() == 0 ? v1::Settlement() : reply.reply.settlements(0);
  }
  void RunInnerTimer(const std::string& timer) {
    v1::RunTimerRequest request;
    request.set_name("timers/" + timer);
    const auto reply = CallInner(&v1::TimerService::Stub::RunTimer, request, kOperator, "OPERATOR");
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
  }
  // Ids of the test's time.
  std::string NewId() {
    ++ids_;
    return client::FormatUuid7(clock_->Now(), ids_, ids_);
  }

  absl::CivilDay day_;
  std::unique_ptr<ManualClock> clock_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Server> inner_;
  std::shared_ptr<grpc::Channel> channel_;
  uint64_t ids_ = 0;
};

TEST_F(SettlementServer, FromCapturesToTheBank) {
  SetOffer([](v1::Offer& offer) { offer.set_refund_days(7); });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Capture(Reserved().code(), server.NewRequestId()).status.ok());
  const auto returned = Capture(Reserved("households/1002").code(), server.NewRequestId());
  ASSERT_TRUE(returned.status.ok());
  v1::RefundCaptureRequest refund;
  refund.set_name(returned.reply.capture().name());
  refund.set_request_id(server.NewRequestId());
  const auto refunded = server.Call(&v1::VoucherService::Stub::RefundCapture, refund, server.Token(kMerchantOperator, "MERCHANT"));
  ASSERT_TRUE(refunded.status.ok()) << refunded.error().ToString();
  ASSERT_NO_FATAL_FAILURE(GoOnTomorrow());

  EXPECT_EQ(Reconcile().open_count(), 3);
  EXPECT_EQ(Reconcile().open_amount(), 300);
  EXPECT_EQ(Create(day_ + 1).error().reason, v1::REASON_SETTLEMENT_PERIOD) << "today is not over";
  const auto created = Create(day_);
  ASSERT_TRUE(created.status.ok()) << created.error().ToString();
  const v1::Settlement& made = created.reply.settlement();
  EXPECT_EQ(made.count(), 3);
  EXPECT_EQ(made.amount(), 300);
  EXPECT_EQ(made.refunded_count(), 1);
  EXPECT_EQ(made.state(), v1::Settlement::STATE_MADE);
  EXPECT_EQ(Create(day_).error().reason, v1::REASON_SETTLEMENT_PERIOD) << "there is one up to that day";

  EXPECT_EQ(Pay(made.name()).error().reason, v1::REASON_SETTLEMENT_STATE) << "nobody has approved it";
  EXPECT_EQ(Approve(made.name(), kMaker).error().reason, v1::REASON_SETTLEMENT_SAME_PERSON);
  EXPECT_TRUE(Approve(made.name(), kChecker).status.ok());
  EXPECT_TRUE(Pay(made.name()).status.ok());
  EXPECT_EQ(Pay(made.name()).error().reason, v1::REASON_SETTLEMENT_STATE) << "it is paid once";
  EXPECT_EQ(Last().state(), v1::Settlement::STATE_SETTLED);
  EXPECT_EQ(Last().bank_reference(), "ICBC-0001");

  const v1::ReconcileSettlementsResponse after = Reconcile();
  EXPECT_EQ(after.in_none_size() + after.in_two_size() + after.changed_size(), 0) << after.ShortDebugString();
  EXPECT_EQ(after.open_count(), 0);
  EXPECT_TRUE(inner_->Stop().ok());
}

TEST_F(SettlementServer, ARefundAfterTheStatementIsRefusedAndARejectedPeriodIsMadeAnew) {
  SetOffer([](v1::Offer& offer) { offer.set_refund_days(7); });
  const v1::Voucher voucher = Reserved();
  ASSERT_TRUE(Capture(voucher.code(), server.NewRequestId()).status.ok());
  ASSERT_NO_FATAL_FAILURE(GoOnTomorrow());
  const auto created = Create(day_);
  ASSERT_TRUE(created.status.ok()) << created.error().ToString();
  const std::string name = created.reply.settlement().name();
  const auto refund = [&] {
    v1::RefundVoucherRequest request;
    request.set_name(voucher.name());
    request.set_request_id(NewId());
    return CallInner(&v1::VoucherService::Stub::RefundVoucher, request, kMaker, "STAFF");
  };
  EXPECT_EQ(refund().error().reason, v1::REASON_REFUND_SETTLED);
  v1::RejectSettlementRequest reject;
  reject.set_name(name);
  reject.set_request_id(NewId());
  reject.set_reason("顾客退货");
  ASSERT_TRUE(CallInner(&v1::SettlementService::Stub::RejectSettlement, reject, kChecker, "STAFF").status.ok());
  const auto refunded = refund();
  ASSERT_TRUE(refunded.status.ok()) << refunded.error().ToString();
  EXPECT_EQ(refunded.reply.voucher().state(), v1::Voucher::STATE_REFUNDED);
  EXPECT_EQ(Create(day_).error().reason, v1::REASON_SETTLEMENT_NOTHING);
  EXPECT_EQ(Reconcile().open_count(), 0);
  EXPECT_TRUE(inner_->Stop().ok());
}

TEST_F(SettlementServer, AnExpiredVoucherReturnsItsPointsAndItsPieceByTheJobs) {
  SetOffer([](v1::Offer& offer) { offer.set_stock(1), offer.set_voucher_days(1); });
  const v1::Voucher voucher = Reserved();
  EXPECT_EQ(StockLeft(), 0);
  ASSERT_NO_FATAL_FAILURE(GoOnTomorrow(3));
  // Twice: what is done is done once.
  for (int i = 0; i < 2; ++i) {
    RunInnerTimer("expire-vouchers");
    RunInnerTimer("finish-stock");
  }
  v1::GetBalanceRequest balance;
  balance.set_household("households/1001");
  const auto after = CallInner(&v1::HouseholdService::Stub::GetBalance, balance, kResident, "RESIDENT");
  ASSERT_TRUE(after.status.ok()) << after.error().ToString();
  EXPECT_EQ(after.reply.balance().reward(), 10'000);
  EXPECT_EQ(after.reply.balance().held(), 0);
  v1::ListEntriesRequest list;
  list.set_household("households/1001");
  const auto entries = CallInner(&v1::HouseholdService::Stub::ListEntries, list, kResident, "RESIDENT");
  ASSERT_TRUE(entries.status.ok()) << entries.error().ToString();
  EXPECT_EQ(entries.reply.entries(0).kind(), v1::ENTRY_KIND_VOUCHER_EXPIRY);
  EXPECT_EQ(entries.reply.entries(0).voucher(), voucher.name());
  EXPECT_EQ(entries.reply.entries(1).kind(), v1::ENTRY_KIND_RESERVATION) << "it expired once";
  const auto offers = CallInner(&v1::CatalogueService::Stub::ListOffers, v1::ListOffersRequest(), kResident, "RESIDENT");
  ASSERT_TRUE(offers.status.ok()) << offers.error().ToString();
  for (const v1::Offer& offer : offers.reply.offers()) {
    if (offer.name() != "offers/o-a") continue;
    EXPECT_EQ(offer.stock_left(), 1);
  }
  EXPECT_TRUE(inner_->Stop().ok());
}

}  // namespace
}  // namespace fenfen::server
