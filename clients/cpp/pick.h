// Which server a call goes to: healthy ones first, then those that this call has not tried; among equals the one that the call's key
// prefers, or without a key each in turn.
//
// The key of a household is its partition, the ledger's unit of order. Two servers that write to one partition of a shared store make each
// other's commits fail and run again, so all clients should send a partition to the same server. Rendezvous hashing gives that without any
// of them talking to another: a key prefers the server whose hash together with the key's is the highest. When a server goes, only its own
// keys move, spread over the others; when it is back, they return. It is a preference and no more: any server does any call correctly.
// For clients to agree they must spell the targets alike.
//
// Thread-safe: pure functions, the same on every machine and in every version.
#ifndef FENFEN_CLIENTS_CPP_PICK_H_
#define FENFEN_CLIENTS_CPP_PICK_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace google::protobuf {
class Message;
}

namespace fenfen::client {

// What calls that should stay together have in common; none for a call that any server does as well.
using AffinityKey = std::optional<uint64_t>;

// The partition, 0 to 255, of `households/{number}` or of anything below it; none for another name. As the ledger places households.
AffinityKey AffinityOfName(absl::string_view resource_name);

// The partition of the household whose voucher a code stands for (docs/formats/voucher_code.md); none for a text that cannot be one.
AffinityKey AffinityOfVoucherCode(absl::string_view code);

// That of the request's `household` or `name`, or of the voucher that it captures.
AffinityKey AffinityOfRequest(const google::protobuf::Message& request);

// A key for something that is no household, such as a device whose stream should stay where it is.
uint64_t AffinityOfText(absl::string_view text);

// A set of servers, bit by bit.
using ServerSet = uint32_t;
constexpr ServerSet Only(size_t server) { return ServerSet{1} << server; }

// How a server stands at the moment of the choice.
struct Standing {
  uint64_t hash = 0;  // AffinityOfText(its target)
  int rank = 0;       // 0 is best
};

// The server for the next attempt, an index of `servers`, which holds 1 to 32. `turn` counts the calls without a key.
size_t Pick(absl::Span<const Standing> servers, AffinityKey key, ServerSet tried, uint64_t turn);

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_PICK_H_
