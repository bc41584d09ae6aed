// A household's people, card and door through a real server: what the look-ups find at once, and after a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/identity.grpc.pb.h"
#include "fenfen/v1/membership.grpc.pb.h"
#include "fenfen/v1/transfer.grpc.pb.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

using Members = v1::MembershipService::Stub;
using Transfers = v1::TransferService::Stub;

class PeopleTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start()) << server_.Log();
    server_.ImportDistrict();
  }
  std::string Staff() const { return server_.Token("staff/staff-a", "STAFF"); }
  std::string Resident(const std::string& subject = kResident) const { return server_.Token(subject, "RESIDENT"); }

  // Makes a change of household 1001; its reason, "OK" where it was made.
  template <typename Method, typename Request>
  std::string Change(Method method, Request request, const std::string& token, const char* household = "households/1001") {
    request.set_household(household);
    request.set_request_id(server_.NewRequestId());
    const auto reply = server_.Call(method, request, token);
    return reply.status.ok() ? "OK" : reply.error().reason_name;
  }
  std::string Issue(const std::string& card) {
    v1::IssueCardRequest request;
    request.set_card(card);
    return Change(&Members::IssueCard, request, Staff());
  }
  // The household that has the card, or the reason why none is found.
  std::string FindByCard(const std::string& card, const std::string& region = "regions/a") {
    v1::FindHouseholdRequest request;
    request.set_region(region);
    request.set_card(card);
    const auto reply = server_.Call(&v1::HouseholdService::Stub::FindHousehold, request, server_.Token("staff/attendant-a", "ATTENDANT"));
    return reply.status.ok() ? reply.reply.household().name() : reply.error().reason_name;
  }
  std::string FindByDoor(const std::string& region, const std::string& door, const std::string& attendant) {
    v1::FindHouseholdRequest request;
    request.set_region(region);
    request.set_door(door);
    const auto reply = server_.Call(&v1::HouseholdService::Stub::FindHousehold, request, server_.Token(attendant, "ATTENDANT"));
    return reply.status.ok() ? reply.reply.household().name() : reply.error().reason_name;
  }
  // What a person is told who asks for a household's balance, with a token that is good for an hour.
  std::string Look(const std::string& subject, const char* household = "households/1001") {
    v1::GetBalanceRequest request;
    request.set_household(household);
    const auto reply = server_.Call(&v1::HouseholdService::Stub::GetBalance, request, Resident(subject));
    return reply.status.ok() ? "OK" : reply.error().reason_name;
  }
  // The subjects that a person may act as, one after another.
  std::string Resolve(const std::string& wechat_subject) {
    v1::ResolveSubjectRequest request;
    request.set_wechat_subject(wechat_subject);
    const auto reply = server_.Call(&v1::IdentityService::Stub::ResolveSubject, request, server_.Token("bridges/test", "BRIDGE"));
    if (!reply.status.ok()) return reply.error().reason_name;
    std::string all;
    for (const v1::Principal& principal : reply.reply.principals()) absl::StrAppend(&all, principal.subject(), " ");
    return all;
  }
  TestReply<v1::JoinHouseholdResponse> Join(const std::string& code, const std::string& wechat_subject) {
    v1::JoinHouseholdRequest request;
    request.set_request_id(server_.NewRequestId());
    request.set_code(code);
    request.set_wechat_subject(wechat_subject);
    return server_.Call(&Members::JoinHousehold, request, server_.Token("bridges/test", "BRIDGE"));
  }

  // What `fenfenctl` prints for `household …`, called as `as`; its exit code after it.
  std::string Ctl(const std::string& arguments, const std::string& as) {
    const std::string key = server_.folder() + "/bridge.key.pem";
    std::ofstream(key) << server_.BridgeKey().PrivatePem();
    std::filesystem::permissions(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    const std::string command = absl::StrCat(std::getenv("FENFEN_BIN"), "/fenfenctl --server ", server_.address(), " --as ", as, " --key ",
                                             key, " household ", arguments, " 2>&1");
    std::string out;
    FILE* const pipe = popen(command.c_str(), "r");
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out.push_back(static_cast<char>(c));
    return absl::StrCat(out, "exit ", WEXITSTATUS(pclose(pipe)));
  }

  TestServer server_;
};

TEST_F(PeopleTest, TheInvitedPersonJoinsAndIsKnownFromThenOn) {
  v1::CreateInvitationRequest invite;
  invite.set_household("households/1001");
  invite.set_request_id(server_.NewRequestId());
  const auto invited = server_.Call(&Members::CreateInvitation, invite, Resident());
  ASSERT_TRUE(invited.status.ok()) << invited.error().ToString();
  const std::string code = invited.reply.invitation().code();
  const auto again = server_.Call(&Members::CreateInvitation, invite, Resident());
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.reply.invitation().code(), code) << "the same request gets the same code";
  EXPECT_EQ(Resolve("wechat-new"), "PERSON_UNKNOWN");
  EXPECT_EQ(Join("00000-0000-0000-0000-0000", "wechat-new").error().reason_name, "INVITATION_UNKNOWN");
  const auto joined = Join(code, "wechat-new");
  ASSERT_TRUE(joined.status.ok()) << joined.error().ToString();
  EXPECT_EQ(joined.reply.member(), "households/1001/members/3");
  EXPECT_EQ(Resolve("wechat-new"), "households/1001/members/3 ");
  EXPECT_EQ(Join(code, "wechat-other").error().reason_name, "INVITATION_USED");

  EXPECT_EQ(Look("households/1001/members/3"), "OK");
  v1::RemoveMemberRequest leave;
  leave.set_member("households/1001/members/3");
  EXPECT_EQ(Change(&Members::RemoveMember, leave, Resident("households/1001/members/2")), "NOT_HEAD");
  EXPECT_EQ(Change(&Members::RemoveMember, leave, Resident("households/1001/members/3")), "OK");
  EXPECT_EQ(Resolve("wechat-new"), "PERSON_UNKNOWN");
  EXPECT_EQ(Look("households/1001/members/3"), "TOKEN_INVALID") << "a token lives no longer than the membership";
  EXPECT_EQ(Look("households/1001/members/2"), "OK");
  server_.Kill();
  ASSERT_TRUE(server_.Start()) << server_.Log();
  EXPECT_EQ(Resolve("wechat-new"), "PERSON_UNKNOWN");
  EXPECT_EQ(Resolve("wechat-1001"), "households/1001/members/1 ");
  EXPECT_EQ(Look("households/1001/members/3"), "TOKEN_INVALID");
}

TEST_F(PeopleTest, OnlyThePresentCardIsFound) {
  EXPECT_EQ(FindByCard("C-1001"), "households/1001");
  EXPECT_EQ(Issue("C-1002"), "CARD_TAKEN");
  EXPECT_EQ(Issue("N-1001"), "OK");
  EXPECT_EQ(FindByCard("C-1001"), "HOUSEHOLD_UNKNOWN");
  EXPECT_EQ(FindByCard("N-1001"), "households/1001");
  EXPECT_EQ(Change(&Members::RevokeCard, v1::RevokeCardRequest(), Resident()), "OK");
  EXPECT_EQ(FindByCard("N-1001"), "HOUSEHOLD_UNKNOWN");
  EXPECT_EQ(FindByDoor("regions/a-1", "1-1-1001", "staff/attendant-a"), "households/1001") << "who has no card is served by the door";
  EXPECT_EQ(Change(&Members::RevokeCard, v1::RevokeCardRequest(), Resident()), "CARD_ABSENT");
  EXPECT_EQ(Issue("C-1001"), "OK") << "a card that was given up may be issued again";
  server_.Kill();
  ASSERT_TRUE(server_.Start()) << server_.Log();
  EXPECT_EQ(FindByCard("C-1001"), "households/1001");
  EXPECT_EQ(FindByCard("N-1001"), "HOUSEHOLD_UNKNOWN");
}

TEST_F(PeopleTest, AnAttendantScansForSomebodyOnlyWithTheirConsent) {
  const auto drop = [this](bool by_proxy) {
    v1::RecordDropRequest request;
    request.set_station("stations/s-a");
    request.set_category(v1::CATEGORY_FOOD);
    request.set_member("households/1001/members/2");
    request.set_by_proxy(by_proxy);
    return Change(&v1::DropService::Stub::RecordDrop, request, server_.Token("staff/attendant-a", "ATTENDANT"));
  };
  EXPECT_EQ(drop(false), "OK") << "who is there with a card needs no consent";
  EXPECT_EQ(drop(true), "CONSENT_ABSENT");
  v1::RecordConsentRequest consent;
  consent.set_member("households/1001/members/2");
  consent.set_evidence_sha256("no digest");
  EXPECT_EQ(Change(&Members::RecordConsent, consent, Staff()), "FIELD_MALFORMED");
  consent.set_evidence_sha256(std::string(64, 'a'));
  EXPECT_EQ(Change(&Members::RecordConsent, consent, server_.Token("staff/attendant-a", "ATTENDANT")), "OK");
  EXPECT_EQ(drop(true), "OK");
  v1::WithdrawConsentRequest withdraw;
  withdraw.set_member("households/1001/members/2");
  EXPECT_EQ(Change(&Members::WithdrawConsent, withdraw, Resident()), "OK");
  EXPECT_EQ(drop(true), "CONSENT_ABSENT");
}

TEST_F(PeopleTest, AMoveIsFoundAtTheNewDoorAlone) {
  v1::MoveHouseholdRequest move;
  move.set_region("regions/b-1");
  move.set_door("9-9-9");
  EXPECT_EQ(Change(&Members::MoveHousehold, move, Resident()), "PERMISSION_DENIED");
  EXPECT_EQ(Change(&Members::MoveHousehold, move, Staff()), "OK");
  EXPECT_EQ(FindByDoor("regions/a-1", "1-1-1001", "staff/attendant-a"), "HOUSEHOLD_UNKNOWN");
  EXPECT_EQ(FindByDoor("regions/b-1", "9-9-9", "staff/attendant-b"), "households/1001");
  EXPECT_EQ(Change(&Members::MoveHousehold, move, Staff()), "PERMISSION_DENIED") << "it lives in another town now";
}

TEST_F(PeopleTest, AMergeMovesThePeople) {
  EXPECT_EQ(Resolve("wechat-1002"), "households/1002/members/1 ");
  v1::MergeHouseholdRequest merge;
  merge.set_into("households/2001");
  EXPECT_EQ(Change(&Transfers::MergeHousehold, merge, Staff(), "households/1002"), "PERMISSION_DENIED") << "another town's";
  merge.set_into("households/1001");
  EXPECT_EQ(Change(&Transfers::MergeHousehold, merge, Staff(), "households/1002"), "OK");
  EXPECT_EQ(Resolve("wechat-1002"), "households/1001/members/3 ");
  EXPECT_EQ(Look("households/1001/members/3"), "OK");
  EXPECT_EQ(Look("households/1002/members/1", "households/1002"), "TOKEN_INVALID");
  EXPECT_EQ(FindByCard("C-1002"), "HOUSEHOLD_UNKNOWN");
  v1::GetHouseholdRequest get;
  get.set_household("households/1002");
  const auto closed = server_.Call(&v1::HouseholdService::Stub::GetHousehold, get, Staff());
  EXPECT_EQ(closed.reply.household().merged_into(), "households/1001");
  EXPECT_EQ(closed.reply.household().members_size(), 0);

  v1::SplitHouseholdRequest split;
  split.set_member("households/1001/members/3");
  split.set_number("3001");
  split.set_region("regions/a-1");
  split.set_card("C-3001");
  EXPECT_EQ(Change(&Transfers::SplitHousehold, split, Staff()), "OK");
  EXPECT_EQ(Resolve("wechat-1002"), "households/3001/members/1 ");
  EXPECT_EQ(FindByCard("C-3001"), "households/3001");
  server_.Kill();
  ASSERT_TRUE(server_.Start()) << server_.Log();
  EXPECT_EQ(Resolve("wechat-1002"), "households/3001/members/1 ");
}

TEST_F(PeopleTest, AndByFenfenctl) {
  using testing::HasSubstr;
  const std::string staff = "staff/staff-a:STAFF", resident = "households/1001/members/1:RESIDENT";
  EXPECT_THAT(Ctl("invite 1001 --role minor", resident), AllOf(HasSubstr("邀请码 / code: "), HasSubstr("exit 0")));
  EXPECT_THAT(Ctl("add-member 1001", resident), AllOf(HasSubstr("households/1001/members/3  成年 / adult"), HasSubstr("exit 0")));
  EXPECT_THAT(Ctl("consent 1001 --member 3", staff), HasSubstr("代办 / assisted"));
  EXPECT_THAT(Ctl("withdraw-consent 1001 --member 3", resident), HasSubstr("收回了代办同意"));
  EXPECT_THAT(Ctl("remove-member 1001 --member 1", resident), AllOf(HasSubstr("请先指定新户主"), HasSubstr("exit 1")));
  EXPECT_THAT(Ctl("set-role 1001 --member 2 --role head", resident), HasSubstr("2 号成员的身份由成年成员改为户主"));
  EXPECT_THAT(Ctl("issue-card 1001 --card N-1", staff), HasSubstr("补发积分卡"));
  EXPECT_THAT(Ctl("revoke-card 1001", resident), HasSubstr("积分卡已挂失作废"));
  EXPECT_THAT(Ctl("move 1001 --region a-1 --door 8-8", staff), HasSubstr("换了门牌"));
  EXPECT_THAT(Ctl("gift 1001 --to 1002 --points 1", resident), AllOf(HasSubstr("转赠超出上限"), HasSubstr("exit 1")));
  EXPECT_THAT(Ctl("split 1001 --member 3 --number 3001 --region a-1", staff), HasSubstr("3 号成员分户"));
  EXPECT_THAT(Ctl("merge 3001 --into 1002", staff), HasSubstr("家庭账户并入尾号 1002 的家庭"));
}

}  // namespace
}  // namespace fenfen::server
