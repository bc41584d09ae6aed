#include "tests/mini_program_bridge/fake_server.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace fenfen::bridge {
namespace {

// A refusal as the contract has it: ErrorInfo with the sentences filled in, and RetryInfo where there is a wait.
grpc::Status Refusal(v1::Reason reason, std::map<std::string, std::string> metadata, int retry_seconds = 0) {
  const v1::ErrorRow& row = client::RowOf(reason);
  metadata["zh"] = client::FillSentence(row.zh(), metadata);
  metadata["en"] = client::FillSentence(row.en(), metadata);
  google::rpc::ErrorInfo info;
  info.set_reason(client::ReasonName(reason));
  info.set_domain("fenfen");
  info.mutable_metadata()->insert(metadata.begin(), metadata.end());
  google::rpc::Status status;
  status.set_code(row.code());
  status.add_details()->PackFrom(info);
  if (retry_seconds > 0) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(retry_seconds);
    status.add_details()->PackFrom(retry);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(row.code()), metadata["en"], status.SerializeAsString());
}

std::string Metadata(const grpc::ServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  return found == context.client_metadata().end() ? "" : std::string(found->second.data(), found->second.size());
}

template <typename Seen>
void Note(const grpc::ServerContext& context, Seen* seen) {
  seen->authorization = Metadata(context, "authorization");
  seen->request_id = Metadata(context, "x-request-id");
}

}  // namespace

class FakeServer::Identity : public v1::IdentityService::Service {
 public:
  explicit Identity(Seen* seen) : seen_(seen) {}
  grpc::Status ResolveSubject(grpc::ServerContext* context, const v1::ResolveSubjectRequest* request,
                              v1::ResolveSubjectResponse* reply) override {
    std::lock_guard<std::mutex> lock(seen_->mutex);
    Note(*context, seen_);
    if (request->wechat_subject() != seen_->subject) return Refusal(v1::REASON_PERSON_UNKNOWN, {});
    v1::Principal* resident = reply->add_principals();
    resident->set_subject("households/1/members/2");
    resident->set_role(v1::ROLE_RESIDENT);
    resident->set_household("households/1");
    v1::Principal* merchant = reply->add_principals();
    merchant->set_subject("merchants/m1/operators/o1");
    merchant->set_role(v1::ROLE_MERCHANT);
    merchant->set_merchant("merchants/m1");
    v1::Principal* machine = reply->add_principals();
    machine->set_subject("bridges/b");
    machine->set_role(v1::ROLE_BRIDGE);
    return grpc::Status::OK;
  }

 private:
  Seen* const seen_;
};

class FakeServer::Members : public v1::MembershipService::Service {
 public:
  explicit Members(Seen* seen) : seen_(seen) {}
  grpc::Status JoinHousehold(grpc::ServerContext* context, const v1::JoinHouseholdRequest* request,
                             v1::JoinHouseholdResponse* reply) override {
    std::lock_guard<std::mutex> lock(seen_->mutex);
    Note(*context, seen_);
    seen_->join = *request;
    if (request->code() == "USED") return Refusal(v1::REASON_INVITATION_USED, {});
    reply->set_member("households/1/members/2");
    return grpc::Status::OK;
  }
  grpc::Status CreateInvitation(grpc::ServerContext*, const v1::CreateInvitationRequest* request,
                                v1::CreateInvitationResponse* reply) override {
    reply->mutable_invitation()->set_code("AJ31X");
    reply->mutable_invitation()->set_role(request->role());
    return grpc::Status::OK;
  }

 private:
  Seen* const seen_;
};

class FakeServer::Drops : public v1::DropService::Service {
 public:
  explicit Drops(Seen* seen) : seen_(seen) {}
  grpc::Status RecordDrop(grpc::ServerContext* context, const v1::RecordDropRequest* request, v1::RecordDropResponse* reply) override {
    std::lock_guard<std::mutex> lock(seen_->mutex);
    Note(*context, seen_);
    seen_->drop = *request;
    seen_->drops[request->request_id()] = request->SerializeAsString();
    ++seen_->drops_seen;
    if (request->request_id().empty()) return Refusal(v1::REASON_REQUEST_ID_MISSING, {});
    if (request->weight_grams() > 50000) {
      return Refusal(v1::REASON_WEIGHT_TOO_LARGE,
                     {{"field", "weight_grams"}, {"value", absl::StrCat(request->weight_grams())}, {"limit", "50000"}});
    }
    if (request->station_code() == "busy") return Refusal(v1::REASON_OVERLOADED, {}, 7);
    if (request->station_code() == "again") context->AddInitialMetadata("fenfen-replayed", "1");
    reply->mutable_entry()->set_name("households/1/entries/5");
    reply->mutable_entry()->set_reward(120);
    return grpc::Status::OK;
  }

 private:
  Seen* const seen_;
};

class FakeServer::Households : public v1::HouseholdService::Service {
 public:
  explicit Households(Seen* seen) : seen_(seen) {}
  grpc::Status GetBalance(grpc::ServerContext* context, const v1::GetBalanceRequest* request, v1::GetBalanceResponse* reply) override {
    {
      std::lock_guard<std::mutex> lock(seen_->mutex);
      Note(*context, seen_);
    }
    if (request->household() == "households/404") return Refusal(v1::REASON_HOUSEHOLD_UNKNOWN, {{"field", "household"}});
    // Longer than the bridge's deadline in the tests; ends early where the caller has gone.
    for (int i = 0; request->household() == "households/504" && i < 500 && !context->IsCancelled(); ++i)
      absl::SleepFor(absl::Milliseconds(10));
    if (request->household() == "households/500") return grpc::Status(grpc::StatusCode::INTERNAL, "the stack of the server");
    if (request->household() == "households/600") absl::SleepFor(absl::Milliseconds(600));
    reply->mutable_balance()->set_reward(12345);
    return grpc::Status::OK;
  }
  grpc::Status ListEntries(grpc::ServerContext*, const v1::ListEntriesRequest*, v1::ListEntriesResponse* reply) override {
    for (int i = 0; i < 100; ++i) reply->add_entries()->set_name(absl::StrCat("households/1/entries/", i));
    return grpc::Status::OK;
  }

 private:
  Seen* const seen_;
};

class FakeServer::Catalogue : public v1::CatalogueService::Service {
 public:
  explicit Catalogue(Seen* seen) : seen_(seen) {}
  grpc::Status ListOffers(grpc::ServerContext* context, const v1::ListOffersRequest*, v1::ListOffersResponse* reply) override {
    std::lock_guard<std::mutex> lock(seen_->mutex);
    Note(*context, seen_);
    ++seen_->offers_listed;
    for (int i = 0; i < 50; ++i) {
      v1::Offer* offer = reply->add_offers();
      offer->set_name(absl::StrCat("offers/o", i));
      offer->set_title_zh("大米五千克");
      offer->set_price(int64_t{1000} * i);
    }
    return grpc::Status::OK;
  }

 private:
  Seen* const seen_;
};

// Those below answer with what they were asked for.
class FakeServer::Corrections : public v1::CorrectionService::Service {
 public:
  grpc::Status CreateAppeal(grpc::ServerContext*, const v1::CreateAppealRequest* request, v1::CreateAppealResponse* reply) override {
    reply->mutable_appeal()->set_entry(request->entry());
    reply->mutable_appeal()->set_reason(request->reason());
    reply->mutable_appeal()->set_state(v1::Appeal::STATE_OPEN);
    return grpc::Status::OK;
  }
};

class FakeServer::Games : public v1::GameService::Service {
 public:
  grpc::Status ListQuests(grpc::ServerContext*, const v1::ListQuestsRequest* request, v1::ListQuestsResponse* reply) override {
    v1::QuestView& quest = *reply->add_quests();
    quest.set_name("quests/week");
    quest.set_team_title(request->household());
    quest.set_state(v1::QuestView::STATE_OPEN);
    quest.add_steps()->set_left_zh("还差 3 次");
    return grpc::Status::OK;
  }
};

class FakeServer::Settlements : public v1::SettlementService::Service {
 public:
  grpc::Status ListSettlements(grpc::ServerContext*, const v1::ListSettlementsRequest* request,
                               v1::ListSettlementsResponse* reply) override {
    reply->add_settlements()->set_name(request->merchant() + "/settlements/1");
    return grpc::Status::OK;
  }
};

class FakeServer::Transfers : public v1::TransferService::Service {
 public:
  grpc::Status GiftPoints(grpc::ServerContext*, const v1::GiftPointsRequest* request, v1::GiftPointsResponse* reply) override {
    reply->mutable_transfer()->set_from(request->household());
    reply->mutable_transfer()->set_to(request->to());
    reply->mutable_transfer()->set_amount(request->amount());
    return grpc::Status::OK;
  }
};

FakeServer::FakeServer(int port)
    : identity_(std::make_unique<Identity>(&seen_)),
      members_(std::make_unique<Members>(&seen_)),
      drops_(std::make_unique<Drops>(&seen_)),
      households_(std::make_unique<Households>(&seen_)),
      catalogue_(std::make_unique<Catalogue>(&seen_)),
      corrections_(std::make_unique<Corrections>()),
      games_(std::make_unique<Games>()),
      settlements_(std::make_unique<Settlements>()),
      transfers_(std::make_unique<Transfers>()),
      port_(port) {
  Start();
}

FakeServer::~FakeServer() {
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
}

void FakeServer::Start() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_), grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(identity_.get());
  builder.RegisterService(members_.get());
  builder.RegisterService(drops_.get());
  builder.RegisterService(households_.get());
  builder.RegisterService(catalogue_.get());
  builder.RegisterService(corrections_.get());
  builder.RegisterService(games_.get());
  builder.RegisterService(settlements_.get());
  builder.RegisterService(transfers_.get());
  server_ = builder.BuildAndStart();
}

void FakeServer::Kill() {
  server_->Shutdown(std::chrono::system_clock::now());
  server_ = nullptr;
}

void FakeServer::SetServing(bool serving) { server_->GetHealthCheckService()->SetServingStatus(serving); }

std::string FakeServer::authorization() {
  std::lock_guard<std::mutex> lock(seen_.mutex);
  return seen_.authorization;
}
std::string FakeServer::request_id() {
  std::lock_guard<std::mutex> lock(seen_.mutex);
  return seen_.request_id;
}
v1::JoinHouseholdRequest FakeServer::join() {
  std::lock_guard<std::mutex> lock(seen_.mutex);
  return seen_.join;
}
v1::RecordDropRequest FakeServer::drop() {
  std::lock_guard<std::mutex> lock(seen_.mutex);
  return seen_.drop;
}
std::map<std::string, std::string> FakeServer::drops() {
  std::lock_guard<std::mutex> lock(seen_.mutex);
  return seen_.drops;
}
int FakeServer::drops_seen() {
  std::lock_guard<std::mutex> lock(seen_.mutex);
  return seen_.drops_seen;
}
int FakeServer::offers_listed() {
  std::lock_guard<std::mutex> lock(seen_.mutex);
  return seen_.offers_listed;
}
void FakeServer::Know(const std::string& subject) {
  std::lock_guard<std::mutex> lock(seen_.mutex);
  seen_.subject = subject;
}

}  // namespace fenfen::bridge
