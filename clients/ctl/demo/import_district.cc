#include "clients/ctl/demo/import_district.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "clients/ctl/import/import_file.h"

namespace fenfen::ctl {

absl::Status ImportDistrict(client::Client* client, const client::RequestIds& ids, const std::string& folder, bool with_rules,
                            const std::function<void(const std::string&)>& say, const std::atomic<bool>& stop) {
  const char* const files[] = {"regions", "stations", "devices", "merchants", "offers", "staff", "households", "rules"};
  for (const char* name : files) {
    if (stop) return absl::CancelledError("stopped");
    const std::optional<ImportKind> kind = ImportKindOf(name);
    if (!kind.has_value() && !with_rules) continue;
    const std::string path = absl::StrCat(folder, "/", name, kind.has_value() ? ".csv" : ".json");
    const absl::Time start = absl::Now();
    const absl::StatusOr<ImportOutcome> outcome =
        kind.has_value() ? ImportCsvFile(client, ids, *kind, path, {}) : ImportRulesFile(client, ids, path, {});
    if (!outcome.ok()) return absl::Status(outcome.status().code(), absl::StrCat(path, ": ", outcome.status().message()));
    if (!outcome->faults.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", outcome->faults.front().ToString()));
    say(absl::StrFormat("导入 %s：%d 行，%.1f 秒 / imported %s", kind.has_value() ? KindNameZh(*kind) : "积分规则", outcome->rows,
                        absl::ToDoubleSeconds(absl::Now() - start), name));
  }
  return absl::OkStatus();
}

}  // namespace fenfen::ctl
