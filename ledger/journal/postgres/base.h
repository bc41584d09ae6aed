// Bases: snapshots (docs/formats/snapshot.md) that lie in the journal's database, so that every server finds one that reaches as far back
// as the archived months: a start begins from it, and needs the months after it alone. Made and stored before a month is archived; the
// newest two are kept.
//
//   absl::StatusOr<std::optional<BaseInfo>> base = NewestBase(options);
//   if (*base) FetchBase(options, **base, *file);
//
// A base is no truth: whoever reads one checks it as any snapshot (ledger/engine/recovery.h). Thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "ledger/journal/file.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/postgres/postgres_session.h"

namespace fenfen {

struct BaseInfo {
  uint64_t number = 0;  // the snapshot's
  uint64_t bytes = 0;
  SequenceVector sequences{};  // how far each partition is within
};

// Nothing where there is none.
absl::StatusOr<std::optional<BaseInfo>> NewestBase(const PostgresSessionOptions& options);

// Stores a whole snapshot file as the newest base, in one transaction. ALREADY_EXISTS where there is one of that number.
absl::Status StoreBase(const PostgresSessionOptions& options, const File& file, const BaseInfo& base);

// Writes a base's bytes into an empty file and syncs it. NOT_FOUND where newer ones have taken its place; DATA_LOSS where pieces are
// missing.
absl::Status FetchBase(const PostgresSessionOptions& options, const BaseInfo& base, File& file);

// FAILED_PRECONDITION, naming the first entry, where the month has entries that follow `sequences`. As the session's transaction sees it.
absl::Status CheckCovered(PgConnection& session, absl::CivilMonth month, const SequenceVector& sequences);

}  // namespace fenfen
