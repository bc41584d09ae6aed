// Writes a district as the CSV files that `fenfenctl import` reads, and the devices' folders that `fenfen-station` hosts. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_DISTRICT_FILES_H_
#define FENFEN_CLIENTS_CTL_DEMO_DISTRICT_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clients/ctl/demo/district.h"

namespace fenfen::ctl {

// Writes `FOLDER/regions.csv` and so on, and rules.json, as Excel would: UTF-8 with a mark, CRLF, Chinese headers. `fleet` gets a folder a
// device with its key, which is kept if it is there. `subject_key` is the bridge's, for the hashes of WeChat openids.
absl::Status WriteDistrictFiles(const District& district, const std::string& folder, const std::string& fleet,
                                absl::string_view subject_key, absl::string_view app_id);

// Writes the people of the sandbox as JSON.
absl::Status WritePeople(const District& district, const std::string& path);

// Replaces a file's content as a whole.
absl::Status ReplaceFile(const std::string& path, absl::string_view content);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_DISTRICT_FILES_H_
