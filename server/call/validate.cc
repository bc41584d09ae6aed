#include "server/call/validate.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <openssl/sha.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "fenfen/v1/options.pb.h"
#include "ledger/core/bytes.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kRequestId[] = "request_id";

absl::Status TooLong(size_t limit, absl::string_view name) {
  return Refuse(Reason::REASON_FIELD_TOO_LONG, {{"limit", absl::StrCat(limit)}}, name);
}

bool IsPresent(const FieldDescriptor& field, const Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) return reflection.FieldSize(message, &field) > 0;
  return reflection.HasField(message, &field);  // for a plain field: not its default, so not empty
}

}  // namespace

Validator::Validator(const google::protobuf::Descriptor& type) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->name() == kRequestId) continue;
    const v1::Field& option = field->options().GetExtension(v1::field);
    const size_t option_max = static_cast<size_t>(option.max_length() > 0 ? option.max_length() : kLengthMaxDefault);
    Rule rule{field, option.malformed(), option.required(), option_max, option_max, nullptr};
    if (rule.malformed == Reason::REASON_UNSPECIFIED) rule.malformed = Reason::REASON_FIELD_MALFORMED;
    if (field->is_repeated()) rule.length_max = kLengthMaxDefault;  // the option bounds the list, not its items
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) rule.type = std::make_unique<Validator>(*field->message_type());
    const bool number = !field->is_repeated() && rule.type == nullptr && field->cpp_type() != FieldDescriptor::CPPTYPE_STRING &&
                        field->cpp_type() != FieldDescriptor::CPPTYPE_ENUM;
    if (!number || rule.required) rules_.push_back(std::move(rule));
  }
}

absl::Status Validator::Check(const Message& message, const std::string& prefix) const {
  for (const Rule& rule : rules_) {
    if (!IsPresent(*rule.field, message)) {
      if (rule.required) return Refuse(Reason::REASON_FIELD_MISSING, {}, prefix + rule.field->name());
      continue;
    }
    absl::Status status =
        rule.field->is_repeated() ? CheckList(rule, message, prefix) : CheckValue(rule, message, -1, prefix + rule.field->name());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Validator::CheckList(const Rule& rule, const Message& message, const std::string& prefix) const {
  const int size = message.GetReflection()->FieldSize(message, rule.field);
  if (static_cast<size_t>(size) > rule.items_max) return TooLong(rule.items_max, prefix + rule.field->name());
  const bool plain = rule.type == nullptr && rule.field->cpp_type() != FieldDescriptor::CPPTYPE_STRING &&
                     rule.field->cpp_type() != FieldDescriptor::CPPTYPE_ENUM;
  for (int i = 0; i < size && !plain; ++i) {
    absl::Status status = CheckValue(rule, message, i, absl::StrCat(prefix, rule.field->name(), "[", i, "]"));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// `index` is -1 for a field that is no list.
absl::Status Validator::CheckValue(const Rule& rule, const Message& message, int index, const std::string& name) const {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  switch (rule.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const std::string& value = index < 0 ? reflection.GetStringReference(message, rule.field, &scratch)
                                           : reflection.GetRepeatedStringReference(message, rule.field, index, &scratch);
      return value.size() > rule.length_max ? TooLong(rule.length_max, name) : absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int value =
          index < 0 ? reflection.GetEnumValue(message, rule.field) : reflection.GetRepeatedEnumValue(message, rule.field, index);
      if (rule.field->enum_type()->FindValueByNumber(value) != nullptr) return absl::OkStatus();
      return Refuse(rule.malformed, {{"detail", absl::StrCat(value)}}, name);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return rule.type->Check(
          index < 0 ? reflection.GetMessage(message, rule.field) : reflection.GetRepeatedMessage(message, rule.field, index), name + ".");
    default:
      return absl::OkStatus();
  }
}

absl::StatusOr<RequestKey> CheckRequestId(absl::string_view request_id, absl::Time now) {
  if (request_id.empty()) return Refuse(Reason::REASON_REQUEST_ID_MISSING, {}, kRequestId);
  const std::optional<RequestKey> key = ParseUuidV7(request_id);
  if (!key) return Refuse(Reason::REASON_REQUEST_ID_MALFORMED, {}, kRequestId);
  const absl::Time made = TimeOfUuidV7(*key);
  if (made > now + limits::kClockAheadMax || made < now - limits::kRequestKeyAgeMax) {
    return Refuse(Reason::REASON_REQUEST_ID_OUT_OF_WINDOW, {}, kRequestId);
  }
  return *key;
}

uint64_t Fingerprint(absl::string_view method, absl::string_view subject, const Message& request) {
  const std::unique_ptr<Message> copy(request.New());
  copy->CopyFrom(request);
  copy->GetReflection()->ClearField(copy.get(), request.GetDescriptor()->FindFieldByName(kRequestId));
  std::string body;
  {
    google::protobuf::io::StringOutputStream stream(&body);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    copy->SerializeToCodedStream(&coded);
  }
  std::string bytes;
  ByteWriter writer(bytes);
  writer.Bytes(method);
  writer.Bytes(subject);
  writer.Bytes(body);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  uint64_t fingerprint = 0;
  std::memcpy(&fingerprint, digest, sizeof(fingerprint));
  return fingerprint;
}

}  // namespace fenfen::server
