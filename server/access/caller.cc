#include "server/access/caller.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/points/entry.h"

namespace fenfen::server {
namespace {

constexpr size_t kIdLengthMax = 32;

bool IsId(absl::string_view text) {
  if (text.empty() || text.size() > kIdLengthMax) return false;
  for (const unsigned char c : text) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != '-') return false;
  }
  return true;
}

// "staff/ab-1" of the collection "staff".
bool IsName(absl::string_view name, absl::string_view collection) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  return parts.size() == 2 && parts[0] == collection && IsId(parts[1]);
}

std::optional<Caller> ParseMerchantOperator(absl::string_view subject, Caller caller) {
  const std::vector<absl::string_view> parts = absl::StrSplit(subject, '/');
  if (parts.size() != 4 || parts[0] != "merchants" || parts[2] != "operators" || !IsId(parts[1]) || !IsId(parts[3])) return std::nullopt;
  caller.merchant = absl::StrCat(parts[0], "/", parts[1]);
  caller.actor = {ActorKind::kMerchantOperator, CatalogueIdOf(caller.merchant).value(), CatalogueIdOf(subject).value()};
  return caller;
}

}  // namespace

std::optional<Caller> ParseCaller(v1::Role role, absl::string_view subject) {
  Caller caller;
  caller.role = role;
  caller.subject = std::string(subject);
  switch (role) {
    case v1::ROLE_RESIDENT: {
      const auto member = ParseMemberName(subject);
      if (!member) return std::nullopt;
      caller.household = member->first;
      caller.member = member->second;
      caller.actor = {ActorKind::kMember, caller.household.value(), caller.member};
      return caller;
    }
    case v1::ROLE_MERCHANT:
      return ParseMerchantOperator(subject, std::move(caller));
    case v1::ROLE_ATTENDANT:
    case v1::ROLE_STAFF:
    case v1::ROLE_AUDITOR:
      if (!IsName(subject, "staff")) return std::nullopt;
      caller.actor = {ActorKind::kStaff, CatalogueIdOf(subject).value(), 0};
      return caller;
    case v1::ROLE_DEVICE:
      if (!IsName(subject, "devices")) return std::nullopt;
      caller.actor = {ActorKind::kDevice, CatalogueIdOf(subject).value(), 0};
      return caller;
    case v1::ROLE_OPERATOR:
      if (!IsName(subject, "operators")) return std::nullopt;
      caller.actor = {ActorKind::kOperator, StableHash(subject), 0};
      return caller;
    case v1::ROLE_BRIDGE:
      if (!IsName(subject, "bridges")) return std::nullopt;
      return caller;
    default:
      return std::nullopt;
  }
}

}  // namespace fenfen::server
