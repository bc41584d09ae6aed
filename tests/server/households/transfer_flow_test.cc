// A transfer stopped after each of its steps, with the server gone between: whoever goes on finds where it stands, and it ends once.
#include "server/services/transfer_flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "ledger/engine/engine.h"
#include "ledger/journal/file_journal.h"
#include "ledger/points/catalogue_update.h"
#include "ledger/points/enrolment.h"
#include "ledger/points/keeping/transfer.h"
#include "ledger/points/purse.h"
#include "ledger/projections/open_transfers.h"
#include "ledger/state/memory_state.h"
#include "tests/ledger/journal/memory_file_system.h"

namespace fenfen::server {
namespace {

using ledger::v1::Transfer;

constexpr HouseholdId kFrom{1};
constexpr HouseholdId kTo{2};

// An engine over a journal on a memory disk, with one region, household 1 with 3.00 points, and household 2.
class TransferFlowTest : public testing::Test {
 protected:
  TransferFlowTest() {
    EXPECT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &zone_));
    clock_.Set(absl::FromCivil(absl::CivilSecond(2026, 6, 15, 23, 59, 0), zone_));
    Open();
    v1::UpdateCatalogueRequest request;
    v1::Region& region = *request.add_regions();
    region.set_name("regions/e");
    region.set_display_name("e");
    region.set_level("estate");
    v1::RuleSet& rules = *request.mutable_rule_set();
    rules.set_version(1);
    rules.mutable_gift_limits()->set_daily_gifts(10);
    rules.mutable_gift_limits()->set_daily_amount(1000);
    Must(kCataloguePartition, CatalogueReads(request),
         [&](const View& view, const DecisionContext& context) { return DecideCatalogueUpdate(view, request, context); });
    Enrol(kFrom);
    Enrol(kTo);
    Must(PartitionOf(kFrom), {{KeyOf(kFrom)}, PurseAccounts(kFrom)}, [](const View& view, const DecisionContext& context) {
      auto household = ReadHousehold(view, kFrom);
      Transaction transaction = BeginTransaction(TransactionKind::kAdjustment, context, context.now);
      Purse purse(view, kFrom, household->record, transaction);
      purse.Earn({AccountKind::kProgramme, Asset::kReward, 7}, Points(300), 30'000);
      transaction.changes.push_back({KeyOf(kFrom), household->version, EncodeHousehold(household->record)});
      FactsWhy why;
      why.after = purse.After();
      transaction.why = EncodeWhy(why);
      return absl::StatusOr<Transaction>(transaction);
    });
  }
  ~TransferFlowTest() override { engine_->Stop().IgnoreError(); }

  void Open() {
    FileJournalOptions options;
    options.directory = "journal";
    options.segment_bytes = 1u << 20;
    options.transaction_bytes_max = 256u << 10;
    options.group_bytes_max = 256u << 10;
    options.new_journal_id = 1;
    state_ = std::make_unique<MemoryState>();
    store_ = std::make_unique<CatalogueStore>();
    open_ = std::make_unique<OpenTransfers>(TransferStepIn);
    absl::StatusOr<std::unique_ptr<FileJournal>> journal = FileJournal::Open(disk_, options);
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
    engine_ = std::make_unique<Engine>(*state_, *journal_, clock_, std::vector<Projection*>{store_.get(), open_.get()});
    ASSERT_TRUE(engine_->Start().ok());
  }
  // The server ends, and another begins from the journal.
  void Restart() {
    engine_->Stop().IgnoreError();
    engine_.reset();
    journal_.reset();
    Open();
  }

  DecisionContext NextContext() {
    ++requests_;
    const auto millis = static_cast<uint64_t>(absl::ToUnixMillis(clock_.Now()));
    return {{millis << 16 | 0x7000, uint64_t{2} << 62 | requests_}, 1, Actor{}, clock_.Now(), zone_};
  }
  template <typename Decide>
  Transaction Must(PartitionId partition, ReadSet reads, Decide decide, const DecisionContext* given = nullptr) {
    const DecisionContext context = given == nullptr ? NextContext() : *given;
    Command command{partition, context.key, context.fingerprint, std::move(reads), nullptr};
    command.decide = [decide, context](const View& view) { return decide(view, context); };
    const absl::StatusOr<Outcome> outcome = engine_->SubmitAndWait(std::move(command));
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? outcome->committed.transaction : Transaction{};
  }
  void Enrol(HouseholdId household) {
    EnrolmentFacts facts;
    facts.household = household;
    facts.region = CatalogueIdOf("regions/e");
    facts.members = {0, 0};
    Must(PartitionOf(household), EnrolmentReads(household),
         [&](const View& view, const DecisionContext& context) { return DecideEnrolment(view, facts, *store_->Snapshot(), context); });
  }
  // The first step alone: 1.20 leaves.
  Transfer Send(HouseholdId to) {
    const DecisionContext context = NextContext();
    const Transaction sent = Must(
        PartitionOf(kFrom), TransferOutReads(kFrom, TransferNumberFor(kFrom, context.key)),
        [&](const View& view, const DecisionContext& given) {
          return DecideGift(view, {kFrom, to, Points(120)}, *store_->Snapshot(), given);
        },
        &context);
    return *TransferIn(sent);
  }
  absl::StatusOr<Transfer> Finish(const Transfer& sent) { return FinishTransfer(*engine_, sent, NextContext()); }
  int64_t Reward(HouseholdId household) {
    int64_t reward = 0;
    EXPECT_TRUE(
        engine_
            ->ReadAndWait(PartitionOf(household), [&](const View& view) { reward = view.Balance(RewardAccount(household)).hundredths(); })
            .ok());
    return reward;
  }

  absl::TimeZone zone_;
  ManualClock clock_{absl::UnixEpoch()};
  MemoryFileSystem disk_;
  std::unique_ptr<MemoryState> state_;
  std::unique_ptr<CatalogueStore> store_;
  std::unique_ptr<OpenTransfers> open_;
  std::unique_ptr<FileJournal> journal_;
  std::unique_ptr<Engine> engine_;
  uint64_t requests_ = 0;
};

TEST_F(TransferFlowTest, StoppedAfterTheFirstStepItArrivesLaterOnce) {
  const Transfer sent = Send(kTo);
  Restart();
  EXPECT_THAT(open_->List(10), testing::ElementsAre(sent.number()));
  EXPECT_EQ(Reward(kFrom), 180);
  clock_.Advance(absl::Hours(1));  // another day: the step has another key
  EXPECT_EQ(Finish(sent)->state(), Transfer::STATE_ARRIVED);
  Restart();
  EXPECT_TRUE(open_->List(10).empty());
  EXPECT_EQ(Finish(sent)->state(), Transfer::STATE_ARRIVED);
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Finish(sent)->state(), Transfer::STATE_ARRIVED);
  EXPECT_EQ(Reward(kFrom), 180);
  EXPECT_EQ(Reward(kTo), 120);
}

TEST_F(TransferFlowTest, StoppedAfterTheRefusalItComesBackOnce) {
  const Transfer sent = Send(HouseholdId(99));
  const DecisionContext context = NextContext();
  Must(
      PartitionOf(HouseholdId(99)), TransferInReads(sent),
      [&](const View& view, const DecisionContext& given) { return DecideTransferIn(view, sent, given); }, &context);
  Restart();
  EXPECT_THAT(open_->List(10), testing::ElementsAre(sent.number())) << "refused, and not back yet";
  Enrol(HouseholdId(99));
  EXPECT_EQ(Finish(sent)->state(), Transfer::STATE_RETURNED) << "once refused, whatever is there now";
  Restart();
  EXPECT_TRUE(open_->List(10).empty());
  EXPECT_EQ(Finish(sent)->state(), Transfer::STATE_RETURNED);
  EXPECT_EQ(Reward(kFrom), 300);
  EXPECT_EQ(Reward(HouseholdId(99)), 0);
}

TEST_F(TransferFlowTest, SeveralThatFinishItAtOnceEndItOnce) {
  const Transfer arrives = Send(kTo);
  const Transfer returns = Send(HouseholdId(99));
  const DecisionContext today = NextContext();
  DecisionContext tomorrow = today;
  tomorrow.now += absl::Hours(1);
  std::vector<std::thread> servers;
  for (int i = 0; i < 8; ++i) {
    servers.emplace_back([&, base = i % 2 == 0 ? today : tomorrow] {
      const absl::StatusOr<Transfer> arrived = FinishTransfer(*engine_, arrives, base);
      EXPECT_TRUE(arrived.ok() && arrived->state() == Transfer::STATE_ARRIVED) << arrived.status();
      const absl::StatusOr<Transfer> returned = FinishTransfer(*engine_, returns, base);
      EXPECT_TRUE(returned.ok() && returned->state() == Transfer::STATE_RETURNED) << returned.status();
    });
  }
  for (std::thread& server : servers) server.join();
  EXPECT_EQ(Reward(kFrom), 180);
  EXPECT_EQ(Reward(kTo), 120);
  EXPECT_TRUE(open_->List(10).empty());
}

}  // namespace
}  // namespace fenfen::server
