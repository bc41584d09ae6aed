// What the rows of each kind of file become. The columns are listed here, once; the field names are those of the messages, so that the
// server's row errors lead back to the file's columns.
//
// Thread-safe: no state.
#ifndef FENFEN_CLIENTS_CTL_IMPORT_ROWS_H_
#define FENFEN_CLIENTS_CTL_IMPORT_ROWS_H_

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "clients/ctl/import/table.h"
#include "fenfen/v1/catalogue.pb.h"
#include "fenfen/v1/household.pb.h"

namespace fenfen::ctl {

// What a file holds.
enum class ImportKind { kRegions, kStations, kDevices, kMerchants, kOffers, kStaff, kHouseholds };

// "regions" and so on; nothing for another word.
std::optional<ImportKind> ImportKindOf(absl::string_view word);
// The kind's name in Chinese, for reports.
absl::string_view KindNameZh(ImportKind kind);
// The columns of such a file.
const std::vector<Column>& ColumnsOf(ImportKind kind);

// Adds the table's rows to the list of their kind, the n-th record as the n-th item, and reports every bad cell. Not for kHouseholds.
void ReadCatalogueRows(ImportKind kind, Table* table, v1::UpdateCatalogueRequest* request);
// The same for households.
void ReadHouseholdRows(Table* table, std::vector<v1::HouseholdRow>* rows);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_IMPORT_ROWS_H_
