// Imports one file: reads it, checks every row, sends it as one import and leads the server's row errors back to the file's lines and
// columns. Nothing is ever half-imported: the catalogue changes in one transaction, and households are all checked before the first is
// written; an interrupted household import is finished by repeating it.
//
// Idempotence: before sending, the request id is kept in `FILE.import`, beside the file, with the SHA-256 of its content. If the outcome
// stays unknown (a killed server, a cut connection), importing the same content again uses the same id. After a definite answer the note is
// removed, so a later import of the same content is a new intent.
//
// Not thread-safe for one file.
#ifndef FENFEN_CLIENTS_CTL_IMPORT_IMPORT_FILE_H_
#define FENFEN_CLIENTS_CTL_IMPORT_IMPORT_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "clients/ctl/import/rows.h"
#include "clients/ctl/import/text_file.h"

namespace fenfen::ctl {

// How to import.
struct ImportOptions {
  Encoding encoding = Encoding::kDetect;
  bool dry_run = false;  // check everything, here and on the server, and write nothing
};

// What came of it. With any fault nothing was written.
struct ImportOutcome {
  int64_t rows = 0;
  int64_t written = 0;
  int64_t unchanged = 0;
  std::vector<RowFault> faults;  // at most kErrorsMax, by line
};

// Imports a CSV file. An error that is no row's fault (unreadable file, refused call) is the status.
absl::StatusOr<ImportOutcome> ImportCsvFile(client::Client* client, const client::RequestIds& ids, ImportKind kind, const std::string& path,
                                            const ImportOptions& options);

// Imports a rule set from a JSON file (the JSON form of fenfen.v1.RuleSet).
absl::StatusOr<ImportOutcome> ImportRulesFile(client::Client* client, const client::RequestIds& ids, const std::string& path,
                                              const ImportOptions& options);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_IMPORT_IMPORT_FILE_H_
