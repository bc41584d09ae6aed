// Caller: who a verified token stands for, with its resource name taken apart once. Immutable, so it is shared by all calls of a token.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/options.pb.h"
#include "ledger/core/ids.h"
#include "ledger/core/transaction.h"

namespace fenfen::server {

struct Caller {
  v1::Role role = v1::ROLE_UNSPECIFIED;
  std::string subject;    // the token's
  absl::Time expires;     // the token's
  HouseholdId household;  // of a resident
  uint32_t member = 0;    // of a resident
  std::string merchant;   // `merchants/{merchant}` of a merchant's operator
  std::string key;        // of a device, also one at a merchant's till: the public key that its token was verified with
  Actor actor;            // as the journal names them
};

// Takes a subject apart by its role; nullopt where its form does not go with the role.
std::optional<Caller> ParseCaller(v1::Role role, absl::string_view subject);

}  // namespace fenfen::server
