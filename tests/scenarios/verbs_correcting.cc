// Expiry and what puts entries right: reversals, adjustments by two people, appeals.
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fenfen/v1/correction.pb.h"
#include "fenfen/v1/entry.pb.h"
#include "ledger/points/correcting/adjustment.h"
#include "ledger/points/correcting/appeal.h"
#include "ledger/points/correcting/reversal.h"
#include "ledger/points/keeping/expiry.h"
#include "tests/scenarios/verbs.h"

namespace fenfen::scenarios {
namespace {

// Entries and proposals by the names that the scenario gives them.
struct Named {
  std::map<std::string, CommittedTransaction> entries;
  std::map<std::string, std::pair<HouseholdId, uint64_t>> proposals;
};

Actor StaffOf(const Step& step) { return {ActorKind::kStaff, CatalogueIdOf(step.After("by")).value(), 0}; }

// for REASON: a v1::CorrectionReason without its prefix; 0 for none that there is.
CorrectionGrounds GroundsOf(const Step& step) {
  v1::CorrectionReason reason = v1::CORRECTION_REASON_UNSPECIFIED;
  v1::CorrectionReason_Parse(absl::StrCat("CORRECTION_REASON_", step.After("for")), &reason);
  return {reason, {}};
}

absl::StatusOr<const CommittedTransaction*> EntryNamed(World& world, const std::string& name) {
  const auto& entries = world.Notes<Named>().entries;
  const auto found = entries.find(name);
  if (found == entries.end()) return Mismatch(absl::StrCat("no entry was called ", name));
  return &found->second;
}

absl::StatusOr<std::pair<HouseholdId, uint64_t>> ProposalNamed(World& world, const Step& step) {
  if (step.words.size() < 2) return Mismatch("a proposal's name is missing");
  const auto& proposals = world.Notes<Named>().proposals;
  const auto found = proposals.find(step.words[1]);
  if (found == proposals.end()) return Mismatch(absl::StrCat("no proposal was called ", step.words[1]));
  return found->second;
}

// mark NAME: the last entry is called so from now on.
absl::Status Mark(World& world, const Step& step) {
  if (step.words.size() != 2 || world.last() == nullptr) return Mismatch("mark NAME, after something happened");
  world.Notes<Named>().entries[step.words[1]] = *world.last();
  return absl::OkStatus();
}

// expire N: what the job does for a household on the day that it is.
absl::Status ExpireHousehold(World& world, const Step& step) {
  if (step.words.size() != 2) return Mismatch("expire N");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[1]);
  if (!household.ok()) return household.status();
  DecisionContext context = world.Context();
  context.key = ExpiryKey(*household, context.now, world.zone);
  return world.Submit(*household, ExpiryReads(*household), context,
                      [&world, id = *household, context](const View& view) { return DecideExpiry(view, id, *world.catalogue(), context); });
}

// reverse NAME by STAFF for REASON
absl::Status Reverse(World& world, const Step& step) {
  if (step.words.size() < 2) return Mismatch("reverse NAME by STAFF for REASON");
  const absl::StatusOr<const CommittedTransaction*> entry = EntryNamed(world, step.words[1]);
  if (!entry.ok()) return entry.status();
  const absl::StatusOr<HouseholdId> household = HouseholdOf((*entry)->transaction);
  if (!household.ok()) return household.status();
  const ReversalTerms terms{*household, *entry, GroundsOf(step)};
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(*household, ReversalReads(*household, **entry), context,
                      [&world, terms, context](const View& view) { return DecideReversal(view, terms, *world.catalogue(), context); });
}

// propose N AMOUNT reward|civic by STAFF for REASON as NAME
absl::Status Propose(World& world, const Step& step) {
  if (step.words.size() < 4) return Mismatch("propose N AMOUNT reward|civic by STAFF for REASON as NAME");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[1]);
  const absl::StatusOr<Points> amount = ReadPointsWord(step.words[2]);
  if (!household.ok()) return household.status();
  if (!amount.ok()) return amount.status();
  const ProposalTerms terms{*household, step.words[3] == "civic" ? v1::ASSET_CIVIC : v1::ASSET_REWARD, amount->hundredths(),
                            GroundsOf(step)};
  const DecisionContext context = world.Context(StaffOf(step));
  const uint64_t id = ProposalIdFor(*household, context.key);
  const absl::Status status = world.Submit(*household, ProposalReads(*household, id), context,
                                           [terms, context](const View& view) { return DecideProposal(view, terms, context); });
  if (status.ok()) world.Notes<Named>().proposals[step.After("as")] = {*household, id};
  return status;
}

// approve-adjustment NAME by STAFF
absl::Status Approve(World& world, const Step& step) {
  const auto proposal = ProposalNamed(world, step);
  if (!proposal.ok()) return proposal.status();
  const auto [household, id] = *proposal;
  const CatalogueId town = world.catalogue()->TownOf(world.Household(household).region);
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(household, ApprovalReads(household, id, town), context,
                      [&world, household = household, id = id, town, context](const View& view) {
                        return DecideApproval(view, household, id, town, *world.catalogue(), context);
                      });
}

// dismiss-adjustment NAME by STAFF for REASON
absl::Status Dismiss(World& world, const Step& step) {
  const auto proposal = ProposalNamed(world, step);
  if (!proposal.ok()) return proposal.status();
  const auto [household, id] = *proposal;
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(household, ProposalReads(household, id), context,
                      [&world, household = household, id = id, grounds = GroundsOf(step), context](const View& view) {
                        return DecideDismissal(view, household, id, grounds, *world.catalogue(), context);
                      });
}

// appeal NAME for REASON: by the household's first member.
absl::Status Appeal(World& world, const Step& step) {
  if (step.words.size() < 2) return Mismatch("appeal NAME for REASON");
  const absl::StatusOr<const CommittedTransaction*> entry = EntryNamed(world, step.words[1]);
  if (!entry.ok()) return entry.status();
  const absl::StatusOr<HouseholdId> household = HouseholdOf((*entry)->transaction);
  if (!household.ok()) return household.status();
  const AppealTerms terms{*household, *entry, 1, GroundsOf(step)};
  const DecisionContext context = world.Context({ActorKind::kMember, household->value(), 1});
  return world.Submit(*household, AppealReads(*household, (*entry)->seq), context,
                      [terms, context](const View& view) { return DecideAppeal(view, terms, context); });
}

// answer-appeal NAME by STAFF for REASON [remedy NAME]: upheld where a remedy is named.
absl::Status Answer(World& world, const Step& step) {
  if (step.words.size() < 2) return Mismatch("answer-appeal NAME by STAFF for REASON [remedy NAME]");
  const absl::StatusOr<const CommittedTransaction*> entry = EntryNamed(world, step.words[1]);
  if (!entry.ok()) return entry.status();
  const absl::StatusOr<HouseholdId> household = HouseholdOf((*entry)->transaction);
  if (!household.ok()) return household.status();
  AnswerTerms terms{*household, *entry, nullptr, GroundsOf(step)};
  if (step.Has("remedy")) {
    const absl::StatusOr<const CommittedTransaction*> remedy = EntryNamed(world, step.After("remedy"));
    if (!remedy.ok()) return remedy.status();
    terms.remedy = *remedy;
  }
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(*household, AppealReads(*household, (*entry)->seq), context,
                      [&world, terms, context](const View& view) { return DecideAppealAnswer(view, terms, *world.catalogue(), context); });
}

// then notices N: each row the day on which it came, the last day and the amount.
absl::Status ThenNotices(World& world, const Step& step) {
  if (step.words.size() != 3) return Mismatch("then notices N");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[2]);
  if (!household.ok()) return household.status();
  std::vector<std::string> expected;
  std::vector<std::string> actual;
  for (const std::vector<std::string>& row : step.rows) expected.push_back(absl::StrJoin(row, " "));
  for (const ExpiryNotice& notice : ExpiryNotices(world.Household(*household), DayNumberOf(world.clock.Now(), world.zone))) {
    actual.push_back(absl::StrCat(DayText(notice.notice_day), " ", DayText(notice.expires_day), " ", FormatPoints(notice.amount)));
  }
  return ExpectSame("notices", absl::StrJoin(expected, "; "), absl::StrJoin(actual, "; "));
}

}  // namespace

void AddCorrectingVerbs(Verbs& verbs) {
  verbs.Add("mark", Mark);
  verbs.Add("expire", ExpireHousehold);
  verbs.Add("reverse", Reverse);
  verbs.Add("propose", Propose);
  verbs.Add("approve-adjustment", Approve);
  verbs.Add("dismiss-adjustment", Dismiss);
  verbs.Add("appeal", Appeal);
  verbs.Add("answer-appeal", Answer);
  verbs.Add("then notices", ThenNotices);
}

}  // namespace fenfen::scenarios
