// The points' fixture with staff, whose limits the tests choose, and verbs for corrections.
#pragma once

#include <string>

#include "fenfen/v1/correction.pb.h"
#include "fenfen/v1/entry.pb.h"
#include "ledger/points/correcting/adjustment.h"
#include "ledger/points/correcting/appeal.h"
#include "ledger/points/correcting/reversal.h"
#include "ledger/points/keeping/expiry.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {

// staff/a and staff/b correct up to 10 points, staff/low up to 1, staff/twin is the person behind staff/a under another name.
class CorrectingFixture : public PointsFixture {
 public:
  CorrectingFixture() {
    v1::UpdateCatalogueRequest request;
    for (const auto& [name, subject, limit] : {std::tuple("staff/a", "wx-a", 1000), std::tuple("staff/b", "wx-b", 1000),
                                               std::tuple("staff/low", "wx-low", 100), std::tuple("staff/twin", "wx-a", 1000)}) {
      v1::Staff& staff = *request.add_staff();
      staff.set_name(name);
      staff.set_role(v1::ROLE_STAFF);
      staff.set_region("regions/e");
      staff.set_subject(subject);
      staff.set_reversal_limit(limit);
      staff.set_adjustment_limit(limit);
    }
    EXPECT_OK(Update(request));
    EXPECT_OK(Enrol(1));
  }

  DecisionContext As(const std::string& staff) {
    DecisionContext context = NextContext();
    context.actor = {ActorKind::kStaff, CatalogueIdOf(staff).value(), 0};
    return context;
  }
  absl::Status Reverse(PartitionSeq entry, const std::string& staff = "staff/a", int reason = v1::CORRECTION_REASON_DUPLICATE) {
    const CommittedTransaction stored = StoredAt(entry);
    const ReversalTerms terms{HouseholdId(1), &stored, {reason, {}}};
    const DecisionContext context = As(staff);
    return Run(stored.partition, ReversalReads(terms.household, stored), context,
               [&](const View& view) { return DecideReversal(view, terms, *catalogue(), context); });
  }
  // The proposal's number, whether or not it came to be.
  absl::StatusOr<uint64_t> Propose(int64_t amount, int asset = v1::ASSET_REWARD, const std::string& staff = "staff/a") {
    const DecisionContext context = As(staff);
    const uint64_t id = ProposalIdFor(HouseholdId(1), context.key);
    const ProposalTerms terms{HouseholdId(1), asset, amount, {v1::CORRECTION_REASON_MISSED, {std::string(32, 'x')}}};
    const absl::Status status = Run(PartitionOf(terms.household), ProposalReads(terms.household, id), context,
                                    [&](const View& view) { return DecideProposal(view, terms, context); });
    if (!status.ok()) return status;
    return id;
  }
  absl::Status Approve(uint64_t proposal, const std::string& staff = "staff/b") {
    const DecisionContext context = As(staff);
    const CatalogueId town = CatalogueIdOf("regions/t");
    return Run(PartitionOf(HouseholdId(1)), ApprovalReads(HouseholdId(1), proposal, town), context,
               [&](const View& view) { return DecideApproval(view, HouseholdId(1), proposal, town, *catalogue(), context); });
  }
  absl::Status Dismiss(uint64_t proposal, const std::string& staff = "staff/b") {
    const DecisionContext context = As(staff);
    const CorrectionGrounds grounds{v1::CORRECTION_REASON_NOT_SHOWN, {}};
    return Run(PartitionOf(HouseholdId(1)), ProposalReads(HouseholdId(1), proposal), context,
               [&](const View& view) { return DecideDismissal(view, HouseholdId(1), proposal, grounds, *catalogue(), context); });
  }
  absl::Status Appeal(PartitionSeq entry, int reason = v1::CORRECTION_REASON_WRONG_WEIGHT) {
    const CommittedTransaction stored = StoredAt(entry);
    const AppealTerms terms{HouseholdId(1), &stored, 1, {reason, {}}};
    DecisionContext context = NextContext();
    context.actor = {ActorKind::kMember, 1, 1};
    return Run(stored.partition, AppealReads(terms.household, entry), context,
               [&](const View& view) { return DecideAppeal(view, terms, context); });
  }
  // Declines where there is no remedy.
  absl::Status Answer(PartitionSeq entry, PartitionSeq remedy = PartitionSeq(0), const std::string& staff = "staff/a") {
    const CommittedTransaction stored = StoredAt(entry);
    CommittedTransaction right;
    if (remedy != PartitionSeq(0)) right = StoredAt(remedy);
    const AnswerTerms terms{
        HouseholdId(1), &stored, remedy == PartitionSeq(0) ? nullptr : &right, {v1::CORRECTION_REASON_RECORD_RIGHT, {}}};
    const DecisionContext context = As(staff);
    return Run(stored.partition, AppealReads(terms.household, entry), context,
               [&](const View& view) { return DecideAppealAnswer(view, terms, *catalogue(), context); });
  }
  absl::Status Expire() {
    const HouseholdId id(1);
    const DecisionContext context{ExpiryKey(id, clock.Now(), zone), 0, {ActorKind::kSystem, 0, 0}, clock.Now(), zone};
    return Run(PartitionOf(id), ExpiryReads(id), context, [&](const View& view) { return DecideExpiry(view, id, *catalogue(), context); });
  }

  PartitionSeq last() const { return history.back().seq; }
  CommittedTransaction StoredAt(PartitionSeq seq) const {
    for (const CommittedTransaction& committed : history) {
      if (committed.seq == seq && committed.partition == PartitionOf(HouseholdId(1))) return committed;
    }
    ADD_FAILURE() << "no entry " << seq.value();
    return history.back();
  }
  int64_t Debt() const { return -Balance(PartitionOf(HouseholdId(1)), DebtAccount(HouseholdId(1))); }
};

}  // namespace fenfen
