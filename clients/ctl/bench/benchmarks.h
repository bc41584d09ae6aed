// The benchmarks, one function each. Every one adds lines to the report as it gets them; the first error ends it.
#pragma once

#include "absl/status/status.h"
#include "clients/ctl/bench/measure.h"
#include "clients/ctl/bench/report.h"

namespace fenfen::bench {

// The ledger in this process, durable: plain transfers with 10,000 and a million accounts, alike and with hot ones, in batches of 1 to
// 8,190, and real drops. Beside the bare durable core (bare_core.h) with the same batches and as many bytes.
absl::Status RunCore(const Options& options, Report& report);

// Drops that devices signed, in messages of a thousand over a stream each, to fenfend as a process of its own: verified, decided,
// journaled, answered one by one. The client runs on the same machine. Beside the bare durable core in batches of 8,190.
absl::Status RunStream(const Options& options, Report& report);

// RecordDrop by an attendant, at fenfend as a process of its own: calls a second with 1, 16 and 64 in flight beside a server of the same
// service that does nothing, and beside one that does nothing but make some bytes durable before it answers, which is what gRPC leaves to
// any server that acknowledges what it cannot lose; and the median of a call, one at a time, beside the first server's and one and a half
// fdatasyncs.
absl::Status RunUnary(const Options& options, Report& report);

// What a household that does nothing costs in memory, in a process that holds a million of them and the projections, beside the same
// knowledge side by side; and what ten million cost, by that sample or, with `full`, really.
absl::Status RunMemory(const Options& options, Report& report);

// Starting again with a million households: transactions replayed a second, the time to start from a snapshot, and entries that the checker
// (clients/ctl/verify) goes through a second. Beside reading the same bytes with CRC32C alone.
absl::Status RunRecovery(const Options& options, Report& report);

// The list of offers from the bridge's memory, over kept connections, beside a bare Boost.Beast server with the same body.
absl::Status RunBridge(const Options& options, Report& report);

// What a drop costs with 100,000, a million and, with `full`, ten million households. Here the bare figure is the cost with 10,000.
absl::Status RunScale(const Options& options, Report& report);

// The stores beyond one process, each started here. The Redis State over a redis-server without AOF, with everysec and with always, beside
// a bare driver of hiredis that sends the same calls of the commit function, in batches of 64; two redis-servers, the partitions halved,
// beside one; the PostgreSQL journal beside COPY of the same rows.
absl::Status RunRedis(const Options& options, Report& report);
// Of that, the PostgreSQL journal.
absl::Status RunPostgresJournal(const Options& options, Report& report);
// What 100,000 households take in Redis, with a day's drops, and a transaction in PostgreSQL.
absl::Status RunStoredBytes(const Options& options, Report& report);

}  // namespace fenfen::bench
