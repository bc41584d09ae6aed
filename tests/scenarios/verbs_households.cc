// A household's people, its card and door, and what goes between two households. WHO is `staff` or the number of a member of the household.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/points/keeping/card.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/keeping/membership.h"
#include "ledger/points/keeping/move.h"
#include "ledger/points/keeping/transfer.h"
#include "tests/scenarios/verbs.h"

namespace fenfen::scenarios {
namespace {

using Handover = ledger::v1::Transfer;

struct Invitations {
  std::map<std::string, std::pair<HouseholdId, uint64_t>> named;
};
struct Transfers {
  std::map<std::string, Handover> sent;
  std::map<std::string, Handover> taken;
};

uint32_t NumberAfter(const Step& step, const char* word) {
  uint32_t number = 0;
  return step.Has(word) && absl::SimpleAtoi(step.After(word), &number) ? number : 0;
}

absl::StatusOr<MemberRole> ReadRole(const std::string& word) {
  if (word == "adult") return MemberRole::kAdult;
  if (word == "head") return MemberRole::kHead;
  if (word == "minor") return MemberRole::kMinor;
  if (word == "assisted") return MemberRole::kAssisted;
  if (word == "left") return MemberRole::kLeft;
  return Mismatch(absl::StrCat("\"", word, "\" is no role"));
}

DecisionContext ContextBy(World& world, const Step& step, HouseholdId household) {
  if (!step.Has("by")) return world.Context({});
  if (step.After("by") == "staff") return world.Context({ActorKind::kStaff, CatalogueIdOf("staff/ann").value(), 0});
  return world.Context({ActorKind::kMember, household.value(), NumberAfter(step, "by")});
}

// A verb whose second word is the household and which changes that alone.
using Decide = absl::StatusOr<Transaction> (*)(const View&, HouseholdId, const Step&, World&, const DecisionContext&);
Verb OfHousehold(Decide decide) {
  return [decide](World& world, const Step& step) -> absl::Status {
    if (step.words.size() < 2) return Mismatch("which household?");
    const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[1]);
    if (!household.ok()) return household.status();
    const DecisionContext context = ContextBy(world, step, *household);
    return world.Submit(*household, HouseholdReads(*household), context,
                        [&, id = *household](const View& view) { return decide(view, id, step, world, context); });
  };
}

// invite N by WHO as NAME [role minor]
absl::Status Invite(World& world, const Step& step) {
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[1]);
  if (!household.ok()) return household.status();
  const DecisionContext context = ContextBy(world, step, *household);
  const uint64_t number = InvitationIdFor(*household, context.key);
  const MemberRole role = step.Has("role") ? MemberRole::kMinor : MemberRole::kAdult;
  world.Notes<Invitations>().named[step.After("as")] = {*household, number};
  return world.Submit(*household, InvitationReads(*household, number), context,
                      [&](const View& view) { return DecideInvite(view, *household, role, context); });
}

// join NAME subject S
absl::Status Join(World& world, const Step& step) {
  const auto found = world.Notes<Invitations>().named.find(step.words[1]);
  if (found == world.Notes<Invitations>().named.end()) return Mismatch("no such invitation");
  const auto [household, number] = found->second;
  const JoinFacts facts{household, number, NumberAfter(step, "subject")};
  const DecisionContext context = world.Context({});
  return world.Submit(household, InvitationReads(household, number), context,
                      [&](const View& view) { return DecideJoin(view, facts, context); });
}

// leave N member M by WHO [head H]
absl::StatusOr<Transaction> Leave(const View& view, HouseholdId id, const Step& step, World&, const DecisionContext& context) {
  return DecideLeave(view, {id, NumberAfter(step, "member"), MemberRole::kLeft, NumberAfter(step, "head")}, context);
}

// role N ROLE member M by WHO [head H]
absl::StatusOr<Transaction> Role(const View& view, HouseholdId id, const Step& step, World&, const DecisionContext& context) {
  const absl::StatusOr<MemberRole> role = ReadRole(step.words[2]);
  if (!role.ok()) return role.status();
  return DecideRole(view, {id, NumberAfter(step, "member"), *role, NumberAfter(step, "head")}, context);
}

// consent N member M by WHO
absl::StatusOr<Transaction> Consent(const View& view, HouseholdId id, const Step& step, World&, const DecisionContext& context) {
  return DecideConsent(view, id, NumberAfter(step, "member"), std::string(32, 'e'), context);
}

// withdraw-consent N member M by WHO
absl::StatusOr<Transaction> Withdraw(const View& view, HouseholdId id, const Step& step, World&, const DecisionContext& context) {
  return DecideConsentWithdrawal(view, id, NumberAfter(step, "member"), context);
}

// issue-card N card C
absl::StatusOr<Transaction> IssueCard(const View& view, HouseholdId id, const Step& step, World&, const DecisionContext& context) {
  return DecideCardIssue(view, id, NumberAfter(step, "card"), context);
}

// revoke-card N by WHO
absl::StatusOr<Transaction> RevokeCard(const View& view, HouseholdId id, const Step&, World&, const DecisionContext& context) {
  return DecideCardRevocation(view, id, context);
}

// move N to REGION door D
absl::StatusOr<Transaction> Move(const View& view, HouseholdId id, const Step& step, World& world, const DecisionContext& context) {
  return DecideMove(view, {id, CatalogueIdOf(step.After("to")), NumberAfter(step, "door")}, *world.catalogue(), context);
}

absl::Status Send(World& world, const Step& step, HouseholdId from, const DecisionContext& context, State::Decide decide) {
  absl::Status status = world.Submit(from, TransferOutReads(from, TransferNumberFor(from, context.key)), context, std::move(decide));
  if (status.ok()) world.Notes<Transfers>().sent[step.After("as")] = *TransferIn(world.last()->transaction);
  return status;
}

// gift N to M points P by WHO as NAME
absl::Status Gift(World& world, const Step& step) {
  const absl::StatusOr<HouseholdId> from = ReadHouseholdWord(step.words[1]);
  const absl::StatusOr<HouseholdId> to = ReadHouseholdWord(step.After("to"));
  const absl::StatusOr<Points> points = ReadPointsWord(step.After("points"));
  if (!from.ok() || !to.ok() || !points.ok()) return Mismatch("gift N to M points P by WHO as NAME");
  const DecisionContext context = ContextBy(world, step, *from);
  const GiftFacts facts{*from, *to, *points};
  return Send(world, step, *from, context, [&](const View& view) { return DecideGift(view, facts, *world.catalogue(), context); });
}

// merge N into M as NAME
absl::Status Merge(World& world, const Step& step) {
  const absl::StatusOr<HouseholdId> from = ReadHouseholdWord(step.words[1]);
  const absl::StatusOr<HouseholdId> to = ReadHouseholdWord(step.After("into"));
  if (!from.ok() || !to.ok()) return Mismatch("merge N into M as NAME");
  const DecisionContext context = world.Context({});
  MergeFacts facts{*from, *to};
  // As the service: what it was merged into leads on to where all is now.
  const HouseholdId first = world.Household(*from).merged_into;
  HouseholdId at = first;
  while (at != HouseholdId(0) && at != *to) at = world.Household(at).merged_into;
  if (at == *to) facts.via = first;
  return Send(world, step, *from, context, [&](const View& view) { return DecideMerge(view, facts, *world.catalogue(), context); });
}

// split N member M points P into K as NAME [head H]
absl::Status Split(World& world, const Step& step) {
  const absl::StatusOr<HouseholdId> from = ReadHouseholdWord(step.words[1]);
  const absl::StatusOr<HouseholdId> to = ReadHouseholdWord(step.After("into"));
  const absl::StatusOr<Points> points = ReadPointsWord(step.After("points"));
  if (!from.ok() || !to.ok() || !points.ok()) return Mismatch("split N member M points P into K as NAME");
  const DecisionContext context = world.Context({});
  const SplitFacts facts{*from, NumberAfter(step, "member"), NumberAfter(step, "head"), *points, *to, CatalogueIdOf("regions/e"), 0, 0};
  return Send(world, step, *from, context, [&](const View& view) { return DecideSplit(view, facts, *world.catalogue(), context); });
}

// arrive NAME: the other household's partition decides; refused there, the step is refused with the reason, and `return` is next.
absl::Status Arrive(World& world, const Step& step) {
  Transfers& transfers = world.Notes<Transfers>();
  const auto found = transfers.sent.find(step.words[1]);
  if (found == transfers.sent.end()) return Mismatch("no such transfer");
  const DecisionContext context = world.Context({});
  const absl::Status status = world.Submit(HouseholdId(found->second.to()), TransferInReads(found->second), context,
                                           [&](const View& view) { return DecideTransferIn(view, found->second, context); });
  if (!status.ok()) return status;
  const Handover& taken = transfers.taken[step.words[1]] = *TransferIn(world.last()->transaction);
  return taken.state() == Handover::STATE_ARRIVED ? absl::OkStatus() : RefusalOf(taken);
}

// return NAME
absl::Status Return(World& world, const Step& step) {
  Transfers& transfers = world.Notes<Transfers>();
  const auto found = transfers.taken.find(step.words[1]);
  if (found == transfers.taken.end()) return Mismatch("no such transfer");
  const DecisionContext context = world.Context({});
  return world.Submit(HouseholdId(found->second.from()), TransferBackReads(found->second), context,
                      [&](const View& view) { return DecideTransferBack(view, found->second, context); });
}

// then member N M = ROLE
absl::Status ThenMember(World& world, const Step& step) {
  uint32_t number = 0;
  if (step.words.size() != 6 || !absl::SimpleAtoi(step.words[3], &number)) return Mismatch("then member N M = ROLE");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[2]);
  if (!household.ok()) return household.status();
  const absl::StatusOr<MemberRole> role = ReadRole(step.words[5]);
  if (!role.ok()) return role.status();
  const HouseholdRecord record = world.Household(*household);
  if (number == 0 || number > record.members.size()) return Mismatch("there is no such member");
  return record.members[number - 1].role == *role ? absl::OkStatus() : Mismatch("the member has another role");
}

// then served N member M: an attendant may record for them; refused CONSENT_ABSENT where not.
absl::Status ThenServed(World& world, const Step& step) {
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[2]);
  if (!household.ok()) return household.status();
  return CheckMayBeServed(world.Household(*household), NumberAfter(step, "member"));
}

}  // namespace

void AddHouseholdVerbs(Verbs& verbs) {
  verbs.Add("invite", Invite);
  verbs.Add("join", Join);
  verbs.Add("leave", OfHousehold(Leave));
  verbs.Add("role", OfHousehold(Role));
  verbs.Add("consent", OfHousehold(Consent));
  verbs.Add("withdraw-consent", OfHousehold(Withdraw));
  verbs.Add("issue-card", OfHousehold(IssueCard));
  verbs.Add("revoke-card", OfHousehold(RevokeCard));
  verbs.Add("move", OfHousehold(Move));
  verbs.Add("gift", Gift);
  verbs.Add("merge", Merge);
  verbs.Add("split", Split);
  verbs.Add("arrive", Arrive);
  verbs.Add("return", Return);
  verbs.Add("then member", ThenMember);
  verbs.Add("then served", ThenServed);
}

}  // namespace fenfen::scenarios
