// Access options: which ones let a server start. Methods are made here with every kind of nonsense.
#include "server/access/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "fenfen/v1/household.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace fenfen::server {
namespace {

using testing::HasSubstr;

// A method of one request with a string, a number and a list, whose access option `change` fills in.
class Access : public testing::Test {
 protected:
  absl::StatusOr<MethodAccess> Read(const std::function<void(google::protobuf::MethodOptions&)>& change) {
    google::protobuf::FileDescriptorProto file;
    file.set_name("test.proto");
    file.set_package("test");
    file.set_syntax("proto3");
    file.add_dependency("fenfen/v1/options.proto");
    auto& request = *file.add_message_type();
    request.set_name("Request");
    const auto field = [&request](const char* name, int number, google::protobuf::FieldDescriptorProto::Type type, bool list) {
      auto& out = *request.add_field();
      out.set_name(name);
      out.set_number(number);
      out.set_type(type);
      out.set_label(list ? google::protobuf::FieldDescriptorProto::LABEL_REPEATED : google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
    };
    field("household", 1, google::protobuf::FieldDescriptorProto::TYPE_STRING, false);
    field("number", 2, google::protobuf::FieldDescriptorProto::TYPE_INT64, false);
    field("names", 3, google::protobuf::FieldDescriptorProto::TYPE_STRING, true);
    auto& service = *file.add_service();
    service.set_name("Service");
    auto& method = *service.add_method();
    method.set_name("Method");
    method.set_input_type(".test.Request");
    method.set_output_type(".test.Request");
    change(*method.mutable_options());
    v1::Access::descriptor();  // links the options' file into the generated pool
    pool = std::make_unique<google::protobuf::DescriptorPool>(google::protobuf::DescriptorPool::generated_pool());
    const google::protobuf::FileDescriptor* built = pool->BuildFile(file);
    return ReadAccess(*built->service(0)->method(0));
  }
  std::string FaultOf(const std::function<void(v1::Access&)>& change) {
    const auto access = Read([&](google::protobuf::MethodOptions& options) { change(*options.MutableExtension(v1::access)); });
    return access.ok() ? "none" : std::string(access.status().message());
  }
  static void Add(v1::Access& access, v1::Role role, v1::Scope scope, const std::string& field) {
    v1::Grant& grant = *access.add_grants();
    grant.set_role(role);
    grant.set_scope(scope);
    grant.set_field(field);
  }
  std::string FaultOfGrant(v1::Role role, v1::Scope scope, const std::string& field) {
    return FaultOf([&](v1::Access& access) { Add(access, role, scope, field); });
  }

  std::unique_ptr<google::protobuf::DescriptorPool> pool;
};

TEST_F(Access, AMethodWithoutAnOptionKeepsTheServerFromStarting) {
  const auto access = Read([](google::protobuf::MethodOptions& options) { options.set_deprecated(false); });
  EXPECT_THAT(std::string(access.status().message()), HasSubstr("test.Service.Method: has no access option"));
}

TEST_F(Access, SoDoesOneThatMakesNoSense) {
  EXPECT_THAT(FaultOf([](v1::Access&) {}), HasSubstr("either public or has grants"));
  EXPECT_THAT(FaultOf([](v1::Access& access) {
                access.set_public_(true);
                Add(access, v1::ROLE_STAFF, v1::SCOPE_ANY, "");
              }),
              HasSubstr("either public or has grants"));
  EXPECT_THAT(FaultOfGrant(v1::ROLE_UNSPECIFIED, v1::SCOPE_ANY, ""), HasSubstr("names no role"));
  EXPECT_THAT(FaultOfGrant(static_cast<v1::Role>(77), v1::SCOPE_ANY, ""), HasSubstr("names no role"));
  EXPECT_THAT(FaultOfGrant(v1::ROLE_RESIDENT, v1::SCOPE_UNSPECIFIED, "household"), HasSubstr("cannot have the scope SCOPE_UNSPECIFIED"));
  EXPECT_THAT(FaultOfGrant(v1::ROLE_RESIDENT, v1::SCOPE_REGION, "household"),
              HasSubstr("ROLE_RESIDENT cannot have the scope SCOPE_REGION"));
  EXPECT_THAT(FaultOfGrant(v1::ROLE_STAFF, v1::SCOPE_HOUSEHOLD, "household"), HasSubstr("cannot have"));
  EXPECT_THAT(FaultOfGrant(v1::ROLE_RESIDENT, v1::SCOPE_DEVICE, "household"), HasSubstr("cannot have"));
  EXPECT_THAT(FaultOfGrant(v1::ROLE_RESIDENT, v1::SCOPE_HOUSEHOLD, ""), HasSubstr("no string field"));
  EXPECT_THAT(FaultOfGrant(v1::ROLE_RESIDENT, v1::SCOPE_HOUSEHOLD, "household_name"), HasSubstr("no string field"));
  EXPECT_THAT(FaultOfGrant(v1::ROLE_RESIDENT, v1::SCOPE_HOUSEHOLD, "number"), HasSubstr("no string field"));
  EXPECT_THAT(FaultOfGrant(v1::ROLE_RESIDENT, v1::SCOPE_HOUSEHOLD, "names"), HasSubstr("no string field"));
  EXPECT_THAT(FaultOfGrant(v1::ROLE_OPERATOR, v1::SCOPE_ANY, "household"), HasSubstr("SCOPE_ANY for ROLE_OPERATOR names a field"));
  EXPECT_THAT(FaultOf([](v1::Access& access) {
                Add(access, v1::ROLE_OPERATOR, v1::SCOPE_ANY, "");
                Add(access, v1::ROLE_OPERATOR, v1::SCOPE_ANY, "");
              }),
              HasSubstr("two grants for ROLE_OPERATOR"));
  EXPECT_THAT(FaultOf([](v1::Access& access) {
                access.set_public_(true);
                access.set_audit(v1::AUDIT_CHANGE);
              }),
              HasSubstr("public and audited"));
  EXPECT_THAT(FaultOf([](v1::Access& access) {
                Add(access, v1::ROLE_RESIDENT, v1::SCOPE_HOUSEHOLD, "household");
                access.set_audit(v1::AUDIT_STAFF_READ);
              }),
              HasSubstr("audits staff"));
}

TEST_F(Access, AGoodOneIsRead) {
  const auto access = Read([](google::protobuf::MethodOptions& options) {
    v1::Access& option = *options.MutableExtension(v1::access);
    Add(option, v1::ROLE_RESIDENT, v1::SCOPE_HOUSEHOLD, "household");
    Add(option, v1::ROLE_STAFF, v1::SCOPE_REGION, "household");
    option.set_audit(v1::AUDIT_STAFF_READ);
  });
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_FALSE(access->is_public);
  ASSERT_TRUE(access->grants[v1::ROLE_RESIDENT].has_value());
  EXPECT_EQ(access->grants[v1::ROLE_RESIDENT]->field->name(), "household");
  EXPECT_FALSE(access->grants[v1::ROLE_AUDITOR].has_value());
}

TEST_F(Access, EveryRoleButOneIsDeniedWithoutAGrant) {
  MethodAccess access;
  access.grants[v1::ROLE_OPERATOR] = AccessGrant{v1::SCOPE_ANY, nullptr};
  class Nowhere final : public HouseholdRegions {
    absl::StatusOr<CatalogueId> RegionOf(HouseholdId) const override { return absl::InternalError("not asked"); }
  };
  for (int role = v1::Role_MIN; role <= v1::Role_MAX; ++role) {
    Caller caller;
    caller.role = static_cast<v1::Role>(role);
    EXPECT_EQ(Authorise(access, caller, v1::GetBalanceRequest(), Catalogue(), Nowhere()).ok(), role == v1::ROLE_OPERATOR) << role;
  }
}

}  // namespace
}  // namespace fenfen::server
