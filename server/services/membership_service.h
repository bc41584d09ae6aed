// MembershipService: a household's members, card and door. Thread-safe.
#pragma once

#include <string>

#include "fenfen/v1/membership.grpc.pb.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class MembershipService final : public v1::MembershipService::CallbackService {
 public:
  MembershipService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* CreateInvitation(grpc::CallbackServerContext* context, const v1::CreateInvitationRequest* request,
                                             v1::CreateInvitationResponse* response) override;
  grpc::ServerUnaryReactor* JoinHousehold(grpc::CallbackServerContext* context, const v1::JoinHouseholdRequest* request,
                                          v1::JoinHouseholdResponse* response) override;
  grpc::ServerUnaryReactor* AddMember(grpc::CallbackServerContext* context, const v1::AddMemberRequest* request,
                                      v1::AddMemberResponse* response) override;
  grpc::ServerUnaryReactor* RemoveMember(grpc::CallbackServerContext* context, const v1::RemoveMemberRequest* request,
                                         v1::RemoveMemberResponse* response) override;
  grpc::ServerUnaryReactor* SetMemberRole(grpc::CallbackServerContext* context, const v1::SetMemberRoleRequest* request,
                                          v1::SetMemberRoleResponse* response) override;
  grpc::ServerUnaryReactor* RecordConsent(grpc::CallbackServerContext* context, const v1::RecordConsentRequest* request,
                                          v1::RecordConsentResponse* response) override;
  grpc::ServerUnaryReactor* WithdrawConsent(grpc::CallbackServerContext* context, const v1::WithdrawConsentRequest* request,
                                            v1::WithdrawConsentResponse* response) override;
  grpc::ServerUnaryReactor* IssueCard(grpc::CallbackServerContext* context, const v1::IssueCardRequest* request,
                                      v1::IssueCardResponse* response) override;
  grpc::ServerUnaryReactor* RevokeCard(grpc::CallbackServerContext* context, const v1::RevokeCardRequest* request,
                                       v1::RevokeCardResponse* response) override;
  grpc::ServerUnaryReactor* MoveHousehold(grpc::CallbackServerContext* context, const v1::MoveHouseholdRequest* request,
                                          v1::MoveHouseholdResponse* response) override;

 private:
  void Invite(Call& call, const v1::CreateInvitationRequest& request, v1::CreateInvitationResponse& response, Done done);
  void Join(Call& call, const v1::JoinHouseholdRequest& request, v1::JoinHouseholdResponse& response, Done done);
  void Issue(Call& call, const v1::IssueCardRequest& request, v1::IssueCardResponse& response, Done done);
  // Makes a change of the household and replies with the household after it, the entry, and, where the response has one, the new member.
  template <typename Response>
  void Change(Call& call, HouseholdId household, ReadSet reads, State::Decide decide, Response& response, Done done);
  // A change that needs no more than the household's name; `decide(view, household)`.
  template <typename Request, typename Response, typename Decide>
  void ChangeNamed(Call& call, const Request& request, Response& response, Done done, Decide decide);

  const Gate& gate_;
  Backend& backend_;
  const Method& invite_;
  const Method& join_;
  const Method& add_;
  const Method& remove_;
  const Method& set_role_;
  const Method& record_consent_;
  const Method& withdraw_consent_;
  const Method& issue_card_;
  const Method& revoke_card_;
  const Method& move_;
};

}  // namespace fenfen::server
