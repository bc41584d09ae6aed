#include "server/auth/authenticator.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/core/errors.h"

namespace fenfen::server {
namespace {

constexpr absl::string_view kScheme = "Bearer ";

// The operator of that name; nullptr where there is none, or it was revoked.
const v1::MerchantOperator* FindOperator(absl::string_view name, const Catalogue& catalogue) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4) return nullptr;
  const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(absl::StrCat(parts[0], "/", parts[1]));
  if (merchant == nullptr) return nullptr;
  for (const v1::MerchantOperator& person : merchant->operators()) {
    if (person.name() == name && !person.revoked()) return &person;
  }
  return nullptr;
}

// With what a device signs its own tokens; empty for one that is not known or not trusted.
std::string OwnKeyOf(absl::string_view name, const Catalogue& catalogue) {
  if (absl::StartsWith(name, "merchants/")) {
    const v1::MerchantOperator* person = FindOperator(name, catalogue);
    return person == nullptr ? std::string() : person->public_key();
  }
  const v1::Device* device = catalogue.Find<v1::Device>(name);
  return device == nullptr || device->name() != name || device->revoked() ? std::string() : device->public_key();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Caller>> Authenticator::Authenticate(absl::string_view authorization, const Catalogue& catalogue,
                                                                          absl::Time now) {
  if (authorization.empty()) return Refuse(Reason::REASON_TOKEN_MISSING);
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return Refuse(Reason::REASON_TOKEN_INVALID);
  const absl::string_view token = authorization.substr(kScheme.size());
  if (token.empty()) return Refuse(Reason::REASON_TOKEN_MISSING);

  const TokenCache::Digest digest = TokenCache::DigestOf(token);
  std::shared_ptr<const Caller> caller = cache_.Find(digest);
  if (caller == nullptr) {
    absl::StatusOr<Caller> verified =
        verifier_.Verify(token, now, [&catalogue](absl::string_view name) { return OwnKeyOf(name, catalogue); });
    if (!verified.ok()) return verified.status();
    caller = std::make_shared<const Caller>(*std::move(verified));
    cache_.Insert(digest, caller);
  } else if (caller->expires <= now) {
    cache_.Erase(digest);
    return Refuse(Reason::REASON_TOKEN_EXPIRED);
  }
  if (absl::Status status = CheckStanding(*caller, catalogue); !status.ok()) return status;
  return caller;
}

absl::Status Authenticator::CheckStanding(const Caller& caller, const Catalogue& catalogue) const {
  switch (caller.role) {
    case v1::ROLE_DEVICE: {
      const v1::Device* device = catalogue.Find<v1::Device>(CatalogueId(caller.actor.id));
      const bool trusted =
          device != nullptr && device->name() == caller.subject && !device->revoked() && device->public_key() == caller.key;
      return trusted ? absl::OkStatus() : Refuse(Reason::REASON_DEVICE_UNKNOWN);
    }
    case v1::ROLE_STAFF:
    case v1::ROLE_AUDITOR:
    case v1::ROLE_ATTENDANT: {
      const v1::Staff* staff = catalogue.Find<v1::Staff>(CatalogueId(caller.actor.id));
      const bool stands = staff != nullptr && staff->name() == caller.subject && staff->role() == caller.role;
      return stands ? absl::OkStatus() : Refuse(Reason::REASON_TOKEN_INVALID);
    }
    case v1::ROLE_MERCHANT: {
      const v1::MerchantOperator* person = FindOperator(caller.subject, catalogue);
      const bool stands = person != nullptr && (caller.key.empty() || person->public_key() == caller.key);
      return stands ? absl::OkStatus() : Refuse(Reason::REASON_TOKEN_INVALID);
    }
    case v1::ROLE_RESIDENT:
      return directory_.HasLeft(caller.household, caller.member) ? Refuse(Reason::REASON_TOKEN_INVALID) : absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

}  // namespace fenfen::server
