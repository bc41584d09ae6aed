#include "clients/ctl/bench/ledger.h"

#include <array>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/ctl/bench/load.h"
#include "ledger/core/limits.h"
#include "ledger/engine/snapshotter.h"
#include "ledger/journal/segment.h"
#include "ledger/points/game/reading.h"

namespace fenfen::bench {
namespace {

constexpr Points kPlenty(1'000'000'000);  // so that a partition of 10M households holds no more than an amount can say
constexpr uint64_t kFingerprint = 1;

}  // namespace

Ledger::Ledger()
    : zone_(ProgrammeZone()),
      directory_(EnrolledIn),
      captures_(zone_, CapturedIn),
      players_(zone_, {RegionInHousehold, CountedDrop, SortedRightly, ReversesDrop}) {}

Ledger::~Ledger() { Close().IgnoreError(); }

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Open(const std::string& folder, const std::vector<std::string>& device_keys) {
  std::unique_ptr<Ledger> ledger(new Ledger);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::ErrnoToStatus(error.value(), folder);
  FileJournalOptions options;
  options.directory = absl::StrCat(folder, "/journal");
  absl::StatusOr<std::unique_ptr<FileJournal>> journal = FileJournal::Open(ledger->files_, std::move(options));
  if (!journal.ok()) return journal.status();
  ledger->journal_ = *std::move(journal);
  ledger->snapshots_.emplace(ledger->files_, absl::StrCat(folder, "/snapshots"));
  ledger->engine_ = std::make_unique<Engine>(ledger->state_, *ledger->journal_, ledger->clock_, ledger->projections());
  const RecoveryOptions recovery{.snapshots = &*ledger->snapshots_, .savable = &ledger->state_};
  if (absl::Status status = ledger->engine_->Start(recovery); !status.ok()) return status;
  if (ledger->journal_->LastDurable(kCataloguePartition) == PartitionSeq(0)) {
    if (absl::Status status = ledger->WriteCatalogue(device_keys); !status.ok()) return status;
  }
  return ledger;
}

absl::Status Ledger::WriteCatalogue(const std::vector<std::string>& device_keys) {
  return engine_->SubmitAndWait(CatalogueCommand(BenchCatalogue(device_keys), keys_.Next(), clock_.Now())).status();
}

absl::Status Ledger::Seed(uint32_t accounts) {
  std::array<std::vector<uint32_t>, kHouseholdPartitions> partitions;
  for (uint32_t account = 0; account < accounts; ++account) partitions[PartitionOf(HouseholdOf(account)).value()].push_back(account);
  for (uint16_t p = 0; p < kHouseholdPartitions; ++p) {
    if (partitions[p].empty()) continue;
    if (absl::Status status = SeedPartition(PartitionId(p), partitions[p]); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Ledger::SeedPartition(PartitionId partition, const std::vector<uint32_t>& accounts) {
  constexpr size_t kPaidAtOnce = limits::kPostingsMax - 1;
  const AccountId programme{AccountKind::kProgramme, Asset::kReward, CatalogueIdOf(kTown).value()};
  const auto submit = [&](State::Decide decide, const RequestKey& key) {
    return engine_->SubmitAndWait({partition, key, kFingerprint, {}, std::move(decide)}).status();
  };
  const auto begin = [this] { return DecisionContext{keys_.Next(), kFingerprint, {}, clock_.Now(), zone_}; };
  const DecisionContext context = begin();
  const auto enrol = [&](const View&) -> absl::StatusOr<Transaction> {
    Transaction transaction = BeginTransaction(TransactionKind::kEnrolment, context, context.now);
    for (const uint32_t account : accounts) {
      const EnrolmentFacts facts = EnrolmentOfAccount(account, false);
      HouseholdRecord record;
      record.region = facts.region;
      record.create_time = context.now;
      for (const uint64_t subject_hash : facts.members) record.members.push_back({subject_hash, MemberRole::kAdult});
      transaction.changes.push_back({KeyOf(facts.household), PartitionSeq(0), EncodeHousehold(record)});
    }
    return transaction;
  };
  absl::Status status = submit(enrol, context.key);
  std::vector<Command> payments;
  for (size_t first = 0; first < accounts.size(); first += kPaidAtOnce) {
    const DecisionContext paying = begin();
    Command& command = payments.emplace_back(Command{partition, paying.key, kFingerprint, {}, nullptr});
    command.decide = [&accounts, first, paying, programme](const View&) -> absl::StatusOr<Transaction> {
      Transaction transaction = BeginTransaction(TransactionKind::kEnrolment, paying, paying.now);
      int64_t paid = 0;
      for (size_t i = first; i < std::min(accounts.size(), first + kPaidAtOnce); ++i, paid += kPlenty.hundredths()) {
        transaction.postings.push_back({RewardAccount(HouseholdOf(accounts[i])), kPlenty});
      }
      transaction.postings.push_back({programme, Points(-paid)});
      return transaction;
    };
  }
  return status.ok() ? SubmitAllAndWait(*engine_, std::move(payments)) : status;
}

absl::Status Ledger::Enrol(uint32_t accounts, bool named) {
  const std::shared_ptr<const Catalogue> snapshot = catalogue_.Snapshot();
  const absl::Time now = clock_.Now();
  keys_.Tick();
  return SubmitForEach(*engine_, accounts,
                       [&](uint32_t account) { return EnrolmentCommand(EnrolmentOfAccount(account, named), keys_.Next(), now, snapshot); });
}

absl::StatusOr<size_t> Ledger::StoredBytesOfLast(PartitionId partition) {
  const absl::StatusOr<JournalEntry> entry = journal_->Read(partition, journal_->LastDurable(partition));
  if (!entry.ok()) return entry.status();
  return segment::RecordBytes(entry->bytes.size());
}

absl::Status Ledger::TakeSnapshot() {
  const RecoveryReport& recovery = engine_->recovery();
  Snapshotter snapshotter(state_, *journal_, projections(), *snapshots_, clock_, {}, {recovery.snapshot, recovery.snapshot_sequences});
  return snapshotter.Take();
}

absl::Status Ledger::Close() {
  if (engine_ == nullptr) return absl::OkStatus();
  const absl::Status status = engine_->Stop();
  engine_.reset();
  journal_.reset();
  return status;
}

}  // namespace fenfen::bench
