// The OpenAPI document holds every route, and every reference in it leads somewhere.
#include "mini_program_bridge/openapi.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <set>

namespace fenfen::bridge {
namespace {

namespace json = boost::json;

class OpenApiTest : public ::testing::Test {
 protected:
  OpenApiTest() : routes_(*RouteTable::Build(api_.services())), document_(json::parse(OpenApiDocument(api_, routes_))) {}

  // Every $ref below a value.
  static void Refs(const json::value& value, std::set<std::string>* out) {
    if (value.is_array()) {
      for (const json::value& item : value.get_array()) Refs(item, out);
    } else if (value.is_object()) {
      for (const auto& item : value.get_object()) {
        if (item.key() == "$ref") out->insert(std::string(item.value().as_string()));
        Refs(item.value(), out);
      }
    }
  }

  ApiDescriptors api_;
  RouteTable routes_;
  json::value document_;
};

TEST_F(OpenApiTest, HoldsEveryRouteOnce) {
  std::size_t operations = 0;
  std::set<std::string> ids;
  for (const auto& path : document_.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      ++operations;
      ids.insert(std::string(operation.value().at("operationId").as_string()));
    }
  }
  EXPECT_EQ(operations, routes_.routes().size());
  EXPECT_EQ(ids.size(), operations);
}

TEST_F(OpenApiTest, EveryReferenceLeadsSomewhere) {
  std::set<std::string> refs;
  Refs(document_, &refs);
  EXPECT_GT(refs.size(), 20u);
  const json::object& schemas = document_.at("components").at("schemas").as_object();
  for (const std::string& ref : refs) {
    ASSERT_EQ(ref.rfind("#/components/schemas/", 0), 0u) << ref;
    EXPECT_TRUE(schemas.contains(ref.substr(21))) << ref;
  }
}

TEST_F(OpenApiTest, APathParameterIsASegment) {
  const json::value& trace = document_.at("paths").at("/v1/households/{household}/entries/{entry}:trace").at("get");
  EXPECT_EQ(trace.at("parameters").as_array().size(), 2u);
  EXPECT_EQ(trace.at("parameters").as_array()[1].at("name").as_string(), "entry");
  EXPECT_TRUE(trace.at("security").as_array()[0].as_object().contains("session"));
}

TEST_F(OpenApiTest, ABodyLeavesOutWhatThePathHolds) {
  const json::value& body = document_.at("components").at("schemas").at("RecordDropRequest");
  EXPECT_FALSE(body.at("properties").as_object().contains("household"));
  EXPECT_EQ(body.at("properties").at("weight_grams").at("type").as_string(), "integer");
  EXPECT_FALSE(body.at("additionalProperties").as_bool());
}

TEST_F(OpenApiTest, CommentsAndRefusalsComeAlong) {
  const json::value& drop = document_.at("paths").at("/v1/households/{household}/drops").at("post");
  EXPECT_NE(std::string(drop.at("responses").at("422").at("description").as_string()).find("STATION_CODE_EXPIRED"), std::string::npos);
  EXPECT_NE(std::string(drop.at("description").as_string()).find("ATTENDANT"), std::string::npos);
  EXPECT_TRUE(document_.at("paths").at("/v1/qr").at("post").at("responses").at("200").at("content").as_object().contains("image/png"));
  EXPECT_TRUE(document_.at("paths").at("/v1/offers").at("get").at("security").as_array().empty());
}

}  // namespace
}  // namespace fenfen::bridge
