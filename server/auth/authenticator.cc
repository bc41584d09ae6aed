#include "server/auth/authenticator.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "ledger/core/errors.h"

namespace fenfen::server {
namespace {

constexpr absl::string_view kScheme = "Bearer ";

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
    absl::StatusOr<Caller> verified = verifier_.Verify(token, now, [&catalogue](absl::string_view name) {
      const v1::Device* device = catalogue.Find<v1::Device>(name);
      return device == nullptr || device->name() != name || device->revoked() ? std::string() : device->public_key();
    });
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

absl::Status CheckStanding(const Caller& caller, const Catalogue& catalogue) {
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
      const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(CatalogueId(caller.actor.id));
      if (merchant == nullptr || merchant->name() != caller.merchant) return Refuse(Reason::REASON_TOKEN_INVALID);
      const auto& operators = merchant->operators();
      const bool stands = std::any_of(operators.begin(), operators.end(),
                                      [&caller](const v1::MerchantOperator& person) { return person.name() == caller.subject; });
      return stands ? absl::OkStatus() : Refuse(Reason::REASON_TOKEN_INVALID);
    }
    default:
      return absl::OkStatus();
  }
}

}  // namespace fenfen::server
