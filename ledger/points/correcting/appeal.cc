#include "ledger/points/correcting/appeal.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/purse.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

using ledger::v1::EntryCase;

bool IsAppealable(TransactionKind kind) {
  switch (kind) {
    case TransactionKind::kProposal:
    case TransactionKind::kDismissal:
    case TransactionKind::kAppeal:
    case TransactionKind::kAppealAnswer:
      return false;
    default:
      return true;
  }
}

FactsWhy WhyOf(const CommittedTransaction& entry, const CorrectionGrounds& grounds, const DecisionContext& context) {
  FactsWhy why;
  ledger::v1::AppealFacts& facts = *why.facts.mutable_correcting()->mutable_appeal();
  facts.set_entry(entry.seq.value());
  facts.set_kind(static_cast<int32_t>(entry.transaction.kind));
  facts.set_day(DayNumberOf(entry.transaction.event_time, context.zone));
  *facts.mutable_grounds() = StoredGrounds(grounds);
  return why;
}

// A transaction that writes the household unchanged, so that it stands in its statement, and the case.
Transaction Written(TransactionKind kind, const View& view, HouseholdId household, Versioned<HouseholdRecord>& found, const RecordKey& key,
                    StoredMessage<EntryCase>& entry_case, FactsWhy why, const DecisionContext& context) {
  entry_case.message.set_household(household.value());
  entry_case.message.set_region(found.record.region.value());
  Transaction transaction = BeginTransaction(kind, context, context.now);
  why.after = Purse(view, household, found.record, transaction).After();
  transaction.changes.push_back({KeyOf(household), found.version, EncodeHousehold(found.record)});
  transaction.changes.push_back({key, entry_case.version, SerialiseMessage(entry_case.message)});
  transaction.why = EncodeWhy(why);
  return transaction;
}

// True where the remedy was made after the entry, and is a reversal of it or an adjustment.
bool IsRemedy(const AnswerTerms& terms) {
  const Transaction& remedy = terms.remedy->transaction;
  if (terms.remedy->seq <= terms.entry->seq) return false;
  if (remedy.kind == TransactionKind::kAdjustment) return true;
  if (remedy.kind != TransactionKind::kReversal) return false;
  const absl::StatusOr<Why> why = DecodeWhy(remedy.kind, remedy.why);
  const auto* facts = why.ok() ? std::get_if<FactsWhy>(&*why) : nullptr;
  return facts != nullptr && facts->facts.correcting().reversal().entry() == terms.entry->seq.value();
}

}  // namespace

ReadSet AppealReads(HouseholdId household, PartitionSeq entry) {
  return {{KeyOf(household), CaseKey(household, entry)}, PurseAccounts(household)};
}

absl::StatusOr<Transaction> DecideAppeal(const View& view, const AppealTerms& terms, const DecisionContext& context) {
  if (absl::Status status = CheckGrounds(terms.grounds); !status.ok()) return status;
  if (!IsAppealable(terms.entry->transaction.kind)) return Refuse(Reason::REASON_ENTRY_NOT_APPEALABLE, {}, "entry");
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, terms.household);
  if (!found.ok()) return found.status();
  const RecordKey key = CaseKey(terms.household, terms.entry->seq);
  absl::StatusOr<StoredMessage<EntryCase>> stored = ReadMessage<EntryCase>(view, key);
  if (!stored.ok()) return stored.status();
  auto& appeals = *stored->message.mutable_appeals();
  if (!appeals.empty() && appeals.rbegin()->answer_micros() == 0) {
    return Refuse(Reason::REASON_APPEAL_OPEN, {{"time", MinuteText(appeals.rbegin()->create_micros(), context.zone)}}, "entry");
  }
  if (appeals.size() >= kAppealsMax) return Refuse(Reason::REASON_APPEALS_TOO_MANY, {{"limit", absl::StrCat(kAppealsMax)}}, "entry");
  ledger::v1::Appeal& appeal = *appeals.Add();
  appeal.set_create_micros(absl::ToUnixMicros(context.now));
  appeal.set_member(terms.member);
  *appeal.mutable_grounds() = StoredGrounds(terms.grounds);
  return Written(TransactionKind::kAppeal, view, terms.household, *found, key, *stored, WhyOf(*terms.entry, terms.grounds, context),
                 context);
}

absl::StatusOr<Transaction> DecideAppealAnswer(const View& view, const AnswerTerms& terms, const Catalogue& catalogue,
                                               const DecisionContext& context) {
  if (absl::Status status = CheckGrounds(terms.grounds); !status.ok()) return status;
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, terms.household);
  if (!found.ok()) return found.status();
  const RecordKey key = CaseKey(terms.household, terms.entry->seq);
  absl::StatusOr<StoredMessage<EntryCase>> stored = ReadMessage<EntryCase>(view, key);
  if (!stored.ok()) return stored.status();
  if (stored->message.appeals().empty()) return Refuse(Reason::REASON_APPEAL_UNKNOWN, {}, "name");
  ledger::v1::Appeal& appeal = *stored->message.mutable_appeals()->rbegin();
  if (appeal.answer_micros() != 0) {
    return Refuse(Reason::REASON_APPEAL_CLOSED, {{"time", MinuteText(appeal.answer_micros(), context.zone)}}, "name");
  }
  const Actor& maker = terms.entry->transaction.actor;
  if (maker.kind == ActorKind::kStaff && SamePerson(catalogue, CatalogueId(maker.id), CatalogueId(context.actor.id))) {
    return Refuse(Reason::REASON_CHECKER_IS_MAKER);
  }
  if (terms.remedy != nullptr && !IsRemedy(terms)) return Refuse(Reason::REASON_REMEDY_INVALID, {}, "remedy");
  FactsWhy why = WhyOf(*terms.entry, terms.grounds, context);
  appeal.set_answer_micros(absl::ToUnixMicros(context.now));
  appeal.set_answerer(context.actor.id);
  *appeal.mutable_answer_grounds() = StoredGrounds(terms.grounds);
  if (terms.remedy != nullptr) {
    appeal.set_upheld(true);
    appeal.set_remedy(terms.remedy->seq.value());
    why.facts.mutable_correcting()->mutable_appeal()->set_upheld(true);
    why.facts.mutable_correcting()->mutable_appeal()->set_remedy(terms.remedy->seq.value());
  }
  return Written(TransactionKind::kAppealAnswer, view, terms.household, *found, key, *stored, std::move(why), context);
}

}  // namespace fenfen
