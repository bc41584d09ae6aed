// A server that starts from a snapshot is the server that stopped: digests, look-ups, captures, rules, repetitions, a device's numbers.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/station.grpc.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"
#include "tests/server/server_fixture.h"
#include "tests/server/test_stores.h"

namespace fenfen::server {
namespace {

class SnapshotStart : public testing::Test {
 protected:
  void SetUp() override {
    server.AddConfig("[snapshot]\ntransactions_min = 1\n");
    ASSERT_TRUE(server.Start()) << server.Log();
    server.ImportDistrict();
  }

  void CaptureOneVoucher() {
    v1::ReserveVoucherRequest reserve;
    reserve.set_household("households/1001");
    reserve.set_request_id(server.NewRequestId());
    reserve.set_offer("offers/o-a");
    const auto reserved = server.Call(&v1::VoucherService::Stub::ReserveVoucher, reserve, server.Token(kResident, "RESIDENT"));
    ASSERT_TRUE(reserved.status.ok()) << reserved.error().ToString();
    v1::CaptureVoucherRequest capture;
    capture.set_merchant("merchants/m-a");
    capture.set_request_id(server.NewRequestId());
    capture.set_code("FV1." + reserved.reply.voucher().code());
    const auto captured = server.Call(&v1::VoucherService::Stub::CaptureVoucher, capture, server.Token(kMerchantOperator, "MERCHANT"));
    ASSERT_TRUE(captured.status.ok()) << captured.error().ToString();
  }

  // Uploads one event of devices/d-a; why it was refused, or nothing.
  std::string UploadOne(int64_t sequence, int64_t household) {
    v1::DeviceBatch batch;
    batch.set_device("devices/d-a");
    batch.set_previous_sha256(std::string(32, '\0'));
    v1::DeviceDrop& drop = *batch.add_drops();
    drop.set_sequence(sequence);
    drop.set_household(household);
    drop.set_category(v1::CATEGORY_FOOD);
    drop.set_weight_grams(1000);
    drop.set_event_time_micros(absl::ToUnixMicros(absl::Now()));
    v1::StationService::Stub stub(server.channel());
    grpc::ClientContext context;
    TestServer::Prepare(&context, server.Token("devices/d-a", "DEVICE"));
    const auto stream = stub.UploadDrops(&context);
    stream->Write(server.SignedBatch(batch, "devices/d-a"));
    stream->WritesDone();
    v1::UploadDropsResponse answer;
    EXPECT_TRUE(stream->Read(&answer));
    stream->Finish();
    return answer.outcomes_size() == 1 ? answer.outcomes(0).reason() : answer.reason();
  }

  // Everything that the projections tell, and the digests.
  std::string View() const {
    const auto rules = server.Call(&v1::CatalogueService::Stub::GetRuleSet, v1::GetRuleSetRequest(), "");
    v1::ListCapturesRequest list;
    list.set_merchant("merchants/m-a");
    const auto captures = server.Call(&v1::VoucherService::Stub::ListCaptures, list, server.Token(kMerchantOperator, "MERCHANT"));
    v1::FindHouseholdRequest find;
    find.set_region("regions/a");
    find.set_card("C-1001");
    const auto found = server.Call(&v1::HouseholdService::Stub::FindHousehold, find, server.Token("staff/staff-a", "STAFF"));
    EXPECT_TRUE(rules.status.ok() && captures.status.ok() && found.status.ok()) << rules.error().ToString();
    return absl::StrCat(rules.reply.DebugString(), captures.reply.DebugString(), found.reply.DebugString(), server.Digests());
  }

  std::string SnapshotFile(int number) const { return absl::StrCat(server.data_dir(), "/snapshots/0000000", number, ".snap"); }

  TestServer server;
};

TEST_F(SnapshotStart, IsTheSameServer) {
  v1::RecordDropRequest drop;
  drop.set_household("households/1001");
  drop.set_request_id(server.NewRequestId());
  drop.set_station("stations/s-a");
  drop.set_category(v1::CATEGORY_FOOD);
  drop.set_weight_grams(1500);
  const auto attendant = [this] { return server.Token("staff/attendant-a", "ATTENDANT"); };
  const auto first = server.Call(&v1::DropService::Stub::RecordDrop, drop, attendant());
  ASSERT_TRUE(first.status.ok()) << first.error().ToString();
  CaptureOneVoucher();
  EXPECT_EQ(UploadOne(1, 1001), "");
  const std::string before = View();
  EXPECT_NE(before.find("day_count: 1"), std::string::npos) << before;

  ASSERT_EQ(server.Stop(), 0) << server.Log();
  // Redis is there still, so a start from it has no use for snapshots.
  ASSERT_EQ(std::filesystem::exists(SnapshotFile(1)), StateIsMemory()) << server.Log();
  ASSERT_TRUE(server.Start()) << server.Log();
  EXPECT_EQ(absl::StrContains(server.Log(), R"("snapshot":"1")"), StateIsMemory()) << server.Log();
  EXPECT_EQ(View(), before);
  const auto again = server.Call(&v1::DropService::Stub::RecordDrop, drop, attendant());
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.reply.SerializeAsString(), first.reply.SerializeAsString());
  EXPECT_EQ(UploadOne(1, 2001), "DEVICE_SEQUENCE_REUSED") << "where a device's numbers took effect";
  EXPECT_EQ(View(), before);
}

TEST_F(SnapshotStart, ADamagedSnapshotCostsTimeAlone) {
  EXPECT_EQ(UploadOne(1, 1001), "");
  CaptureOneVoucher();
  const std::string before = View();
  ASSERT_EQ(server.Stop(), 0);
  if (StateIsMemory()) {
    std::fstream file(SnapshotFile(1), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);
    file.put('!');
  }
  ASSERT_TRUE(server.Start()) << server.Log();
  EXPECT_EQ(absl::StrContains(server.Log(), absl::StrCat(SnapshotFile(1), ": damaged at byte ")), StateIsMemory()) << server.Log();
  EXPECT_EQ(View(), before);
  ASSERT_EQ(server.Stop(), 0);
}

}  // namespace
}  // namespace fenfen::server
