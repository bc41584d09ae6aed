// A simulation under the rules in force gives the ledger again, entry by entry; what is spoiled is found; a draft says who gains.
#include "clients/ctl/simulate/simulate.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/ctl/simulate/draft_rules.h"
#include "clients/ctl/simulate/print_simulation.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/posix_file.h"
#include "ledger/points/budget/month.h"
#include "tests/clients/ctl/simulate/story.h"

namespace fenfen::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

SimulationTerms June(const Story& story, int passes = 1) {
  SimulationTerms terms;
  terms.first_day = DayNumber(absl::CivilDay(2026, 6, 1));
  terms.last_day = DayNumber(absl::CivilDay(2026, 6, 30));
  terms.zone = story.zone;
  terms.passes = passes;
  return terms;
}

SimulationReport Simulated(const Story& story, const SimulationTerms& terms, std::ostream* households = nullptr) {
  const HistorySource source(story.history);
  const absl::StatusOr<LedgerHead> head = ReadHead(source);
  EXPECT_TRUE(head.ok()) << head.status();
  absl::StatusOr<SimulationReport> report = Simulate(source, *head, terms, households);
  EXPECT_TRUE(report.ok()) << report.status();
  return *report;
}

// The draft, as if it had been in force from the 1st on.
SimulationReport SimulatedUnder(const Story& story, const v1::RuleSet& draft) {
  const HistorySource source(story.history);
  const absl::StatusOr<LedgerHead> head = ReadHead(source);
  SimulationTerms terms = June(story);
  const absl::StatusOr<v1::RuleSet> checked = CheckedDraft(draft, *head, terms.first_day);
  EXPECT_TRUE(checked.ok()) << checked.status();
  terms.draft = *checked;
  absl::StatusOr<SimulationReport> report = Simulate(source, *head, terms, nullptr);
  EXPECT_TRUE(report.ok()) << report.status();
  return *report;
}

// What drops and their reversals gave each household, from the postings alone.
std::map<uint64_t, int64_t> GivenByPostings(const Story& story) {
  std::map<uint64_t, int64_t> given;
  for (const CommittedTransaction& each : story.history) {
    for (const Posting& posting : each.transaction.postings) {
      const AccountId& account = posting.account;
      if (account.asset != Asset::kReward) continue;
      if (account.kind == AccountKind::kHousehold || account.kind == AccountKind::kDebt)
        given[account.owner] += posting.amount.hundredths();
    }
  }
  return given;
}

TEST(Simulate, TheRulesInForceGiveTheLedgerAgainEntryByEntry) {
  for (const uint32_t seed : {1u, 2u, 3u, 4u, 5u}) {
    const Story story(seed);
    ASSERT_GT(story.reversed, 0);
    ASSERT_GT(story.late, 0);
    ASSERT_GT(story.released, 0);
    ASSERT_GT(story.rejected, 0);
    std::stringstream households;
    const SimulationReport report = Simulated(story, June(story), &households);
    EXPECT_EQ(report.not_reproduced, 0);
    EXPECT_THAT(report.differences, IsEmpty());
    EXPECT_GT(report.without_budget, 0);
    EXPECT_EQ(report.gained, 0);
    EXPECT_EQ(report.lost, 0);
    EXPECT_EQ(report.reversals, story.reversed);
    // The sums of every household are what the postings say.
    std::map<uint64_t, int64_t> given = GivenByPostings(story);
    std::string line;
    std::getline(households, line);
    while (std::getline(households, line)) {
      std::vector<std::string> cells = absl::StrSplit(line, ',');
      EXPECT_EQ(cells[4], absl::StrCat(given[std::stoull(cells[0])])) << line;
      given.erase(std::stoull(cells[0]));
    }
    for (const auto& [household, amount] : given) EXPECT_EQ(amount, 0) << household;
    int64_t issued = 0, in_all = 0;
    for (const auto& [place, cost] : report.costs) issued += cost.draft;
    for (const auto& [place, compared] : report.totals) in_all += compared.draft_reward;
    EXPECT_EQ(issued, in_all);  // nothing but drops was issued
  }
}

TEST(Simulate, ACanaryAnEntryThatGaveAHundredthMoreIsFound) {
  Story story(7);
  for (CommittedTransaction& each : story.history) {
    if (each.transaction.kind != TransactionKind::kDrop) continue;
    DropWhy why = std::get<DropWhy>(*DecodeWhy(each.transaction.kind, each.transaction.why));
    if (why.given_reward <= Points(0)) continue;
    why.given_reward = Points(why.given_reward.hundredths() + 1);
    each.transaction.why = EncodeWhy(why);
    break;
  }
  const SimulationReport report = Simulated(story, June(story));
  EXPECT_EQ(report.not_reproduced, 1);
  EXPECT_EQ(report.lost, 1);
}

TEST(Simulate, ACanaryAChangedRuleIsNotReproduced) {
  Story story(8);
  // The journal's second rules, with a hundredth less a kilogram than those that decided.
  for (CommittedTransaction& each : story.history) {
    for (RecordChange& change : each.transaction.changes) {
      if (change.key != RecordKey{RecordKind::kRuleSet, 2}) continue;
      v1::RuleSet rules;
      ASSERT_TRUE(rules.ParseFromString(change.bytes));
      rules.mutable_rules(1)->set_reward_per_kg(199);
      change.bytes = rules.SerializeAsString();
    }
  }
  const SimulationReport report = Simulated(story, June(story));
  EXPECT_GT(report.not_reproduced, 0);
  EXPECT_GT(report.lost, 0);
  EXPECT_THAT(report.differences, ::testing::Not(IsEmpty()));
}

TEST(Simulate, ADraftSaysWhoGainsAndWhatItCosts) {
  const Story story(9);
  v1::RuleSet draft = RulesOf(R"json({"late_days_max": 7, "expiry_grace_months": 3,
      "rules": [{"id": "food", "category": "CATEGORY_FOOD", "reward_per_drop": 500, "civic_per_drop": 100}]})json");
  const SimulationReport report = SimulatedUnder(story, draft);
  EXPECT_EQ(report.not_reproduced, 0);  // nothing is asked to be the same
  int64_t reward = 0, ledger = 0, issued = 0, would = 0;
  for (const auto& [place, compared] : report.totals) {
    reward += compared.draft_reward;
    ledger += compared.ledger_reward;
    if (place.second == v1::CATEGORY_FOOD) {
      EXPECT_GT(compared.draft_reward, 0);
      EXPECT_LE(compared.draft_reward, 500 * compared.drops);  // less those that the budget cut
    } else {
      EXPECT_EQ(compared.draft_reward, 0);
    }
  }
  EXPECT_EQ(reward - ledger, report.gained - report.lost);
  for (const auto& [place, cost] : report.costs) issued += cost.ledger, would += cost.draft;
  EXPECT_EQ(issued, ledger);
  EXPECT_EQ(would, reward);
  ASSERT_FALSE(report.gain_most.empty());
  for (size_t n = 1; n < report.gain_most.size(); ++n) EXPECT_GE(report.gain_most[n - 1].difference(), report.gain_most[n].difference());
}

TEST(Simulate, AsManyPassesAsOneLikesGiveTheSame) {
  const Story story(10);
  std::stringstream once, often;
  const SimulationReport one = Simulated(story, June(story), &once);
  const SimulationReport many = Simulated(story, June(story, 256), &often);
  EXPECT_EQ(one.totals, many.totals);
  EXPECT_EQ(one.costs, many.costs);
  EXPECT_EQ(one.gaining, many.gaining);
  EXPECT_EQ(one.losing, many.losing);
  EXPECT_EQ(once.str(), often.str());
}

TEST(Simulate, DropsOutsideThePeriodAreReplayedAndNotCounted) {
  const Story story(11);
  SimulationTerms terms = June(story);
  terms.first_day = terms.last_day = DayNumber(absl::CivilDay(2026, 6, 21));
  const SimulationReport day = Simulated(story, terms);
  EXPECT_EQ(day.not_reproduced, 0);
  int64_t drops = 0, all = 0;
  for (const auto& [place, compared] : day.totals) drops += compared.drops;
  for (const auto& [place, compared] : Simulated(story, June(story)).totals) all += compared.drops;
  EXPECT_GT(drops, 0);
  EXPECT_LT(drops, all);
}

TEST(Simulate, ADraftIsCheckedAsAnImportChecksIt) {
  const Story story(12);
  const HistorySource source(story.history);
  const absl::StatusOr<LedgerHead> head = ReadHead(source);
  v1::RuleSet draft = RulesOf(R"json({"rules": [{"id": "Food!", "category": "CATEGORY_FOOD", "match": {"regions": ["regions/nowhere"]},
      "reward_per_kg": -1}]})json");
  const absl::StatusOr<v1::RuleSet> checked = CheckedDraft(draft, *head, DayNumber(absl::CivilDay(2026, 6, 15)));
  ASSERT_EQ(checked.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(checked.status().message()), HasSubstr("rule_set.rules[0].id"));
  EXPECT_THAT(std::string(checked.status().message()), HasSubstr("regions/nowhere"));
  EXPECT_EQ(ReadDraft("/nowhere/draft.json").status().code(), absl::StatusCode::kNotFound);
}

// Every file below a folder, with its bytes.
std::map<std::string, std::string> FilesBelow(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    files[entry.path().string()] = bytes.str();
  }
  return files;
}

TEST(Simulate, OverAJournalsFilesItWritesNothing) {
  const Story story(13);
  std::string folder = absl::StrCat(::testing::TempDir(), "/simulate_test_XXXXXX");
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  PosixFileSystem files;
  {
    FileJournalOptions options;
    options.directory = absl::StrCat(folder, "/journal");
    absl::StatusOr<std::unique_ptr<FileJournal>> journal = FileJournal::Open(files, options);
    ASSERT_TRUE(journal.ok()) << journal.status();
    for (const CommittedTransaction& each : story.history) {
      (*journal)->Append({each.partition, each.seq, each.record_time, EncodeTransaction(each.transaction)},
                         [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    }
    ASSERT_TRUE((*journal)->Flush().ok());
  }
  const std::map<std::string, std::string> before = FilesBelow(folder);
  const std::unique_ptr<ReplaySource> source = ReplayFiles(files, absl::StrCat(folder, "/journal"), "");
  const absl::StatusOr<LedgerHead> head = ReadHead(*source);
  ASSERT_TRUE(head.ok()) << head.status();
  const SimulationTerms terms = June(story);
  const absl::StatusOr<SimulationReport> report = Simulate(*source, *head, terms, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->not_reproduced, 0);
  EXPECT_EQ(report->totals, Simulated(story, terms).totals);
  EXPECT_EQ(FilesBelow(folder), before);
  EXPECT_THAT(SimulationText(*report, terms), HasSubstr("与账本逐笔一致"));
  EXPECT_THAT(SimulationJson(*report, terms), HasSubstr("\"not_reproduced\":0"));
  std::filesystem::remove_all(folder);
}

TEST(Simulate, AJournalThatIsNotThereIsNamed) {
  PosixFileSystem files;
  const std::unique_ptr<ReplaySource> source = ReplayFiles(files, "/nowhere/journal", "");
  EXPECT_FALSE(ReadHead(*source).ok());
}

}  // namespace
}  // namespace fenfen::ctl
