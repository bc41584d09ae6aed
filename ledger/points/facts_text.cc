#include "ledger/points/facts_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace fenfen {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kFactsMax = 100;
constexpr int kItemsMax = 8;        // of a list
constexpr size_t kBytesShown = 32;  // a hash; longer bytes are stored forms of their own
constexpr int kDepthMax = 8;

class Walk {
 public:
  // Adds the fields of a message, each name after `prefix`.
  void Add(const Message& message, const std::string& prefix, int depth) {
    if (depth > kDepthMax) return;
    const auto* reflection = message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      const std::string name = absl::StrCat(prefix, prefix.empty() ? "" : ".", std::string(field->name()));
      const int count = field->is_repeated() ? std::min(kItemsMax, reflection->FieldSize(message, field)) : 1;
      for (int i = 0; i < count; ++i) {
        AddOne(message, field, field->is_repeated() ? i : -1, field->is_repeated() ? absl::StrCat(name, ".", i + 1) : name, depth);
      }
    }
  }

  std::vector<std::pair<std::string, std::string>> facts;

 private:
  // `at`: the place in a list; below zero for a single value.
  void AddOne(const Message& message, const FieldDescriptor* field, int at, const std::string& name, int depth) {
    const auto* reflection = message.GetReflection();
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return Add(at < 0 ? reflection->GetMessage(message, field) : reflection->GetRepeatedMessage(message, field, at), name, depth + 1);
    }
    const std::string text = TextOf(message, field, at);
    if (!text.empty() && facts.size() < kFactsMax) facts.emplace_back(name, text);
  }

  static std::string TextOf(const Message& message, const FieldDescriptor* field, int at) {
    const auto* r = message.GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return absl::StrCat(at < 0 ? r->GetInt32(message, field) : r->GetRepeatedInt32(message, field, at));
      case FieldDescriptor::CPPTYPE_INT64:
        return absl::StrCat(at < 0 ? r->GetInt64(message, field) : r->GetRepeatedInt64(message, field, at));
      case FieldDescriptor::CPPTYPE_UINT32:
        return absl::StrCat(at < 0 ? r->GetUInt32(message, field) : r->GetRepeatedUInt32(message, field, at));
      case FieldDescriptor::CPPTYPE_UINT64: {
        const uint64_t value = at < 0 ? r->GetUInt64(message, field) : r->GetRepeatedUInt64(message, field, at);
        if (field->type() == FieldDescriptor::TYPE_FIXED64) return absl::StrCat(absl::Hex(value, absl::kZeroPad16));
        return absl::StrCat(value);
      }
      case FieldDescriptor::CPPTYPE_BOOL:
        return (at < 0 ? r->GetBool(message, field) : r->GetRepeatedBool(message, field, at)) ? "true" : "false";
      case FieldDescriptor::CPPTYPE_ENUM:
        return std::string((at < 0 ? r->GetEnum(message, field) : r->GetRepeatedEnum(message, field, at))->name());
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string value = at < 0 ? r->GetString(message, field) : r->GetRepeatedString(message, field, at);
        if (field->type() != FieldDescriptor::TYPE_BYTES) return value;
        return value.size() <= kBytesShown ? absl::BytesToHexString(value) : "";
      }
      default:
        return "";
    }
  }
};

}  // namespace

std::vector<std::pair<std::string, std::string>> FactsText(const ledger::v1::Facts& facts) {
  // The area's own name says nothing that the entry's kind does not.
  std::vector<const FieldDescriptor*> areas;
  facts.GetReflection()->ListFields(facts, &areas);
  Walk walk;
  for (const FieldDescriptor* area : areas) walk.Add(facts.GetReflection()->GetMessage(facts, area), "", 0);
  return std::move(walk.facts);
}

}  // namespace fenfen
