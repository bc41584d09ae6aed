// People: a lost card, a consent, an invitation, a gift, a move, a merge.
#include "absl/strings/str_cat.h"
#include "clients/ctl/commands/secrets.h"
#include "clients/ctl/demo/history/areas.h"
#include "fenfen/v1/membership.grpc.pb.h"
#include "fenfen/v1/transfer.grpc.pb.h"

namespace fenfen::ctl {

namespace {

using Membership = v1::MembershipService::Stub;

constexpr int64_t kGift = 500;

absl::Status ReissueCard(Story& story) {
  v1::RevokeCardRequest lost;
  lost.set_household(story.Household(story.cast.reissued));
  const auto revoked = story.stage.Change(story.Attendant(story.cast.reissued), &Membership::RevokeCard, lost);
  if (!revoked.ok()) return revoked.status();
  story.stage.Advance(absl::Minutes(30));
  v1::IssueCardRequest card;
  card.set_household(lost.household());
  card.set_card(absl::StrCat("R", story.district.households[story.cast.reissued].card));
  return story.stage.Change(story.Staff(story.cast.reissued), &Membership::IssueCard, card).status();
}

absl::Status RecordConsent(Story& story) {
  v1::RecordConsentRequest consent;
  consent.set_household(story.Household(story.cast.assisted));
  consent.set_member(MemberNameOf(story.district, story.cast.assisted, 2));
  return story.stage.Change(story.Staff(story.cast.assisted), &Membership::RecordConsent, consent).status();
}

absl::Status Invite(Story& story) {
  v1::CreateInvitationRequest invite;
  invite.set_household(story.Household(story.cast.inviting));
  invite.set_role(v1::MEMBER_ROLE_ADULT);
  const auto invitation = story.stage.Change(story.Resident(story.cast.inviting), &Membership::CreateInvitation, invite);
  if (!invitation.ok()) return invitation.status();
  story.stage.Advance(absl::Minutes(5));
  const absl::StatusOr<std::string> key = ReadSecret(story.workspace.Path("keys/subject.key"));
  if (!key.ok()) return key.status();
  v1::JoinHouseholdRequest join;
  join.set_code(invitation->invitation().code());
  join.set_wechat_subject(WechatSubject(*key, kDemoAppId, "person-invited-1"));
  return story.stage.Change(BridgePerson(), &Membership::JoinHousehold, join).status();
}

absl::Status Gift(Story& story) {
  v1::GiftPointsRequest gift;
  gift.set_household(story.Household(story.cast.giver));
  gift.set_to(story.Household(story.cast.rich));
  gift.set_amount(kGift);
  return story.stage.Change(story.Resident(story.cast.giver), &v1::TransferService::Stub::GiftPoints, gift).status();
}

// To an estate further on, by whoever serves the whole district.
absl::Status Move(Story& story) {
  v1::MoveHouseholdRequest move;
  move.set_household(story.Household(story.cast.mover));
  move.set_region(absl::StrCat("regions/", story.district.estates.back().code));
  move.set_door("99-9-901");
  return story.stage.Change(StaffPerson("C01"), &Membership::MoveHousehold, move).status();
}

absl::Status Merge(Story& story) {
  v1::MergeHouseholdRequest merge;
  merge.set_household(story.Household(story.cast.merged));
  merge.set_into(story.Household(story.cast.absorbing));
  return story.stage.Change(story.Staff(story.cast.merged), &v1::TransferService::Stub::MergeHousehold, merge).status();
}

}  // namespace

absl::Status PlayPeople(Story& story) {
  static constexpr Step kSteps[] = {{0.05, ReissueCard}, {0.1, RecordConsent}, {0.15, Invite}, {0.2, Gift},
                                    {0.5, Gift},         {0.6, Move},          {0.65, Merge},  {0.8, Gift}};
  story.stage.MoveTo(story.At(13, 30));
  return PlaySteps(story, kSteps);
}

}  // namespace fenfen::ctl
