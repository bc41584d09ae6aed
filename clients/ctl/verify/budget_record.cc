#include "clients/ctl/verify/budget_record.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "fenfen/v1/budget.pb.h"

namespace fenfen::ctl {

void CheckBudgetRecord(const RecordChange& change, absl::FunctionRef<void(std::string)> report) {
  v1::Budget budget;
  if (!budget.ParseFromString(change.bytes)) return report(absl::StrCat("budget ", change.key.id, ": its bytes do not have the form"));
  const auto say = [&](absl::string_view what) { report(absl::StrCat(budget.name(), ": ", what)); };
  if (change.key.id != StableHash(budget.name())) say("its id is not its name's");
  if (budget.limit() <= 0) say("its limit is not more than zero");
  if (budget.end() != v1::Budget::END_STOP && budget.end() != v1::Budget::END_WARN) say("what happens at its end is not known");
  if (budget.stopped() != (budget.has_used_up_time() && budget.end() == v1::Budget::END_STOP)) {
    say("it stops where it is not used up, or does not where it is");
  }
  if (budget.has_used_up_time() && budget.used_up_issued() < budget.limit()) say("it was found used up below its limit");
  if (budget.issued() != 0 || budget.left() != 0 || budget.outlook() != v1::Budget::OUTLOOK_UNSPECIFIED) {
    say("what is worked out when it is asked for is stored");
  }
}

}  // namespace fenfen::ctl
