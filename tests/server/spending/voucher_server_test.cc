// Vouchers' other ends over a real server: cancelled, refunded by merchant and staff, with the stock back; a stall's captures; operators
// that are devices, and ones that were revoked.
#include "tests/server/spending/spending_fixture.h"

namespace fenfen::server {
namespace {

using VoucherServer = SpendingServer;

TEST_F(VoucherServer, ACancelledVoucherGivesItsPointsAndItsPieceBack) {
  SetOffer([](v1::Offer& offer) { offer.set_stock(2), offer.set_quantity_max(2); });
  v1::ReserveVoucherRequest reserve = ReserveRequest("households/1001");
  reserve.set_quantity(2);
  const auto reserved = Reserve(reserve);
  ASSERT_TRUE(reserved.status.ok()) << reserved.error().ToString();
  EXPECT_EQ(reserved.reply.voucher().price(), 200);
  EXPECT_EQ(StockLeft(), 0);
  EXPECT_EQ(Reserve(ReserveRequest("households/1002")).error().reason, v1::REASON_OFFER_SOLD_OUT);

  v1::CancelVoucherRequest cancel;
  cancel.set_name(reserved.reply.voucher().name());
  cancel.set_request_id(server.NewRequestId());
  const std::string resident = server.Token(kResident, "RESIDENT");
  const auto cancelled = server.Call(&v1::VoucherService::Stub::CancelVoucher, cancel, resident);
  ASSERT_TRUE(cancelled.status.ok()) << cancelled.error().ToString();
  EXPECT_EQ(cancelled.reply.voucher().state(), v1::Voucher::STATE_CANCELLED);
  EXPECT_EQ(cancelled.reply.entry().reward(), 200);
  EXPECT_EQ(Balance().held(), 0);
  EXPECT_EQ(StockLeft(), 2);
  EXPECT_TRUE(server.Call(&v1::VoucherService::Stub::CancelVoucher, cancel, resident).replayed);
  EXPECT_EQ(StockLeft(), 2);
  // And the reservation's own repetition is what it was.
  const auto again = Reserve(reserve);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.reply.voucher().name(), reserved.reply.voucher().name());
}

TEST_F(VoucherServer, WhatIsRefusedAnywayTouchesNoStock) {
  SetOffer([](v1::Offer& offer) { offer.set_stock(5), offer.set_price(1'000'000); });
  EXPECT_EQ(Reserve(ReserveRequest("households/1001")).error().reason, v1::REASON_POINTS_INSUFFICIENT);
  EXPECT_EQ(StockLeft(), 5);
}

TEST_F(VoucherServer, AStallsCapturesHaveEachTheirOutcome) {
  const v1::Voucher first = Reserved(), second = Reserved("households/1002"), used = Reserved();
  ASSERT_TRUE(Capture(used.code(), server.NewRequestId()).status.ok());
  v1::CaptureVouchersRequest request;
  request.set_merchant("merchants/m-a");
  request.set_request_id(server.NewRequestId());
  for (const std::string& code : {first.screen_code(), second.code(), used.code(), std::string("nonsense"), first.code()}) {
    request.add_codes(code);
  }
  const std::string token = server.Token(kMerchantOperator, "MERCHANT");
  const auto reply = server.Call(&v1::VoucherService::Stub::CaptureVouchers, request, token);
  ASSERT_TRUE(reply.status.ok()) << reply.error().ToString();
  std::vector<std::string> reasons;
  for (const v1::CaptureOutcome& outcome : reply.reply.outcomes()) reasons.push_back(outcome.reason());
  EXPECT_EQ(reasons, (std::vector<std::string>{"", "", "VOUCHER_USED", "VOUCHER_UNKNOWN", "VOUCHER_USED"}));
  EXPECT_EQ(reply.reply.captured(), 2);
  EXPECT_EQ(reply.reply.amount(), 200);
  // A repetition has the same outcomes.
  const auto again = server.Call(&v1::VoucherService::Stub::CaptureVouchers, request, token);
  EXPECT_EQ(again.reply.captured(), 2);
  EXPECT_EQ(again.reply.outcomes(0).capture().name(), reply.reply.outcomes(0).capture().name());
}

TEST_F(VoucherServer, StaffRefundWithinTheDays) {
  const v1::Voucher voucher = Reserved();
  ASSERT_TRUE(Capture(voucher.code(), server.NewRequestId()).status.ok());
  v1::RefundVoucherRequest refund;
  refund.set_name(voucher.name());
  refund.set_request_id(server.NewRequestId());
  EXPECT_EQ(server.Call(&v1::VoucherService::Stub::RefundVoucher, refund, server.Token("staff/staff-b", "STAFF")).error().reason,
            v1::REASON_PERMISSION_DENIED);
  const auto refunded = server.Call(&v1::VoucherService::Stub::RefundVoucher, refund, server.Token("staff/staff-a", "STAFF"));
  ASSERT_TRUE(refunded.status.ok()) << refunded.error().ToString();
  EXPECT_EQ(refunded.reply.voucher().state(), v1::Voucher::STATE_REFUNDED);
  EXPECT_EQ(Balance().reward(), 10'000);
  v1::ListCapturesRequest list;
  list.set_merchant("merchants/m-a");
  const auto captures = server.Call(&v1::VoucherService::Stub::ListCaptures, list, server.Token(kMerchantOperator, "MERCHANT"));
  ASSERT_EQ(captures.reply.captures_size(), 1);
  EXPECT_TRUE(captures.reply.captures(0).refunded());
  EXPECT_EQ(captures.reply.day_amount(), 0);
}

TEST_F(VoucherServer, OperatorsMayBeDevicesAndAreRevoked) {
  const absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::Generate();
  ASSERT_TRUE(key.ok());
  const std::string till = "merchants/m-a/operators/till-1";
  const auto set = [&](bool revoked) {
    v1::UpdateCatalogueRequest update;
    update.set_request_id(server.NewRequestId());
    v1::Merchant& merchant = *update.add_merchants();
    merchant.set_name("merchants/m-a");
    merchant.set_display_name("商户a");
    merchant.set_region("regions/a");
    v1::MerchantOperator& person = *merchant.add_operators();
    person.set_name(till);
    person.set_public_key(key->PublicBytes());
    person.set_revoked(revoked);
    ASSERT_TRUE(server.Call(&v1::CatalogueService::Stub::UpdateCatalogue, update, server.Token(kOperator, "OPERATOR")).status.ok());
  };
  const absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromKey(*key, till);
  const auto list = [&](const std::string& subject) {
    v1::ListCapturesRequest request;
    request.set_merchant("merchants/m-a");
    return server.Call(&v1::VoucherService::Stub::ListCaptures, request, signer->Mint(subject, "MERCHANT", absl::Now(), absl::Hours(1)));
  };
  EXPECT_EQ(list(till).error().reason, v1::REASON_DEVICE_UNKNOWN);
  ASSERT_NO_FATAL_FAILURE(set(false));
  EXPECT_TRUE(list(till).status.ok());
  EXPECT_EQ(list(kMerchantOperator).error().reason, v1::REASON_TOKEN_INVALID) << "it speaks for itself alone";
  ASSERT_NO_FATAL_FAILURE(set(true));
  EXPECT_FALSE(list(till).status.ok());
}

}  // namespace
}  // namespace fenfen::server
