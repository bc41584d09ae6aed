#include "server/call/status.h"

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen::server {
namespace {

constexpr char kDomain[] = "fenfen";

google::rpc::ErrorInfo InfoOf(const Refusal& refusal) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(NameOf(refusal.reason)));
  info.set_domain(kDomain);
  auto& metadata = *info.mutable_metadata();
  for (const auto& [key, value] : refusal.facts) metadata[key] = value;
  metadata["zh"] = refusal.zh;
  metadata["en"] = refusal.en;
  if (!refusal.field.empty()) metadata["field"] = refusal.field;
  return info;
}

google::rpc::RetryInfo RetryOf(absl::Duration delay) {
  google::rpc::RetryInfo retry;
  const int64_t millis = absl::ToInt64Milliseconds(delay);
  retry.mutable_retry_delay()->set_seconds(millis / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
  return retry;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const Refusal refusal = RefusalOf(status);
  const v1::ErrorRow& row = RowOf(refusal.reason);
  google::rpc::Status details;
  details.set_code(row.code());
  details.set_message(refusal.en);
  details.add_details()->PackFrom(InfoOf(refusal));
  if (row.retryable()) details.add_details()->PackFrom(RetryOf(refusal.retry_delay.value_or(limits::kRetryDelayWhenBusy)));
  return grpc::Status(static_cast<grpc::StatusCode>(row.code()), refusal.en, details.SerializeAsString());
}

}  // namespace fenfen::server
