#include "server/call/call.h"

#include <atomic>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/errors.h"
#include "server/call/status.h"
#include "server/log/json_line.h"

namespace fenfen::server {
namespace {

constexpr char kAuthorization[] = "authorization";
constexpr char kTraceId[] = "x-request-id";
constexpr size_t kTraceIdMax = 64;

absl::string_view MetadataOf(const grpc::CallbackServerContext& context, const char* name) {
  const auto found = context.client_metadata().find(name);
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

bool IsTraceId(absl::string_view text) {
  if (text.empty() || text.size() > kTraceIdMax) return false;
  for (const unsigned char c : text) {
    if (!absl::ascii_isalnum(c) && c != '-' && c != '_') return false;
  }
  return true;
}

// To the microsecond, as the journal keeps times: a reply made from what is in memory equals one made from the journal.
absl::Time NowOf(const Clock& clock) { return absl::FromUnixMicros(absl::ToUnixMicros(clock.Now())); }

bool IsStaff(v1::Role role) { return role == v1::ROLE_STAFF || role == v1::ROLE_AUDITOR || role == v1::ROLE_ATTENDANT; }

}  // namespace

Call::Call(const Gate& gate, const Method& method, grpc::CallbackServerContext& context)
    : gate_(gate),
      method_(method),
      context_(context),
      counted_(gate.limits.calls),
      now_(NowOf(gate.clock)),
      catalogue_(gate.catalogue.Snapshot()) {}

absl::Status Call::Enter() { return (method_.has_request_id ? gate_.limits.changes : gate_.limits.reads).Enter(place_); }

absl::Status Call::Authenticate() {
  // Nobody waits for the answer any more: under overload, work that is not begun is what lets the rest be done in time.
  if (context_.deadline() <= std::chrono::system_clock::now()) return Refuse(Reason::REASON_OUTCOME_UNKNOWN);
  if (method_.access.is_public) return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<const Caller>> caller =
      gate_.authenticator.Authenticate(MetadataOf(context_, kAuthorization), *catalogue_, now_);
  if (!caller.ok()) return caller.status();
  caller_ = *std::move(caller);
  return absl::OkStatus();
}

absl::Status Call::Authorise(const google::protobuf::Message& request) {
  if (method_.access.is_public) return absl::OkStatus();
  const std::optional<AccessGrant>& grant = method_.access.grants[caller_->role];
  if (grant && grant->field != nullptr && MustAudit()) audited_ = request.GetReflection()->GetString(request, grant->field);
  return server::Authorise(method_.access, *caller_, request, *catalogue_, gate_.households);
}

absl::Status Call::Validate(const google::protobuf::Message& request, bool first) {
  if (request.ByteSizeLong() > method_.request_bytes_max) {
    return Refuse(Reason::REASON_BODY_TOO_LARGE, {{"limit", absl::StrCat(method_.request_bytes_max)}});
  }
  if (absl::Status status = method_.validator.Check(request); !status.ok()) return status;
  if (!method_.has_request_id || !first) return absl::OkStatus();
  std::string scratch;
  const std::string& request_id =
      request.GetReflection()->GetStringReference(request, request.GetDescriptor()->FindFieldByName("request_id"), &scratch);
  const absl::StatusOr<RequestKey> key = CheckRequestId(request_id, now_);
  if (!key.ok()) return key.status();
  key_ = *key;
  fingerprint_ = Fingerprint(method_.name, caller_ == nullptr ? "" : caller_->subject, request);
  return absl::OkStatus();
}

absl::Status Call::Refresh() {
  now_ = NowOf(gate_.clock);
  catalogue_ = gate_.catalogue.Snapshot();
  if (caller_->expires <= now_) return Refuse(Reason::REASON_TOKEN_EXPIRED);
  return gate_.authenticator.CheckStanding(*caller_, *catalogue_);
}

void Call::Conclude(const absl::Status& status, absl::AnyInvocable<void(const grpc::Status&) &&> leave) {
  if (!MustAudit()) return Leave(status, std::move(leave));
  gate_.audit.Append(AuditLine(status), [this, status, leave = std::move(leave)](const absl::Status& written) mutable {
    if (written.ok()) return Leave(status, std::move(leave));
    gate_.log.Write(Log::Level::kError, "the audit log takes no records; a reply was kept back",
                    {{"method", method_.name}, {"request_id", TraceId()}});
    // A change is made already: the caller must not take it for refused, and gets its reply when the log takes records again.
    const bool changed = status.ok() && method_.access.audit == v1::AUDIT_CHANGE;
    Leave(changed ? Refuse(Reason::REASON_OUTCOME_UNKNOWN) : written, std::move(leave));
  });
}

void Call::Leave(const absl::Status& status, absl::AnyInvocable<void(const grpc::Status&) &&> leave) {
  std::optional<Reason> reason;
  if (!status.ok()) reason = RefusalOf(status).reason;
  method_.metrics.Add(reason, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count());
  const bool bug = reason == Reason::REASON_UNSPECIFIED;
  if (bug || gate_.log.Wants(Log::Level::kDebug)) {
    gate_.log.Write(bug ? Log::Level::kError : Log::Level::kDebug, "call",
                    {{"method", method_.name},
                     {"request_id", TraceId()},
                     {"reason", reason ? NameOf(*reason) : "OK"},
                     {"detail", bug ? status.ToString() : ""}});
  }
  std::move(leave)(ToGrpcStatus(status));
}

bool Call::MustAudit() const {
  if (caller_ == nullptr) return false;
  return method_.access.audit == v1::AUDIT_CHANGE || (method_.access.audit == v1::AUDIT_STAFF_READ && IsStaff(caller_->role));
}

std::string Call::AuditLine(const absl::Status& status) {
  JsonLine line;
  line.Add("time", absl::FormatTime(absl::RFC3339_full, now_, gate_.zone))
      .Add("subject", caller_->subject)
      .Add("role", absl::StripPrefix(v1::Role_Name(caller_->role), "ROLE_"))
      .Add("method", method_.name)
      .Add("resource", audited_)
      .Add("outcome", status.ok() ? "OK" : NameOf(RefusalOf(status).reason))
      .Add("request_id", TraceId());
  return line.Finish();
}

const std::string& Call::TraceId() {
  if (!trace_id_.empty()) return trace_id_;
  if (const absl::string_view given = MetadataOf(context_, kTraceId); IsTraceId(given)) {
    trace_id_ = std::string(given);
  } else {
    static std::atomic<uint64_t> count{0};
    trace_id_ = absl::StrCat(absl::Hex(absl::ToUnixMicros(now_)), "-", absl::Hex(count.fetch_add(1)));
  }
  return trace_id_;
}

}  // namespace fenfen::server
