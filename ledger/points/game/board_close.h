// Closing a board's period: what it came to in each region, written once and for ever into the catalogue's partition.
//
// Each region's result is a record of its own, and so is the fact that the period is closed. Many regions are written by several
// transactions; what is there already is left as it is, and the closing comes with the last one, so that a server that stops half-way
// leaves the rest to the next.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fenfen/ledger/v1/game.pb.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// How many results one transaction holds: of 100 places each some 8 MB.
inline constexpr size_t kResultsATransaction = 2000;

// `board`: "boards/…"; `region`: "regions/…"; `period`: its name.
RecordKey BoardClosingKey(absl::string_view board, absl::string_view period);
RecordKey BoardResultKey(absl::string_view board, absl::string_view period, absl::string_view region);

// A result of all who were ranked, in order; ranks are given here. Those beyond the first `shown` are in the digest alone.
ledger::v1::BoardResult MakeBoardResult(absl::string_view board, absl::string_view period, absl::string_view region,
                                        std::vector<ledger::v1::BoardPlace> places, int shown);

struct BoardCloseFacts {
  std::string board;
  std::string period;
  std::vector<ledger::v1::BoardResult> results;  // at most kResultsATransaction
  bool is_last = false;                          // closes
  uint32_t results_in_all = 0;
};

// The same for the same part of the same closing, tried on the same day.
RequestKey BoardCloseKey(const BoardCloseFacts& facts, size_t part, absl::Time now, absl::TimeZone zone);
ReadSet BoardCloseReads(const BoardCloseFacts& facts);

// BOARD_CLOSED where it is.
absl::StatusOr<Transaction> DecideBoardClose(const View& view, const BoardCloseFacts& facts, const DecisionContext& context);

}  // namespace fenfen
