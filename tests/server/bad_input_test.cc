// Bad input: each kind gets its own reason from the error table, with the table's gRPC code and both sentences, and changes nothing.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/request_id.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/identity.grpc.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"
#include "ledger/points/codes.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

// A district whose resident 1001 has dropped 5 kg of food and holds a voucher of merchant a.
class BadInput : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server = new TestServer;
    ASSERT_TRUE(server->Start()) << server->Log();
    server->ImportDistrict();
    ASSERT_TRUE(Record(Drop()).status.ok());
    v1::ReserveVoucherRequest reserve;
    reserve.set_household("households/1001");
    reserve.set_request_id(server->NewRequestId());
    reserve.set_offer("offers/o-a");
    const auto voucher = server->Call(&v1::VoucherService::Stub::ReserveVoucher, reserve, Resident());
    ASSERT_TRUE(voucher.status.ok()) << voucher.error().ToString();
    code = new std::string(voucher.reply.voucher().code());
  }
  static void TearDownTestSuite() {
    delete server;
    delete code;
  }

  static std::string Resident() { return server->Token(kResident, "RESIDENT"); }
  static std::string CodesKey() { return absl::HexStringToBytes(std::string(64, 'a')); }

  // As an attendant: without a station code, so that it can be done at any time.
  static v1::RecordDropRequest Drop() {
    v1::RecordDropRequest request;
    request.set_household("households/1001");
    request.set_request_id(server->NewRequestId());
    request.set_station("stations/s-a");
    request.set_category(v1::CATEGORY_FOOD);
    request.set_weight_grams(5000);
    return request;
  }
  static TestReply<v1::RecordDropResponse> Record(const v1::RecordDropRequest& request) {
    return server->Call(&v1::DropService::Stub::RecordDrop, request, server->Token("staff/attendant-a", "ATTENDANT"));
  }
  static TestReply<v1::RecordDropResponse> RecordByResident(const std::string& station_code) {
    v1::RecordDropRequest request = Drop();
    request.clear_station();
    request.set_station_code(station_code);
    return server->Call(&v1::DropService::Stub::RecordDrop, request, Resident());
  }
  static TestReply<v1::CaptureVoucherResponse> Capture(const std::string& text, const std::string& merchant, const std::string& person) {
    v1::CaptureVoucherRequest request;
    request.set_merchant(merchant);
    request.set_request_id(server->NewRequestId());
    request.set_code(text);
    return server->Call(&v1::VoucherService::Stub::CaptureVoucher, request, server->Token(person, "MERCHANT"));
  }
  static client::Error With(const std::function<void(v1::RecordDropRequest&)>& change) {
    v1::RecordDropRequest request = Drop();
    change(request);
    return Record(request).error();
  }

  // Makes the call and checks its refusal, and that nothing changed.
  static void Expect(v1::Reason reason, const std::function<client::Error()>& call, const std::string& field = "") {
    const std::string before = server->Digests();
    const client::Error error = call();
    EXPECT_EQ(v1::Reason_Name(error.reason), v1::Reason_Name(reason)) << error.ToString();
    EXPECT_EQ(error.code, client::RowOf(reason).code());
    EXPECT_FALSE(error.zh.empty());
    EXPECT_FALSE(error.en.empty());
    EXPECT_EQ(error.zh.find('{'), std::string::npos) << "a placeholder is left in: " << error.zh;
    if (!field.empty()) {
      EXPECT_EQ(error.metadata.count("field") > 0 ? error.metadata.at("field") : "", field);
    }
    EXPECT_EQ(server->Digests(), before) << "something changed";
  }

  static TestServer* server;
  static std::string* code;
};
TestServer* BadInput::server = nullptr;
std::string* BadInput::code = nullptr;

TEST_F(BadInput, StationCodes) {
  const uint64_t step = StationStepAt(absl::Now());
  const auto with = [](const std::string& text) { return [text] { return RecordByResident(text).error(); }; };
  Expect(v1::REASON_STATION_CODE_UNKNOWN, with("hello"), "station_code");
  Expect(v1::REASON_STATION_CODE_UNKNOWN, with("FS1.s-a.1.aaaaaaaaaaaaaaaa"), "station_code");
  Expect(v1::REASON_STATION_CODE_UNKNOWN, with(MakeStationCode(std::string(32, 'x'), "s-a", step)), "station_code");
  Expect(v1::REASON_STATION_CODE_UNKNOWN, with(MakeStationCode(CodesKey(), "s-none", step)), "station_code");
  Expect(v1::REASON_STATION_CODE_EXPIRED, with(MakeStationCode(CodesKey(), "s-a", step - 4)), "station_code");
  Expect(v1::REASON_STATION_CODE_EXPIRED, with(MakeStationCode(CodesKey(), "s-a", step + 4)), "station_code");
  Expect(v1::REASON_FIELD_MISSING, with(""), "station_code");
  const std::string good = server->StationCode("stations/s-a");
  ASSERT_TRUE(RecordByResident(good).status.ok());
  Expect(v1::REASON_STATION_CODE_USED, with(good), "station_code");
}

TEST_F(BadInput, Drops) {
  Expect(
      v1::REASON_WEIGHT_NOT_POSITIVE, [] { return With([](auto& r) { r.set_weight_grams(0); }); }, "weight_grams");
  Expect(
      v1::REASON_WEIGHT_NOT_POSITIVE, [] { return With([](auto& r) { r.set_weight_grams(-5); }); }, "weight_grams");
  Expect(
      v1::REASON_WEIGHT_TOO_LARGE, [] { return With([](auto& r) { r.set_weight_grams(50'001); }); }, "weight_grams");
  Expect(
      v1::REASON_CATEGORY_UNKNOWN, [] { return With([](auto& r) { r.set_category(static_cast<v1::Category>(99)); }); }, "category");
  Expect(
      v1::REASON_CATEGORY_UNKNOWN, [] { return With([](auto& r) { r.clear_category(); }); }, "category");
  Expect(v1::REASON_HOUSEHOLD_UNKNOWN, [] { return With([](auto& r) { r.set_household("households/999"); }); });
  Expect(
      v1::REASON_FIELD_MISSING, [] { return With([](auto& r) { r.clear_household(); }); }, "household");
  Expect(
      v1::REASON_MEMBER_UNKNOWN, [] { return With([](auto& r) { r.set_member("households/1001/members/9"); }); }, "member");
  Expect(
      v1::REASON_MEMBER_UNKNOWN, [] { return With([](auto& r) { r.set_member("households/1002/members/1"); }); }, "member");
  Expect(
      v1::REASON_STATION_UNKNOWN, [] { return With([](auto& r) { r.set_station("stations/none"); }); }, "station");
  Expect(
      v1::REASON_FIELD_TOO_LONG, [] { return With([](auto& r) { r.set_member(std::string(257, 'x')); }); }, "member");
  Expect(v1::REASON_BODY_TOO_LARGE, [] { return With([](auto& r) { r.set_member(std::string(300'000, 'x')); }); });
}

TEST_F(BadInput, RequestIds) {
  Expect(
      v1::REASON_REQUEST_ID_MISSING, [] { return With([](auto& r) { r.clear_request_id(); }); }, "request_id");
  Expect(
      v1::REASON_REQUEST_ID_MALFORMED, [] { return With([](auto& r) { r.set_request_id("1"); }); }, "request_id");
  Expect(
      v1::REASON_REQUEST_ID_MALFORMED, [] { return With([](auto& r) { r.set_request_id("018f3c1e-7b2a-4c3d-9e4f-0123456789ab"); }); },
      "request_id");
  const auto made_at = [](absl::Duration since) {
    return [since] { return With([since](auto& r) { r.set_request_id(client::FormatUuid7(absl::Now() + since, 1, 2)); }); };
  };
  Expect(v1::REASON_REQUEST_ID_OUT_OF_WINDOW, made_at(absl::Minutes(6)), "request_id");
  Expect(v1::REASON_REQUEST_ID_OUT_OF_WINDOW, made_at(-absl::Hours(24 * 46)), "request_id");

  v1::RecordDropRequest request = Drop();
  const auto first = Record(request);
  ASSERT_TRUE(first.status.ok());
  EXPECT_FALSE(first.replayed);
  const auto again = Record(request);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.reply.SerializeAsString(), first.reply.SerializeAsString());
  request.set_weight_grams(4000);
  Expect(
      v1::REASON_REQUEST_ID_REUSED, [&] { return Record(request).error(); }, "request_id");
}

TEST_F(BadInput, Vouchers) {
  const auto capture = [](const std::string& text) { return [text] { return Capture(text, "merchants/m-a", kMerchantOperator).error(); }; };
  Expect(v1::REASON_VOUCHER_UNKNOWN, capture("nonsense"), "code");
  Expect(v1::REASON_VOUCHER_UNKNOWN, capture(MakeVoucherCode(std::string(32, 'x'), VoucherId(7))), "code");
  Expect(v1::REASON_VOUCHER_UNKNOWN, capture(MakeVoucherCode(CodesKey(), VoucherId(7))), "code");
  Expect(
      v1::REASON_VOUCHER_OTHER_MERCHANT, [] { return Capture(*code, "merchants/m-b", kOtherMerchantOperator).error(); }, "code");
  v1::ReserveVoucherRequest reserve;
  reserve.set_household("households/1001");
  reserve.set_offer("offers/none");
  const auto attempt = [&reserve] {
    reserve.set_request_id(server->NewRequestId());
    return server->Call(&v1::VoucherService::Stub::ReserveVoucher, reserve, server->Token(reserve.household() + "/members/1", "RESIDENT"))
        .error();
  };
  Expect(v1::REASON_OFFER_UNKNOWN, attempt, "offer");
  reserve.set_household("households/1002");
  reserve.set_offer("offers/o-a");
  Expect(v1::REASON_POINTS_INSUFFICIENT, attempt);

  // As somebody types it.
  std::string typed = absl::StrCat(" fv1.", *code);
  for (char& c : typed) c = c == '-' ? ' ' : c == '0' ? 'o' : c == '1' ? 'l' : absl::ascii_tolower(c);
  typed.replace(1, 4, "FV1.");
  const auto taken = Capture(typed, "merchants/m-a", kMerchantOperator);
  EXPECT_TRUE(taken.status.ok()) << taken.error().ToString();
  Expect(v1::REASON_VOUCHER_USED, capture(*code), "code");
  Expect(
      v1::REASON_VOUCHER_OTHER_MERCHANT, [] { return Capture(*code, "merchants/m-b", kOtherMerchantOperator).error(); }, "code");
}

TEST_F(BadInput, PagesAndNames) {
  v1::ListEntriesRequest entries;
  entries.set_household("households/1001");
  entries.set_page_token("1.0000000000000000");
  const auto list = [&entries] { return server->Call(&v1::HouseholdService::Stub::ListEntries, entries, Resident()).error(); };
  Expect(v1::REASON_PAGE_TOKEN_INVALID, list, "page_token");
  v1::TraceEntryRequest trace;
  const auto find = [&trace] {
    return server->Call(&v1::HouseholdService::Stub::TraceEntry, trace, server->Token("staff/staff-a", "STAFF")).error();
  };
  trace.set_name("households/1001/entries/99999");
  Expect(v1::REASON_ENTRY_UNKNOWN, find);
  trace.set_name("households/1001/entries/x");
  Expect(v1::REASON_FIELD_MALFORMED, find, "name");
  v1::ListStationsRequest stations;
  stations.set_region("regions/none");
  Expect(
      v1::REASON_REGION_UNKNOWN, [&] { return server->Call(&v1::CatalogueService::Stub::ListStations, stations, "").error(); }, "region");
  v1::ResolveSubjectRequest subject;
  subject.set_wechat_subject("nobody");
  Expect(v1::REASON_PERSON_UNKNOWN, [&] {
    return server->Call(&v1::IdentityService::Stub::ResolveSubject, subject, server->Token("bridges/test", "BRIDGE")).error();
  });
}

TEST_F(BadInput, Tokens) {
  v1::GetBalanceRequest request;
  request.set_household("households/1001");
  const auto with = [&request](const std::string& token) {
    return [&request, token] { return server->Call(&v1::HouseholdService::Stub::GetBalance, request, token).error(); };
  };
  Expect(v1::REASON_TOKEN_MISSING, with(""));
  Expect(v1::REASON_TOKEN_INVALID, with("x"));
  const std::string good = Resident();
  Expect(v1::REASON_TOKEN_INVALID, with(good.substr(0, good.size() - 8) + "AAAAAAAA"));
  Expect(v1::REASON_TOKEN_UNSIGNED, with(absl::WebSafeBase64Escape(R"({"alg":"none"})") + good.substr(good.find('.'))));
  Expect(v1::REASON_TOKEN_INVALID, with(server->Token("staff/none", "STAFF")));
  Expect(v1::REASON_TOKEN_INVALID, with(server->Token("staff/auditor-a", "STAFF")));
  Expect(v1::REASON_TOKEN_INVALID, with(server->Token("merchants/m-a/operators/none", "MERCHANT")));
  Expect(v1::REASON_DEVICE_UNKNOWN, with(server->Token("devices/none", "DEVICE")));
  Expect(v1::REASON_DEVICE_UNKNOWN, with(server->Token("devices/d-gone", "DEVICE")));
  const std::string brief = server->Token(kResident, "RESIDENT", absl::Seconds(1));
  absl::SleepFor(absl::Milliseconds(2100));
  Expect(v1::REASON_TOKEN_EXPIRED, with(brief));
}

TEST_F(BadInput, ImportsAreAllOrNothing) {
  const std::string before = server->Digests();
  v1::UpdateCatalogueRequest request;
  request.set_request_id(server->NewRequestId());
  request.add_stations()->set_name("stations/new");
  request.mutable_stations(0)->set_display_name("新");
  request.mutable_stations(0)->set_region("regions/a-1");
  *request.add_stations() = request.stations(0);
  request.mutable_stations(1)->set_name("stations/bad");
  request.mutable_stations(1)->set_region("regions/none");
  const auto reply = server->Call(&v1::CatalogueService::Stub::UpdateCatalogue, request, server->Token(kOperator, "OPERATOR"));
  ASSERT_TRUE(reply.status.ok()) << reply.error().ToString();
  ASSERT_EQ(reply.reply.errors_size(), 1);
  EXPECT_EQ(reply.reply.errors(0).row(), 2);
  EXPECT_EQ(reply.reply.errors(0).field(), "stations.region");
  EXPECT_EQ(server->Digests(), before);

  v1::HouseholdService::Stub stub(server->channel());
  grpc::ClientContext context;
  TestServer::Prepare(&context, server->Token(kOperator, "OPERATOR"));
  v1::ImportHouseholdsResponse imported;
  const auto writer = stub.ImportHouseholds(&context, &imported);
  v1::ImportHouseholdsRequest rows;
  rows.set_request_id(server->NewRequestId());
  for (const char* number : {"5001", "1001", "x"}) {
    v1::HouseholdRow& row = *rows.add_rows();
    row.set_number(number);
    row.set_region("a-1");
    row.set_members(1);
  }
  writer->Write(rows);
  writer->WritesDone();
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(imported.created(), 0);
  EXPECT_EQ(imported.errors_size(), 1) << imported.ShortDebugString();
  EXPECT_EQ(server->Digests(), before);
}

TEST_F(BadInput, AnImportWhoseClientGoesAwayLeavesNothing) {
  const std::string before = server->Digests();
  v1::HouseholdService::Stub stub(server->channel());
  {
    grpc::ClientContext context;
    TestServer::Prepare(&context, server->Token(kOperator, "OPERATOR"));
    v1::ImportHouseholdsResponse imported;
    const auto writer = stub.ImportHouseholds(&context, &imported);
    v1::ImportHouseholdsRequest rows;
    rows.set_request_id(server->NewRequestId());
    v1::HouseholdRow& row = *rows.add_rows();
    row.set_number("6001");
    row.set_region("a-1");
    row.set_members(1);
    ASSERT_TRUE(writer->Write(rows));
    absl::SleepFor(absl::Milliseconds(100));
    context.TryCancel();
    writer->Finish();
  }
  absl::SleepFor(absl::Milliseconds(500));
  EXPECT_EQ(server->Digests(), before);
}

}  // namespace
}  // namespace fenfen::server
