// Devices' uploads over a real stream: credited, replayed, forged, forked, resumed; and what a revoked device may still do: nothing.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/station.grpc.pb.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

class DeviceUpload : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server.Start()) << server.Log();
    server.ImportDistrict();
  }

  // A batch of 1 kg of food for each household named, numbered from `first` on.
  v1::DeviceBatch Batch(int64_t first, const std::vector<int64_t>& households) const {
    v1::DeviceBatch batch;
    batch.set_device("devices/d-a");
    batch.set_previous_sha256(std::string(32, '\0'));
    for (const int64_t household : households) {
      v1::DeviceDrop& drop = *batch.add_drops();
      drop.set_sequence(first++);
      drop.set_household(household);
      drop.set_category(v1::CATEGORY_FOOD);
      drop.set_weight_grams(1000);
      drop.set_event_time_micros(time_micros);
    }
    return batch;
  }

  // Sends the messages on one stream and gives the answers; the stream's end in `end`.
  std::vector<v1::UploadDropsResponse> Upload(const std::vector<v1::UploadDropsRequest>& messages,
                                              const std::string& device = "devices/d-a") {
    v1::StationService::Stub stub(server.channel());
    grpc::ClientContext context;
    TestServer::Prepare(&context, server.Token(device, "DEVICE"));
    const auto stream = stub.UploadDrops(&context);
    for (const v1::UploadDropsRequest& message : messages) stream->Write(message);
    stream->WritesDone();
    std::vector<v1::UploadDropsResponse> answers;
    v1::UploadDropsResponse answer;
    while (stream->Read(&answer)) answers.push_back(answer);
    end = stream->Finish();
    return answers;
  }
  v1::UploadDropsRequest Signed(const v1::DeviceBatch& batch) const { return server.SignedBatch(batch, batch.device()); }

  int64_t Reward(const std::string& household) const {
    v1::GetBalanceRequest request;
    request.set_household(household);
    return server.Call(&v1::HouseholdService::Stub::GetBalance, request, server.Token(household + "/members/1", "RESIDENT"))
        .reply.balance()
        .reward();
  }

  TestServer server;
  grpc::Status end;
  const int64_t time_micros = absl::ToUnixMicros(absl::Now());
};

TEST_F(DeviceUpload, CreditsEachEventAndAnswersInOrder) {
  const auto answers = Upload({Signed(Batch(1, {1001, 1002, 999, 2001})), Signed(Batch(5, {1001}))});
  ASSERT_TRUE(end.ok()) << end.error_message();
  ASSERT_EQ(answers.size(), 2u);
  ASSERT_EQ(answers[0].outcomes_size(), 4);
  EXPECT_EQ(answers[0].last_sequence(), 4);
  EXPECT_EQ(answers[0].reason(), "");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(answers[0].outcomes(i).sequence(), i + 1);
  EXPECT_EQ(answers[0].outcomes(0).reward(), 200);
  EXPECT_EQ(answers[0].outcomes(0).civic(), 100);
  EXPECT_GT(answers[0].outcomes(0).entry_sequence(), 0);
  EXPECT_EQ(answers[0].outcomes(2).reason(), "HOUSEHOLD_UNKNOWN");
  EXPECT_FALSE(answers[0].outcomes(2).retry());
  EXPECT_EQ(answers[1].outcomes(0).sequence(), 5);
  EXPECT_EQ(Reward("households/1001"), 400);
  EXPECT_EQ(Reward("households/2001"), 200);
}

TEST_F(DeviceUpload, AReplayedBatchRepeatsItsOutcomesAndChangesNothing) {
  const auto first = Upload({Signed(Batch(1, {1001, 1002}))});
  const std::string before = server.Digests();
  const auto again = Upload({Signed(Batch(1, {1001, 1002}))});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].reason(), "DEVICE_BATCH_REPLAYED");
  EXPECT_FALSE(again[0].detail().empty());
  ASSERT_EQ(again[0].outcomes_size(), 2);
  EXPECT_TRUE(again[0].outcomes(0).replayed());
  EXPECT_EQ(again[0].outcomes(0).reward(), first[0].outcomes(0).reward());
  EXPECT_EQ(again[0].outcomes(0).entry_sequence(), first[0].outcomes(0).entry_sequence());
  EXPECT_EQ(server.Digests(), before);
  // Part of it new: only that is credited.
  const auto more = Upload({Signed(Batch(1, {1001, 1002, 2001}))});
  EXPECT_EQ(more[0].reason(), "");
  EXPECT_TRUE(more[0].outcomes(1).replayed());
  EXPECT_FALSE(more[0].outcomes(2).replayed());
  EXPECT_EQ(Reward("households/1001"), 200);
  EXPECT_EQ(Reward("households/2001"), 200);
}

TEST_F(DeviceUpload, AForgedBatchIsRefusedAsAWholeAndTheStreamGoesOn) {
  const std::string before = server.Digests();
  v1::UploadDropsRequest changed = Signed(Batch(1, {1001}));
  changed.mutable_batch()->back() ^= 1;
  v1::UploadDropsRequest other_key = server.SignedBatch(Batch(1, {1001}), "devices/d-b");
  v1::UploadDropsRequest unsigned_one = Signed(Batch(1, {1001}));
  unsigned_one.clear_signature();
  const auto answers = Upload({changed, other_key, unsigned_one});
  ASSERT_EQ(answers.size(), 3u);
  for (const auto& answer : answers) {
    EXPECT_EQ(answer.reason(), "DEVICE_SIGNATURE_INVALID");
    EXPECT_EQ(answer.outcomes_size(), 0);
  }
  EXPECT_TRUE(end.ok());
  EXPECT_EQ(server.Digests(), before);
}

TEST_F(DeviceUpload, AMalformedBatchIsRefusedAsAWhole) {
  const std::string before = server.Digests();
  v1::DeviceBatch gap = Batch(1, {1001, 1002});
  gap.mutable_drops(1)->set_sequence(3);
  v1::DeviceBatch chain = Batch(1, {1001});
  chain.set_previous_sha256("short");
  v1::DeviceBatch zero = Batch(0, {1001});
  v1::DeviceBatch foreign = Batch(1, {1001});
  foreign.set_device("devices/d-b");
  v1::UploadDropsRequest foreign_message = server.SignedBatch(foreign, "devices/d-a");
  foreign_message.set_device("devices/d-a");
  const auto answers = Upload({Signed(gap), Signed(chain), Signed(zero), foreign_message, Signed(Batch(1, {})),
                               Signed(Batch(1, std::vector<int64_t>(1001, 1001)))});
  ASSERT_EQ(answers.size(), 6u);
  for (const auto& answer : answers) EXPECT_EQ(answer.reason(), "DEVICE_BATCH_MALFORMED") << answer.ShortDebugString();
  EXPECT_EQ(server.Digests(), before);
}

TEST_F(DeviceUpload, ANumberUsedForAnotherEventIsRefusedByItself) {
  Upload({Signed(Batch(1, {1001}))});
  v1::DeviceBatch fork = Batch(1, {1001, 1002});
  fork.mutable_drops(0)->set_weight_grams(2000);
  const auto answers = Upload({Signed(fork)});
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].outcomes(0).reason(), "DEVICE_SEQUENCE_REUSED");
  EXPECT_EQ(answers[0].outcomes(1).reason(), "");
  EXPECT_EQ(Reward("households/1001"), 200);
  EXPECT_EQ(Reward("households/1002"), 200);
}

TEST_F(DeviceUpload, ANumberUsedForAHouseholdElsewhereIsRefusedToo) {
  Upload({Signed(Batch(1, {1001, 1001}))});
  // Other households of other partitions: no request key of theirs knows the numbers. Also after a restart.
  for (const bool restarted : {false, true}) {
    if (restarted) {
      server.Kill();
      ASSERT_TRUE(server.Start()) << server.Log();
    }
    const auto answers = Upload({Signed(Batch(1, {1002, 2001, 2001}))});
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].outcomes(0).reason(), "DEVICE_SEQUENCE_REUSED");
    EXPECT_EQ(answers[0].outcomes(1).reason(), "DEVICE_SEQUENCE_REUSED");
    EXPECT_EQ(answers[0].outcomes(2).reason(), "");
  }
  EXPECT_EQ(Reward("households/1002"), 0);
  EXPECT_EQ(Reward("households/2001"), 200);
}

TEST_F(DeviceUpload, ADeviceMaySpeakOnlyForItself) {
  v1::DeviceBatch batch = Batch(1, {1001});
  batch.set_device("devices/d-b");
  Upload({server.SignedBatch(batch, "devices/d-b")});
  EXPECT_EQ(client::ParseError(end).reason, v1::REASON_PERMISSION_DENIED);
  Upload({}, "devices/d-gone");
  EXPECT_EQ(client::ParseError(end).reason, v1::REASON_DEVICE_UNKNOWN);
}

TEST_F(DeviceUpload, RevokingEndsAnOpenStreamAtItsNextMessage) {
  v1::StationService::Stub stub(server.channel());
  grpc::ClientContext context;
  TestServer::Prepare(&context, server.Token("devices/d-a", "DEVICE"));
  const auto stream = stub.UploadDrops(&context);
  v1::UploadDropsResponse answer;
  ASSERT_TRUE(stream->Write(Signed(Batch(1, {1001}))));
  ASSERT_TRUE(stream->Read(&answer));
  v1::UpdateCatalogueRequest revoke;
  revoke.set_request_id(server.NewRequestId());
  v1::Device& device = *revoke.add_devices();
  device.set_name("devices/d-a");
  device.set_station("stations/s-a");
  device.set_public_key(server.DeviceKey("devices/d-a").PublicBytes());
  device.set_revoked(true);
  ASSERT_TRUE(server.Call(&v1::CatalogueService::Stub::UpdateCatalogue, revoke, server.Token(kOperator, "OPERATOR")).status.ok());
  stream->Write(Signed(Batch(2, {1001})));
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(client::ParseError(stream->Finish()).reason, v1::REASON_DEVICE_UNKNOWN);
  EXPECT_EQ(Reward("households/1001"), 200);
}

TEST_F(DeviceUpload, ManyBatchesOnOneStreamAreAllAnsweredInOrder) {
  std::vector<v1::UploadDropsRequest> messages;
  for (int64_t i = 0; i < 50; ++i) messages.push_back(Signed(Batch(1 + i * 100, std::vector<int64_t>(100, i % 2 == 0 ? 1001 : 2001))));
  const auto answers = Upload(messages);
  ASSERT_TRUE(end.ok()) << end.error_message();
  ASSERT_EQ(answers.size(), 50u);
  for (size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].last_sequence(), static_cast<int64_t>((i + 1) * 100));
  EXPECT_EQ(Reward("households/1001"), 400) << "two drops a day are credited";
}

}  // namespace
}  // namespace fenfen::server
