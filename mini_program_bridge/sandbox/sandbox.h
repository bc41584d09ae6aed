// A stand-in for WeChat's sign-in, for demonstrations and tests: jscode2session with its error codes, and two calls of its own by which
// a page without WeChat can choose a person and get a code. It knows nothing of Fenfen, and the bridge refuses it in production.
//
//   GET  /sns/jscode2session?appid=…&secret=…&js_code=…&grant_type=authorization_code   as WeChat
//   GET  /sandbox/people                    {"people":[{"openid":"…","label":"…"}]}
//   POST /sandbox/codes {"openid":"…"}      {"code":"…"}; 404 for an openid that is not in the list
//
// Codes are good once, for five minutes. A code with `busy-once-` put before it is answered −1 the first time; `busy-always`, `high-risk`
// and `too-often` are answered −1, 40226 and 45011. A person may exchange a hundred codes a minute, then 45011.
// Thread-safe.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_SANDBOX_SANDBOX_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_SANDBOX_SANDBOX_H_

#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/request_id.h"
#include "mini_program_bridge/http.h"

namespace fenfen::bridge {

// Somebody with a WeChat account.
struct SandboxPerson {
  std::string openid;
  std::string label;
};

// From a JSON list of {"openid","label"}; at most 1,000. Errors: InvalidArgument.
absl::StatusOr<std::vector<SandboxPerson>> ParseSandboxPeople(const std::string& json);

class Sandbox : public HttpHandler {
 public:
  static constexpr std::size_t kCodesMax = 10000;

  Sandbox(std::vector<SandboxPerson> people, client::Clock clock);

  void Handle(HttpRequest request, HttpReply reply) override;
  HttpResponse Reject(const Refusal& refusal) override;

 private:
  struct Code {
    std::string openid;
    absl::Time expires;
  };

  // {HTTP status, body}.
  using Answer = std::pair<int, std::string>;
  Answer Exchange(const std::string& query);
  Answer NewCode(const std::string& body);
  // An errcode, or 0 and the person.
  int Redeem(const std::string& code, std::string* openid);

  const std::vector<SandboxPerson> people_;
  const std::string people_json_;
  const client::Clock clock_;
  std::mutex mutex_;
  // All guarded by mutex_.
  absl::flat_hash_map<std::string, Code> codes_;
  std::deque<std::string> by_age_;  // codes as they were given, so that the oldest makes room
  std::set<std::string> busy_once_;
  absl::flat_hash_map<std::string, std::deque<absl::Time>> exchanges_;  // by openid, of the last minute
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_SANDBOX_SANDBOX_H_
