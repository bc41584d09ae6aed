// Who belongs to a household, its card and its door.
#include "tests/ledger/points/keeping/household_fixture.h"

namespace fenfen {
namespace {

TEST(Membership, TheHeadInvitesAndThePersonJoinsOnce) {
  HouseholdFixture f;
  EXPECT_OK(f.Enrol(1));
  EXPECT_EQ(ReasonOf(f.Invite(MemberOf(1, 2), 1)), Reason::REASON_NOT_HEAD) << "the first adult is head until another is named";
  EXPECT_EQ(ReasonOf(f.Invite(MemberOf(2, 1), 1)), Reason::REASON_NOT_HEAD);
  const absl::StatusOr<uint64_t> invitation = f.Invite(MemberOf(1, 1), 1);
  ASSERT_TRUE(invitation.ok());
  EXPECT_EQ(f.LastSentence(), "邀请一位家人加入（成年成员），邀请码 2026-06-22 08:00 前有效，只能用一次");
  EXPECT_EQ(ReasonOf(f.Join(1, *invitation + 1, 77)), Reason::REASON_INVITATION_UNKNOWN);
  EXPECT_OK(f.Join(1, *invitation, 77));
  EXPECT_EQ(f.LastSentence(), "3 号成员凭邀请码加入，身份为成年成员");
  EXPECT_EQ(NewMemberIn(f.history.back().transaction), 3u);
  EXPECT_EQ(f.history.back().transaction.actor, MemberOf(1, 3));
  EXPECT_EQ(f.Household(1).members[2], (Member{77, MemberRole::kAdult}));
  EXPECT_EQ(ReasonOf(f.Join(1, *invitation, 78)), Reason::REASON_INVITATION_USED);
  EXPECT_EQ(FormerNamesIn(f.history.back().transaction)->members, (std::vector<uint64_t>{0, 0})) << "for the directory";
}

TEST(Membership, AnInvitationLapsesAndIsForOnePersonOnce) {
  HouseholdFixture f;
  EXPECT_OK(f.Enrol(1));
  const absl::StatusOr<uint64_t> first = f.Invite(MemberOf(1, 1), 1), second = f.Invite(MemberOf(1, 1), 1, MemberRole::kMinor);
  ASSERT_TRUE(first.ok() && second.ok());
  f.clock.Advance(kInvitationTime - absl::Microseconds(1));
  EXPECT_OK(f.Join(1, *first, 77));
  EXPECT_EQ(ReasonOf(f.Join(1, *second, 77)), Reason::REASON_MEMBER_ALREADY_THERE);
  f.clock.Advance(absl::Microseconds(1));
  EXPECT_EQ(ReasonOf(f.Join(1, *second, 78)), Reason::REASON_INVITATION_EXPIRED);
  EXPECT_EQ(ReasonOf(f.Invite(MemberOf(1, 1), 1, MemberRole::kHead)), Reason::REASON_ROLE_NOT_ALLOWED);
}

TEST(Membership, WhoLeavesLeavesTheirDropsAndTheirNumber) {
  HouseholdFixture f;
  EXPECT_OK(f.Enrol(1));
  EXPECT_OK(f.Drop({HouseholdId(1), 2, v1::CATEGORY_FOOD, 800, CatalogueIdOf("stations/s1"), std::nullopt, f.clock.Now()}));
  const int64_t reward = f.Reward(1);
  EXPECT_EQ(ReasonOf(f.Leave(MemberOf(1, 2), 1, 1)), Reason::REASON_NOT_HEAD);
  EXPECT_OK(f.Leave(MemberOf(1, 2), 1, 2));
  EXPECT_EQ(f.LastSentence(), "2 号成员退出家庭，以往的投放和积分仍留在家庭里");
  EXPECT_EQ(f.Reward(1), reward);
  EXPECT_EQ(ReasonOf(f.Drop({HouseholdId(1), 2, v1::CATEGORY_FOOD, 800, CatalogueIdOf("stations/s1"), std::nullopt, f.clock.Now()})),
            Reason::REASON_MEMBER_UNKNOWN);
  const absl::StatusOr<uint64_t> invitation = f.Invite(kStaff, 1);
  ASSERT_TRUE(invitation.ok());
  EXPECT_OK(f.Join(1, *invitation, 77));
  EXPECT_EQ(NewMemberIn(f.history.back().transaction), 3u) << "a number is not given again";
}

TEST(Membership, ThereIsAlwaysAHead) {
  HouseholdFixture f;
  EXPECT_OK(f.Enrol(1, 3));
  EXPECT_EQ(ReasonOf(f.Leave(MemberOf(1, 1), 1, 1)), Reason::REASON_HEAD_NEEDED);
  EXPECT_EQ(ReasonOf(f.Role(MemberOf(1, 1), 1, 1, MemberRole::kAdult)), Reason::REASON_HEAD_NEEDED);
  EXPECT_OK(f.Role(MemberOf(1, 1), 1, 3, MemberRole::kMinor));
  EXPECT_EQ(ReasonOf(f.Leave(MemberOf(1, 1), 1, 1, 3)), Reason::REASON_HEAD_NEEDED) << "a minor is no head";
  EXPECT_EQ(ReasonOf(f.Role(kStaff, 1, 3, MemberRole::kHead)), Reason::REASON_ROLE_NOT_ALLOWED);
  EXPECT_OK(f.Leave(MemberOf(1, 1), 1, 1, 2));
  EXPECT_EQ(f.LastSentence(), "1 号成员退出家庭，以往的投放和积分仍留在家庭里，2 号成员为户主");
  EXPECT_EQ(f.RoleOf(1, 2), MemberRole::kHead);
  EXPECT_EQ(ReasonOf(f.Leave(MemberOf(1, 3), 1, 3)), Reason::REASON_NOT_HEAD) << "a minor is let go by an adult";
  EXPECT_OK(f.Role(MemberOf(1, 2), 1, 3, MemberRole::kAdult));
  EXPECT_EQ(f.LastSentence(), "3 号成员的身份由未成年成员改为成年成员");
  EXPECT_OK(f.Role(MemberOf(1, 2), 1, 3, MemberRole::kHead));
  EXPECT_OK(f.Leave(MemberOf(1, 2), 1, 2)) << "another head is there";
}

TEST(Membership, AHouseholdHasTwentyNumbers) {
  HouseholdFixture f;
  EXPECT_OK(f.Enrol(1, 19));
  const absl::StatusOr<uint64_t> first = f.Invite(MemberOf(1, 1), 1), second = f.Invite(MemberOf(1, 1), 1);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_OK(f.Join(1, *first, 77));
  EXPECT_EQ(ReasonOf(f.Join(1, *second, 78)), Reason::REASON_HOUSEHOLD_FULL);
  EXPECT_EQ(ReasonOf(f.Invite(MemberOf(1, 1), 1)), Reason::REASON_HOUSEHOLD_FULL);
}

TEST(Membership, ServedByOthersOnlyWithARecordedConsent) {
  HouseholdFixture f;
  EXPECT_OK(f.Enrol(1));
  EXPECT_EQ(ReasonOf(CheckMayBeServed(f.Household(1), 2)), Reason::REASON_CONSENT_ABSENT);
  EXPECT_EQ(ReasonOf(f.Consent(kStaff, 1, 1)), Reason::REASON_ROLE_NOT_ALLOWED) << "the head";
  EXPECT_EQ(ReasonOf(f.WithdrawConsent(kStaff, 1, 2)), Reason::REASON_CONSENT_ABSENT);
  EXPECT_OK(f.Consent(kStaff, 1, 2));
  EXPECT_EQ(f.LastSentence(), "已登记 2 号成员的代办同意书，指导员可以代为扫码");
  EXPECT_EQ(f.history.back().transaction.actor, kStaff) << "who recorded it";
  EXPECT_OK(CheckMayBeServed(f.Household(1), 2));
  EXPECT_OK(CheckMayBeServed(f.Household(1), 0));
  EXPECT_EQ(ReasonOf(CheckMayBeServed(f.Household(1), 1)), Reason::REASON_CONSENT_ABSENT);
  EXPECT_EQ(ReasonOf(f.Role(kStaff, 1, 2, MemberRole::kAdult)), Reason::REASON_ROLE_NOT_ALLOWED) << "by withdrawing alone";
  EXPECT_OK(f.WithdrawConsent(MemberOf(1, 1), 1, 2));
  EXPECT_EQ(f.LastSentence(), "2 号成员收回了代办同意，指导员不再代为扫码");
  EXPECT_EQ(ReasonOf(CheckMayBeServed(f.Household(1), 2)), Reason::REASON_CONSENT_ABSENT);
}

TEST(Card, AnotherTakesItsPlaceAtOnceAndALostOneIsGoodForNothing) {
  HouseholdFixture f;
  EXPECT_OK(f.Enrol(1));
  EXPECT_EQ(ReasonOf(f.RevokeCard(MemberOf(1, 1), 1)), Reason::REASON_CARD_ABSENT);
  EXPECT_OK(f.IssueCard(1, 101));
  EXPECT_EQ(ReasonOf(f.IssueCard(1, 101)), Reason::REASON_FIELD_MALFORMED);
  EXPECT_OK(f.IssueCard(1, 102));
  EXPECT_EQ(f.LastSentence(), "补发积分卡，旧卡即刻作废，积分不变");
  EXPECT_EQ(FormerNamesIn(f.history.back().transaction)->card_hash, 101u);
  EXPECT_EQ(f.Household(1).card_hash, 102u);
  EXPECT_OK(f.RevokeCard(MemberOf(1, 2), 1));
  EXPECT_EQ(f.Household(1).card_hash, 0u);
}

TEST(Move, PointsAndHistoryStayAndTheNewTownPays) {
  HouseholdFixture f;
  EXPECT_OK(f.Enrol(1));
  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 500));
  const int64_t reward = f.Reward(1);
  const auto issued = [&f](const char* town) {
    return f.Balance(PartitionOf(HouseholdId(1)), {AccountKind::kProgramme, Asset::kReward, CatalogueIdOf(town).value()});
  };
  EXPECT_EQ(issued("regions/t"), -reward);
  EXPECT_EQ(ReasonOf(f.Move(1, "regions/nowhere", 5)), Reason::REASON_REGION_UNKNOWN);
  EXPECT_OK(f.Move(1, "regions/e2", 5));
  EXPECT_EQ(f.LastSentence(), "从regions/e搬到regions/e2，积分和记录不变，以后的积分按regions/e2的规则计");
  EXPECT_EQ(ReasonOf(f.Move(1, "regions/e2", 5)), Reason::REASON_FIELD_MALFORMED);
  EXPECT_EQ(f.Reward(1), reward);
  EXPECT_EQ(f.Household(1).door_hash, 5u);
  EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 500));
  EXPECT_EQ(issued("regions/t"), -reward) << "what was issued there stays its own";
  EXPECT_EQ(issued("regions/t2"), reward - f.Reward(1));
}

}  // namespace
}  // namespace fenfen
