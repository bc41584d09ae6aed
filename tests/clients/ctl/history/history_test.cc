// The demo's history: what it has, that the checker finds nothing wrong in its journal, and that it is the same for the same seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "clients/ctl/commands/secrets.h"
#include "clients/ctl/demo/district_files.h"
#include "clients/ctl/demo/history/history.h"
#include "clients/ctl/demo/history/stage.h"
#include "clients/ctl/demo/history/story.h"
#include "clients/ctl/verify/verify_journal.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/settlement.grpc.pb.h"
#include "ledger/journal/posix_file.h"

namespace fenfen::ctl {
namespace {

using testing::Contains;
using testing::Key;

constexpr absl::CivilDay kLastDay(2026, 6, 10);

DistrictPlan TinyPlan() { return {.seed = 7, .households = 300, .estates = 2, .stations = 4, .drops = 120, .history_days = 20}; }

// A district in a folder of its own, with its history.
class Played {
 public:
  Played() {
    char name[] = "/tmp/fenfen-history-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~Played() {
    workspace_.reset();
    std::filesystem::remove_all(folder_);
  }

  absl::Status Play(bool stopped = false) {
    absl::StatusOr<std::unique_ptr<Workspace>> workspace = Workspace::Open(folder_ + "/demo", TinyPlan());
    if (!workspace.ok()) return workspace.status();
    workspace_ = *std::move(workspace);
    district_ = *MakeDistrict(TinyPlan());
    const absl::StatusOr<std::string> key = ReadSecret(workspace_->Path("keys/subject.key"));
    absl::Status done = WriteDistrictFiles(district_, workspace_->Path("import"), workspace_->Path("fleet"), *key, kDemoAppId);
    const DemoPorts ports{.grpc = "127.0.0.1:0", .http = "127.0.0.1:0", .sandbox = "127.0.0.1:0", .metrics = "127.0.0.1:0"};
    if (done.ok()) done = workspace_->WriteConfigs(ports, folder_);
    const std::function<void(const std::string&)> say = [](const std::string&) {};
    const std::atomic<bool> stop{stopped};
    if (done.ok()) done = PlayHistory({.district = district_, .workspace = *workspace_, .last_day = kLastDay, .say = say, .stop = stop});
    return done;
  }

  VerifyReport Verify() const {
    PosixFileSystem files;
    const absl::StatusOr<VerifyReport> report = VerifyJournal(files, workspace_->Path("data/journal"), {.live = false, .balances = true});
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : VerifyReport();
  }
  // A server over the same journal, two days later.
  std::unique_ptr<Stage> Reopen() const {
    absl::StatusOr<std::unique_ptr<Stage>> stage =
        Stage::Open(workspace_->Path("fenfend.toml"), workspace_->Path("log/test.jsonl"), workspace_->Path("keys"),
                    absl::FromCivil(kLastDay + 2, ProgrammeTimeZone()), 1);
    EXPECT_TRUE(stage.ok()) << stage.status();
    return *std::move(stage);
  }
  const District& district() const { return district_; }

 private:
  std::string folder_;
  std::unique_ptr<Workspace> workspace_;
  District district_;
};

// How many entries of each kind a household has.
std::map<v1::EntryKind, int> KindsOf(Stage& stage, const std::string& household) {
  std::map<v1::EntryKind, int> kinds;
  v1::ListEntriesRequest request;
  request.set_household(household);
  request.set_page_size(100);
  do {
    const auto page = stage.Ask(StaffPerson("C01"), &v1::HouseholdService::Stub::ListEntries, request);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) break;
    for (const v1::Entry& entry : page->entries()) ++kinds[entry.kind()];
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return kinds;
}

TEST(PilotDays, LapseWithinTheHistoryAndSoonAfter) {
  // Of any 31 days one is a first of a month.
  for (int day = 0; day < 800; ++day) {
    const absl::CivilDay first = absl::CivilDay(2026, 1, 1) + day, last = first + 30;
    const PilotDays pilot = PilotDaysOf(first, 31);
    const absl::CivilDay lapse(absl::CivilMonth(pilot.lapses) + 3);
    EXPECT_TRUE(first <= lapse && lapse <= last) << first;
    EXPECT_LT(pilot.lapses, first);
    EXPECT_LT(pilot.lapses_soon, first);
    EXPECT_EQ(absl::CivilMonth(pilot.lapses_soon) + 2, absl::CivilMonth(last + 2));
    EXPECT_NE(pilot.lapses, pilot.lapses_soon);
  }
}

TEST(History, HasOfEverythingAndTheBooksHold) {
  Played played;
  const absl::Status status = played.Play();
  ASSERT_TRUE(status.ok()) << status;
  const VerifyReport report = played.Verify();
  for (const Finding& finding : report.findings) ADD_FAILURE() << finding.what;
  EXPECT_GT(report.vouchers_captured, 5u);
  EXPECT_EQ(report.reward.Sum(), 0);

  const std::unique_ptr<Stage> stage = played.Reopen();
  const Cast cast = *ChooseCast(played.district());
  const auto kinds = [&](size_t household) { return KindsOf(*stage, HouseholdNameOf(played.district(), household)); };
  EXPECT_THAT(kinds(cast.saver), Contains(Key(v1::ENTRY_KIND_EXPIRY)));
  EXPECT_THAT(kinds(cast.rich), testing::AllOf(Contains(Key(v1::ENTRY_KIND_FREEZE)), Contains(Key(v1::ENTRY_KIND_TRANSFER_IN))));
  EXPECT_EQ(kinds(cast.appellant)[v1::ENTRY_KIND_APPEAL_ANSWER], 2);
  EXPECT_EQ(kinds(cast.plaintiff)[v1::ENTRY_KIND_APPEAL], 1);
  EXPECT_THAT(kinds(cast.debtor), Contains(Key(v1::ENTRY_KIND_REVERSAL)));
  EXPECT_THAT(kinds(cast.adjusted),
              testing::AllOf(Contains(Key(v1::ENTRY_KIND_ADJUSTMENT)), Contains(Key(v1::ENTRY_KIND_REFUND)),
                             Contains(Key(v1::ENTRY_KIND_VOUCHER_CANCEL)), Contains(Key(v1::ENTRY_KIND_VOUCHER_EXPIRY))));
  EXPECT_THAT(kinds(cast.mover), Contains(Key(v1::ENTRY_KIND_MOVE)));
  EXPECT_GT(kinds(cast.accomplice)[v1::ENTRY_KIND_DROP], 20);

  v1::ListSettlementsRequest list;
  list.set_merchant(absl::StrCat("merchants/", played.district().merchants[0].id));
  const auto settlements = stage->Ask(StaffPerson("C01"), &v1::SettlementService::Stub::ListSettlements, list);
  ASSERT_TRUE(settlements.ok()) << settlements.status();
  EXPECT_EQ(settlements->settlements(0).state(), v1::Settlement::STATE_SETTLED);
  EXPECT_TRUE(stage->Close().ok());
}

TEST(History, IsTheSameForTheSameSeed) {
  Played one, other;
  ASSERT_TRUE(one.Play().ok());
  ASSERT_TRUE(other.Play().ok());
  const VerifyReport first = one.Verify(), second = other.Verify();
  EXPECT_EQ(first.transactions, second.transactions);
  ASSERT_EQ(first.balances.size(), second.balances.size());
  for (size_t i = 0; i < first.balances.size(); ++i) {
    EXPECT_EQ(first.balances[i].household.value(), second.balances[i].household.value());
    EXPECT_EQ(first.balances[i].reward, second.balances[i].reward) << first.balances[i].household.value();
  }
}

TEST(History, EndsWhenItIsAskedTo) {
  Played played;
  EXPECT_EQ(played.Play(/*stopped=*/true).code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace fenfen::ctl
