// WeChat's sign-in (jscode2session): a code from wx.login becomes a Fenfen subject, a keyed hash that only this bridge can make.
//
// Invariant: session_key and openid live no longer than the parsing of one reply; neither is stored, logged or returned.
// Thread-safe.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_WECHAT_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_WECHAT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mini_program_bridge/http_client.h"
#include "mini_program_bridge/refusal.h"

namespace boost::asio {
class io_context;
}

namespace fenfen::bridge {

// base64url without padding of the first 16 bytes of HMAC-SHA256(key, "wechat" 0x00 appid 0x00 openid). See docs/formats/subject.md.
std::string WechatSubject(absl::string_view key, absl::string_view app_id, absl::string_view openid);

class Wechat {
 public:
  struct Options {
    std::string app_id;
    std::string secret;
    // 32 bytes.
    std::string subject_key;
  };
  // Exactly one of the two: no refusal and a subject, or a refusal.
  using Done = std::function<void(MaybeRefusal refusal, std::string subject)>;
  // Told of what the operator must look into: an errcode that says our own settings are wrong, or why WeChat was not reached.
  using Report = std::function<void(int errcode, const std::string& detail)>;

  Wechat(boost::asio::io_context* io, std::unique_ptr<HttpClient> client, Options options, Report report);

  // Exchanges a code. Busy (−1) is tried once more after 200 ms; nothing else is, since a code is good once.
  // Refusals: SIGN_IN_CODE_INVALID, WECHAT_UNAVAILABLE, WECHAT_USER_BLOCKED, RATE_LIMITED; REASON_UNSPECIFIED where we are set up wrong.
  void SignIn(const std::string& code, Done done);

 private:
  void Try(const std::string& code, bool last, Done done);

  boost::asio::io_context* const io_;
  const std::unique_ptr<HttpClient> client_;
  const Options options_;
  const Report report_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_WECHAT_H_
