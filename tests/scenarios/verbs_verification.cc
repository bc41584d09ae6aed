// Drops that wait, what becomes of them, and tagged bags.
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fenfen/v1/verification.pb.h"
#include "ledger/points/correcting/reversal.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/verification/bag.h"
#include "ledger/points/verification/release.h"
#include "tests/scenarios/verbs.h"

namespace fenfen::scenarios {
namespace {

// Pending drops, and credited ones, by the names that the scenario gives them.
struct Waiting {
  std::map<std::string, std::pair<HouseholdId, uint64_t>> drops;
  std::map<std::string, CommittedTransaction> credited;
};

Actor StaffOf(const Step& step) { return {ActorKind::kStaff, CatalogueIdOf(step.After("by")).value(), 0}; }

// for REASON: a v1::RejectionReason without its prefix; 0 for none that there is.
int ReasonOf(const Step& step) {
  v1::RejectionReason reason = v1::REJECTION_REASON_UNSPECIFIED;
  v1::RejectionReason_Parse(absl::StrCat("REJECTION_REASON_", step.After("for")), &reason);
  return reason;
}

// then waits NAME: the last entry is a drop that waits, called so from now on.
absl::Status ThenWaits(World& world, const Step& step) {
  if (step.words.size() != 3 || world.last() == nullptr) return Mismatch("then waits NAME, after a drop");
  const Transaction& transaction = world.last()->transaction;
  if (transaction.kind != TransactionKind::kPendingDrop) return Mismatch("the last entry is no pending drop");
  if (!transaction.postings.empty()) return Mismatch("a pending drop posts something");
  for (const RecordChange& change : transaction.changes) {
    ledger::v1::PendingDrop drop;
    if (change.key.kind != RecordKind::kPendingDrop || !drop.ParseFromString(change.bytes)) continue;
    world.Notes<Waiting>().drops[step.words[2]] = {HouseholdId(drop.household()), change.key.id};
    return absl::OkStatus();
  }
  return Mismatch("the entry has no pending drop");
}

absl::StatusOr<std::pair<HouseholdId, uint64_t>> DropNamed(World& world, const Step& step) {
  if (step.words.size() < 2) return Mismatch("a pending drop's name is missing");
  const auto& drops = world.Notes<Waiting>().drops;
  const auto found = drops.find(step.words[1]);
  if (found == drops.end()) return Mismatch(absl::StrCat("no pending drop was called ", step.words[1]));
  return found->second;
}

uint64_t BagOf(World& world, const std::pair<HouseholdId, uint64_t>& named) {
  uint64_t bag = 0;
  world.Read(PartitionOf(named.first), [&](const View& view) {
    const auto drop = ReadMessage<ledger::v1::PendingDrop>(view, PendingDropKey(named.second));
    if (drop.ok()) bag = drop->message.bag();
  });
  return bag;
}

// Decides a drop that has a name.
template <typename Decide>
absl::Status Decided(World& world, const Step& step, const DecisionContext& context, Decide decide) {
  const auto drop = DropNamed(world, step);
  if (!drop.ok()) return drop.status();
  const auto [household, id] = *drop;
  return world.Submit(household, PendingReads(household, id, BagOf(world, *drop)), context,
                      [&world, household = household, id = id, decide, context](const View& view) {
                        return decide(view, household, id, *world.catalogue(), context);
                      });
}

absl::StatusOr<std::optional<int64_t>> GramsIn(const Step& step, absl::string_view word) {
  if (!step.Has(word)) return std::optional<int64_t>();
  const absl::StatusOr<int64_t> grams = ReadGramsWord(step.After(word));
  if (!grams.ok()) return grams.status();
  return std::optional<int64_t>(*grams);
}

// inspect NAME by STAFF [category CATEGORY] [weight WEIGHT]
absl::Status Inspect(World& world, const Step& step) {
  Finding found;
  if (step.Has("category")) {
    const absl::StatusOr<int> category = ReadCategoryWord(step.After("category"));
    if (!category.ok()) return category.status();
    found.category = *category;
  }
  const absl::StatusOr<std::optional<int64_t>> grams = GramsIn(step, "weight");
  if (!grams.ok()) return grams.status();
  found.grams = *grams;
  return Decided(world, step, world.Context(StaffOf(step)),
                 [found](const View& view, auto household, auto id, auto& catalogue, auto& context) {
                   return DecideRelease(view, household, id, found, catalogue, context);
                 });
}

// release NAME by STAFF
absl::Status Release(World& world, const Step& step) {
  return Decided(world, step, world.Context(StaffOf(step)), [](const View& view, auto household, auto id, auto& catalogue, auto& context) {
    return DecideRelease(view, household, id, std::nullopt, catalogue, context);
  });
}

// reject NAME by STAFF for REASON
absl::Status RejectNamed(World& world, const Step& step) {
  return Decided(world, step, world.Context(StaffOf(step)),
                 [reason = ReasonOf(step)](const View& view, auto household, auto id, auto& catalogue, auto& context) {
                   return DecideRejection(view, household, id, reason, catalogue, context);
                 });
}

// due NAME: what the job does when the drop's time has come.
absl::Status Due(World& world, const Step& step) { return Decided(world, step, world.Context(), DecideDue); }

// claw-back NAME by STAFF for REASON: an entry that was called so by `mark-drop NAME`.
absl::Status ClawBack(World& world, const Step& step) {
  if (step.words.size() < 2) return Mismatch("claw-back NAME by STAFF for REASON");
  const auto found = world.Notes<Waiting>().credited.find(step.words[1]);
  if (found == world.Notes<Waiting>().credited.end()) return Mismatch(absl::StrCat("no entry was called ", step.words[1]));
  const CommittedTransaction& entry = found->second;
  const absl::StatusOr<CorrectionGrounds> grounds = ClawBackGrounds(entry.transaction, ReasonOf(step));
  if (!grounds.ok()) return grounds.status();
  const absl::StatusOr<HouseholdId> household = HouseholdOf(entry.transaction);
  if (!household.ok()) return household.status();
  const ReversalTerms terms{*household, &entry, *grounds};
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(*household, ReversalReads(*household, entry), context,
                      [&world, terms, context](const View& view) { return DecideReversal(view, terms, *world.catalogue(), context); });
}

// mark-drop NAME: the last entry is called so from now on.
absl::Status MarkDrop(World& world, const Step& step) {
  if (step.words.size() != 2 || world.last() == nullptr) return Mismatch("mark-drop NAME, after something happened");
  world.Notes<Waiting>().credited[step.words[1]] = *world.last();
  return absl::OkStatus();
}

// bags N COUNT by STAFF as NAME: the bags are called NAME1, NAME2 and so on.
absl::Status IssueBags(World& world, const Step& step) {
  int count = 0;
  if (step.words.size() < 3 || !absl::SimpleAtoi(step.words[2], &count)) return Mismatch("bags N COUNT by STAFF as NAME");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[1]);
  if (!household.ok()) return household.status();
  const DecisionContext context = world.Context(StaffOf(step));
  const absl::Status status = world.Submit(
      *household, BagIssueReads(*household, context.key, count), context,
      [&world, id = *household, count, context](const View& view) { return DecideBagIssue(view, id, count, *world.catalogue(), context); });
  if (!status.ok()) return status;
  for (int place = 0; place < count; ++place) {
    world.Notes<Bags>().named[absl::StrCat(step.After("as"), place + 1)] = BagNumberFor(*household, context.key, place);
  }
  return absl::OkStatus();
}

// revoke-bag NAME of N by STAFF
absl::Status RevokeBag(World& world, const Step& step) {
  if (step.words.size() < 2) return Mismatch("revoke-bag NAME of N by STAFF");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.After("of"));
  if (!household.ok()) return household.status();
  const uint64_t bag = world.Notes<Bags>().named[step.words[1]];
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(*household, BagRevocationReads(*household, bag), context,
                      [id = *household, bag, context](const View& view) { return DecideBagRevocation(view, id, bag, context); });
}

// inspect-bag NAME of N by STAFF [category CATEGORY] [weight WEIGHT] [for REASON] [put-in DAY TIME]
absl::Status InspectBag(World& world, const Step& step) {
  if (step.words.size() < 2) return Mismatch("inspect-bag NAME of N by STAFF …");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.After("of"));
  if (!household.ok()) return household.status();
  BagInspection inspection;
  inspection.bag = world.Notes<Bags>().named[step.words[1]];
  inspection.drop.household = *household;
  inspection.drop.station = CatalogueIdOf("stations/s1");
  inspection.drop.event_time = world.clock.Now();
  inspection.drop.verification = v1::VERIFICATION_KIND_INSPECTED;
  const absl::StatusOr<std::optional<int64_t>> grams = GramsIn(step, "weight");
  if (!grams.ok()) return grams.status();
  inspection.drop.grams = *grams;
  if (step.Has("category")) {
    const absl::StatusOr<int> category = ReadCategoryWord(step.After("category"));
    if (!category.ok()) return category.status();
    inspection.drop.category = *category;
  }
  if (const auto at = std::find(step.words.begin(), step.words.end(), "put-in"); step.words.end() - at > 2) {
    const absl::StatusOr<absl::Time> time = ReadTimeWords(at[1], at[2], world.zone);
    if (!time.ok()) return time.status();
    inspection.drop.event_time = *time;
  }
  inspection.rejection_reason = ReasonOf(step);
  world.Read(PartitionOf(*household), [&](const View& view) {
    const auto bag = ReadMessage<ledger::v1::Bag>(view, BagKey(inspection.bag));
    if (bag.ok()) inspection.pending_drop = bag->message.pending_drop();
  });
  const DecisionContext context = world.Context(StaffOf(step));
  return world.Submit(*household, BagInspectionReads(inspection), context, [&world, inspection, context](const View& view) {
    return DecideBagInspection(view, inspection, *world.catalogue(), context);
  });
}

}  // namespace

void AddVerificationVerbs(Verbs& verbs) {
  verbs.Add("then waits", ThenWaits);
  verbs.Add("inspect", Inspect);
  verbs.Add("release", Release);
  verbs.Add("reject", RejectNamed);
  verbs.Add("due", Due);
  verbs.Add("mark-drop", MarkDrop);
  verbs.Add("claw-back", ClawBack);
  verbs.Add("bags", IssueBags);
  verbs.Add("revoke-bag", RevokeBag);
  verbs.Add("inspect-bag", InspectBag);
}

}  // namespace fenfen::scenarios
