#include "clients/ctl/simulate/partition_replay.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/points/budget/month.h"
#include "ledger/points/earning/earn.h"
#include "ledger/points/verification/pending.h"

namespace fenfen::ctl {
namespace {

absl::Status Damaged(const JournalEntryView& entry, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("分区 partition ", entry.partition.value(), " #", entry.seq.value(), ": ", what));
}

bool IsTransfer(TransactionKind kind) {
  return kind == TransactionKind::kTransferOut || kind == TransactionKind::kTransferIn || kind == TransactionKind::kTransferBack;
}

int64_t Posted(const Transaction& transaction, const AccountId& account) {
  int64_t sum = 0;
  for (const Posting& posting : transaction.postings) sum += posting.account == account ? posting.amount.hundredths() : 0;
  return sum;
}

DropFacts FactsOf(const DropWhy& why, absl::Time event_time) {
  DropFacts facts{why.after.household, why.member, why.category, std::nullopt, why.station, std::nullopt, event_time};
  if (why.grams != 0) facts.grams = why.grams;
  facts.material = why.material;
  facts.pieces = why.pieces;
  facts.verification = static_cast<v1::VerificationKind>(why.verification);
  return facts;
}

Compared Negated(const Compared& of) {
  return {-of.drops, -of.ledger_credited, -of.draft_credited, -of.ledger_reward, -of.ledger_civic, -of.draft_reward, -of.draft_civic};
}

}  // namespace

absl::Status PartitionReplay::Apply(const JournalEntryView& entry) {
  const absl::StatusOr<Transaction> transaction = DecodeTransaction(entry.bytes);
  if (!transaction.ok()) return Damaged(entry, transaction.status().message());
  ++report_.transactions;
  CountCosts(*transaction);
  absl::Status status;
  switch (transaction->kind) {
    case TransactionKind::kDrop:
      status = TakeDrop(entry, *transaction);
      break;
    case TransactionKind::kPendingDrop:
    case TransactionKind::kRelease:
    case TransactionKind::kRejection:
      status = TakePending(entry, *transaction);
      break;
    case TransactionKind::kReversal:
      status = TakeReversal(entry, *transaction);
      break;
    default:
      break;
  }
  return status.ok() ? TakeRecords(entry, *transaction) : status;
}

absl::StatusOr<PartitionReplay::Household*> PartitionReplay::Find(const JournalEntryView& entry, HouseholdId household) {
  const auto found = households_.find(household.value());
  if (found == households_.end()) return Damaged(entry, absl::StrCat("household ", household.value(), " was never enrolled"));
  return &found->second;
}

absl::Status PartitionReplay::TakeDrop(const JournalEntryView& entry, const Transaction& transaction) {
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  const DropWhy* drop = why.ok() ? std::get_if<DropWhy>(&*why) : nullptr;
  if (drop == nullptr) return Damaged(entry, "its reasons do not have their form");
  const absl::StatusOr<Household*> household = Find(entry, drop->after.household);
  if (!household.ok()) return household.status();
  Given given;
  given.event_id = EventIdOf(transaction.key);
  given.amounts.ledger_civic = Posted(transaction, CivicAccount(drop->after.household));
  if (absl::Status status = Credit(entry, FactsOf(*drop, transaction.event_time), *drop, **household, given); !status.ok()) return status;
  Count(entry, transaction, **household, given, false);
  if (taken_back_.contains(entry.seq)) given_[entry.seq] = given;
  return absl::OkStatus();
}

// A drop that waits, and what became of it: released, it is credited to its own day as any other.
absl::Status PartitionReplay::TakePending(const JournalEntryView& entry, const Transaction& transaction) {
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  const FactsWhy* facts = why.ok() ? std::get_if<FactsWhy>(&*why) : nullptr;
  if (facts == nullptr || !facts->facts.verification().has_pending()) return Damaged(entry, "its reasons do not have their form");
  const ledger::v1::PendingDropFacts& pending = facts->facts.verification().pending();
  const absl::StatusOr<Household*> household = Find(entry, facts->after.household);
  if (!household.ok()) return household.status();
  if (transaction.kind == TransactionKind::kPendingDrop) return Wait(entry, fenfen::FactsOf(pending.drop()), **household, 1);
  if (transaction.kind == TransactionKind::kRelease) {
    const absl::StatusOr<Why> credit = DecodeWhy(TransactionKind::kDrop, pending.credit());
    const DropWhy* drop = credit.ok() ? std::get_if<DropWhy>(&*credit) : nullptr;
    if (drop == nullptr) return Damaged(entry, "its credit does not have its form");
    Given given;
    given.event_id = pending.drop().event_id();
    given.released = true;
    given.amounts.ledger_civic = Posted(transaction, CivicAccount(facts->after.household));
    if (absl::Status status = Credit(entry, fenfen::FactsOf(pending.drop()), *drop, **household, given); !status.ok()) return status;
    Count(entry, transaction, **household, given, false);
    if (taken_back_.contains(entry.seq)) given_[entry.seq] = given;
  }
  // One that nobody had seen before it was decided did not wait.
  return pending.pending_drop() == 0 ? absl::OkStatus() : Wait(entry, fenfen::FactsOf(pending.drop()), **household, -1);
}

// One drop more, or one less, of its day waits.
absl::Status PartitionReplay::Wait(const JournalEntryView& entry, const DropFacts& facts, Household& household, int change) {
  const Catalogue& catalogue = catalogues_.At(entry.record_time);
  const int32_t day = DayNumberOf(facts.event_time, terms_.zone);
  const Rules* rules = catalogue.RulesOn(day);
  if (rules == nullptr) return Damaged(entry, "there are no rules for its day");
  HouseholdRecord record;
  record.days = household.days;
  if (change > 0) {
    // A day keeps the rules of its first drop.
    ForEachDay(record.days, [&](const DayHead& head) {
      if (head.day == day && catalogue.RulesVersion(head.version) != nullptr) rules = catalogue.RulesVersion(head.version);
    });
  }
  const absl::Status status = AddPending(record, day, *rules, change);
  if (!status.ok()) return Damaged(entry, status.message());
  household.days = std::move(record.days);
  return absl::OkStatus();
}

absl::Status PartitionReplay::Credit(const JournalEntryView& entry, const DropFacts& facts, const DropWhy& why, Household& household,
                                     Given& given) {
  const Catalogue* catalogue = &catalogues_.At(entry.record_time);
  if (catalogue->Find<v1::Station>(facts.station) == nullptr) catalogue = &catalogues_.Last();
  if (catalogue->Find<v1::Station>(facts.station) == nullptr) return Damaged(entry, "its station is not in the catalogue");
  given.day = DayNumberOf(facts.event_time, terms_.zone);
  given.category = facts.category;
  if (catalogue->RulesOn(given.day) == nullptr) return Damaged(entry, "there are no rules for its day");
  if (facts.member > household.members.size()) return Damaged(entry, "its member is not of the household");
  const int32_t today = DayNumberOf(entry.record_time, terms_.zone);

  HouseholdRecord record;
  record.region = household.region;
  record.members = household.members;
  record.days = household.days;
  Judgement judged = Judge(facts, record, *catalogue, terms_.zone);
  judged.event.id = given.event_id;
  const bool too_late = !Reproduces() && !given.released && !IsOpen(given.day, today, *catalogue);
  if (too_late && InPeriod(given.day)) ++report_.too_late;
  if (why.cut == Cut::kBudget && judged.rule != nullptr) {
    if (InPeriod(given.day)) {
      ++report_.without_budget;
      report_.without_budget_reward += judged.value.reward.hundredths();
    }
    judged.without_budget = true;
    judged.event.reward = 0;
    judged.event.bonuses = 0;
  }
  Compared& amounts = given.amounts;
  if (judged.rule != nullptr && !too_late) {
    Applied applied;
    const absl::Status status = fenfen::ApplyDrop(record, judged, *catalogue, today, applied);
    if (!status.ok()) return Damaged(entry, status.message());
    amounts.draft_reward = applied.reward;
    amounts.draft_civic = applied.civic;
    household.days = std::move(record.days);
  }
  amounts.drops = 1;
  amounts.ledger_reward = why.given_reward.hundredths();
  // Civic points are not taken below zero, as far as the household has them.
  if (Reproduces() && amounts.draft_civic < amounts.ledger_civic && why.after.civic == Points(0))
    amounts.draft_civic = amounts.ledger_civic;
  amounts.ledger_credited = amounts.ledger_reward != 0 || amounts.ledger_civic != 0;
  amounts.draft_credited = amounts.draft_reward != 0 || amounts.draft_civic != 0;
  CheckGiven(entry, amounts);
  return absl::OkStatus();
}

absl::Status PartitionReplay::TakeReversal(const JournalEntryView& entry, const Transaction& transaction) {
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  const FactsWhy* facts = why.ok() ? std::get_if<FactsWhy>(&*why) : nullptr;
  if (facts == nullptr || !facts->facts.correcting().has_reversal()) return Damaged(entry, "its reasons do not have their form");
  const ledger::v1::ReversalFacts& reversal = facts->facts.correcting().reversal();
  const auto found = given_.find(PartitionSeq(reversal.entry()));
  if (found == given_.end()) return absl::OkStatus();  // of no drop
  const Given given = found->second;
  given_.erase(found);
  const absl::StatusOr<Household*> household = Find(entry, facts->after.household);
  if (!household.ok()) return household.status();
  if (Reproduces() && reversal.reward() != given.amounts.draft_reward) {
    Differ(entry, absl::StrCat("冲正 reversed ", reversal.reward(), "，重算 simulated ", given.amounts.draft_reward));
  }
  HouseholdRecord record;
  record.days = (*household)->days;
  const absl::Status withdrawn =
      WithdrawEvent(record, given.day, given.event_id, Points(given.amounts.draft_reward), Points(given.amounts.draft_civic));
  if (!withdrawn.ok()) return Damaged(entry, withdrawn.message());
  (*household)->days = std::move(record.days);
  if (InPeriod(given.day)) ++report_.reversals;
  Count(entry, transaction, **household, given, true);
  return absl::OkStatus();
}

// What the ledger's records say of households from now on.
absl::Status PartitionReplay::TakeRecords(const JournalEntryView& entry, const Transaction& transaction) {
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind != RecordKind::kHousehold) continue;
    absl::StatusOr<HouseholdRecord> record = DecodeHousehold(change.bytes);
    if (!record.ok()) return Damaged(entry, record.status().message());
    const auto [at, is_new] = households_.try_emplace(change.key.id);
    if (is_new && change.previous != PartitionSeq(0))
      return Damaged(entry, absl::StrCat("household ", change.key.id, " was never enrolled"));
    Household& household = at->second;
    household.region = record->region;
    household.members = std::move(record->members);
    if (!Reproduces() || household.days == record->days) continue;
    Differ(entry, absl::StrCat("家庭 household ", change.key.id, "：未了结各天的记录不同 / its open days differ"));
    household.days = std::move(record->days);
  }
  return absl::OkStatus();
}

void PartitionReplay::Count(const JournalEntryView& entry, const Transaction& transaction, Household& household, const Given& given,
                            bool back) {
  if (!InPeriod(given.day)) return;
  const Compared amounts = back ? Negated(given.amounts) : given.amounts;
  household.amounts += amounts;
  const CatalogueId town = catalogues_.At(entry.record_time).TownOf(household.region);
  report_.totals[{town, given.category}] += amounts;
  const int32_t month = MonthOfDay(DayNumberOf(transaction.event_time, terms_.zone));
  if (InMonths(month)) report_.costs[{town, month}].draft += amounts.draft_reward - amounts.ledger_reward;
}

// What every entry took from a town's programme. Those of transfers are no town's.
void PartitionReplay::CountCosts(const Transaction& transaction) {
  if (IsTransfer(transaction.kind)) return;
  for (const Posting& posting : transaction.postings) {
    if (posting.account.kind != AccountKind::kProgramme || posting.account.asset != Asset::kReward) continue;
    const int32_t month = MonthOfDay(DayNumberOf(transaction.event_time, terms_.zone));
    if (!InMonths(month)) return;
    MonthCost& cost = report_.costs[{CatalogueId(posting.account.owner), month}];
    cost.ledger -= posting.amount.hundredths();
    cost.draft -= posting.amount.hundredths();
  }
}

bool PartitionReplay::InMonths(int32_t month) const {
  return MonthOfDay(terms_.first_day) <= month && month <= MonthOfDay(terms_.last_day);
}

void PartitionReplay::CheckGiven(const JournalEntryView& entry, const Compared& amounts) {
  if (!Reproduces()) return;
  if (amounts.ledger_reward == amounts.draft_reward && amounts.ledger_civic == amounts.draft_civic) return;
  Differ(entry, absl::StrCat("账上 ledger ", amounts.ledger_reward, "/", amounts.ledger_civic, "，重算 simulated ", amounts.draft_reward,
                             "/", amounts.draft_civic));
}

void PartitionReplay::Differ(const JournalEntryView& entry, const std::string& what) {
  ++report_.not_reproduced;
  if (report_.differences.size() >= SimulationReport::kDifferencesMax) return;
  report_.differences.push_back(absl::StrCat("分区 partition ", entry.partition.value(), " #", entry.seq.value(), "：", what));
}

void PartitionReplay::ForEachHousehold(absl::FunctionRef<void(const HouseholdChange&)> visit) const {
  std::vector<uint64_t> numbers;
  for (const auto& [number, household] : households_) {
    if (household.amounts != Compared{}) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  for (const uint64_t number : numbers) {
    const Household& household = households_.at(number);
    visit({HouseholdId(number), catalogues_.Last().TownOf(household.region), household.amounts});
  }
}

}  // namespace fenfen::ctl
