// What `fenfenctl demo` shows once all runs: where it is, who can sign in, tokens for every role, and three things to try.
//
// Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_INVITATION_H_
#define FENFEN_CLIENTS_CTL_DEMO_INVITATION_H_

#include <string>

#include "absl/status/status.h"
#include "clients/ctl/demo/demo.h"

namespace fenfen::ctl {

// Writes FOLDER/tokens.sh, for its owner alone: a shell variable a role (RESIDENT, MERCHANT, ATTENDANT, STAFF, CHIEF, AUDITOR) with a token
// good for a day from `now`.
absl::Status WriteTokens(const Demo& demo, absl::Time now);

// The screen. `bin` is where the programs are.
std::string Invitation(const Demo& demo, const std::string& bin);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_INVITATION_H_
