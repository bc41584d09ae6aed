// Imports a district's files (district_files.h), as an operator would. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_IMPORT_DISTRICT_H_
#define FENFEN_CLIENTS_CTL_DEMO_IMPORT_DISTRICT_H_

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "clients/cpp/client.h"
#include "clients/cpp/request_id.h"

namespace fenfen::ctl {

// Imports `FOLDER/regions.csv` and so on, and rules.json where `with_rules`. The first fault of a file is the error.
absl::Status ImportDistrict(client::Client* client, const client::RequestIds& ids, const std::string& folder, bool with_rules,
                            const std::function<void(const std::string&)>& say, const std::atomic<bool>& stop);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_IMPORT_DISTRICT_H_
