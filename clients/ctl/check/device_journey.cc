// The journey of a device: the real agent, and a forger.
#include <boost/json.hpp>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "clients/ctl/check/journeys.h"
#include "clients/ctl/import/text_file.h"
#include "fenfen/v1/station.grpc.pb.h"

namespace fenfen::ctl {

namespace {

constexpr int64_t kNobody = 424'242;

std::string DropOf(const std::string& device, int64_t household, absl::string_view category, int64_t grams) {
  return boost::json::serialize(boost::json::object{
      {"device", device}, {"household", household}, {"member", 1}, {"category", std::string(category)}, {"grams", grams}});
}

// Sends one batch with a signature that another key made; the answer's reason.
std::string SendForged(Tour* tour, const DemoStation& station) {
  const std::string name = absl::StrCat("devices/", station.device);
  const auto key = client::Ed25519Key::FromPemFile(tour->demo->workspace().Path(absl::StrCat("fleet/", station.device, "/key.pem")));
  if (!key.ok()) return std::string(key.status().message());
  v1::DeviceBatch batch;
  batch.set_device(name);
  batch.set_previous_sha256(std::string(32, '\0'));
  v1::DeviceDrop* drop = batch.add_drops();
  drop->set_sequence(1'000'000);
  drop->set_household(tour->demo->district().households[0].number);
  drop->set_category(v1::CATEGORY_RECYCLABLE);
  drop->set_weight_grams(5'000);
  drop->set_event_time_micros(absl::ToUnixMicros(absl::Now()));
  v1::UploadDropsRequest request;
  request.set_device(name);
  request.set_batch(batch.SerializeAsString());
  request.set_signature(
      client::Ed25519Key::Generate()->Sign(absl::StrCat("fenfen-device-batch-v1", absl::string_view("\0", 1), request.batch())));

  const auto token = client::TokenSigner::FromKey(*key, name)->Mint(name, "DEVICE", absl::Now(), absl::Minutes(5));
  client::ClientOptions options;
  options.target = tour->demo->ports().grpc;
  const auto client = client::Client::Connect(options);
  const auto stub = v1::StationService::NewStub((*client)->channel());
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  (*client)->Prepare(&context, {.deadline = {}, .token = token, .metadata = {}, .attempts_max = 0});
  const auto stream = stub->UploadDrops(&context);
  stream->Write(request);
  stream->WritesDone();
  v1::UploadDropsResponse answer;
  std::string reason;
  while (stream->Read(&answer)) reason = answer.reason();
  const grpc::Status status = stream->Finish();
  return status.ok() ? reason : client::ParseError(status).reason_name;
}

}  // namespace

void DeviceJourney(Tour* tour) {
  Checks& checks = *tour->checks;
  Demo& demo = *tour->demo;
  const District& district = demo.district();
  const DemoHousehold& household = district.households[district.rich_household];
  const DemoStation& station = district.stations[district.stations_of_estate[household.estate].front()];
  const std::string folder = demo.workspace().Path(absl::StrCat("fleet/", station.device));
  const int64_t before = tour->Balance();

  // One good drop and one of a household that does not exist: the queue moves on past it.
  const absl::Status queued =
      demo.Enqueue({DropOf(station.device, kNobody, "FOOD", 500), DropOf(station.device, household.number, "HAZARDOUS", 100)});
  checks.Expect(queued.ok(), "the agent takes drops", queued.message());
  absl::Status drained = demo.Drain(2);
  checks.Expect(drained.ok(), "and uploads them", drained.message());
  checks.ExpectEqual(demo.replay().credited, 1, "the good drop is credited");
  checks.ExpectEqual(demo.replay().rejected, 1, "the drop of an unknown household is refused");
  const absl::StatusOr<std::string> rejected = ReadWholeFile(folder + "/rejected.jsonl");
  checks.Expect(rejected.ok() && absl::StrContains(*rejected, "HOUSEHOLD_UNKNOWN"), "and kept with its reason",
                rejected.ok() ? *rejected : "no file");
  checks.ExpectEqual(tour->Balance(), before + 500, "a hazardous drop earns 5.00 points");

  const std::string forged = SendForged(tour, station);
  checks.ExpectEqual(forged, "DEVICE_SIGNATURE_INVALID", "a batch signed by another key is refused");
  // Without its watermark the agent sends everything that its last segment holds again.
  std::filesystem::remove(folder + "/queue/acked");
  drained = demo.Drain(1);
  checks.Expect(drained.ok() && demo.replay().credited > 1, "a replayed queue is answered as before",
                absl::StrCat(drained.message(), " ", demo.replay().credited));
  checks.ExpectEqual(tour->Balance(), before + 500, "and changes nothing");
}

}  // namespace fenfen::ctl
