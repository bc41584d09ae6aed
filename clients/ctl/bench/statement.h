// fenfenctl bench statement: the first page of a household's statement, from a journal so large that nothing of it is in memory, beside as
// many bare reads of the same size.
//
// In two processes: the first writes the journal through the engine, every household's entries far apart, as years would, lets the full
// segments be compressed as a server does, and writes a snapshot. The second starts from that snapshot and reads.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/ctl/bench/measure.h"
#include "clients/ctl/bench/report.h"

namespace fenfen::bench {

// The median and the 99th percentile of a first page, in milliseconds, of a journal of 3 million entries or, with `full`, 100 million.
absl::Status RunStatement(const Options& options, Report& report);

// What the second process does. In milliseconds.
struct StatementCost {
  double p50 = 0, p99 = 0;
  double bare_p50 = 0, bare_p99 = 0;
};
// Reads the first pages of `pages` random households, of 1 to `households`, of the ledger in `folder`, with nothing of the journal in the
// kernel's memory, and by turns the bare reads. NOT_FOUND where a page is not full or another household's entry is in it.
absl::StatusOr<StatementCost> ReadStatements(const std::string& folder, uint32_t households, int pages);

}  // namespace fenfen::bench
