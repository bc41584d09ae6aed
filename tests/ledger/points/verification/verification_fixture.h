// The points' fixture with a policy that makes drops wait, and verbs for what becomes of them.
#pragma once

#include <optional>
#include <string>

#include "ledger/points/verification/bag.h"
#include "ledger/points/verification/release.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {

inline v1::VerificationPolicy Policy(const std::string& id, v1::CreditTiming timing, int hours) {
  v1::VerificationPolicy policy;
  policy.set_id(id);
  policy.set_timing(timing);
  policy.set_wait_hours(hours);
  return policy;
}

class VerificationFixture : public PointsFixture {
 public:
  // The number of the pending drop that the last transaction recorded; 0 where it recorded none.
  uint64_t LastPending() const {
    for (const RecordChange& change : history.back().transaction.changes) {
      if (change.key.kind == RecordKind::kPendingDrop) return change.key.id;
    }
    return 0;
  }
  absl::Status Release(uint64_t household, uint64_t pending, const std::optional<Finding>& found = Finding{}) {
    const HouseholdId id(household);
    const DecisionContext context = NextContext();
    return Run(PartitionOf(id), PendingReads(id, pending, 0), context,
               [&](const View& view) { return DecideRelease(view, id, pending, found, *catalogue(), context); });
  }
  absl::Status Reject(uint64_t household, uint64_t pending, int reason) {
    const HouseholdId id(household);
    const DecisionContext context = NextContext();
    return Run(PartitionOf(id), PendingReads(id, pending, 0), context,
               [&](const View& view) { return DecideRejection(view, id, pending, reason, *catalogue(), context); });
  }
  absl::Status Due(uint64_t household, uint64_t pending) {
    const HouseholdId id(household);
    const DecisionContext context = NextContext();
    return Run(PartitionOf(id), PendingReads(id, pending, 0), context,
               [&](const View& view) { return DecideDue(view, id, pending, *catalogue(), context); });
  }
  uint32_t Pending(uint64_t household) const { return PendingOf(Household(household)); }
};

}  // namespace fenfen
