#include "tests/faults/script.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/points/catalogue_update.h"
#include "ledger/points/drop.h"
#include "ledger/points/enrolment.h"
#include "ledger/points/voucher.h"

namespace fenfen::faults {
namespace {

constexpr uint64_t kFirstHousehold = 10'000'000;
constexpr int64_t kBeginMillis = 1'781'481'600'000;  // 2026-06-15 08:00 in Beijing
constexpr int64_t kStepMillis = 100;                 // so the longest script ends on the day on which it began
constexpr int kDevices = 16;                         // so that none has more events in a partition than are remembered
constexpr char kMerchant[] = "merchants/fault";
constexpr char kOffer[] = "offers/fault";

v1::UpdateCatalogueRequest SmallCatalogue() {
  v1::UpdateCatalogueRequest request;
  const auto region = [&request](const char* name, const char* level, const char* parent) {
    v1::Region& out = *request.add_regions();
    out.set_name(name);
    out.set_display_name(name);
    out.set_level(level);
    out.set_parent(parent);
  };
  region("regions/district", "district", "");
  region("regions/town", "town", "regions/district");
  region("regions/community", "community", "regions/town");
  region("regions/estate", "estate", "regions/community");
  v1::Station& station = *request.add_stations();
  station.set_name("stations/fault");
  station.set_display_name("一号桶站");
  station.set_region("regions/estate");
  v1::Merchant& merchant = *request.add_merchants();
  merchant.set_name(kMerchant);
  merchant.set_display_name("潞苑超市");
  merchant.set_region("regions/town");
  v1::Offer& offer = *request.add_offers();
  offer.set_name(kOffer);
  offer.set_title_zh("食用油");
  offer.set_title_en("Cooking oil");
  offer.set_price(150);
  offer.set_merchant(kMerchant);
  offer.set_voucher_days(7);
  v1::RuleSet& rules = *request.mutable_rule_set();
  rules.set_version(1);
  rules.set_late_days_max(7);
  rules.set_expiry_grace_months(3);
  v1::Rule& food = *rules.add_rules();
  food.set_id("food");
  food.set_category(v1::CATEGORY_FOOD);
  food.set_reward_per_kg(200);
  food.set_civic_per_drop(100);
  food.set_assumed_grams(500);
  food.set_daily_drops_max(1000);
  food.set_daily_reward_max(1'000'000);
  return request;
}

}  // namespace

Script::Script(int commits) : commits_(commits), households_(std::max(2, commits / 10)), steps_(kPartitions) {
  FENFEN_CHECK(commits >= 1 && commits <= kCommitsMax);
  for (int step = 0; step < commits_; ++step) {
    std::vector<int>& steps = steps_[PartitionOfStep(step).value()];
    steps.push_back(step);
    seqs_.emplace_back(steps.size());
  }
}

Script::Kind Script::KindOf(int step) const {
  if (step == 0) return Kind::kCatalogue;
  if (step < independent_from()) return Kind::kEnrolment;
  // Each round takes every household one further.
  constexpr std::array<Kind, 4> kRounds = {Kind::kDrop, Kind::kDrop, Kind::kReservation, Kind::kCapture};
  return kRounds[static_cast<size_t>((step - independent_from()) / households_) % kRounds.size()];
}

HouseholdId Script::HouseholdOf(int step) const { return HouseholdId(kFirstHousehold + static_cast<uint64_t>((step - 1) % households_)); }

PartitionId Script::PartitionOfStep(int step) const { return step == 0 ? kCataloguePartition : PartitionOf(HouseholdOf(step)); }

// Every second household drops at a station's device, whose events have keys of their own kind.
RequestKey Script::KeyOf(int step) const {
  if (KindOf(step) == Kind::kDrop && step % 2 == 0) {
    const CatalogueId device = CatalogueIdOf(absl::StrCat("devices/fault-", step / 2 % kDevices));
    return DeviceEventKey(device, static_cast<uint64_t>(step));
  }
  const auto millis = static_cast<uint64_t>(kBeginMillis + kStepMillis * step);
  return {millis << 16 | 0x7000, uint64_t{2} << 62 | static_cast<uint64_t>(step)};
}

DecisionContext Script::ContextOf(int step) const {
  const absl::Time now = absl::FromUnixMillis(kBeginMillis + kStepMillis * step);
  return {KeyOf(step), static_cast<uint64_t>(step) + 1, {ActorKind::kSystem, 0, 0}, now, absl::FixedTimeZone(8 * 3600)};
}

VoucherId Script::VoucherOfReservation(int step) const { return VoucherIdFor(HouseholdOf(step), KeyOf(step)); }

Command Script::CommandOf(int step, std::shared_ptr<const Catalogue> catalogue) const {
  FENFEN_CHECK(step >= 0 && step < commits_);
  const DecisionContext context = ContextOf(step);
  const HouseholdId household = HouseholdOf(step);
  Command command;
  command.partition = PartitionOfStep(step);
  command.key = context.key;
  command.fingerprint = context.fingerprint;
  switch (KindOf(step)) {
    case Kind::kCatalogue: {
      const v1::UpdateCatalogueRequest request = SmallCatalogue();
      command.reads = CatalogueReads(request);
      command.decide = [=](const View& view) { return DecideCatalogueUpdate(view, request, context); };
      break;
    }
    case Kind::kEnrolment: {
      const EnrolmentFacts facts{household, CatalogueIdOf("regions/estate"), 0, 0, {0}};
      command.reads = EnrolmentReads(household);
      command.decide = [=](const View& view) { return DecideEnrolment(view, facts, *catalogue, context); };
      break;
    }
    case Kind::kDrop: {
      const int64_t grams = 1000 + 10 * (step % 50);
      const DropFacts facts{household, 1, v1::CATEGORY_FOOD, grams, CatalogueIdOf("stations/fault"), std::nullopt, context.now};
      command.reads = DropReads(facts);
      command.decide = [=](const View& view) { return DecideDrop(view, facts, *catalogue, context); };
      break;
    }
    case Kind::kReservation:
      command.reads = ReserveReads(household, VoucherOfReservation(step));
      command.decide = [=](const View& view) { return DecideReserve(view, household, CatalogueIdOf(kOffer), *catalogue, context); };
      break;
    case Kind::kCapture: {
      const CaptureFacts facts{household, VoucherOfReservation(step - households_), CatalogueIdOf(kMerchant),
                               CatalogueIdOf("merchants/fault/operators/1")};
      command.reads = CaptureReads(household, facts.voucher);
      command.decide = [=](const View& view) { return DecideCapture(view, facts, context); };
      break;
    }
  }
  return command;
}

}  // namespace fenfen::faults
