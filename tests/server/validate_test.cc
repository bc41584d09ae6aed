// The form of requests by their `field` options; request ids, fingerprints and page tokens.
#include "server/call/validate.h"

#include <gtest/gtest.h>

#include <string>

#include "fenfen/v1/catalogue.pb.h"
#include "fenfen/v1/drop.pb.h"
#include "fenfen/v1/household.pb.h"
#include "fenfen/v1/station.pb.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "server/call/page_token.h"

namespace fenfen::server {
namespace {

std::string FaultOf(const google::protobuf::Message& message) {
  const absl::Status status = Validator(*message.GetDescriptor()).Check(message);
  if (status.ok()) return "none";
  const Refusal refusal = RefusalOf(status);
  return std::string(NameOf(refusal.reason)) + " " + refusal.field;
}

v1::RecordDropRequest Drop() {
  v1::RecordDropRequest drop;
  drop.set_household("households/1");
  drop.set_category(v1::CATEGORY_FOOD);
  return drop;
}

TEST(Validate, RequiredAndLengths) {
  EXPECT_EQ(FaultOf(Drop()), "none");
  v1::RecordDropRequest drop = Drop();
  drop.clear_household();
  EXPECT_EQ(FaultOf(drop), "FIELD_MISSING household");
  drop = Drop();
  drop.set_member(std::string(256, 'x'));
  EXPECT_EQ(FaultOf(drop), "none");
  drop.set_member(std::string(257, 'x'));
  EXPECT_EQ(FaultOf(drop), "FIELD_TOO_LONG member");
  drop = Drop();
  drop.set_category(static_cast<v1::Category>(12));
  EXPECT_EQ(FaultOf(drop), "CATEGORY_UNKNOWN category") << "the reason that the option gives";
  drop = Drop();
  drop.set_request_id(std::string(300, 'x'));
  EXPECT_EQ(FaultOf(drop), "none") << "request ids have reasons of their own";
}

TEST(Validate, ListsAndWhatIsInThem) {
  v1::ImportHouseholdsRequest import;
  for (int i = 0; i < 1000; ++i) import.add_rows()->set_number("1");
  EXPECT_EQ(FaultOf(import), "none");
  import.mutable_rows(3)->set_door(std::string(257, 'x'));
  EXPECT_EQ(FaultOf(import), "FIELD_TOO_LONG rows[3].door");
  import.mutable_rows(3)->clear_door();
  for (int i = 0; i < 21; ++i) import.mutable_rows(5)->add_subjects("s");
  EXPECT_EQ(FaultOf(import), "FIELD_TOO_LONG rows[5].subjects");
  import.mutable_rows(5)->clear_subjects();
  import.mutable_rows(5)->add_subjects(std::string(257, 'x'));
  EXPECT_EQ(FaultOf(import), "FIELD_TOO_LONG rows[5].subjects[0]");
  import.mutable_rows(5)->clear_subjects();
  import.add_rows();
  EXPECT_EQ(FaultOf(import), "FIELD_TOO_LONG rows");
  v1::UpdateCatalogueRequest update;
  update.mutable_rule_set()->add_rules()->set_category(static_cast<v1::Category>(99));
  EXPECT_EQ(FaultOf(update), "FIELD_MALFORMED rule_set.rules[0].category");
  v1::UploadDropsRequest upload;
  upload.set_batch(std::string(262'145, 'x'));
  EXPECT_EQ(FaultOf(upload), "FIELD_TOO_LONG batch");
}

TEST(Validate, RequestIdsKeepTheirWindow) {
  const absl::Time now = absl::FromUnixMillis(0x018f3c1e7b2a);
  const std::string id = "018f3c1e-7b2a-7c3d-9e4f-0123456789ab";
  const auto reason = [&id](absl::Time at) {
    const auto key = CheckRequestId(id, at);
    return key.ok() ? "OK" : std::string(NameOf(RefusalOf(key.status()).reason));
  };
  EXPECT_EQ(reason(now), "OK");
  EXPECT_EQ(reason(now - limits::kClockAheadMax), "OK");
  EXPECT_EQ(reason(now - limits::kClockAheadMax - absl::Milliseconds(1)), "REQUEST_ID_OUT_OF_WINDOW");
  EXPECT_EQ(reason(now + limits::kRequestKeyAgeMax), "OK");
  EXPECT_EQ(reason(now + limits::kRequestKeyAgeMax + absl::Milliseconds(1)), "REQUEST_ID_OUT_OF_WINDOW");
  EXPECT_EQ(RefusalOf(CheckRequestId("", now).status()).reason, Reason::REASON_REQUEST_ID_MISSING);
  EXPECT_EQ(RefusalOf(CheckRequestId("018f3c1e-7b2a-4c3d-9e4f-0123456789ab", now).status()).reason, Reason::REASON_REQUEST_ID_MALFORMED);
}

TEST(Validate, FingerprintsTellRequestsApartAndRepetitionsNot) {
  v1::RecordDropRequest drop = Drop();
  drop.set_request_id("a");
  const uint64_t first = Fingerprint("m", "s", drop);
  drop.set_request_id("b");
  EXPECT_EQ(Fingerprint("m", "s", drop), first);
  EXPECT_NE(Fingerprint("m2", "s", drop), first);
  EXPECT_NE(Fingerprint("m", "s2", drop), first);
  EXPECT_NE(Fingerprint("ms", "", drop), first);
  drop.set_weight_grams(0);
  EXPECT_NE(Fingerprint("m", "s", drop), first) << "absent is not zero";
}

TEST(PageToken, OnlyForTheListItWasMadeFor) {
  const std::string key(32, 'k');
  const std::string token = MakePageToken(key, "households/7/entries", 8000);
  EXPECT_EQ(ReadPageToken(key, "households/7/entries", token), 8000u);
  EXPECT_EQ(ReadPageToken(key, "households/8/entries", token), std::nullopt);
  EXPECT_EQ(ReadPageToken(std::string(32, 'x'), "households/7/entries", token), std::nullopt);
  for (const char* text : {"", ".", "1f40", "1f40.", "zz.0000000000000000", "ffffffffffffffffff.0"}) {
    EXPECT_EQ(ReadPageToken(key, "households/7/entries", text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace fenfen::server
