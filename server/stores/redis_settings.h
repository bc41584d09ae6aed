// The settings of [redis] as the Redis State takes them; for the server, and for the tools that work on its stores.
#pragma once

#include "absl/status/statusor.h"
#include "ledger/state/redis/redis_state_options.h"
#include "server/config/stores_config.h"

namespace fenfen::server {

// INVALID_ARGUMENT naming the key that cannot be; the errors of ReadSmallFile where a password's file cannot be read. `production`: that
// file must be its owner's alone.
absl::StatusOr<RedisStateOptions> RedisOptionsOf(const RedisConfig& config, bool production);

}  // namespace fenfen::server
