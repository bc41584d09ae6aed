// Every operation over JSON: a request with each of its fields set reaches its method whole from the address that its `http` option
// declares, and a reply with each field set is JSON that says the same to protobuf's own JSON reader, which is the judge here.
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "fenfen/v1/options.pb.h"
#include "mini_program_bridge/api_descriptors.h"
#include "mini_program_bridge/read_request.h"
#include "mini_program_bridge/route.h"
#include "mini_program_bridge/transcode.h"

namespace fenfen::bridge {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kDepthMax = 5;  // of messages within messages, where a type has itself within

class EveryMethod : public ::testing::Test {
 protected:
  EveryMethod() : table_(RouteTable::Build(api_.services())) {}

  // Sets every field that `wanted` takes, in messages within too.
  template <typename Wanted>
  void Fill(Message* message, const Wanted& wanted, int depth = 0) const {
    const Descriptor& type = *message->GetDescriptor();
    if (type.full_name() == google::protobuf::Timestamp::descriptor()->full_name()) return FillTime(message);
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (!wanted(field)) continue;
      if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        FillScalar(message, field);
      } else if (depth < kDepthMax) {
        const Reflection& reflection = *message->GetReflection();
        Fill(field.is_repeated() ? reflection.AddMessage(message, &field) : reflection.MutableMessage(message, &field), wanted, depth + 1);
      }
    }
  }

  static void FillTime(Message* message) {
    const Descriptor& type = *message->GetDescriptor();
    message->GetReflection()->SetInt64(message, type.FindFieldByName("seconds"), 1781524800);
    message->GetReflection()->SetInt32(message, type.FindFieldByName("nanos"), 120'000'000);
  }

  static void FillScalar(Message* message, const FieldDescriptor& field) {
    const Reflection& reflection = *message->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return field.is_repeated() ? reflection.AddInt32(message, &field, -7) : reflection.SetInt32(message, &field, -7);
      case FieldDescriptor::CPPTYPE_INT64:
        return field.is_repeated() ? reflection.AddInt64(message, &field, 9007199254740991)
                                   : reflection.SetInt64(message, &field, 9007199254740991);
      case FieldDescriptor::CPPTYPE_UINT32:
        return field.is_repeated() ? reflection.AddUInt32(message, &field, 7) : reflection.SetUInt32(message, &field, 7);
      case FieldDescriptor::CPPTYPE_UINT64:
        return field.is_repeated() ? reflection.AddUInt64(message, &field, 7) : reflection.SetUInt64(message, &field, 7);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return field.is_repeated() ? reflection.AddDouble(message, &field, 0.5) : reflection.SetDouble(message, &field, 0.5);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return field.is_repeated() ? reflection.AddFloat(message, &field, 0.5F) : reflection.SetFloat(message, &field, 0.5F);
      case FieldDescriptor::CPPTYPE_BOOL:
        return field.is_repeated() ? reflection.AddBool(message, &field, true) : reflection.SetBool(message, &field, true);
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto* last = field.enum_type()->value(field.enum_type()->value_count() - 1);
        return field.is_repeated() ? reflection.AddEnum(message, &field, last) : reflection.SetEnum(message, &field, last);
      }
      default: {
        const std::string text = field.type() == FieldDescriptor::TYPE_BYTES ? std::string("\xff\x00\x01", 3) : "文/字 1";
        return field.is_repeated() ? reflection.AddString(message, &field, text) : reflection.SetString(message, &field, text);
      }
    }
  }

  // What a body's reader would refuse by the field's own limits is cut to them.
  static void KeepLimits(Message* message) {
    const Reflection& reflection = *message->GetReflection();
    std::vector<const FieldDescriptor*> set;
    reflection.ListFields(*message, &set);
    for (const FieldDescriptor* field : set) {
      const int limit = field->options().GetExtension(v1::field).max_length();
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field->is_repeated() && limit > 0) {
        std::string text = reflection.GetString(*message, field);
        if (text.size() > static_cast<size_t>(limit))
          reflection.SetString(message, field, text.substr(0, 1) < "\x80" ? text.substr(0, 1) : "x");
      }
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) KeepLimits(reflection.MutableMessage(message, field));
      for (int i = 0; field->is_repeated() && i < reflection.FieldSize(*message, field); ++i) {
        KeepLimits(reflection.MutableRepeatedMessage(message, field, i));
      }
    }
  }

  // The address with "x1" in each place, and the bound fields of the request set to what that says.
  static std::string Address(const Route& route, Message* request) {
    std::vector<std::string> segments = route.path.segments;
    for (std::string& segment : segments) {
      if (segment.empty()) segment = "x1";
    }
    for (size_t i = 0; i < route.path.bindings.size(); ++i) {
      const PathBinding& binding = route.path.bindings[i];
      const auto begin = segments.begin() + binding.first;
      const std::string value = absl::StrJoin(begin, begin + binding.count, "/");
      const FieldDescriptor* field = request->GetDescriptor()->FindFieldByName(binding.field);
      request->GetReflection()->SetString(request, field, value);
    }
    return absl::StrCat("/", absl::StrJoin(segments, "/"), route.path.verb.empty() ? "" : ":", route.path.verb);
  }

  static bool IsBound(const Route& route, const FieldDescriptor& field) {
    for (const FieldDescriptor* bound : route.fields) {
      if (bound == &field) return true;
    }
    return false;
  }

  static std::string AsJson(const Message& message) {
    std::string json;
    WriteJson(message, &json);
    return json;
  }

  // The message as protobuf reads it from JSON.
  std::unique_ptr<Message> AsProtobufReads(const std::string& json, const Descriptor* type) const {
    std::unique_ptr<Message> message = api_.NewMessage(type);
    const auto status = google::protobuf::util::JsonStringToMessage(json, message.get());
    EXPECT_TRUE(status.ok()) << type->full_name() << ": " << status.ToString() << "\n" << json;
    return message;
  }

  const ApiDescriptors api_;
  const absl::StatusOr<RouteTable> table_;
};

// What each set field of a GET's request is as a query.
std::string QueryOf(const Message& request, const Route& route) {
  std::vector<const FieldDescriptor*> set;
  request.GetReflection()->ListFields(request, &set);
  std::vector<std::string> parts;
  for (const FieldDescriptor* field : set) {
    bool bound = false;
    for (const FieldDescriptor* other : route.fields) bound = bound || other == field;
    if (bound) continue;
    std::string value;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      value = "2026-06-15T12:00:00.120Z";  // FillTime's
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      value = field->enum_type()->value(field->enum_type()->value_count() - 1)->name();
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      value = field->is_repeated() ? request.GetReflection()->GetRepeatedString(request, field, 0)
                                   : request.GetReflection()->GetString(request, field);
      value = absl::StrReplaceAll(value, {{"%", "%25"}, {" ", "%20"}, {"/", "%2F"}});
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
      value = "true";
    } else {
      value = field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 ? "9007199254740991" : "-7";
    }
    parts.push_back(absl::StrCat(field->name(), "=", value));
  }
  return absl::StrJoin(parts, "&");
}

TEST_F(EveryMethod, ARequestReachesItWhole) {
  ASSERT_TRUE(table_.ok()) << table_.status();
  ASSERT_GT(table_->routes().size(), 80u);
  for (const std::unique_ptr<Route>& route : table_->routes()) {
    SCOPED_TRACE(absl::StrCat(route->verb, " ", route->text));
    std::unique_ptr<Message> request = api_.NewMessage(route->method->input_type());
    const bool is_get = route->verb == "GET";
    Fill(request.get(), [&](const FieldDescriptor& field) {
      const bool time = field.message_type() != nullptr && field.message_type()->full_name() == "google.protobuf.Timestamp";
      return !is_get || field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || time;
    });
    KeepLimits(request.get());
    const std::string address = Address(*route, request.get());
    const RouteMatch match = table_->Find(route->verb, address);
    ASSERT_EQ(match.route, route.get()) << address;
    const std::string query = is_get ? QueryOf(*request, *route) : "";
    const auto read = ReadRequest(api_, match, query, is_get ? "" : "application/json; charset=utf-8", is_get ? "" : AsJson(*request));
    if (const auto* refusal = std::get_if<Refusal>(&read)) {
      const auto field = refusal->metadata.find("field");
      ADD_FAILURE() << static_cast<int>(refusal->reason) << " " << (field == refusal->metadata.end() ? "" : field->second) << "\n"
                    << query << AsJson(*request);
      continue;
    }
    std::string difference;
    google::protobuf::util::MessageDifferencer differencer;
    differencer.ReportDifferencesToString(&difference);
    EXPECT_TRUE(differencer.Compare(*request, *std::get<std::unique_ptr<Message>>(read))) << difference;
  }
}

TEST_F(EveryMethod, ItsRequestAndItsReplyAreTheJsonThatProtobufReads) {
  ASSERT_TRUE(table_.ok()) << table_.status();
  for (const std::unique_ptr<Route>& route : table_->routes()) {
    for (const Descriptor* type : {route->method->input_type(), route->method->output_type()}) {
      std::unique_ptr<Message> message = api_.NewMessage(type);
      Fill(message.get(), [](const FieldDescriptor&) { return true; });
      const std::unique_ptr<Message> read = AsProtobufReads(AsJson(*message), type);
      EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*message, *read)) << type->full_name();
    }
  }
}

// What has no address is an operator's, in fenfenctl; or another program's, over gRPC: the bridge's own (who signs in, who joins with a
// sign-in), a device's stream.
TEST_F(EveryMethod, HasAnAddressOrIsForProgramsAlone) {
  std::set<std::string> without;
  for (const auto* service : api_.services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      if (!service->method(i)->options().HasExtension(v1::http)) without.insert(service->method(i)->full_name());
    }
  }
  const std::set<std::string> expected = {"fenfen.v1.AuditService.GetStateDigests",   "fenfen.v1.CatalogueService.UpdateCatalogue",
                                          "fenfen.v1.GameService.SetGameRules",       "fenfen.v1.HouseholdService.ImportHouseholds",
                                          "fenfen.v1.IdentityService.ResolveSubject", "fenfen.v1.MembershipService.JoinHousehold",
                                          "fenfen.v1.RiskService.GetRiskRules",       "fenfen.v1.RiskService.SetRiskRules",
                                          "fenfen.v1.StationService.UploadDrops",     "fenfen.v1.TimerService.ListTimers",
                                          "fenfen.v1.TimerService.RunTimer"};
  EXPECT_EQ(without, expected) << absl::StrJoin(without, "\n");
}

}  // namespace
}  // namespace fenfen::bridge
