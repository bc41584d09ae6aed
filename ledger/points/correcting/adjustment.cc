#include "ledger/points/correcting/adjustment.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fenfen/v1/entry.pb.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/purse.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/voucher.h"

namespace fenfen {
namespace {

using ledger::v1::Proposal;

// An open proposal that the caller may decide, with its household.
struct Decidable {
  Versioned<HouseholdRecord> household;
  StoredMessage<Proposal> proposal;
};

absl::StatusOr<Decidable> ReadDecidable(const View& view, HouseholdId household, uint64_t id, const Catalogue& catalogue,
                                        const DecisionContext& context) {
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadOpenHousehold(view, household);
  if (!found.ok()) return found.status();
  absl::StatusOr<StoredMessage<Proposal>> stored = ReadMessage<Proposal>(view, ProposalKey(household, id));
  if (!stored.ok()) return stored.status();
  const Proposal& proposal = stored->message;
  if (!stored->found() || proposal.household() != household.value()) return Refuse(Reason::REASON_PROPOSAL_UNKNOWN, {}, "name");
  if (proposal.decide_micros() != 0) {
    return Refuse(Reason::REASON_PROPOSAL_CLOSED, {{"time", MinuteText(proposal.decide_micros(), context.zone)}}, "name");
  }
  if (DayNumberOf(context.now, context.zone) > proposal.expires_day()) {
    return Refuse(Reason::REASON_PROPOSAL_LAPSED, {{"day", DayText(proposal.expires_day())}}, "name");
  }
  if (context.actor.kind != ActorKind::kStaff || SamePerson(catalogue, CatalogueId(proposal.proposer()), CatalogueId(context.actor.id))) {
    return Refuse(Reason::REASON_CHECKER_IS_MAKER);
  }
  return Decidable{*std::move(found), *std::move(stored)};
}

FactsWhy WhyOf(uint64_t id, const Proposal& proposal) {
  FactsWhy why;
  ledger::v1::AdjustmentFacts& facts = *why.facts.mutable_correcting()->mutable_adjustment();
  facts.set_proposal(id);
  facts.set_asset(proposal.asset());
  facts.set_amount(proposal.amount());
  *facts.mutable_grounds() = proposal.grounds();
  facts.set_proposer(proposal.proposer());
  return why;
}

// The proposal is decided by the caller, now, of a household that lies where it does now.
void Close(Decidable& decidable, bool approved, const DecisionContext& context) {
  Proposal& proposal = decidable.proposal.message;
  proposal.set_region(decidable.household.record.region.value());
  proposal.set_decide_micros(absl::ToUnixMicros(context.now));
  proposal.set_decider(context.actor.id);
  proposal.set_approved(approved);
}

void Change(Transaction& transaction, HouseholdId household, uint64_t id, const Decidable& decidable) {
  transaction.changes.push_back({KeyOf(household), decidable.household.version, EncodeHousehold(decidable.household.record)});
  transaction.changes.push_back({ProposalKey(household, id), decidable.proposal.version, SerialiseMessage(decidable.proposal.message)});
}

// Posts it, from or to the programme of the household's town.
void PostAdjustment(Purse& purse, const Proposal& proposal, uint64_t town, const Catalogue& catalogue, const DecisionContext& context,
                    ledger::v1::AdjustmentFacts& facts) {
  const auto asset = static_cast<Asset>(proposal.asset());
  const AccountId programme{AccountKind::kProgramme, asset, town};
  const Points amount(proposal.amount());
  if (asset == Asset::kCivic) {
    purse.Civic(programme, amount);
  } else if (amount > Points(0)) {
    facts.set_expires_day(LastDayOfGiven(catalogue, DayNumberOf(context.now, context.zone)));
    purse.Earn(programme, amount, facts.expires_day());
  } else {
    facts.set_debt(purse.ClawBack(programme, -amount, 0).hundredths());
  }
}

}  // namespace

uint64_t ProposalIdFor(HouseholdId household, const RequestKey& key) { return VoucherIdFor(household, key).value(); }

ReadSet ProposalReads(HouseholdId household, uint64_t proposal) {
  return {{KeyOf(household), ProposalKey(household, proposal)}, PurseAccounts(household)};
}

ReadSet ApprovalReads(HouseholdId household, uint64_t proposal, CatalogueId town) {
  ReadSet reads = ProposalReads(household, proposal);
  for (const Asset asset : {Asset::kReward, Asset::kCivic}) reads.accounts.push_back({AccountKind::kProgramme, asset, town.value()});
  return reads;
}

absl::StatusOr<Transaction> DecideProposal(const View& view, const ProposalTerms& terms, const DecisionContext& context) {
  if (absl::Status status = CheckGrounds(terms.grounds); !status.ok()) return status;
  const bool known_asset = terms.asset == v1::ASSET_REWARD || terms.asset == v1::ASSET_CIVIC;
  if (!known_asset || terms.amount == 0 || terms.amount > kAdjustmentMax || terms.amount < -kAdjustmentMax) {
    return Refuse(Reason::REASON_ADJUSTMENT_AMOUNT_INVALID, {{"limit", FormatPoints(Points(kAdjustmentMax))}},
                  known_asset ? "amount" : "asset");
  }
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadOpenHousehold(view, terms.household);
  if (!found.ok()) return found.status();
  const uint64_t id = ProposalIdFor(terms.household, context.key);
  // Two keys of one household with one hash of 56 bits: a new key helps, overwriting does not.
  if (view.Record(ProposalKey(terms.household, id))) return Refuse(Reason::REASON_REQUEST_ID_REUSED);
  Decidable fresh{*std::move(found), {}};
  Proposal& proposal = fresh.proposal.message;
  proposal.set_household(terms.household.value());
  proposal.set_region(fresh.household.record.region.value());
  proposal.set_asset(terms.asset == v1::ASSET_REWARD ? static_cast<int>(Asset::kReward) : static_cast<int>(Asset::kCivic));
  proposal.set_amount(terms.amount);
  *proposal.mutable_grounds() = StoredGrounds(terms.grounds);
  proposal.set_create_micros(absl::ToUnixMicros(context.now));
  proposal.set_proposer(context.actor.id);
  proposal.set_expires_day(DayNumberOf(context.now, context.zone) + kProposalDays);

  Transaction transaction = BeginTransaction(TransactionKind::kProposal, context, context.now);
  const Purse purse(view, terms.household, fresh.household.record, transaction);
  FactsWhy why = WhyOf(id, proposal);
  why.facts.mutable_correcting()->mutable_adjustment()->set_expires_day(proposal.expires_day());
  why.after = purse.After();
  Change(transaction, terms.household, id, fresh);
  transaction.why = EncodeWhy(why);
  return transaction;
}

absl::StatusOr<Transaction> DecideApproval(const View& view, HouseholdId household, uint64_t id, CatalogueId town,
                                           const Catalogue& catalogue, const DecisionContext& context) {
  absl::StatusOr<Decidable> decidable = ReadDecidable(view, household, id, catalogue, context);
  if (!decidable.ok()) return decidable.status();
  const Proposal& proposal = decidable->proposal.message;
  if (absl::Status status = CheckLimit(catalogue, context.actor, LimitKind::kAdjustment, proposal.amount(), 0); !status.ok()) return status;
  FactsWhy why = WhyOf(id, proposal);
  Close(*decidable, /*approved=*/true, context);
  Transaction transaction = BeginTransaction(TransactionKind::kAdjustment, context, context.now);
  HouseholdRecord& record = decidable->household.record;
  Purse purse(view, household, record, transaction);
  PostAdjustment(purse, proposal, town.value(), catalogue, context, *why.facts.mutable_correcting()->mutable_adjustment());
  if (absl::Status status = CheckProgrammes(view, transaction); !status.ok()) return status;
  Change(transaction, household, id, *decidable);
  why.after = purse.After();
  transaction.why = EncodeWhy(why);
  return transaction;
}

absl::StatusOr<Transaction> DecideDismissal(const View& view, HouseholdId household, uint64_t id, const CorrectionGrounds& grounds,
                                            const Catalogue& catalogue, const DecisionContext& context) {
  if (absl::Status status = CheckGrounds(grounds); !status.ok()) return status;
  absl::StatusOr<Decidable> decidable = ReadDecidable(view, household, id, catalogue, context);
  if (!decidable.ok()) return decidable.status();
  Close(*decidable, /*approved=*/false, context);
  *decidable->proposal.message.mutable_dismissal_grounds() = StoredGrounds(grounds);
  Transaction transaction = BeginTransaction(TransactionKind::kDismissal, context, context.now);
  const Purse purse(view, household, decidable->household.record, transaction);
  FactsWhy why = WhyOf(id, decidable->proposal.message);
  *why.facts.mutable_correcting()->mutable_adjustment()->mutable_grounds() = StoredGrounds(grounds);
  Change(transaction, household, id, *decidable);
  why.after = purse.After();
  transaction.why = EncodeWhy(why);
  return transaction;
}

}  // namespace fenfen
