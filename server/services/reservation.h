// Reserving a voucher, with the offer's stock where it is counted: one transaction, or three (ledger/points/spending/stock.h).
//
//   look (would it be refused anyway?) → take the stock → reserve → settle the hold → reply
//                                           └ refused ┘      └ refused: take the voucher's number, give the stock back → reply
//
// Whatever a crash or a fault leaves of it, the client's repetition or the job "finish-stock" finishes; each step has a key derived from
// the request's. Thread-safe.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "ledger/engine/engine.h"
#include "ledger/points/voucher.h"
#include "server/call/call.h"
#include "server/services/backend.h"

namespace fenfen::server {

using Reserved = absl::AnyInvocable<void(absl::StatusOr<Outcome>) &&>;

// `facts.hold` is not set yet. `done` runs once, with the reservation's outcome; the call lives until then.
void Reserve(Backend& backend, Call& call, const ReserveFacts& facts, Reserved done);

// Gives the stock of a voucher back that this transaction ended, if there is any, and then runs `done`, whatever came of it: what does not
// succeed, the job does.
void GiveStockBack(Backend& backend, Call& call, const Transaction& transaction, absl::AnyInvocable<void() &&> done);

}  // namespace fenfen::server
