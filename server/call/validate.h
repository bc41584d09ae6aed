// Validation of a request's form from its `field` options, the same for every method: what is required is there, nothing is longer than
// allowed, enums hold values that exist. What the values mean is the decisions' business.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/reason.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "ledger/core/request_key.h"

namespace fenfen::server {

// Checks messages of one type; made once. Immutable, thread-safe.
class Validator {
 public:
  // The longest string or bytes, and the longest list, where the option says nothing.
  static constexpr int kLengthMaxDefault = 256;

  explicit Validator(const google::protobuf::Descriptor& type);

  // The first fault in field order: FIELD_MISSING, FIELD_TOO_LONG, or the field's `malformed` reason; names the field, such as
  // "rows[3].door". `request_id` is left to CheckRequestId.
  absl::Status Check(const google::protobuf::Message& message) const { return Check(message, ""); }

 private:
  struct Rule {
    const google::protobuf::FieldDescriptor* field;
    v1::Reason malformed;
    bool required;
    size_t length_max;
    size_t items_max;
    std::unique_ptr<Validator> type;  // of a message field
  };
  absl::Status Check(const google::protobuf::Message& message, const std::string& prefix) const;
  absl::Status CheckList(const Rule& rule, const google::protobuf::Message& message, const std::string& prefix) const;
  absl::Status CheckValue(const Rule& rule, const google::protobuf::Message& message, int index, const std::string& name) const;

  std::vector<Rule> rules_;
};

// The key of a request id: REQUEST_ID_MISSING, REQUEST_ID_MALFORMED, or REQUEST_ID_OUT_OF_WINDOW where its time is more than
// kRequestKeyAgeMax ago or kClockAheadMax ahead.
absl::StatusOr<RequestKey> CheckRequestId(absl::string_view request_id, absl::Time now);

// What tells a repetition from another request under the same key: the first 8 bytes of SHA-256 over the method, the caller and the request
// without its request id, each preceded by its length.
uint64_t Fingerprint(absl::string_view method, absl::string_view subject, const google::protobuf::Message& request);

}  // namespace fenfen::server
