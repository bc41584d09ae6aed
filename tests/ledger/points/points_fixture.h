// A small ledger for tests of the points decisions: a memory State, a catalogue of one estate, and verbs that read like the rule under
// test.
//
//   PointsFixture f;  f.Enrol(1);  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 800));  EXPECT_EQ(f.Reward(1), 160);
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/catalogue_update.h"
#include "ledger/points/drop.h"
#include "ledger/points/enrolment.h"
#include "ledger/points/entry.h"
#include "ledger/points/voucher.h"
#include "ledger/state/memory_state.h"

namespace fenfen {

// The household of most of these tests.
inline constexpr uint64_t kHome = 10000001;

// The reason of a status; fails the test where it is OK.
inline Reason ReasonOf(const absl::Status& status) {
  EXPECT_FALSE(status.ok());
  return status.ok() ? Reason::REASON_UNSPECIFIED : RefusalOf(status).reason;
}
template <typename T>
Reason ReasonOf(const absl::StatusOr<T>& result) {
  return ReasonOf(result.status());
}
#define EXPECT_OK(expression) EXPECT_TRUE((expression).ok())

inline v1::UpdateCatalogueRequest SmallCatalogue() {
  v1::UpdateCatalogueRequest request;
  const auto region = [&request](const char* name, const char* level, const char* parent) {
    v1::Region& out = *request.add_regions();
    out.set_name(name);
    out.set_display_name(name);
    out.set_level(level);
    out.set_parent(parent);
  };
  region("regions/d", "district", "");
  region("regions/t", "town", "regions/d");
  region("regions/c", "community", "regions/t");
  region("regions/e", "estate", "regions/c");
  for (const char* id : {"stations/s1", "stations/s2"}) {
    v1::Station& station = *request.add_stations();
    station.set_name(id);
    station.set_display_name("一号桶站");
    station.set_region("regions/e");
  }
  v1::Merchant& merchant = *request.add_merchants();
  merchant.set_name("merchants/m");
  merchant.set_display_name("潞苑超市");
  merchant.set_region("regions/t");
  v1::Offer& offer = *request.add_offers();
  offer.set_name("offers/oil");
  offer.set_title_zh("食用油");
  offer.set_title_en("Cooking oil");
  offer.set_price(150);
  offer.set_merchant("merchants/m");
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
  food.set_daily_drops_max(2);
  food.set_daily_reward_max(300);
  v1::Rule& residual = *rules.add_rules();
  residual.set_id("residual");
  residual.set_category(v1::CATEGORY_RESIDUAL);
  residual.set_civic_per_drop(50);
  residual.set_daily_drops_max(2);
  return request;
}

class PointsFixture {
 public:
  PointsFixture() { EXPECT_OK(Update(SmallCatalogue())); }

  absl::Status Update(const v1::UpdateCatalogueRequest& request) {
    const DecisionContext context = NextContext();
    return Run(kCataloguePartition, CatalogueReads(request), context,
               [&](const View& view) { return DecideCatalogueUpdate(view, request, context); });
  }
  absl::Status Enrol(uint64_t household, size_t members = 2) {
    const DecisionContext context = NextContext();
    EnrolmentFacts facts;
    facts.household = HouseholdId(household);
    facts.region = CatalogueIdOf("regions/e");
    facts.members.assign(members, 0);
    return Run(PartitionOf(facts.household), EnrolmentReads(facts.household), context,
               [&](const View& view) { return DecideEnrolment(view, facts, *catalogue(), context); });
  }
  absl::Status Drop(uint64_t household, int category, std::optional<int64_t> grams) {
    return Drop({HouseholdId(household), 1, category, grams, CatalogueIdOf("stations/s1"), std::nullopt, clock.Now()});
  }
  absl::Status Drop(const DropFacts& facts) {
    const DecisionContext context = NextContext();
    return Run(PartitionOf(facts.household), DropReads(facts, *catalogue(), context), context,
               [&](const View& view) { return DecideDrop(view, facts, *catalogue(), context); });
  }
  // The voucher's id, whether or not it was given.
  absl::StatusOr<VoucherId> Reserve(uint64_t household, const char* offer = "offers/oil") {
    const DecisionContext context = NextContext();
    const VoucherId voucher = VoucherIdFor(HouseholdId(household), context.key);
    const absl::Status status =
        Run(PartitionOf(HouseholdId(household)), ReserveReads(HouseholdId(household), voucher), context,
            [&](const View& view) { return DecideReserve(view, HouseholdId(household), CatalogueIdOf(offer), *catalogue(), context); });
    if (!status.ok()) return status;
    return voucher;
  }
  absl::Status Capture(uint64_t household, VoucherId voucher, const char* merchant = "merchants/m") {
    const DecisionContext context = NextContext();
    const CaptureFacts facts{HouseholdId(household), voucher, CatalogueIdOf(merchant), CatalogueIdOf("merchants/m/operators/1")};
    return Run(PartitionOf(voucher), CaptureReads(facts.household, voucher), context,
               [&](const View& view) { return DecideCapture(view, facts, context); });
  }

  int64_t Balance(PartitionId partition, const AccountId& account) const {
    int64_t balance = 0;
    EXPECT_TRUE(state.Read(partition, [&](const View& view, PartitionSeq) { balance = view.Balance(account).hundredths(); }).ok());
    return balance;
  }
  int64_t Reward(uint64_t household) const { return Balance(PartitionOf(HouseholdId(household)), RewardAccount(HouseholdId(household))); }
  int64_t Civic(uint64_t household) const { return Balance(PartitionOf(HouseholdId(household)), CivicAccount(HouseholdId(household))); }
  int64_t Held(uint64_t household) const { return Balance(PartitionOf(HouseholdId(household)), HeldAccount(HouseholdId(household))); }
  HouseholdRecord Household(uint64_t household) const {
    HouseholdRecord record;
    EXPECT_TRUE(state
                    .Read(PartitionOf(HouseholdId(household)),
                          [&](const View& view, PartitionSeq) { record = ReadHousehold(view, HouseholdId(household))->record; })
                    .ok());
    return record;
  }
  std::shared_ptr<const Catalogue> catalogue() const { return store.Snapshot(); }
  // The last transaction's entry.
  v1::Entry LastEntry() const { return *RenderEntry(history.back(), *catalogue()); }
  std::string LastSentence() const { return LastEntry().reason_zh(); }

  absl::TimeZone zone = [] {
    absl::TimeZone shanghai;
    EXPECT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &shanghai));
    return shanghai;
  }();
  ManualClock clock{absl::FromCivil(absl::CivilSecond(2026, 6, 15, 8, 0, 0), zone)};
  MemoryState state;
  CatalogueStore store;
  std::vector<CommittedTransaction> history;

  // A context with a fresh key; and what runs a decision. A repetition is OK and adds nothing to the history.
  DecisionContext NextContext() {
    // A UUIDv7's shape: version 7, variant 10.
    ++requests_;
    const auto millis = static_cast<uint64_t>(absl::ToUnixMillis(clock.Now()));
    return {{millis << 16 | 0x7000, uint64_t{2} << 62 | requests_}, 1, {ActorKind::kSystem, 0, 0}, clock.Now(), zone};
  }
  template <typename Decide>
  absl::Status Run(PartitionId partition, const ReadSet& reads, const DecisionContext& context, Decide decide) {
    absl::Status status;
    std::vector<State::Work> works;
    works.push_back({context.key, context.fingerprint, reads, [&](const View& view) { return decide(view); }});
    state.Execute(partition, std::move(works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
      status = results.front().status();
      if (!status.ok() || std::holds_alternative<Replayed>(*results.front())) return;
      auto& committed = std::get<Committed>(*results.front());
      history.push_back({partition, committed.seq, clock.Now(), std::move(committed.transaction)});
      store.Apply(history.back());
    });
    return status;
  }

 private:
  uint64_t requests_ = 0;
};

}  // namespace fenfen
