// JSON and messages, both ways, as golden text; bad input, each with its reason.
#include "mini_program_bridge/transcode.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "absl/strings/str_cat.h"
#include "clients/cpp/error.h"
#include "fenfen/v1/audit.pb.h"
#include "fenfen/v1/catalogue.pb.h"
#include "fenfen/v1/drop.pb.h"
#include "fenfen/v1/entry.pb.h"
#include "fenfen/v1/household.pb.h"
#include "fenfen/v1/station.pb.h"
#include "mini_program_bridge/api_descriptors.h"
#include "mini_program_bridge/json_body.h"
#include "mini_program_bridge/read_request.h"
#include "mini_program_bridge/utf8.h"

namespace fenfen::bridge {
namespace {

// "REASON field" of a refusal, or "ok".
std::string Show(const MaybeRefusal& refusal) {
  if (!refusal.has_value()) return "ok";
  const auto field = refusal->metadata.find("field");
  return absl::StrCat(client::ReasonName(refusal->reason), field == refusal->metadata.end() ? "" : absl::StrCat(" ", field->second));
}

std::string ReadInto(const std::string& body, google::protobuf::Message* message) {
  boost::json::value json;
  if (MaybeRefusal refusal = ParseJsonBody(body, &json)) return Show(refusal);
  return Show(ReadJson(json, message));
}

template <typename Message>
std::string Read(const std::string& body) {
  Message message;
  return ReadInto(body, &message);
}

std::string Drop(const std::string& weight) { return Read<v1::RecordDropRequest>(absl::StrCat(R"({"weight_grams":)", weight, "}")); }

TEST(WriteJson, IsTheGoldenText) {
  v1::Entry entry;
  entry.set_name("households/1/entries/9");
  entry.set_kind(v1::ENTRY_KIND_DROP);
  entry.mutable_event_time()->set_seconds(1750000000);
  entry.mutable_event_time()->set_nanos(120000000);
  entry.set_reward(-9007199254740991);
  entry.set_reason_zh("厨余垃圾 1.2 千克\n\"好\"\\\x01");
  entry.set_rule_version(3);
  std::string out;
  WriteJson(entry, &out);
  EXPECT_EQ(
      out,
      R"({"name":"households/1/entries/9","kind":"ENTRY_KIND_DROP","event_time":"2025-06-15T15:06:40.120Z","reward":-9007199254740991,)"
      R"("civic":0,"reward_after":0,"civic_after":0,"reason_zh":"厨余垃圾 1.2 千克\n\"好\"\\\u0001","reason_en":"","rule":"",)"
      R"("rule_version":3,"member":"","station":"","station_display_name":"","voucher":""})");
}

TEST(WriteJson, WritesMapsSortedListsAlwaysBytesInBase64AndInt64AsText) {
  v1::EntryTrace trace;
  (*trace.mutable_facts())["grams"] = "1200";
  (*trace.mutable_facts())["category"] = "food";
  trace.add_postings()->set_asset(v1::ASSET_CIVIC);
  std::string out;
  WriteJson(trace, &out);
  EXPECT_NE(out.find(R"("facts":{"category":"food","grams":"1200"})"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("postings":[{"account":"","asset":"ASSET_CIVIC","amount":0}])"), std::string::npos) << out;
  EXPECT_EQ(out.find("\"entry\""), std::string::npos) << "an unset message is not written";
  v1::PartitionDigest digest;
  digest.set_sha256("\x01\x02\xff");
  out.clear();
  WriteJson(digest, &out);
  EXPECT_EQ(out, R"({"partition":0,"sequence":0,"sha256":"AQL/"})");
  v1::DropOutcome outcome;
  outcome.set_sequence(5);
  out.clear();
  WriteJson(outcome, &out);
  EXPECT_EQ(out.substr(0, 15), R"({"sequence":"5")");
}

TEST(WriteJson, AnOptionalFieldIsWrittenWhereItIsSetEvenToItsDefault) {
  v1::RecordDropRequest drop;
  std::string out;
  WriteJson(drop, &out);
  EXPECT_EQ(out.find("weight_grams"), std::string::npos);
  drop.set_weight_grams(0);
  out.clear();
  WriteJson(drop, &out);
  EXPECT_NE(out.find("\"weight_grams\":0"), std::string::npos);
}

TEST(ReadJson, TakesTheGoldenText) {
  v1::RecordDropRequest drop;
  EXPECT_EQ(ReadInto(R"({"household":"households/1","request_id":"0197a3c0-5f00-7b1e-8a55-0f6d3c2b1a90","station_code":"FS1.a.1.b",
                       "category":"CATEGORY_FOOD","weight_grams":1200,"member":null})",
                     &drop),
            "ok");
  EXPECT_EQ(drop.category(), v1::CATEGORY_FOOD);
  EXPECT_EQ(drop.weight_grams(), 1200);
  EXPECT_EQ(drop.station_code(), "FS1.a.1.b");
}

TEST(ReadJson, WhatIsWrittenIsReadBackThroughDynamicMessagesToo) {
  v1::UpdateCatalogueRequest update;
  update.set_request_id("x");
  update.mutable_rule_set()->set_version(2);
  auto* rule = update.mutable_rule_set()->add_rules();
  rule->set_id("food");
  rule->set_category(v1::CATEGORY_FOOD);
  rule->set_reward_per_kg(100);
  update.add_devices()->set_public_key(std::string(32, '\xfe'));
  std::string text;
  WriteJson(update, &text);
  const ApiDescriptors api;
  const auto dynamic = api.NewMessage(api.FindMessage("fenfen.v1.UpdateCatalogueRequest"));
  EXPECT_EQ(ReadInto(text, dynamic.get()), "ok");
  EXPECT_EQ(dynamic->SerializeAsString(), update.SerializeAsString());
  v1::ListEntriesResponse page;
  page.add_entries()->mutable_event_time()->set_seconds(1);
  text.clear();
  WriteJson(page, &text);
  const auto dynamic_page = api.NewMessage(api.FindMessage("fenfen.v1.ListEntriesResponse"));
  EXPECT_EQ(ReadInto(text, dynamic_page.get()), "ok");
  EXPECT_EQ(dynamic_page->SerializeAsString(), page.SerializeAsString());
  std::string again;
  WriteJson(*dynamic_page, &again);
  EXPECT_EQ(again, text);
}

TEST(ReadJson, AWeightIsAWholeNumber) {
  EXPECT_EQ(Drop("1200"), "ok");
  EXPECT_EQ(Drop("-5"), "ok") << "whether it may be negative is the server's to say";
  EXPECT_EQ(Drop("1200.0"), "ok");
  EXPECT_EQ(Drop("1e3"), "ok");
  for (const char* weight : {"1.5", "\"1200\"", "\"abc\"", "true", "[]", "{}", "1e300", "9223372036854775808", "9007199254740994.0"}) {
    EXPECT_EQ(Drop(weight), "WEIGHT_NOT_A_NUMBER weight_grams") << weight;
  }
  EXPECT_EQ(Drop("NaN"), "BODY_NOT_JSON");
  EXPECT_EQ(Drop("Infinity"), "BODY_NOT_JSON");
}

TEST(ReadJson, AFieldsOwnReasonIsGiven) {
  EXPECT_EQ(Read<v1::RecordDropRequest>(R"({"category":"CATEGORY_GOLD"})"), "CATEGORY_UNKNOWN category");
  EXPECT_EQ(Read<v1::RecordDropRequest>(R"({"category":1})"), "CATEGORY_UNKNOWN category");
  EXPECT_EQ(Read<v1::RecordDropRequest>(R"({"household":7})"), "FIELD_MALFORMED household");
  EXPECT_EQ(Read<v1::RecordDropRequest>(R"({"colour":"green"})"), "FIELD_UNKNOWN colour");
  EXPECT_EQ(Read<v1::RecordDropRequest>(absl::StrCat(R"({"request_id":")", std::string(37, 'a'), "\"}")), "FIELD_TOO_LONG request_id");
  EXPECT_EQ(Read<v1::RecordDropRequest>(absl::StrCat(R"({"station_code":")", std::string(257, 'a'), "\"}")), "FIELD_TOO_LONG station_code");
  EXPECT_EQ(Read<v1::ListEntriesRequest>(R"({"page_size":2147483648})"), "FIELD_MALFORMED page_size");
}

TEST(ReadJson, PlacesWithinAreNamed) {
  EXPECT_EQ(Read<v1::UpdateCatalogueRequest>(R"({"regions":[{},{"name":3}]})"), "FIELD_MALFORMED regions[1].name");
  EXPECT_EQ(Read<v1::UpdateCatalogueRequest>(R"({"regions":[null]})"), "FIELD_MALFORMED regions[0]");
  EXPECT_EQ(Read<v1::UpdateCatalogueRequest>(R"({"regions":{}})"), "FIELD_MALFORMED regions");
  EXPECT_EQ(Read<v1::UpdateCatalogueRequest>(R"({"rule_set":{"rules":[{"reward_per_kg":"1"}]}})"),
            "FIELD_MALFORMED rule_set.rules[0].reward_per_kg");
  EXPECT_EQ(Read<v1::UpdateCatalogueRequest>(R"({"devices":[{"public_key":"***"}]})"), "FIELD_MALFORMED devices[0].public_key");
}

TEST(ReadJson, OnlyOneOfAOneof) {
  EXPECT_EQ(Read<v1::FindHouseholdRequest>(R"({"number":"1"})"), "ok");
  EXPECT_EQ(Read<v1::FindHouseholdRequest>(R"({"number":"1","card":"2"})"), "FIELD_MALFORMED card");
}

TEST(ReadJson, TimesAreRfc3339) {
  v1::Household household;
  EXPECT_EQ(ReadInto(R"({"create_time":"2025-06-15T23:06:40.12+08:00"})", &household), "ok");
  EXPECT_EQ(household.create_time().seconds(), 1750000000);
  for (const char* time : {"\"yesterday\"", "1750000000", "\"2025-06-15\"", "\"\""}) {
    EXPECT_EQ(Read<v1::Household>(absl::StrCat(R"({"create_time":)", time, "}")), "FIELD_MALFORMED create_time") << time;
  }
}

TEST(JsonBody, IsRefusedAtTheByteWhereItBreaks) {
  const auto offset = [](const std::string& body) {
    boost::json::value value;
    const MaybeRefusal refusal = ParseJsonBody(body, &value);
    if (!refusal.has_value()) return std::string("ok");
    return refusal->reason == v1::REASON_BODY_NOT_JSON ? refusal->metadata.at("offset") : Show(refusal);
  };
  EXPECT_EQ(offset("{}"), "ok");
  EXPECT_EQ(offset(""), "0");
  EXPECT_EQ(offset(R"({"a" 1})"), "5");
  EXPECT_EQ(offset(R"({"a":1} x)"), "8");
  EXPECT_EQ(offset(R"({"a":1)"), "6");
  EXPECT_EQ(offset("{'a':1}"), "1");
  EXPECT_EQ(offset("// c\n{}"), "0");
  EXPECT_EQ(offset("[1,]"), "3");
  EXPECT_NE(offset("\"\xff\""), "ok");
  EXPECT_EQ(offset(R"({"a":1,"a":2})"), "FIELD_MALFORMED a");
  EXPECT_EQ(offset(R"({"b":{"a":1,"\u0061":2}})"), "FIELD_MALFORMED a") << "an escape does not hide a key";
  EXPECT_EQ(offset(R"([{"a":1},{"a":2}])"), "ok");
}

TEST(JsonBody, IsAtMostTwentyDeep) {
  boost::json::value value;
  EXPECT_FALSE(ParseJsonBody(std::string(20, '[') + std::string(20, ']'), &value).has_value());
  EXPECT_TRUE(ParseJsonBody(std::string(21, '[') + std::string(21, ']'), &value).has_value());
  EXPECT_TRUE(ParseJsonBody(std::string(200000, '['), &value).has_value());
}

class ReadRequestTest : public ::testing::Test {
 protected:
  ReadRequestTest() : table_(*RouteTable::Build(api_.services())) {}

  std::string Read(const std::string& verb, const std::string& target, const std::string& body = "",
                   const std::string& content_type = "application/json") {
    const std::size_t question = target.find('?');
    const RouteMatch match = table_.Find(verb, target.substr(0, question));
    if (match.route == nullptr) return "no route";
    auto read = ReadRequest(api_, match, question == std::string::npos ? "" : target.substr(question + 1), content_type, body);
    if (const Refusal* refusal = std::get_if<Refusal>(&read)) return Show(*refusal);
    return std::get<0>(read)->ShortDebugString();
  }

  ApiDescriptors api_;
  RouteTable table_;
};

TEST_F(ReadRequestTest, PathAndQueryFillAGet) {
  EXPECT_EQ(Read("GET", "/v1/households/1/entries?page_size=5&page_token=a%2Bb"),
            R"(household: "households/1" page_size: 5 page_token: "a+b")");
  EXPECT_EQ(Read("GET", "/v1/households/1/entries?page_size=five"), "FIELD_MALFORMED page_size");
  EXPECT_EQ(Read("GET", "/v1/households/1/entries?page_size=+5"), "FIELD_MALFORMED page_size");
  EXPECT_EQ(Read("GET", "/v1/households/1/entries?page_size=99999999999"), "FIELD_MALFORMED page_size");
  EXPECT_EQ(Read("GET", "/v1/households/1/entries?page_token=a&page_token=b"), "FIELD_MALFORMED page_token");
  EXPECT_EQ(Read("GET", "/v1/households/1/entries?colour=green"), "FIELD_UNKNOWN colour");
  EXPECT_EQ(Read("GET", "/v1/households/1/entries?household=households/2"), "FIELD_MALFORMED household");
  EXPECT_EQ(Read("GET", "/v1/households/1/entries?page_token=%ff"), "FIELD_MALFORMED page_token");
  EXPECT_EQ(Read("GET", "/v1/households/1/entries?page_token=%f"), "FIELD_MALFORMED query");
  EXPECT_EQ(Read("GET", "/v1/regions/1/households:find?number=1&door=2"), "FIELD_MALFORMED door");
}

TEST_F(ReadRequestTest, PathAndBodyFillAPost) {
  EXPECT_EQ(Read("POST", "/v1/households/1/vouchers", R"({"offer":"offers/a"})"), R"(household: "households/1" offer: "offers/a")");
  EXPECT_EQ(Read("POST", "/v1/households/1/vouchers", R"({"household":"households/1","offer":"offers/a"})"),
            R"(household: "households/1" offer: "offers/a")");
  EXPECT_EQ(Read("POST", "/v1/households/1/vouchers", R"({"household":"households/2","offer":"offers/a"})"), "FIELD_MALFORMED household");
  EXPECT_EQ(Read("POST", "/v1/households/1/vouchers", "{}"), "FIELD_MISSING offer");
  EXPECT_EQ(Read("POST", "/v1/households/1/vouchers", R"({"offer":""})"), "FIELD_MISSING offer");
  EXPECT_EQ(Read("POST", "/v1/households/1/vouchers?x=1", R"({"offer":"offers/a"})"), "FIELD_UNKNOWN x");
  EXPECT_EQ(Read("POST", "/v1/households/1/vouchers", "[]"), "BODY_NOT_JSON");
  EXPECT_EQ(Read("POST", "/v1/households/" + std::string(300, '1') + "/vouchers", "{}"), "FIELD_TOO_LONG household");
  EXPECT_EQ(Read("POST", "/v1/households/%ff/vouchers", "{}"), "FIELD_MALFORMED household");
}

TEST_F(ReadRequestTest, ABodyIsJsonByItsContentType) {
  const std::string body = R"({"offer":"offers/a"})";
  EXPECT_EQ(Read("POST", "/v1/households/1/vouchers", body, "text/plain"), "CONTENT_TYPE");
  EXPECT_EQ(Read("POST", "/v1/households/1/vouchers", body, ""), "CONTENT_TYPE");
  EXPECT_EQ(Read("POST", "/v1/households/1/vouchers", body, "application/json; charset=gbk"), "CONTENT_TYPE");
  EXPECT_NE(Read("POST", "/v1/households/1/vouchers", body, "Application/JSON ; charset=UTF-8"), "CONTENT_TYPE");
}

TEST(Utf8, IsUnicodesTable) {
  for (const char* good : {"", "abc", "分", "\xf0\x9f\x91\x8d", "\xed\x9f\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(IsUtf8(good));
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xe5\x88", "\xe5\x88x", "\xff"}) {
    EXPECT_FALSE(IsUtf8(bad));
  }
}

}  // namespace
}  // namespace fenfen::bridge
