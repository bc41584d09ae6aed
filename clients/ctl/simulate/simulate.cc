#include "clients/ctl/simulate/simulate.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/points/budget/month.h"
#include "ledger/points/budget/stopped_budgets.h"
#include "ledger/points/why.h"

namespace fenfen::ctl {
namespace {

constexpr unsigned kThreadsMax = 16;

// The entry that a reversal takes back; nullopt for every other kind.
absl::StatusOr<std::optional<PartitionSeq>> TakenBackBy(const JournalEntryView& entry) {
  // The kind is the second byte (docs/formats/transaction.md): few entries are reversals, and the others need not be decoded twice.
  if (entry.bytes.size() < 2 || static_cast<uint8_t>(entry.bytes[1]) != static_cast<uint8_t>(TransactionKind::kReversal))
    return std::nullopt;
  const absl::StatusOr<Transaction> transaction = DecodeTransaction(entry.bytes);
  if (!transaction.ok()) return transaction.status();
  const absl::StatusOr<Why> why = DecodeWhy(transaction->kind, transaction->why);
  if (!why.ok()) return why.status();
  const auto* facts = std::get_if<FactsWhy>(&*why);
  if (facts == nullptr) return std::nullopt;
  return PartitionSeq(facts->facts.correcting().reversal().entry());
}

// The partitions that one thread replays in one pass.
class Share {
 public:
  Share(const SimulationTerms& terms, const CatalogueHistory& catalogues, const LedgerHead& head, uint16_t first, uint16_t last,
        size_t share, size_t shares)
      : wanted_{} {
    for (size_t p = first + share; p < last; p += shares) {
      wanted_[p] = head.last[p];
      replays_[p] = std::make_unique<PartitionReplay>(terms, catalogues, head.taken_back[p]);
    }
  }

  void Run(const ReplaySource& source) {
    status_ = source.Read(wanted_, [this](const JournalEntryView& entry) { return replays_[entry.partition.value()]->Apply(entry); });
  }

  const absl::Status& status() const { return status_; }
  const PartitionReplay* Of(size_t partition) const { return replays_[partition].get(); }

 private:
  ReplaySource::Wanted wanted_;
  std::array<std::unique_ptr<PartitionReplay>, kHouseholdPartitions> replays_;
  absl::Status status_;
};

void WriteHousehold(std::ostream& out, const HouseholdChange& change, const SimulationReport& report) {
  const auto town = report.towns.find(change.town.value());
  const Compared& amounts = change.amounts;
  out << change.household.value() << ',' << (town == report.towns.end() ? "" : town->second) << ',' << amounts.drops << ','
      << amounts.ledger_reward << ',' << amounts.draft_reward << ',' << change.difference() << ',' << amounts.ledger_civic << ','
      << amounts.draft_civic << '\n';
}

void NameTowns(const CatalogueHistory& catalogues, SimulationReport& report) {
  for (const v1::Region* region : catalogues.Last().All<v1::Region>()) {
    const CatalogueId id = CatalogueIdOf(region->name());
    if (catalogues.Last().TownOf(id) == id) report.towns[id.value()] = region->display_name();
  }
}

// The limits of the period's months, also of those in which nothing was issued.
void AddBudgets(const CatalogueHistory& catalogues, const SimulationTerms& terms, SimulationReport& report) {
  for (const auto& [text, budget] : catalogues.budgets()) {
    const std::optional<BudgetName> name = ParseBudgetName(text);
    if (!name || name->month < MonthOfDay(terms.first_day) || name->month > MonthOfDay(terms.last_day)) continue;
    MonthCost& cost = report.costs[{CatalogueIdOf(name->region), name->month}];
    cost.limit = budget.limit();
    cost.stops = budget.end() == v1::Budget::END_STOP;
  }
}

}  // namespace

absl::StatusOr<LedgerHead> ReadHead(const ReplaySource& source) {
  LedgerHead head;
  const absl::Status read = source.Read(EveryEntry(), [&head](const JournalEntryView& entry) -> absl::Status {
    head.last[entry.partition.value()] = entry.seq;
    if (entry.partition == kCataloguePartition) {
      absl::StatusOr<Transaction> transaction = DecodeTransaction(entry.bytes);
      if (!transaction.ok()) return transaction.status();
      head.catalogue.push_back({entry.partition, entry.seq, entry.record_time, *std::move(transaction)});
      return absl::OkStatus();
    }
    const absl::StatusOr<std::optional<PartitionSeq>> taken = TakenBackBy(entry);
    if (taken.ok() && *taken) head.taken_back[entry.partition.value()].insert(**taken);
    return taken.status();
  });
  if (!read.ok()) return read;
  return head;
}

absl::StatusOr<SimulationReport> Simulate(const ReplaySource& source, const LedgerHead& head, const SimulationTerms& terms,
                                          std::ostream* households) {
  const CatalogueHistory catalogues(head.catalogue, terms.draft);
  if (catalogues.Last().rules() == nullptr) {
    return absl::FailedPreconditionError("账本里还没有积分规则 / the journal has no rules yet");
  }
  SimulationReport report;
  NameTowns(catalogues, report);
  if (households != nullptr) *households << "household,town,drops,ledger_reward,draft_reward,difference,ledger_civic,draft_civic\n";
  const size_t threads = std::clamp(std::thread::hardware_concurrency(), 1u, kThreadsMax);
  const int passes = std::clamp(terms.passes, 1, kPassesMax);
  for (int pass = 0; pass < passes; ++pass) {
    const auto first = static_cast<uint16_t>(kHouseholdPartitions * pass / passes);
    const auto last = static_cast<uint16_t>(kHouseholdPartitions * (pass + 1) / passes);
    std::vector<std::unique_ptr<Share>> shares;
    std::vector<std::thread> running;
    for (size_t share = 0; share < threads; ++share) {
      shares.push_back(std::make_unique<Share>(terms, catalogues, head, first, last, share, threads));
      running.emplace_back([&source, each = shares.back().get()] { each->Run(source); });
    }
    for (std::thread& thread : running) thread.join();
    for (const std::unique_ptr<Share>& share : shares) {
      if (!share->status().ok()) return share->status();
    }
    for (size_t p = first; p < last; ++p) {
      const PartitionReplay& replay = *shares[(p - first) % threads]->Of(p);
      report.Add(replay.report());
      replay.ForEachHousehold([&](const HouseholdChange& change) {
        report.Note(change, std::min(terms.top, kTopMax));
        if (households != nullptr) WriteHousehold(*households, change, report);
      });
    }
  }
  AddBudgets(catalogues, terms, report);
  return report;
}

}  // namespace fenfen::ctl
