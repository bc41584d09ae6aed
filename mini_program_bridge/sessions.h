// The SessionService: what the bridge serves itself, beside the server's methods.
//
// A sign-in is: code → WeChat → subject → IdentityService.ResolveSubject, as the bridge → the principal chosen → a token for it. With an
// invitation, MembershipService.JoinHousehold comes before: the bridge alone knows the subject of who is not enrolled yet.
// Thread-safe.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_SESSIONS_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_SESSIONS_H_

#include <functional>
#include <string>
#include <variant>

#include "absl/time/time.h"
#include "clients/cpp/request_id.h"
#include "clients/cpp/token.h"
#include "fenfen/v1/session.pb.h"
#include "mini_program_bridge/backend.h"
#include "mini_program_bridge/wechat.h"

namespace fenfen::bridge {

class Sessions {
 public:
  using Done = std::function<void(std::variant<v1::CreateSessionResponse, Refusal>)>;

  // `ttl`: how long a session lasts, at most 24 hours. The pointers must outlive this.
  Sessions(Wechat* wechat, Backend* backend, client::TokenSigner signer, absl::Duration ttl, client::Clock clock);

  // Refusals: those of Wechat::SignIn, JoinHousehold and ResolveSubject; PERMISSION_DENIED for a `subject` that is not this person's.
  void Create(const v1::CreateSessionRequest& request, const std::string& request_id, Done done);

 private:
  void Join(const std::string& invitation, const std::string& subject, const std::string& request_id, Done done);
  void Resolve(const std::string& subject, const std::string& chosen, const std::string& request_id, Done done);
  std::variant<v1::CreateSessionResponse, Refusal> Open(const BackendReply& reply, const std::string& chosen) const;

  Wechat* const wechat_;
  Backend* const backend_;
  const client::TokenSigner signer_;
  const absl::Duration ttl_;
  const client::Clock clock_;
  const client::RequestIds ids_ = client::RequestIds::FromSystem();
  // The bridge's own token, for ResolveSubject and JoinHousehold.
  const client::TokenSource own_token_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_SESSIONS_H_
