// The bases of a PostgreSQL journal (ledger/journal/postgres/base.h) as snapshots of the ledger: making one, and having the newest in a
// folder, where a start finds it.
//
// A base is made before months are archived: the whole State, as far as the journal goes, and the memos of the projections that have one.
// A server whose projections have others refuses it and says so (ledger/engine/recovery.h).
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/engine/snapshot_folder.h"
#include "ledger/journal/file.h"
#include "ledger/journal/postgres/base.h"

namespace fenfen::server {

// Copies the journal's newest base into the folder, which was opened, unless it is there already. Its number; 0 where the journal has none.
absl::StatusOr<uint64_t> FetchNewestBase(const PostgresSessionOptions& session, SnapshotFolder& folder);

// Folds the journal in memory, from the newest base on, and stores what comes out as the next base. `directory` is where its file is made
// and stays; memory and disk must hold the whole State; `zone` is the programme's. The errors of a replay: FAILED_PRECONDITION where months
// are archived that no base stands for, DATA_LOSS where the journal does not hold together.
absl::StatusOr<BaseInfo> MakeBase(const PostgresSessionOptions& session, FileSystem& files, const std::string& directory,
                                  absl::TimeZone zone);

}  // namespace fenfen::server
