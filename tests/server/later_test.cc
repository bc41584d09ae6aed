// What only time brings: the same data served again by a server whose clock is a year on.
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "fenfen/v1/audit.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"
#include "server/server.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

// Drops five kilograms, reserves a voucher and gives its code.
std::string ReserveOne(TestServer& server) {
  v1::RecordDropRequest drop;
  drop.set_household("households/1001");
  drop.set_request_id(server.NewRequestId());
  drop.set_station("stations/s-a");
  drop.set_category(v1::CATEGORY_FOOD);
  drop.set_weight_grams(5000);
  EXPECT_TRUE(server.Call(&v1::DropService::Stub::RecordDrop, drop, server.Token("staff/attendant-a", "ATTENDANT")).status.ok());
  v1::ReserveVoucherRequest reserve;
  reserve.set_household("households/1001");
  reserve.set_request_id(server.NewRequestId());
  reserve.set_offer("offers/o-a");
  const auto reserved = server.Call(&v1::VoucherService::Stub::ReserveVoucher, reserve, server.Token(kResident, "RESIDENT"));
  EXPECT_TRUE(reserved.status.ok()) << reserved.error().ToString();
  return reserved.reply.voucher().code();
}

TEST(AYearLater, AVoucherPastItsDateIsRefusedAndNothingChanges) {
  TestServer before;
  before.AddConfig("[timers]\nenabled = false\n");  // what a server does by itself would change something
  ASSERT_TRUE(before.Start()) << before.Log();
  before.ImportDistrict();
  const std::string code = ReserveOne(before);
  const std::string digests = before.Digests();
  ASSERT_EQ(before.Stop(), 0);

  const absl::Time later = absl::Now() + absl::Hours(24 * 366);
  const ManualClock clock(later);
  const absl::StatusOr<Config> config = LoadConfig(before.folder() + "/fenfend.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  const absl::StatusOr<std::unique_ptr<Log>> log = Log::Open(config->log);
  ASSERT_TRUE(log.ok()) << log.status();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(*config, **log, clock);
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = grpc::CreateChannel((*server)->grpc_address(), grpc::InsecureChannelCredentials());
  const absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromKey(before.BridgeKey(), "bridge");
  ASSERT_TRUE(signer.ok()) << signer.status();

  v1::CaptureVoucherRequest capture;
  capture.set_merchant("merchants/m-a");
  capture.set_request_id(client::FormatUuid7(later, 1, 2));
  capture.set_code(code);
  grpc::ClientContext context;
  TestServer::Prepare(&context, signer->Mint(kMerchantOperator, "MERCHANT", later, absl::Hours(1)));
  v1::CaptureVoucherResponse reply;
  const grpc::Status status = v1::VoucherService::Stub(channel).CaptureVoucher(&context, capture, &reply);
  const client::Error error = client::ParseError(status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(error.reason, v1::REASON_VOUCHER_EXPIRED) << error.ToString();
  EXPECT_NE(error.zh.find("过期"), std::string::npos) << error.zh;
  ASSERT_TRUE((*server)->Stop().ok());
  server->reset();  // lets the journal go

  ASSERT_TRUE(before.Start()) << before.Log();
  EXPECT_EQ(before.Digests(), digests);
}

}  // namespace
}  // namespace fenfen::server
