// fenfenctl household …: members, invitations, consent, cards, moves and what goes between two households, for whom --as names.
#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "clients/ctl/commands/ask.h"
#include "clients/ctl/commands/commands.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/membership.grpc.pb.h"
#include "fenfen/v1/transfer.grpc.pb.h"

namespace fenfen::ctl {
namespace {

using Members = v1::MembershipService::Stub;
using Transfers = v1::TransferService::Stub;

struct Args {
  std::string household, other, region, card, door, number, evidence, role = "adult", request_id;
  int member = 0, next_head = 0;
  double points = 0;
};
using SharedArgs = std::shared_ptr<Args>;

std::string Member(const Args& args, int number) { return absl::StrCat(Named("households", args.household), "/members/", number); }

int64_t Hundredths(double points) { return std::llround(points * 100); }

v1::MemberRole RoleOf(const std::string& text) {
  if (text == "head") return v1::MEMBER_ROLE_HEAD;
  return text == "minor" ? v1::MEMBER_ROLE_MINOR : v1::MEMBER_ROLE_ADULT;
}

absl::string_view RoleName(v1::MemberRole role) {
  switch (role) {
    case v1::MEMBER_ROLE_HEAD:
      return "户主 / head";
    case v1::MEMBER_ROLE_MINOR:
      return "未成年 / minor";
    case v1::MEMBER_ROLE_ASSISTED:
      return "代办 / assisted";
    default:
      return "成年 / adult";
  }
}

void Show(const v1::Entry& entry) { std::cout << entry.name() << "\n" << entry.reason_zh() << "\n" << entry.reason_en() << "\n"; }

void Show(const v1::Household& household) {
  std::cout << household.name() << "  " << household.region_display_name() << (household.has_card() ? "  有卡 / has a card" : "") << "\n";
  for (const v1::Member& member : household.members()) {
    std::cout << "  " << member.name() << "  " << RoleName(member.role()) << (member.has_wechat() ? "  微信 / WeChat" : "") << "\n";
  }
}

// Fills in the household and the request's id, makes the call and shows what was written.
template <typename Method, typename Request>
int Change(const Context& context, const Args& args, Method method, Request request) {
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsPerson(context);
  if (!client.ok()) return Fail(context, client.status());
  request.set_household(Named("households", args.household));
  request.set_request_id(args.request_id.empty() ? client::RequestIds::FromSystem().Next() : args.request_id);
  const auto reply = (*client)->Call(method, request);
  if (!reply.ok()) return Fail(context, reply.error());
  if (context.json) {
    PrintJson(*reply);
    return 0;
  }
  Show(reply->entry());
  if constexpr (requires { reply->household(); }) Show(reply->household());
  if constexpr (requires { reply->invitation(); }) std::cout << "邀请码 / code: " << reply->invitation().code() << "\n";
  return 0;
}

int Invite(const Context& context, const Args& args) {
  v1::CreateInvitationRequest request;
  request.set_role(RoleOf(args.role));
  return Change(context, args, &Members::CreateInvitation, request);
}

int AddOne(const Context& context, const Args& args) {
  v1::AddMemberRequest request;
  request.set_role(RoleOf(args.role));
  return Change(context, args, &Members::AddMember, request);
}

int Remove(const Context& context, const Args& args) {
  v1::RemoveMemberRequest request;
  request.set_member(Member(args, args.member));
  if (args.next_head != 0) request.set_next_head(Member(args, args.next_head));
  return Change(context, args, &Members::RemoveMember, request);
}

int SetRole(const Context& context, const Args& args) {
  v1::SetMemberRoleRequest request;
  request.set_member(Member(args, args.member));
  request.set_role(RoleOf(args.role));
  if (args.next_head != 0) request.set_next_head(Member(args, args.next_head));
  return Change(context, args, &Members::SetMemberRole, request);
}

int Consent(const Context& context, const Args& args) {
  v1::RecordConsentRequest request;
  request.set_member(Member(args, args.member));
  request.set_evidence_sha256(args.evidence);
  return Change(context, args, &Members::RecordConsent, request);
}

int WithdrawConsent(const Context& context, const Args& args) {
  v1::WithdrawConsentRequest request;
  request.set_member(Member(args, args.member));
  return Change(context, args, &Members::WithdrawConsent, request);
}

int IssueCard(const Context& context, const Args& args) {
  v1::IssueCardRequest request;
  request.set_card(args.card);
  return Change(context, args, &Members::IssueCard, request);
}

int RevokeCard(const Context& context, const Args& args) { return Change(context, args, &Members::RevokeCard, v1::RevokeCardRequest()); }

int Move(const Context& context, const Args& args) {
  v1::MoveHouseholdRequest request;
  request.set_region(Named("regions", args.region));
  request.set_door(args.door);
  return Change(context, args, &Members::MoveHousehold, request);
}

int Gift(const Context& context, const Args& args) {
  v1::GiftPointsRequest request;
  request.set_to(Named("households", args.other));
  request.set_amount(Hundredths(args.points));
  return Change(context, args, &Transfers::GiftPoints, request);
}

int Merge(const Context& context, const Args& args) {
  v1::MergeHouseholdRequest request;
  request.set_into(Named("households", args.other));
  return Change(context, args, &Transfers::MergeHousehold, request);
}

int Split(const Context& context, const Args& args) {
  v1::SplitHouseholdRequest request;
  request.set_member(Member(args, args.member));
  if (args.next_head != 0) request.set_next_head(Member(args, args.next_head));
  request.set_amount(Hundredths(args.points));
  request.set_number(args.number);
  request.set_region(Named("regions", args.region));
  request.set_card(args.card);
  request.set_door(args.door);
  return Change(context, args, &Transfers::SplitHousehold, request);
}

using Run = int (*)(const Context&, const Args&);

// A command with what all of them take.
CLI::App* Add(CLI::App& group, Context* context, const SharedArgs& args, const char* name, const char* help, Run run) {
  CLI::App* command = group.add_subcommand(name, help);
  command->add_option("HOUSEHOLD", args->household, "户号 / the household's number")->required();
  command->add_option("--request-id", args->request_id, "重试时给出上次的请求编号 / the same again for a retry");
  command->callback([context, args, run] { context->exit_code = run(*context, *args); });
  return command;
}

void AddMemberOption(CLI::App* command, const SharedArgs& args) {
  command->add_option("--member", args->member, "成员编号 / the member's number")->required()->check(CLI::Range(1, 20));
}

void AddNextHead(CLI::App* command, const SharedArgs& args) {
  command->add_option("--next-head", args->next_head, "新户主的成员编号 / who is head from then on")->check(CLI::Range(1, 20));
}

void AddTransferCommands(CLI::App& group, Context* context, const SharedArgs& args) {
  CLI::App* gift = Add(group, context, args, "gift", "转赠积分 / give points to another household", Gift);
  gift->add_option("--to", args->other, "收方户号 / who gets them")->required();
  gift->add_option("--points", args->points, "兑换积分 / reward points")->required();
  CLI::App* merge = Add(group, context, args, "merge", "并入另一户 / merge into another household", Merge);
  merge->add_option("--into", args->other, "并入的户号 / the one that goes on")->required();
  CLI::App* split = Add(group, context, args, "split", "成员分户 / a member leaves for a household of their own", Split);
  AddMemberOption(split, args);
  AddNextHead(split, args);
  split->add_option("--points", args->points, "带走的兑换积分 / reward points to take along");
  split->add_option("--number", args->number, "新户号 / the new household's number")->required();
  split->add_option("--region", args->region, "小区编码 / its estate's code")->required();
  split->add_option("--card", args->card, "卡号 / its card");
  split->add_option("--door", args->door, "门牌 / its door");
}

int ShowOne(const Context& context, const Args& args) {
  v1::GetHouseholdRequest request;
  request.set_household(Named("households", args.household));
  return Ask(context, &v1::HouseholdService::Stub::GetHousehold, request,
             [](const v1::GetHouseholdResponse& reply) { Show(reply.household()); });
}

}  // namespace

void AddPeopleCommands(CLI::App& app, Context* context) {
  auto args = std::make_shared<Args>();
  CLI::App* group = app.add_subcommand("household", "家庭的成员、卡和搬迁 / a household's members, card and moves");
  group->require_subcommand(1);
  Add(*group, context, args, "show", "家庭和成员 / the household and its members", ShowOne);
  const auto roles = [&args](CLI::App* command, std::vector<std::string> allowed) {
    command->add_option("--role", args->role, "身份 / the role")->capture_default_str()->check(CLI::IsMember(std::move(allowed)));
  };
  roles(Add(*group, context, args, "invite", "邀请家人 / invite somebody", Invite), {"adult", "minor"});
  roles(Add(*group, context, args, "add-member", "登记不用手机的成员 / add a member without a phone", AddOne), {"adult", "minor"});
  CLI::App* remove = Add(*group, context, args, "remove-member", "成员退出 / a member leaves", Remove);
  AddMemberOption(remove, args);
  AddNextHead(remove, args);
  CLI::App* role = Add(*group, context, args, "set-role", "改成员身份 / give a member another role", SetRole);
  AddMemberOption(role, args);
  AddNextHead(role, args);
  roles(role, {"adult", "minor", "head"});
  CLI::App* consent = Add(*group, context, args, "consent", "登记代办同意书 / record a consent to be served", Consent);
  AddMemberOption(consent, args);
  consent->add_option("--evidence-sha256", args->evidence, "同意书的 SHA-256 / of the signed form");
  AddMemberOption(Add(*group, context, args, "withdraw-consent", "收回代办同意 / take a consent back", WithdrawConsent), args);
  Add(*group, context, args, "issue-card", "发卡或补卡，旧卡即刻作废 / issue a card; the old one is revoked", IssueCard)
      ->add_option("--card", args->card, "卡号 / the card's code")
      ->required();
  Add(*group, context, args, "revoke-card", "挂失 / revoke a lost card", RevokeCard);
  CLI::App* move = Add(*group, context, args, "move", "搬迁 / move to another estate or door", Move);
  move->add_option("--region", args->region, "小区编码 / the estate's code")->required();
  move->add_option("--door", args->door, "门牌 / the door");
  AddTransferCommands(*group, context, args);
}

}  // namespace fenfen::ctl
