// The function library in the server: fenfen.lua and fence.lua, which are part of this program.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ledger/state/redis/redis_client.h"

namespace fenfen {

// The library's text, and the version within it.
absl::string_view LibraryText();
int LibraryVersion();

// Sees to it that the server has the library: loads it where it is missing or older. A RedisError of kForeign where the server has a newer
// one, or a library or function of that name that is not ours; kAccessDenied where it is missing and the user may not load it. Blocks for
// a few round trips.
absl::Status EnsureLibrary(RedisClient& client, RedisClient::SessionId session);

}  // namespace fenfen
