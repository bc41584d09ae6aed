// Verbs about a household's people and what goes between households, over PointsFixture.
#pragma once

#include <string>
#include <vector>

#include "ledger/points/keeping/card.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/keeping/membership.h"
#include "ledger/points/keeping/move.h"
#include "ledger/points/keeping/transfer.h"
#include "ledger/points/stored_message.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {

constexpr Actor kStaff{ActorKind::kStaff, 7, 0};
constexpr Actor kMachine{};
constexpr Actor MemberOf(uint64_t household, uint32_t member) { return {ActorKind::kMember, household, member}; }

class HouseholdFixture : public PointsFixture {
 public:
  using Transfer = ledger::v1::Transfer;

  HouseholdFixture() {
    v1::UpdateCatalogueRequest request = SmallCatalogue();
    v1::RuleSet& rules = *request.mutable_rule_set();
    rules.mutable_gift_limits()->set_daily_gifts(2);
    rules.mutable_gift_limits()->set_daily_amount(300);
    for (const char* name : {"regions/t2", "regions/e2"}) {
      v1::Region& region = *request.add_regions();
      region.set_name(name);
      region.set_display_name(name);
      region.set_level(name == std::string("regions/t2") ? "town" : "estate");
      region.set_parent(name == std::string("regions/t2") ? "regions/d" : "regions/t2");
    }
    rules.set_version(2);
    rules.clear_effective_date();
    EXPECT_OK(Update(request));
  }

  // Runs `decide(view, context)` as `actor` on the household's partition.
  template <typename Decide>
  absl::Status As(const Actor& actor, uint64_t household, const ReadSet& reads, Decide decide) {
    DecisionContext context = NextContext();
    context.actor = actor;
    return Run(PartitionOf(HouseholdId(household)), reads, context, [&](const View& view) { return decide(view, context); });
  }
  template <typename Decide>
  absl::Status People(const Actor& actor, uint64_t household, Decide decide) {
    return As(actor, household, HouseholdReads(HouseholdId(household)), decide);
  }

  absl::StatusOr<uint64_t> Invite(const Actor& actor, uint64_t household, MemberRole role = MemberRole::kAdult) {
    DecisionContext context = NextContext();
    context.actor = actor;
    const HouseholdId id(household);
    const uint64_t number = InvitationIdFor(id, context.key);
    const absl::Status status =
        Run(PartitionOf(id), InvitationReads(id, number), context, [&](const View& view) { return DecideInvite(view, id, role, context); });
    if (!status.ok()) return status;
    return number;
  }
  absl::Status Join(uint64_t household, uint64_t invitation, uint64_t subject) {
    return As(kMachine, household, InvitationReads(HouseholdId(household), invitation), [&](const View& view, const auto& context) {
      return DecideJoin(view, {HouseholdId(household), invitation, subject}, context);
    });
  }
  absl::Status Leave(const Actor& actor, uint64_t household, uint32_t member, uint32_t next_head = 0) {
    return People(actor, household, [&](const View& view, const auto& context) {
      return DecideLeave(view, {HouseholdId(household), member, MemberRole::kLeft, next_head}, context);
    });
  }
  absl::Status Role(const Actor& actor, uint64_t household, uint32_t member, MemberRole role, uint32_t next_head = 0) {
    return People(actor, household, [&](const View& view, const auto& context) {
      return DecideRole(view, {HouseholdId(household), member, role, next_head}, context);
    });
  }
  absl::Status Consent(const Actor& actor, uint64_t household, uint32_t member) {
    return People(actor, household, [&](const View& view, const auto& context) {
      return DecideConsent(view, HouseholdId(household), member, std::string(32, 'e'), context);
    });
  }
  absl::Status WithdrawConsent(const Actor& actor, uint64_t household, uint32_t member) {
    return People(actor, household, [&](const View& view, const auto& context) {
      return DecideConsentWithdrawal(view, HouseholdId(household), member, context);
    });
  }
  absl::Status IssueCard(uint64_t household, uint64_t card) {
    return People(kStaff, household,
                  [&](const View& view, const auto& context) { return DecideCardIssue(view, HouseholdId(household), card, context); });
  }
  absl::Status RevokeCard(const Actor& actor, uint64_t household) {
    return People(actor, household,
                  [&](const View& view, const auto& context) { return DecideCardRevocation(view, HouseholdId(household), context); });
  }
  absl::Status Move(uint64_t household, const char* region, uint64_t door) {
    return People(kStaff, household, [&](const View& view, const auto& context) {
      return DecideMove(view, {HouseholdId(household), CatalogueIdOf(region), door}, *catalogue(), context);
    });
  }

  // The first half of a transfer; what was sent.
  template <typename Decide>
  absl::StatusOr<Transfer> Send(const Actor& actor, uint64_t from, Decide decide) {
    DecisionContext context = NextContext();
    context.actor = actor;
    const HouseholdId id(from);
    const absl::Status status = Run(PartitionOf(id), TransferOutReads(id, TransferNumberFor(id, context.key)), context,
                                    [&](const View& view) { return decide(view, context); });
    if (!status.ok()) return status;
    return TransferIn(history.back().transaction);
  }
  absl::StatusOr<Transfer> Gift(const Actor& actor, uint64_t from, uint64_t to, int64_t amount) {
    return Send(actor, from, [&](const View& view, const DecisionContext& context) {
      return DecideGift(view, {HouseholdId(from), HouseholdId(to), Points(amount)}, *catalogue(), context);
    });
  }
  absl::StatusOr<Transfer> Merge(uint64_t from, uint64_t to) {
    return Send(kStaff, from, [&](const View& view, const DecisionContext& context) {
      return DecideMerge(view, {HouseholdId(from), HouseholdId(to)}, *catalogue(), context);
    });
  }
  absl::StatusOr<Transfer> Split(uint64_t from, uint32_t member, int64_t amount, uint64_t to, uint32_t next_head = 0) {
    return Send(kStaff, from, [&](const View& view, const DecisionContext& context) {
      return DecideSplit(view,
                         {HouseholdId(from), member, next_head, Points(amount), HouseholdId(to), CatalogueIdOf("regions/e"), 900 + to, 0},
                         *catalogue(), context);
    });
  }
  // The second half; what the other household's partition says of it.
  absl::StatusOr<Transfer> Take(const Transfer& sent) {
    const absl::Status status = As(kMachine, sent.to(), TransferInReads(sent),
                                   [&](const View& view, const DecisionContext& context) { return DecideTransferIn(view, sent, context); });
    if (!status.ok()) return status;
    return TransferIn(history.back().transaction);
  }
  absl::Status TakeBack(const Transfer& refused) {
    return As(kMachine, refused.from(), TransferBackReads(refused),
              [&](const View& view, const DecisionContext& context) { return DecideTransferBack(view, refused, context); });
  }
  int64_t OnTheWay(const Transfer& sent, Asset asset = Asset::kReward) const {
    return Balance(PartitionOf(HouseholdId(sent.from())), {AccountKind::kInTransit, asset, sent.number()}) +
           Balance(PartitionOf(HouseholdId(sent.to())), {AccountKind::kProgramme, asset, sent.number()});
  }
  MemberRole RoleOf(uint64_t household, uint32_t member) const { return Household(household).members[member - 1].role; }
};

}  // namespace fenfen
