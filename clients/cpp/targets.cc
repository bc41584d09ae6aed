#include "clients/cpp/targets.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace fenfen::client {

namespace {

constexpr size_t kHostBytesMax = 253;  // of a name in DNS

absl::Status Wrong(absl::string_view field, absl::string_view target, absl::string_view zh, absl::string_view en) {
  return absl::InvalidArgumentError(absl::StrCat(field, "：\"", target, "\" ", zh, " / ", en));
}

bool IsPort(absl::string_view text) {
  int port = 0;
  const bool digits = !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  return digits && absl::SimpleAtoi(text, &port) && port >= 1 && port <= 65535;
}

bool IsHostName(absl::string_view host) {
  return !host.empty() && host.size() <= kHostBytesMax &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) { return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_'; });
}

bool IsBracketed(absl::string_view host) {
  if (!absl::ConsumePrefix(&host, "[") || !absl::ConsumeSuffix(&host, "]")) return false;
  return absl::StrContains(host, ":") &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) { return absl::ascii_isxdigit(c) || c == ':' || c == '.'; });
}

}  // namespace

absl::Status CheckTarget(absl::string_view field, absl::string_view target) {
  if (target.empty()) return Wrong(field, target, "为空，须为 HOST:PORT", "is empty; give HOST:PORT");
  if (absl::StartsWith(target, "unix:")) {
    if (target.size() > 6 && target[5] == '/') return absl::OkStatus();
    return Wrong(field, target, "须为 unix:/绝对路径", "must be unix:/absolute/path");
  }
  const size_t colon = target.rfind(':');
  if (colon == absl::string_view::npos) return Wrong(field, target, "缺少端口，须为 HOST:PORT", "has no port; give HOST:PORT");
  const absl::string_view host = target.substr(0, colon);
  if (!IsPort(target.substr(colon + 1))) return Wrong(field, target, "的端口须为 1 至 65535", "needs a port of 1 to 65535");
  if (IsHostName(host) || IsBracketed(host)) return absl::OkStatus();
  return Wrong(field, target, "的主机名无效；IPv6 须写作 [::1]:PORT", "has a host that is none; IPv6 is written [::1]:PORT");
}

absl::Status CheckTargets(absl::string_view field, absl::Span<const std::string> targets) {
  if (targets.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(field, "：至少要有一个服务器地址 / needs at least one server's address"));
  }
  if (targets.size() > kTargetsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, "：最多 ", kTargetsMax, " 个服务器地址 / takes at most ", kTargetsMax, " addresses"));
  }
  absl::flat_hash_map<std::string, size_t> seen;
  for (size_t i = 0; i < targets.size(); ++i) {
    const std::string place = absl::StrCat(field, "[", i, "]");
    if (absl::Status status = CheckTarget(place, targets[i]); !status.ok()) return status;
    // A path's letters differ by case, a host's do not.
    const bool path = absl::StartsWith(targets[i], "unix:");
    const auto [first, fresh] = seen.emplace(path ? targets[i] : absl::AsciiStrToLower(targets[i]), i);
    if (!fresh) {
      return Wrong(place, targets[i], absl::StrCat("与 ", field, "[", first->second, "] 重复"),
                   absl::StrCat("is the same as ", field, "[", first->second, "]"));
    }
  }
  return absl::OkStatus();
}

}  // namespace fenfen::client
