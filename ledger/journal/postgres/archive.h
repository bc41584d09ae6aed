// Archiving a month of the PostgreSQL journal to a file, and restoring it. Servers may go on writing meanwhile.
//
// A month is archived when it is over, and so long that no client repeats a request of it. Its entries then cannot be read (ENTRY_ARCHIVED)
// or replayed until it is restored, so archive what a snapshot of the State covers and keep the files as what they are: a part of the
// truth. Balances stay whole, and so does what must be unique: entry_index and carried_balances stay behind.
//
// Thread-safe; of two who archive or restore one month at once, one fails.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "ledger/journal/file.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/postgres/archive_file.h"
#include "ledger/journal/postgres/postgres_session.h"

namespace fenfen {

// "fenfen-0123456789abcdef-2024-05.zst".
std::string ArchiveFileName(const ArchiveHead& head);

// Copies the month to a new file in `directory`, reads the file back, and only then drops the month's table partitions. A failure leaves
// the month where it was. FAILED_PRECONDITION where the month is not over for long, not there, archived already, or was written to
// meanwhile; ALREADY_EXISTS where the file is there; ABORTED where the servers' work left no moment for it, and it may be tried again. With
// `base`, how far a base (base.h) goes that is to stand for the month, FAILED_PRECONDITION also where the month has entries behind it.
absl::StatusOr<ArchiveSummary> ArchiveMonth(const PostgresSessionOptions& options, FileSystem& files, const std::string& directory,
                                            absl::CivilMonth month, const SequenceVector* base = nullptr);

// Copies a file's month back. DATA_LOSS where the file is not whole; FAILED_PRECONDITION where it is another journal's, or not the file
// that the month was archived to. The file stays.
absl::StatusOr<ArchiveSummary> RestoreMonth(const PostgresSessionOptions& options, FileSystem& files, const std::string& path);

}  // namespace fenfen
