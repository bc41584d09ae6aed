#include "clients/ctl/bench/ledger.h"

#include <array>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/ctl/bench/load.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/journal/segment.h"
#include "ledger/points/catalogue_update.h"

namespace fenfen::bench {
namespace {

constexpr char kTown[] = "regions/bench-town";
constexpr char kMerchant[] = "merchants/bench";
constexpr int kOffers = 30;
constexpr Points kPlenty(1'000'000'000);  // so that a partition of 10M households holds no more than an amount can say
constexpr uint64_t kFingerprint = 1;
constexpr int64_t kGrams = 800;

// Days are days in the programme's time zone.
absl::TimeZone ProgrammeZone() {
  absl::TimeZone zone;
  return absl::LoadTimeZone("Asia/Shanghai", &zone) ? zone : absl::FixedTimeZone(8 * 60 * 60);
}

std::optional<Directory::Enrolled> EnrolledIn(absl::string_view household_record) {
  absl::StatusOr<HouseholdRecord> record = DecodeHousehold(household_record);
  if (!record.ok()) return std::nullopt;
  return Directory::Enrolled{record->card_hash, record->door_hash, std::move(record->members)};
}

std::optional<Captures::Captured> CapturedIn(absl::string_view voucher_record) {
  const absl::StatusOr<VoucherRecord> record = DecodeVoucher(voucher_record);
  if (!record.ok() || record->state != VoucherState::kCaptured) return std::nullopt;
  return Captures::Captured{record->merchant, record->capture_time, record->price};
}

void AddRules(v1::UpdateCatalogueRequest& request) {
  v1::RuleSet& rules = *request.mutable_rule_set();
  rules.set_version(1);
  rules.set_late_days_max(7);
  rules.set_expiry_grace_months(3);
  v1::Rule& rule = *rules.add_rules();
  rule.set_id("food");
  rule.set_category(v1::CATEGORY_FOOD);
  rule.set_reward_per_kg(200);
  rule.set_civic_per_drop(100);
  rule.set_assumed_grams(kGrams);
  // As high as they may be: a benchmark drops more in a day than people do.
  rule.set_daily_drops_max(1000);
  rule.set_daily_reward_max(100'000'000);
}

void AddOffers(v1::UpdateCatalogueRequest& request) {
  v1::Merchant& merchant = *request.add_merchants();
  merchant.set_name(kMerchant);
  merchant.set_display_name("测速便利店");
  merchant.set_region(kTown);
  for (int i = 0; i < kOffers; ++i) {
    v1::Offer& offer = *request.add_offers();
    offer.set_name(absl::StrCat("offers/bench-", i));
    offer.set_title_zh(absl::StrCat("测速商品 ", i, " 号"));
    offer.set_title_en(absl::StrCat("Benchmark goods no. ", i));
    offer.set_price(100 * (i + 1));
    offer.set_merchant(kMerchant);
    offer.set_voucher_days(30);
  }
}

}  // namespace

std::string DeviceName(size_t n) { return absl::StrCat("devices/bench-", n); }
std::string StationName(size_t n) { return absl::StrCat("stations/bench-", n); }

v1::UpdateCatalogueRequest BenchCatalogue(const std::vector<std::string>& device_keys) {
  v1::UpdateCatalogueRequest request;
  v1::Region& town = *request.add_regions();
  town.set_name(kTown);
  town.set_display_name("测速镇");
  town.set_level("town");
  v1::Region& estate = *request.add_regions();
  estate.set_name(kEstate);
  estate.set_display_name("测速小区");
  estate.set_level("estate");
  estate.set_parent(kTown);
  for (size_t n = 0; n < device_keys.size(); ++n) {
    v1::Station& station = *request.add_stations();
    station.set_name(StationName(n));
    station.set_display_name(absl::StrCat("测速 ", n, " 号桶站"));
    station.set_region(kEstate);
    v1::Device& device = *request.add_devices();
    device.set_name(DeviceName(n));
    device.set_station(StationName(n));
    device.set_public_key(device_keys[n]);
  }
  v1::Staff& attendant = *request.add_staff();
  attendant.set_name(kAttendant);
  attendant.set_role(v1::ROLE_ATTENDANT);
  attendant.set_region(kTown);
  AddRules(request);
  AddOffers(request);
  return request;
}

EnrolmentFacts EnrolmentOfAccount(uint32_t account, bool named) {
  const HouseholdId household = HouseholdOf(account);
  if (!named) return {household, CatalogueIdOf(kEstate), 0, 0, {0}};
  // Never 0, which stands for none.
  const auto hash = [account](uint64_t what) { return MixBits((what << 32) + account) | 1; };
  return {household, CatalogueIdOf(kEstate), hash(1), hash(2), {hash(3), hash(4)}};
}

Ledger::Ledger() : zone_(ProgrammeZone()), directory_(EnrolledIn), captures_(zone_, CapturedIn) {}

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
  ledger->engine_ = std::make_unique<Engine>(ledger->state_, *ledger->journal_, ledger->clock_,
                                             std::vector<Projection*>{&ledger->catalogue_, &ledger->directory_, &ledger->captures_});
  if (absl::Status status = ledger->engine_->Start(); !status.ok()) return status;
  if (ledger->journal_->LastDurable(kCataloguePartition) == PartitionSeq(0)) {
    if (absl::Status status = ledger->WriteCatalogue(device_keys); !status.ok()) return status;
  }
  return ledger;
}

absl::Status Ledger::WriteCatalogue(const std::vector<std::string>& device_keys) {
  const v1::UpdateCatalogueRequest request = BenchCatalogue(device_keys);
  const DecisionContext context{keys_.Next(), kFingerprint, {ActorKind::kOperator, StableHash("operators/bench"), 0}, clock_.Now(), zone_};
  Command command{kCataloguePartition, context.key, context.fingerprint, CatalogueReads(request), nullptr};
  command.decide = [&request, &context](const View& view) { return DecideCatalogueUpdate(view, request, context); };
  return engine_->SubmitAndWait(std::move(command)).status();
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
      record.members = facts.members;
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
  for (uint32_t first = 0; first < accounts; first += limits::kCommandsMax) {
    std::vector<Command> commands;
    keys_.Tick();
    for (uint32_t account = first; account < std::min<uint32_t>(accounts, first + limits::kCommandsMax); ++account) {
      const EnrolmentFacts facts = EnrolmentOfAccount(account, named);
      const DecisionContext context{
          keys_.Next(), kFingerprint, {ActorKind::kOperator, StableHash("operators/bench"), 0}, clock_.Now(), zone_};
      Command& command =
          commands.emplace_back(Command{PartitionOf(facts.household), context.key, kFingerprint, EnrolmentReads(facts.household), nullptr});
      command.decide = [facts, context, snapshot](const View& view) { return DecideEnrolment(view, facts, *snapshot, context); };
    }
    if (absl::Status status = SubmitAllAndWait(*engine_, std::move(commands)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

Command Ledger::Transfer(const Picks::Pick& pick, const RequestKey& key, absl::Time now) {
  const AccountId from = RewardAccount(HouseholdOf(pick.from));
  const AccountId to = RewardAccount(HouseholdOf(pick.to));
  Command command{PartitionOf(HouseholdOf(pick.from)), key, kFingerprint, {{}, {from, to}}, nullptr};
  command.decide = [from, to, key, now](const View& view) -> absl::StatusOr<Transaction> {
    constexpr Points kAmount(1);
    if (view.Balance(from) < kAmount) return Refuse(Reason::REASON_POINTS_INSUFFICIENT);
    Transaction transaction;
    transaction.kind = TransactionKind::kDrop;
    transaction.key = key;
    transaction.fingerprint = kFingerprint;
    transaction.event_time = now;
    transaction.postings = {{from, -kAmount}, {to, kAmount}};
    return transaction;
  };
  return command;
}

Command Ledger::Drop(uint32_t account, size_t device, uint64_t sequence, absl::Time now, std::shared_ptr<const Catalogue> catalogue) const {
  const CatalogueId actor = CatalogueIdOf(DeviceName(device));
  DropFacts facts;
  facts.household = HouseholdOf(account);
  facts.member = 1;
  facts.category = v1::CATEGORY_FOOD;
  facts.grams = kGrams;
  facts.station = CatalogueIdOf(StationName(device));
  facts.event_time = now;
  const DecisionContext context{DeviceEventKey(actor, sequence), kFingerprint, {ActorKind::kDevice, actor.value(), 0}, now, zone_};
  Command command{PartitionOf(facts.household), context.key, context.fingerprint, DropReads(facts), nullptr};
  command.decide = [facts, context, catalogue = std::move(catalogue)](const View& view) {
    return DecideDrop(view, facts, *catalogue, context);
  };
  return command;
}

absl::StatusOr<size_t> Ledger::StoredBytesOfLast(PartitionId partition) {
  const absl::StatusOr<JournalEntry> entry = journal_->Read(partition, journal_->LastDurable(partition));
  if (!entry.ok()) return entry.status();
  return segment::RecordBytes(entry->bytes.size());
}

absl::Status Ledger::Close() {
  if (engine_ == nullptr) return absl::OkStatus();
  const absl::Status status = engine_->Stop();
  engine_.reset();
  journal_.reset();
  return status;
}

}  // namespace fenfen::bench
