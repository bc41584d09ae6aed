#include "clients/ctl/bench/district.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/catalogue_update.h"

namespace fenfen::bench {
namespace {

constexpr char kMerchant[] = "merchants/bench";
constexpr char kOperator[] = "operators/bench";
constexpr int kOffers = 30;
constexpr uint64_t kFingerprint = 1;
constexpr int64_t kDistrictGrams = 800;

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
  rule.set_assumed_grams(kDistrictGrams);
  // As high as they may be: a benchmark drops more in a day than people do.
  rule.set_daily_drops_max(1000);
  rule.set_daily_reward_max(100'000'000);
}

void AddOffers(v1::UpdateCatalogueRequest& request) {
  v1::Merchant& merchant = *request.add_merchants();
  merchant.set_name(kMerchant);
  merchant.set_display_name("测速便利店");
  merchant.set_region(kTown);
  for (int64_t i = 0; i < kOffers; ++i) {
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

absl::TimeZone ProgrammeZone() {
  absl::TimeZone zone;
  return absl::LoadTimeZone("Asia/Shanghai", &zone) ? zone : absl::FixedTimeZone(8 * 60 * 60);
}

std::optional<Directory::Enrolled> EnrolledIn(absl::string_view household_record) {
  absl::StatusOr<HouseholdNames> names = DecodeNames(household_record);
  if (!names.ok()) return std::nullopt;
  return Directory::Enrolled{names->card_hash, names->door_hash, std::move(names->members), std::move(names->left)};
}

std::optional<Captures::Captured> CapturedIn(absl::string_view voucher_record) {
  const absl::StatusOr<VoucherRecord> record = DecodeVoucher(voucher_record);
  if (!record.ok() || record->state != VoucherState::kCaptured) return std::nullopt;
  return Captures::Captured{record->merchant, record->capture_time, record->price};
}

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
  const bool has_card = account % 10 < 3;
  if (has_card) return {household, CatalogueIdOf(kEstate), hash(1), hash(2), {0, 0}};
  return {household, CatalogueIdOf(kEstate), 0, hash(2), {hash(3), hash(4)}};
}

Command CatalogueCommand(const v1::UpdateCatalogueRequest& request, const RequestKey& key, absl::Time now) {
  const DecisionContext context{key, kFingerprint, {ActorKind::kOperator, StableHash(kOperator), 0}, now, ProgrammeZone()};
  Command command{kCataloguePartition, key, kFingerprint, CatalogueReads(request), nullptr};
  command.decide = [request, context](const View& view) { return DecideCatalogueUpdate(view, request, context); };
  return command;
}

Command EnrolmentCommand(const EnrolmentFacts& facts, const RequestKey& key, absl::Time now, std::shared_ptr<const Catalogue> catalogue) {
  const DecisionContext context{key, kFingerprint, {ActorKind::kOperator, StableHash(kOperator), 0}, now, {}};
  Command command{PartitionOf(facts.household), key, kFingerprint, EnrolmentReads(facts.household), nullptr};
  command.decide = [facts, context, catalogue = std::move(catalogue)](const View& view) {
    return DecideEnrolment(view, facts, *catalogue, context);
  };
  return command;
}

Command TransferCommand(const Picks::Pick& pick, const RequestKey& key, absl::Time now) {
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

Command DropCommand(uint32_t account, size_t device, uint64_t sequence, const DropSetting& setting) {
  return KeyedDropCommand(account, device, DeviceEventKey(CatalogueIdOf(DeviceName(device)), sequence), setting);
}

Command KeyedDropCommand(uint32_t account, size_t device, const RequestKey& key, const DropSetting& setting) {
  const CatalogueId actor = CatalogueIdOf(DeviceName(device));
  DropFacts facts;
  facts.household = HouseholdOf(account);
  facts.member = 1;
  facts.category = v1::CATEGORY_FOOD;
  facts.grams = kDistrictGrams;
  facts.station = CatalogueIdOf(StationName(device));
  facts.event_time = setting.now;
  const DecisionContext context{key, kFingerprint, {ActorKind::kDevice, actor.value(), 0}, setting.now, setting.zone};
  Command command{PartitionOf(facts.household), key, kFingerprint, DropReads(facts), nullptr};
  command.decide = [facts, context, catalogue = setting.catalogue](const View& view) {
    return DecideDrop(view, facts, *catalogue, context);
  };
  return command;
}

}  // namespace fenfen::bench
