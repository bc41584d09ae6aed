#include "mini_program_bridge/sessions.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fenfen/v1/identity.pb.h"
#include "fenfen/v1/membership.pb.h"

namespace fenfen::bridge {
namespace {

constexpr char kJoin[] = "/fenfen.v1.MembershipService/JoinHousehold";
constexpr char kResolve[] = "/fenfen.v1.IdentityService/ResolveSubject";

// The roles that a person may sign in to here. An operator's or a device's key is its own, and a bridge is no person.
bool SignsInHere(v1::Role role) {
  switch (role) {
    case v1::ROLE_RESIDENT:
    case v1::ROLE_ATTENDANT:
    case v1::ROLE_MERCHANT:
    case v1::ROLE_STAFF:
    case v1::ROLE_AUDITOR:
      return true;
    default:
      return false;
  }
}

}  // namespace

Sessions::Sessions(Wechat* wechat, Backend* backend, client::TokenSigner signer, absl::Duration ttl, client::Clock clock)
    : wechat_(wechat),
      backend_(backend),
      signer_(signer),
      ttl_(ttl),
      clock_(clock),
      own_token_(client::MintedTokens(signer, absl::StrCat("bridges/", signer.issuer()), "BRIDGE", absl::Minutes(10), clock)) {}

void Sessions::Create(const v1::CreateSessionRequest& request, const std::string& request_id, Done done) {
  wechat_->SignIn(request.code(), [this, chosen = request.subject(), invitation = request.invitation(), request_id, done = std::move(done)](
                                      MaybeRefusal refusal, const std::string& subject) {
    if (refusal.has_value()) return done(*std::move(refusal));
    if (invitation.empty()) return Resolve(subject, chosen, request_id, done);
    Join(invitation, subject, request_id, done);
  });
}

// A sign-in code is good once, so a join that is tried again comes with another; that it was done before the server tells then.
void Sessions::Join(const std::string& invitation, const std::string& subject, const std::string& request_id, Done done) {
  v1::JoinHouseholdRequest join;
  join.set_request_id(ids_.Next());
  join.set_code(invitation);
  join.set_wechat_subject(subject);
  BackendCall call{kJoin, join.SerializeAsString(), absl::StrCat("Bearer ", own_token_(/*renew=*/false)), request_id};
  call.changes = true;
  backend_->Call(std::move(call), [this, subject, request_id, done = std::move(done)](const BackendReply& reply) {
    if (reply.refusal.has_value()) return done(*reply.refusal);
    v1::JoinHouseholdResponse joined;
    if (!joined.ParseFromString(reply.bytes)) return done(Refuse(v1::REASON_UNSPECIFIED));
    Resolve(subject, joined.member(), request_id, done);
  });
}

void Sessions::Resolve(const std::string& subject, const std::string& chosen, const std::string& request_id, Done done) {
  v1::ResolveSubjectRequest resolve;
  resolve.set_wechat_subject(subject);
  BackendCall call{kResolve, resolve.SerializeAsString(), absl::StrCat("Bearer ", own_token_(/*renew=*/false)), request_id};
  backend_->Call(std::move(call), [this, chosen, done = std::move(done)](const BackendReply& reply) { done(Open(reply, chosen)); });
}

std::variant<v1::CreateSessionResponse, Refusal> Sessions::Open(const BackendReply& reply, const std::string& chosen) const {
  if (reply.refusal.has_value()) return *reply.refusal;
  v1::ResolveSubjectResponse resolved;
  if (!resolved.ParseFromString(reply.bytes)) return Refuse(v1::REASON_UNSPECIFIED);
  v1::CreateSessionResponse session;
  for (const v1::Principal& principal : resolved.principals()) {
    if (!SignsInHere(principal.role())) continue;
    *session.add_principals() = principal;
    if (!session.has_principal() && (chosen.empty() || principal.subject() == chosen)) *session.mutable_principal() = principal;
  }
  if (session.principals().empty()) return Refuse(v1::REASON_PERSON_UNKNOWN);
  if (!session.has_principal()) return Refuse(v1::REASON_PERMISSION_DENIED, {{"field", "subject"}});
  const std::string role = v1::Role_Name(session.principal().role());
  session.set_token(signer_.Mint(session.principal().subject(), absl::StripPrefix(role, "ROLE_"), clock_(), ttl_));
  session.set_expires_in(static_cast<int>(absl::ToInt64Seconds(ttl_)));
  return session;
}

}  // namespace fenfen::bridge
