#include "mini_program_bridge/wechat.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/static_resource.hpp>
#include <boost/json/value.hpp>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace fenfen::bridge {
namespace {

// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
constexpr int kBusy = -1;
constexpr int kCodeInvalid = 40029;
constexpr int kCodeUsed = 40163;
constexpr int kUserBlocked = 40226;
constexpr int kTooOften = 45011;
// The reply was no reply of WeChat's.
constexpr int kUnreadable = 1;

constexpr absl::Duration kBusyWait = absl::Milliseconds(200);

struct SessionReply {
  int errcode = kUnreadable;
  std::string openid;
};

// Takes the openid alone. Everything else, session_key first, is wiped before this returns: the body, and the memory it was parsed into.
SessionReply ReadReply(std::string* body) {
  unsigned char memory[16 << 10];
  absl::Cleanup wipe = [&] {
    OPENSSL_cleanse(memory, sizeof(memory));
    OPENSSL_cleanse(body->data(), body->size());
  };
  SessionReply reply;
  try {
    boost::json::static_resource resource(memory);
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse(*body, error, &resource);
    if (error || !value.is_object()) return reply;
    const boost::json::value* errcode = value.as_object().if_contains("errcode");
    const boost::json::value* openid = value.as_object().if_contains("openid");
    if (errcode != nullptr && (!errcode->is_int64() || errcode->get_int64() != 0)) {
      reply.errcode = errcode->is_int64() ? static_cast<int>(errcode->get_int64()) : kUnreadable;
    } else if (openid != nullptr && openid->is_string() && !openid->get_string().empty()) {
      reply.errcode = 0;
      reply.openid.assign(openid->get_string().data(), openid->get_string().size());
    }
  } catch (const std::bad_alloc&) {
    // More than the memory holds: no reply of WeChat's.
  }
  return reply;
}

std::string PercentEncode(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else {
      absl::StrAppend(&out, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return out;
}

Refusal RefusalFor(int errcode) {
  switch (errcode) {
    case kBusy:
    case kUnreadable:
      return Refuse(v1::REASON_WECHAT_UNAVAILABLE);
    case kCodeInvalid:
    case kCodeUsed:
      return Refuse(v1::REASON_SIGN_IN_CODE_INVALID);
    case kUserBlocked:
      return Refuse(v1::REASON_WECHAT_USER_BLOCKED);
    case kTooOften: {
      // A hundred a minute and person: a full minute clears it for certain.
      Refusal refusal = Refuse(v1::REASON_RATE_LIMITED);
      refusal.retry_after = absl::Minutes(1);
      return refusal;
    }
    default:
      return Refuse(v1::REASON_UNSPECIFIED);
  }
}

}  // namespace

std::string WechatSubject(absl::string_view key, absl::string_view app_id, absl::string_view openid) {
  const std::string message = absl::StrCat("wechat", absl::string_view("\0", 1), app_id, absl::string_view("\0", 1), openid);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()), message.size(),
       digest, &size);
  return absl::WebSafeBase64Escape(absl::string_view(reinterpret_cast<const char*>(digest), 16));
}

Wechat::Wechat(boost::asio::io_context* io, std::unique_ptr<HttpClient> client, Options options, Report report)
    : io_(io), client_(std::move(client)), options_(std::move(options)), report_(std::move(report)) {}

void Wechat::SignIn(const std::string& code, Done done) { Try(code, /*last=*/false, std::move(done)); }

void Wechat::Try(const std::string& code, bool last, Done done) {
  const std::string target =
      absl::StrCat("/sns/jscode2session?appid=", PercentEncode(options_.app_id), "&secret=", PercentEncode(options_.secret),
                   "&js_code=", PercentEncode(code), "&grant_type=authorization_code");
  client_->Get(target, [this, code, last, done = std::move(done)](absl::StatusOr<HttpClient::Reply> http) {
    if (!http.ok()) {
      report_(kUnreadable, std::string(http.status().message()));
      return done(RefusalFor(kUnreadable), "");
    }
    SessionReply reply = ReadReply(&http->body);
    if (reply.errcode == 0) {
      std::string subject = WechatSubject(options_.subject_key, options_.app_id, reply.openid);
      OPENSSL_cleanse(reply.openid.data(), reply.openid.size());
      return done(std::nullopt, std::move(subject));
    }
    if (reply.errcode == kBusy && !last) {
      auto timer = std::make_shared<boost::asio::steady_timer>(*io_, absl::ToChronoNanoseconds(kBusyWait));
      timer->async_wait([this, timer, code, done](boost::system::error_code) { Try(code, /*last=*/true, done); });
      return;
    }
    const Refusal refusal = RefusalFor(reply.errcode);
    if (refusal.reason == v1::REASON_UNSPECIFIED || reply.errcode == kUnreadable)
      report_(reply.errcode, absl::StrCat("HTTP ", http->status));
    done(refusal, "");
  });
}

}  // namespace fenfen::bridge
