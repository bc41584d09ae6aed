#include "server/services/membership_service.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/errors.h"
#include "ledger/points/codes.h"
#include "ledger/points/entry.h"
#include "ledger/points/keeping/card.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/keeping/membership.h"
#include "ledger/points/keeping/move.h"
#include "ledger/points/stored_message.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

using ledger::v1::Invitation;

MemberRole RoleIn(v1::MemberRole role) {
  switch (role) {
    case v1::MEMBER_ROLE_HEAD:
      return MemberRole::kHead;
    case v1::MEMBER_ROLE_MINOR:
      return MemberRole::kMinor;
    case v1::MEMBER_ROLE_ASSISTED:
      return MemberRole::kAssisted;
    default:
      return MemberRole::kAdult;
  }
}

// A member's number of this household, 0 for an empty name.
absl::StatusOr<uint32_t> MemberIn(const std::string& name, HouseholdId household, absl::string_view field) {
  if (name.empty()) return 0;
  const auto member = ParseMemberName(name);
  if (!member || member->first != household) return Refuse(Reason::REASON_MEMBER_UNKNOWN, {}, field);
  return member->second;
}

// `member` and `next_head` of a request.
template <typename Request>
absl::StatusOr<MemberChange> ReadChange(const Request& request, HouseholdId household, MemberRole role) {
  const absl::StatusOr<uint32_t> member = MemberIn(request.member(), household, "member");
  if (!member.ok()) return member.status();
  const absl::StatusOr<uint32_t> next_head = MemberIn(request.next_head(), household, "next_head");
  if (!next_head.ok()) return next_head.status();
  return MemberChange{household, *member, role, *next_head};
}

// Whose an invitation is; that never changes, so it may be read ahead of the decision.
absl::StatusOr<HouseholdId> OwnerOf(const State& state, uint64_t invitation) {
  absl::StatusOr<HouseholdId> owner = Refuse(Reason::REASON_INVITATION_UNKNOWN, {}, "code");
  const absl::Status read = state.Read(PartitionId(static_cast<uint16_t>(invitation >> 56)), [&](const View& view, PartitionSeq) {
    const absl::StatusOr<StoredMessage<Invitation>> found = ReadMessage<Invitation>(view, InvitationKey(invitation));
    if (found.ok() && found->found()) owner = HouseholdId(found->message.household());
  });
  if (!read.ok()) return read;
  return owner;
}

absl::StatusOr<v1::Household> HouseholdIn(const Transaction& transaction, const Catalogue& catalogue) {
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind != RecordKind::kHousehold) continue;
    const absl::StatusOr<HouseholdRecord> record = DecodeHousehold(change.bytes);
    if (!record.ok()) return record.status();
    return RenderHousehold(HouseholdId(change.key.id), *record, catalogue);
  }
  return absl::DataLossError("a household's transaction without the household");
}

template <typename Response>
absl::Status Fill(const CommittedTransaction& committed, const Catalogue& catalogue, Response& response) {
  absl::StatusOr<v1::Entry> entry = RenderEntry(committed, catalogue);
  if (!entry.ok()) return entry.status();
  absl::StatusOr<v1::Household> household = HouseholdIn(committed.transaction, catalogue);
  if (!household.ok()) return household.status();
  if constexpr (requires { response.set_member(std::string()); }) {
    response.set_member(absl::StrCat(household->name(), "/members/", NewMemberIn(committed.transaction)));
  }
  *response.mutable_entry() = *std::move(entry);
  *response.mutable_household() = *std::move(household);
  return absl::OkStatus();
}

// The invitation that a request made, as it was made.
absl::Status FillInvitation(const CommittedTransaction& committed, const Catalogue& catalogue, absl::string_view codes_key,
                            v1::CreateInvitationResponse& response) {
  absl::StatusOr<v1::Entry> entry = RenderEntry(committed, catalogue);
  if (!entry.ok()) return entry.status();
  *response.mutable_entry() = *std::move(entry);
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key.kind != RecordKind::kInvitation) continue;
    Invitation invitation;
    if (!invitation.ParseFromString(change.bytes)) break;
    v1::Invitation& out = *response.mutable_invitation();
    out.set_code(MakeInvitationCode(codes_key, change.key.id));
    out.set_role(invitation.role() == static_cast<uint32_t>(MemberRole::kMinor) ? v1::MEMBER_ROLE_MINOR : v1::MEMBER_ROLE_ADULT);
    SetTime(*out.mutable_expire_time(), absl::FromUnixMicros(invitation.expire_time()));
    return absl::OkStatus();
  }
  return absl::DataLossError("an invitation's transaction without the invitation");
}

}  // namespace

MembershipService::MembershipService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      invite_(methods.Get("fenfen.v1.MembershipService.CreateInvitation")),
      join_(methods.Get("fenfen.v1.MembershipService.JoinHousehold")),
      add_(methods.Get("fenfen.v1.MembershipService.AddMember")),
      remove_(methods.Get("fenfen.v1.MembershipService.RemoveMember")),
      set_role_(methods.Get("fenfen.v1.MembershipService.SetMemberRole")),
      record_consent_(methods.Get("fenfen.v1.MembershipService.RecordConsent")),
      withdraw_consent_(methods.Get("fenfen.v1.MembershipService.WithdrawConsent")),
      issue_card_(methods.Get("fenfen.v1.MembershipService.IssueCard")),
      revoke_card_(methods.Get("fenfen.v1.MembershipService.RevokeCard")),
      move_(methods.Get("fenfen.v1.MembershipService.MoveHousehold")) {}

template <typename Response>
void MembershipService::Change(Call& call, HouseholdId household, ReadSet reads, State::Decide decide, Response& response, Done done) {
  Command command{PartitionOf(household), call.key(), call.Decision().fingerprint, std::move(reads), std::move(decide)};
  backend_.engine.Submit(std::move(command), [&call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    std::move(done)(Fill(outcome->committed, call.catalogue(), response));
  });
}

template <typename Request, typename Response, typename Decide>
void MembershipService::ChangeNamed(Call& call, const Request& request, Response& response, Done done, Decide decide) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  Change(
      call, *household, HouseholdReads(*household),
      [household = *household, decide = std::move(decide)](const View& view) { return decide(view, household); }, response,
      std::move(done));
}

grpc::ServerUnaryReactor* MembershipService::CreateInvitation(grpc::CallbackServerContext* context,
                                                              const v1::CreateInvitationRequest* request,
                                                              v1::CreateInvitationResponse* response) {
  return HandleUnary(gate_, invite_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Invite(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* MembershipService::JoinHousehold(grpc::CallbackServerContext* context, const v1::JoinHouseholdRequest* request,
                                                           v1::JoinHouseholdResponse* response) {
  return HandleUnary(gate_, join_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Join(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* MembershipService::AddMember(grpc::CallbackServerContext* context, const v1::AddMemberRequest* request,
                                                       v1::AddMemberResponse* response) {
  return HandleUnary(gate_, add_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    ChangeNamed(call, in, out, std::move(done), [&call, role = RoleIn(in.role())](const View& view, HouseholdId household) {
      return DecideAddMember(view, household, role, call.Decision());
    });
  });
}

grpc::ServerUnaryReactor* MembershipService::RemoveMember(grpc::CallbackServerContext* context, const v1::RemoveMemberRequest* request,
                                                          v1::RemoveMemberResponse* response) {
  return HandleUnary(gate_, remove_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    ChangeNamed(call, in, out, std::move(done), [&call, &in](const View& view, HouseholdId household) -> absl::StatusOr<Transaction> {
      const absl::StatusOr<MemberChange> change = ReadChange(in, household, MemberRole::kLeft);
      if (!change.ok()) return change.status();
      return DecideLeave(view, *change, call.Decision());
    });
  });
}

grpc::ServerUnaryReactor* MembershipService::SetMemberRole(grpc::CallbackServerContext* context, const v1::SetMemberRoleRequest* request,
                                                           v1::SetMemberRoleResponse* response) {
  return HandleUnary(gate_, set_role_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    ChangeNamed(call, in, out, std::move(done), [&call, &in](const View& view, HouseholdId household) -> absl::StatusOr<Transaction> {
      const absl::StatusOr<MemberChange> change = ReadChange(in, household, RoleIn(in.role()));
      if (!change.ok()) return change.status();
      return DecideRole(view, *change, call.Decision());
    });
  });
}

grpc::ServerUnaryReactor* MembershipService::RecordConsent(grpc::CallbackServerContext* context, const v1::RecordConsentRequest* request,
                                                           v1::RecordConsentResponse* response) {
  return HandleUnary(gate_, record_consent_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    ChangeNamed(call, in, out, std::move(done), [&call, &in](const View& view, HouseholdId household) -> absl::StatusOr<Transaction> {
      const absl::StatusOr<uint32_t> member = MemberIn(in.member(), household, "member");
      if (!member.ok()) return member.status();
      const std::string& hex = in.evidence_sha256();
      const bool is_hex = hex.empty() || (hex.size() == 64 && hex.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos);
      if (!is_hex) return Malformed("evidence_sha256", "SHA-256, 64 个十六进制数字 / 64 hexadecimal digits");
      return DecideConsent(view, household, *member, absl::HexStringToBytes(hex), call.Decision());
    });
  });
}

grpc::ServerUnaryReactor* MembershipService::WithdrawConsent(grpc::CallbackServerContext* context,
                                                             const v1::WithdrawConsentRequest* request,
                                                             v1::WithdrawConsentResponse* response) {
  return HandleUnary(gate_, withdraw_consent_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    ChangeNamed(call, in, out, std::move(done), [&call, &in](const View& view, HouseholdId household) -> absl::StatusOr<Transaction> {
      const absl::StatusOr<uint32_t> member = MemberIn(in.member(), household, "member");
      if (!member.ok()) return member.status();
      return DecideConsentWithdrawal(view, household, *member, call.Decision());
    });
  });
}

grpc::ServerUnaryReactor* MembershipService::IssueCard(grpc::CallbackServerContext* context, const v1::IssueCardRequest* request,
                                                       v1::IssueCardResponse* response) {
  return HandleUnary(gate_, issue_card_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Issue(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* MembershipService::RevokeCard(grpc::CallbackServerContext* context, const v1::RevokeCardRequest* request,
                                                        v1::RevokeCardResponse* response) {
  return HandleUnary(gate_, revoke_card_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    ChangeNamed(call, in, out, std::move(done),
                [&call](const View& view, HouseholdId household) { return DecideCardRevocation(view, household, call.Decision()); });
  });
}

grpc::ServerUnaryReactor* MembershipService::MoveHousehold(grpc::CallbackServerContext* context, const v1::MoveHouseholdRequest* request,
                                                           v1::MoveHouseholdResponse* response) {
  return HandleUnary(gate_, move_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    MoveTo to{HouseholdId(0), CatalogueIdOf(in.region()), 0};
    if (!in.door().empty()) to.door_hash = HashDoor(backend_.lookups_key, absl::StripPrefix(in.region(), "regions/"), in.door());
    ChangeNamed(call, in, out, std::move(done), [&call, to](const View& view, HouseholdId household) {
      return DecideMove(view, {household, to.region, to.door_hash}, call.catalogue(), call.Decision());
    });
  });
}

void MembershipService::Invite(Call& call, const v1::CreateInvitationRequest& request, v1::CreateInvitationResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  Command command{PartitionOf(*household), call.key(), call.Decision().fingerprint,
                  InvitationReads(*household, InvitationIdFor(*household, call.key())), nullptr};
  command.decide = [&call, household = *household, role = RoleIn(request.role())](const View& view) {
    return DecideInvite(view, household, role, call.Decision());
  };
  backend_.engine.Submit(std::move(command), [this, &call, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    std::move(done)(FillInvitation(outcome->committed, call.catalogue(), backend_.codes_key, response));
  });
}

void MembershipService::Join(Call& call, const v1::JoinHouseholdRequest& request, v1::JoinHouseholdResponse& response, Done done) {
  const std::optional<uint64_t> invitation = ReadInvitationCode(backend_.codes_key, request.code());
  if (!invitation) return std::move(done)(Refuse(Reason::REASON_INVITATION_UNKNOWN, {}, "code"));
  const absl::StatusOr<HouseholdId> household = OwnerOf(backend_.state, *invitation);
  if (!household.ok()) return std::move(done)(household.status());
  const JoinFacts facts{*household, *invitation, HashSubject(backend_.lookups_key, request.wechat_subject())};
  Change(
      call, *household, InvitationReads(*household, *invitation),
      [&call, facts](const View& view) { return DecideJoin(view, facts, call.Decision()); }, response, std::move(done));
}

void MembershipService::Issue(Call& call, const v1::IssueCardRequest& request, v1::IssueCardResponse& response, Done done) {
  const uint64_t card = HashCard(backend_.lookups_key, request.card());
  // Two that are issued at once to two households are both written; then the lower number has the card, as the directory says.
  ChangeNamed(call, request, response, std::move(done),
              [this, &call, card](const View& view, HouseholdId household) -> absl::StatusOr<Transaction> {
                const std::optional<HouseholdId> holder = backend_.directory.ByCard(card);
                if (holder && *holder != household) return Refuse(Reason::REASON_CARD_TAKEN, {}, "card");
                return DecideCardIssue(view, household, card, call.Decision());
              });
}

}  // namespace fenfen::server
