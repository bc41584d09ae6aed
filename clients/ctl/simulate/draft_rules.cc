#include "clients/ctl/simulate/draft_rules.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/core/clock.h"
#include "ledger/points/earning/rules_check.h"

namespace fenfen::ctl {
namespace {

constexpr size_t kErrorsMax = 100;
constexpr size_t kDraftBytesMax = 4u << 20;

}  // namespace

absl::StatusOr<v1::RuleSet> ReadDraft(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, "：没有这个文件，或无法读取 / there is no such file, or it cannot be read"));
  std::stringstream text;
  text << file.rdbuf();
  if (text.str().size() > kDraftBytesMax) return absl::InvalidArgumentError(absl::StrCat(path, "：太大 / is too large"));
  v1::RuleSet draft;
  if (const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), &draft); !parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, "：不是有效的积分规则 JSON / not a rule set in JSON: ", std::string(parsed.message())));
  }
  return draft;
}

absl::StatusOr<v1::RuleSet> CheckedDraft(v1::RuleSet draft, const LedgerHead& head, int32_t first_day) {
  const CatalogueHistory catalogues(head.catalogue, std::nullopt);
  const v1::RuleSet* present = catalogues.Last().rules();
  draft.set_version(present == nullptr ? 1 : present->version() + 1);
  draft.set_effective_date(absl::FormatCivilTime(CivilDayOf(first_day)));
  std::vector<std::string> faults;
  const auto region_exists = [&](absl::string_view name) {
    const v1::Region* region = catalogues.Last().Find<v1::Region>(name);
    return region != nullptr && region->name() == name;
  };
  CheckRuleSet(draft, {first_day, region_exists}, [&faults](absl::string_view path, absl::string_view zh, absl::string_view en) {
    if (faults.size() < kErrorsMax) faults.push_back(absl::StrCat("“", path, "”：", zh, " / ", path, ": ", en));
  });
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  return draft;
}

}  // namespace fenfen::ctl
