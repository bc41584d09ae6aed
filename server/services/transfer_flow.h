// TransferFlow: sees a transfer through that has left its household (ledger/points/keeping/transfer.h): to the other household, or back.
// What a call left undone, because it or the server ended, a job does the same way; it may be done by several at once and again.
//
// Blocking; thread-safe.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fenfen/ledger/v1/transfer.pb.h"
#include "ledger/engine/engine.h"
#include "ledger/points/decision.h"
#include "ledger/projections/open_transfers.h"

namespace fenfen::server {

// The transfer as it ended: ARRIVED or RETURNED. `base` says when and whose day it is; its key and actor are not used: the system acts.
// The engine's errors, where it is not known how it ended: then again, later.
absl::StatusOr<ledger::v1::Transfer> FinishTransfer(Engine& engine, const ledger::v1::Transfer& sent, const DecisionContext& base);

// A transfer's record, by the number under which its household's partition has it; NOT_FOUND.
absl::StatusOr<ledger::v1::Transfer> ReadTransfer(Engine& engine, const RecordKey& key);

// What the list of open transfers wants to know of a record.
std::optional<OpenTransfers::Step> TransferStepIn(absl::string_view transfer_record);

}  // namespace fenfen::server
