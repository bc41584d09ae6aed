// A real server with the small district, households with points, and the calls of residents, merchants and staff.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/settlement.grpc.pb.h"
#include "fenfen/v1/timer.grpc.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {

class SpendingServer : public testing::Test {
 protected:
  void SetUp() override {
    const absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::Generate();
    ASSERT_TRUE(key.ok()) << key.status();
    operator_signer = std::make_unique<client::TokenSigner>(*client::TokenSigner::FromKey(*key, "spending-test"));
    std::ofstream(server.folder() + "/test.pub.pem") << key->PublicPem();
    server.AddConfig("[[issuer]]\nname = \"spending-test\"\npublic_key = \"test.pub.pem\"\nroles = [\"OPERATOR\"]\n");
    server.AddConfig("[timers]\nenabled = false\n");
    ASSERT_TRUE(server.Start()) << server.Log();
    server.ImportDistrict();
    Earn("households/1001");
    Earn("households/1002");
  }

  // 50 kilograms of food: 100 points.
  void Earn(const std::string& household) {
    v1::RecordDropRequest drop;
    drop.set_household(household);
    drop.set_request_id(server.NewRequestId());
    drop.set_station("stations/s-a");
    drop.set_category(v1::CATEGORY_FOOD);
    drop.set_weight_grams(50'000);
    const auto reply = server.Call(&v1::DropService::Stub::RecordDrop, drop, server.Token("staff/attendant-a", "ATTENDANT"));
    ASSERT_TRUE(reply.status.ok()) << reply.error().ToString();
  }
  // The eggs of town a with other terms.
  void SetOffer(const std::function<void(v1::Offer&)>& change) {
    v1::UpdateCatalogueRequest update;
    update.set_request_id(server.NewRequestId());
    v1::Offer& offer = *update.add_offers();
    offer.set_name("offers/o-a");
    offer.set_title_zh("鸡蛋");
    offer.set_title_en("Eggs");
    offer.set_price(100);
    offer.set_merchant("merchants/m-a");
    offer.set_voucher_days(30);
    change(offer);
    const auto reply = server.Call(&v1::CatalogueService::Stub::UpdateCatalogue, update, server.Token(kOperator, "OPERATOR"));
    ASSERT_TRUE(reply.status.ok()) << reply.error().ToString();
    ASSERT_TRUE(reply.reply.errors().empty()) << reply.reply.errors(0).en();
  }
  v1::ReserveVoucherRequest ReserveRequest(const std::string& household) const {
    v1::ReserveVoucherRequest request;
    request.set_household(household);
    request.set_request_id(server.NewRequestId());
    request.set_offer("offers/o-a");
    return request;
  }
  TestReply<v1::ReserveVoucherResponse> Reserve(const v1::ReserveVoucherRequest& request) const {
    return server.Call(&v1::VoucherService::Stub::ReserveVoucher, request, server.Token(request.household() + "/members/1", "RESIDENT"));
  }
  v1::Voucher Reserved(const std::string& household = "households/1001") const {
    const auto reply = Reserve(ReserveRequest(household));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.voucher();
  }
  TestReply<v1::CaptureVoucherResponse> Capture(const std::string& code, const std::string& request_id) const {
    v1::CaptureVoucherRequest request;
    request.set_merchant("merchants/m-a");
    request.set_request_id(request_id);
    request.set_code(code);
    return server.Call(&v1::VoucherService::Stub::CaptureVoucher, request, server.Token(kMerchantOperator, "MERCHANT"));
  }
  v1::Voucher Voucher(const std::string& name) const {
    v1::GetVoucherRequest request;
    request.set_name(name);
    const std::string household = name.substr(0, name.find("/vouchers/"));
    const auto reply = server.Call(&v1::VoucherService::Stub::GetVoucher, request, server.Token(household + "/members/1", "RESIDENT"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.voucher();
  }
  v1::Balance Balance(const std::string& household = "households/1001") const {
    v1::GetBalanceRequest request;
    request.set_household(household);
    const auto reply = server.Call(&v1::HouseholdService::Stub::GetBalance, request, server.Token(household + "/members/1", "RESIDENT"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.balance();
  }
  void RunTimer(const std::string& timer) const {
    v1::RunTimerRequest request;
    request.set_name("timers/" + timer);
    const auto reply = server.Call(&v1::TimerService::Stub::RunTimer, request, server.Token(kOperator, "OPERATOR"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
  }
  // The pieces left, as the list of offers tells.
  int64_t StockLeft() const {
    const auto reply = server.Call(&v1::CatalogueService::Stub::ListOffers, v1::ListOffersRequest(), "");
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    for (const v1::Offer& offer : reply.reply.offers()) {
      if (offer.name() == "offers/o-a") return offer.stock_left();
    }
    return -1;
  }

  TestServer server;
  std::unique_ptr<client::TokenSigner> operator_signer;  // for another clock than the system's
};

}  // namespace fenfen::server
