#include "clients/ctl/demo/invitation.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/token.h"
#include "clients/ctl/demo/cast.h"

namespace fenfen::ctl {

namespace {

struct TokenOf {
  const char* variable;
  std::string subject;
  const char* role;
};

std::vector<TokenOf> TokensOf(const District& district) {
  return {{"RESIDENT", MemberNameOf(district, district.rich_household), "RESIDENT"},
          {"MERCHANT", absl::StrCat("merchants/", district.merchants[0].id, "/operators/op1"), "MERCHANT"},
          {"ATTENDANT", "staff/A01", "ATTENDANT"},
          {"STAFF", "staff/S01", "STAFF"},
          {"CHIEF", "staff/C01", "STAFF"},
          {"AUDITOR", "staff/U01", "AUDITOR"}};
}

// Paths as somebody would type them.
std::string Short(const std::string& path) {
  std::error_code error;
  const std::string relative = std::filesystem::proximate(path, error).string();
  return error || relative.size() > path.size() ? path : relative;
}

}  // namespace

absl::Status WriteTokens(const Demo& demo, absl::Time now) {
  const std::string path = demo.workspace().Path("tokens.sh");
  const absl::StatusOr<client::TokenSigner> signer =
      client::TokenSigner::FromPemFile(demo.workspace().Path("keys/bridge.key.pem"), "bridge");
  if (!signer.ok()) return signer.status();
  std::string text = "# 演示用的令牌，一天内有效 / tokens of the demo, good for a day\n";
  for (const TokenOf& token : TokensOf(demo.district())) {
    absl::StrAppend(&text, token.variable, "=", signer->Mint(token.subject, token.role, now, client::kTokenLifeMax), "  # ", token.subject,
                    "\n");
  }
  unlink(path.c_str());
  return client::WriteNewFile(path, text, /*secret=*/true);
}

std::string Invitation(const Demo& demo, const std::string& bin) {
  const DemoPorts& ports = demo.ports();
  const District& district = demo.district();
  const std::string folder = Short(std::filesystem::path(demo.workspace().Path("x")).parent_path().string()),
                    ctl = Short(bin) + "/fenfenctl";
  const std::string home = HouseholdNameOf(district, district.rich_household);
  std::string text = absl::StrCat("\n  分分已启动 / Fenfen is running:  http://", ports.http, "/\n  gRPC ",
                                  absl::StrJoin(ports.Servers(), ","), "   指标 / metrics http://", ports.metrics,
                                  "/metrics   文件夹 / folder ", folder, "\n\n  可以用这些人登录 / who can sign in:\n");
  for (const DemoPerson& person : district.people) absl::StrAppend(&text, absl::StrFormat("    %-18s %s\n", person.openid, person.label));
  absl::StrAppend(&text, "\n  各角色的令牌，一天内有效 / tokens of each role, for a day:  . ", folder, "/tokens.sh\n");
  for (const TokenOf& token : TokensOf(district)) absl::StrAppend(&text, absl::StrFormat("    $%-10s %s\n", token.variable, token.subject));
  absl::StrAppend(&text, "\n  试一试 / to try:\n    # 一户的积分明细，每条都说明原因 / a statement; each entry says why\n    . ", folder,
                  "/tokens.sh; curl -s -H \"Authorization: Bearer $RESIDENT\" 'http://", ports.http, "/v1/", home,
                  "/entries?page_size=5'\n    # 风险核查：指导员和一户、一人多户 / the risk queue: an attendant and a household, one "
                  "person behind many\n    ",
                  ctl, " --server ", ports.grpc, " --as staff/C01:STAFF --key ", folder, "/keys/bridge.key.pem risk list ",
                  district.regions.front().code, "\n    # 独立核对整本账 / checks the whole ledger independently\n    ", ctl, " --server ",
                  ports.grpc, " --operator-key ", folder, "/keys/operator.key.pem verify ", folder, "/",
                  ServerName(demo.workspace().mode(), 0), ".toml\n");
  absl::StrAppend(&text, "\n  Ctrl-C 停止；再次运行数秒即可 / Ctrl-C stops it; the next start takes seconds\n");
  return text;
}

}  // namespace fenfen::ctl
