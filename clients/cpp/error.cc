#include "clients/cpp/error.h"

#include <grpcpp/support/status.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace fenfen::client {

namespace {

constexpr absl::string_view kPrefix = "REASON_";

v1::Reason TransportReason(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::CANCELLED:
      return v1::REASON_SERVER_UNREACHABLE;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return v1::REASON_OUTCOME_UNKNOWN;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return v1::REASON_BODY_TOO_LARGE;
    case grpc::StatusCode::UNAUTHENTICATED:
      return v1::REASON_TOKEN_INVALID;
    case grpc::StatusCode::PERMISSION_DENIED:
      return v1::REASON_PERMISSION_DENIED;
    case grpc::StatusCode::UNIMPLEMENTED:
      return v1::REASON_ROUTE_UNKNOWN;
    default:
      return v1::REASON_UNSPECIFIED;
  }
}

// Takes what the details say; false if they hold no ErrorInfo of ours.
bool ReadDetails(const grpc::Status& status, Error* error) {
  google::rpc::Status details;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) return false;
  bool found = false;
  for (const google::protobuf::Any& any : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&info) && info.domain() == "fenfen") {
      found = true;
      error->reason_name = info.reason();
      error->metadata.insert(info.metadata().begin(), info.metadata().end());
    } else if (any.UnpackTo(&retry)) {
      error->retry_delay = absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
      error->retryable = true;
    }
  }
  return found;
}

std::string TakeOr(std::map<std::string, std::string>* facts, const std::string& key, absl::string_view sentence) {
  auto node = facts->extract(key);
  return node.empty() ? FillSentence(sentence, *facts) : node.mapped();
}

}  // namespace

const v1::ErrorRow& RowOf(v1::Reason reason) {
  const google::protobuf::EnumDescriptor* table = v1::Reason_descriptor();
  const google::protobuf::EnumValueDescriptor* value = table->FindValueByNumber(reason);
  if (value == nullptr) value = table->FindValueByNumber(v1::REASON_UNSPECIFIED);
  return value->options().GetExtension(v1::error);
}

std::string ReasonName(v1::Reason reason) {
  const std::string name = v1::Reason_Name(reason);
  return std::string(absl::StripPrefix(name, kPrefix));
}

v1::Reason ReasonOf(absl::string_view name) {
  v1::Reason reason = v1::REASON_UNSPECIFIED;
  v1::Reason_Parse(absl::StrCat(kPrefix, name), &reason);
  return reason;
}

std::string FillSentence(absl::string_view sentence, const std::map<std::string, std::string>& facts) {
  std::string filled;
  while (!sentence.empty()) {
    const size_t open = sentence.find('{');
    const size_t close = open == absl::string_view::npos ? open : sentence.find('}', open);
    if (close == absl::string_view::npos) break;
    const auto fact = facts.find(std::string(sentence.substr(open + 1, close - open - 1)));
    absl::StrAppend(&filled, sentence.substr(0, open), fact == facts.end() ? sentence.substr(open, close - open + 1) : fact->second);
    sentence.remove_prefix(close + 1);
  }
  return absl::StrCat(filled, sentence);
}

std::string Error::ToString() const { return absl::StrCat(reason_name, " ", zh, " / ", en); }

Error ParseError(const grpc::Status& status) {
  Error error;
  error.code = static_cast<int>(status.error_code());
  if (ReadDetails(status, &error)) {
    error.reason = ReasonOf(error.reason_name);
    const v1::ErrorRow& row = RowOf(error.reason);
    error.retryable = error.retryable || row.retryable();
    error.zh = TakeOr(&error.metadata, "zh", row.zh());
    error.en = TakeOr(&error.metadata, "en", row.en());
    return error;
  }
  error.reason = TransportReason(status.error_code());
  error.reason_name = ReasonName(error.reason);
  const v1::ErrorRow& row = RowOf(error.reason);
  error.retryable = row.retryable();
  error.zh = row.zh();
  error.en = status.error_message().empty() ? row.en() : absl::StrCat(row.en(), " (", status.error_message(), ")");
  return error;
}

}  // namespace fenfen::client
