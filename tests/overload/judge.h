// The judge: what the clients know, against what the journal holds. Every acknowledged request is there exactly once, under the sequence
// number that was acknowledged; nothing that was refused is there; nothing is there that nobody sent; and each household's balance, as the
// independent checker derives it, is the sum of the rewards that its clients were told, and of those that nobody was told because the
// answer did not come.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "ledger/core/ids.h"
#include "ledger/core/request_key.h"

namespace fenfen::overload {

// What a client knows of a request, at the end.
enum class Known : uint8_t { kNothing, kAccepted, kRefused };
struct Claim {
  uint32_t household = 0;
  uint32_t entry = 0;  // where accepted
  int32_t reward = 0;  // hundredths, where accepted
  Known known = Known::kNothing;
};
// All of them, and where to find one.
struct Claims {
  std::vector<Claim> all;
  absl::flat_hash_map<RequestKey, size_t> by_request_id;
  // The events 1, 2, 3… of a device stand side by side.
  struct Events {
    size_t first = 0;
    size_t count = 0;
  };
  absl::flat_hash_map<uint64_t, Events> by_device;  // CatalogueId
};

struct Judgement {
  uint64_t accepted = 0;
  uint64_t refused = 0;
  uint64_t unanswered = 0;
  uint64_t unanswered_kept = 0;  // of these, in the journal
  uint64_t transactions = 0;
};

// Reads the journal of a server that has stopped. An error says what does not hold.
absl::StatusOr<Judgement> Judge(const std::string& journal, const Claims& claims);

}  // namespace fenfen::overload
