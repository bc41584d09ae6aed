// Every method × every role × own and other resources, against a running server: exactly what the `access` options allow, worked out here
// from the options alone. Methods are found by walking the descriptors, so a new one is tested without a word here; nothing may change
// meanwhile.
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fenfen/v1/audit.pb.h"
#include "fenfen/v1/budget.pb.h"
#include "fenfen/v1/catalogue.pb.h"
#include "fenfen/v1/correction.pb.h"
#include "fenfen/v1/drop.pb.h"
#include "fenfen/v1/game.pb.h"
#include "fenfen/v1/household.pb.h"
#include "fenfen/v1/identity.pb.h"
#include "fenfen/v1/membership.pb.h"
#include "fenfen/v1/notice.pb.h"
#include "fenfen/v1/options.pb.h"
#include "fenfen/v1/risk.pb.h"
#include "fenfen/v1/settlement.pb.h"
#include "fenfen/v1/station.pb.h"
#include "fenfen/v1/timer.pb.h"
#include "fenfen/v1/transfer.pb.h"
#include "fenfen/v1/verification.pb.h"
#include "fenfen/v1/voucher.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// Whose resource a request names, seen from town a.
enum class Whose { kOwn, kOther, kNobody };

struct Person {
  v1::Role role;
  std::string subject;
};

const std::vector<Person> kPeople = {
    {v1::ROLE_RESIDENT, kResident},    {v1::ROLE_ATTENDANT, "staff/attendant-a"}, {v1::ROLE_MERCHANT, kMerchantOperator},
    {v1::ROLE_STAFF, "staff/staff-a"}, {v1::ROLE_AUDITOR, "staff/auditor-a"},     {v1::ROLE_OPERATOR, kOperator},
    {v1::ROLE_DEVICE, "devices/d-a"},  {v1::ROLE_BRIDGE, "bridges/test"},
};

std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<const MethodDescriptor*> methods;
  for (const auto* file :
       {v1::PartitionDigest::descriptor()->file(), v1::Region::descriptor()->file(), v1::RecordDropRequest::descriptor()->file(),
        v1::Household::descriptor()->file(), v1::Principal::descriptor()->file(), v1::Invitation::descriptor()->file(),
        v1::Transfer::descriptor()->file(), v1::DeviceBatch::descriptor()->file(), v1::Voucher::descriptor()->file(),
        v1::Settlement::descriptor()->file(), v1::Timer::descriptor()->file(), v1::Appeal::descriptor()->file(),
        v1::Notice::descriptor()->file(), v1::Game::descriptor()->file(), v1::InspectBagRequest::descriptor()->file(),
        v1::RiskCase::descriptor()->file(), v1::Budget::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) methods.push_back(file->service(s)->method(m));
    }
  }
  return methods;
}

// The name that a field of a request holds; `scope` tells what the field is about where its own name does not.
std::string ResourceFor(const std::string& field, const MethodDescriptor& method, Whose whose) {
  const bool own = whose == Whose::kOwn;
  const std::string town = own ? "a" : whose == Whose::kOther ? "b" : "zz";
  std::string household = own ? "households/1001" : whose == Whose::kOther ? "households/2001" : "households/999";
  if (field == "household") return household;
  if (field == "region") return absl::StrCat("regions/", town, "-1");
  if (field == "station") return "stations/s-" + town;
  if (field == "merchant") return "merchants/m-" + town;
  if (field == "device") return "devices/d-" + town;
  if (method.name() == "RefundCapture") return absl::StrCat("merchants/m-", town, "/captures/1-1");
  if (method.service()->name() == "BudgetService") return absl::StrCat("regions/", town, "/budgets/2026-06");
  if (method.service()->name() == "SettlementService") return absl::StrCat("merchants/m-", town, "/settlements/20260101");
  if (method.name() == "TraceEntry" || method.name() == "RecordReinspection") return household + "/entries/1";
  return household + "/vouchers/0123456789abcdef";
}

std::unique_ptr<Message> RequestFor(const MethodDescriptor& method, Whose whose) {
  std::unique_ptr<Message> request(google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
  for (const v1::Grant& grant : method.options().GetExtension(v1::access).grants()) {
    if (grant.field().empty()) continue;
    const auto* field = method.input_type()->FindFieldByName(grant.field());
    request->GetReflection()->SetString(request.get(), field, ResourceFor(grant.field(), method, whose));
  }
  return request;
}

// Sends one message and half-closes: a call of any kind looks like this on the wire.
client::Error CallAny(const TestServer& server, const MethodDescriptor& method, const Message& request, const std::string& token) {
  grpc::GenericStub stub(server.channel());
  grpc::ClientContext context;
  TestServer::Prepare(&context, token);
  grpc::CompletionQueue queue;
  const std::string bytes = request.SerializeAsString();
  const grpc::Slice slice(bytes);
  const auto call = stub.PrepareUnaryCall(&context, absl::StrCat("/", method.service()->full_name(), "/", method.name()),
                                          grpc::ByteBuffer(&slice, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer reply;
  grpc::Status status;
  call->Finish(&reply, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  client::Error error = client::ParseError(status);
  if (status.ok()) error.reason_name = "OK";
  return error;
}

// What the option allows: an empty set of reasons means that the call gets past access, whatever becomes of it then.
std::vector<v1::Reason> Expected(const MethodDescriptor& method, const std::optional<Person>& person, Whose whose) {
  const v1::Access& access = method.options().GetExtension(v1::access);
  if (access.public_()) return {};
  if (!person) return {v1::REASON_TOKEN_MISSING};
  for (const v1::Grant& grant : access.grants()) {
    if (grant.role() != person->role) continue;
    if (grant.scope() == v1::SCOPE_ANY || whose == Whose::kOwn) return {};
    const bool staff = grant.scope() == v1::SCOPE_REGION || (grant.scope() == v1::SCOPE_STATION && grant.role() != v1::ROLE_DEVICE);
    if (whose == Whose::kNobody && staff) {
      return {v1::REASON_HOUSEHOLD_UNKNOWN, v1::REASON_STATION_UNKNOWN, v1::REASON_MERCHANT_UNKNOWN, v1::REASON_REGION_UNKNOWN};
    }
    return {v1::REASON_PERMISSION_DENIED};
  }
  return {v1::REASON_PERMISSION_DENIED};
}

bool IsAccessRefusal(v1::Reason reason) {
  return absl::StartsWith(v1::Reason_Name(reason), "REASON_TOKEN_") || reason == v1::REASON_PERMISSION_DENIED ||
         reason == v1::REASON_DEVICE_UNKNOWN;
}

TEST(Matrix, EveryMethodEveryRoleOwnAndOther) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  server.ImportDistrict();
  const std::string before = server.Digests();
  int cells = 0;
  for (const MethodDescriptor* method : AllMethods()) {
    std::vector<std::optional<Person>> callers(kPeople.begin(), kPeople.end());
    callers.emplace_back(std::nullopt);
    for (const std::optional<Person>& person : callers) {
      const std::string role = person ? v1::Role_Name(person->role).substr(5) : "";
      const std::string token = person ? server.Token(person->subject, role) : "";
      for (const Whose whose : {Whose::kOwn, Whose::kOther, Whose::kNobody}) {
        const client::Error error = CallAny(server, *method, *RequestFor(*method, whose), token);
        const std::vector<v1::Reason> expected = Expected(*method, person, whose);
        const std::string cell = absl::StrCat(method->full_name(), " as ", role, " case ", static_cast<int>(whose), ": ", error.ToString());
        EXPECT_NE(error.code, static_cast<int>(grpc::StatusCode::UNIMPLEMENTED)) << cell;
        EXPECT_NE(error.code, static_cast<int>(grpc::StatusCode::INTERNAL)) << cell;
        if (expected.empty()) {
          EXPECT_TRUE(error.reason_name == "OK" || !IsAccessRefusal(error.reason)) << cell;
        } else {
          EXPECT_NE(std::find(expected.begin(), expected.end(), error.reason), expected.end()) << cell;
          EXPECT_NE(error.reason_name, "OK") << cell;
        }
        ++cells;
      }
    }
  }
  EXPECT_GT(cells, 400);
  EXPECT_EQ(server.Digests(), before) << "something changed";
}

TEST(Matrix, NamesThatOnlyLookLikeOnesOwn) {
  TestServer server;
  ASSERT_TRUE(server.Start()) << server.Log();
  server.ImportDistrict();
  const MethodDescriptor* balance =
      v1::Household::descriptor()->file()->FindServiceByName("HouseholdService")->FindMethodByName("GetBalance");
  for (const char* name :
       {"households/10011", "households/1001x", "households/01001", "household/1001", "HOUSEHOLDS/1001", " households/1001"}) {
    v1::GetBalanceRequest request;
    request.set_household(name);
    EXPECT_EQ(CallAny(server, *balance, request, server.Token(kResident, "RESIDENT")).reason, v1::REASON_PERMISSION_DENIED) << name;
  }
  // Of one's own household, and yet no household.
  v1::GetBalanceRequest request;
  request.set_household("households/1001/members/1");
  EXPECT_EQ(CallAny(server, *balance, request, server.Token(kResident, "RESIDENT")).reason, v1::REASON_FIELD_MALFORMED);
}

}  // namespace
}  // namespace fenfen::server
