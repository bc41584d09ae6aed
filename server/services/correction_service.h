// CorrectionService: reversals, adjustments, appeals. What they mean is ledger/points/correcting's. Thread-safe.
#pragma once

#include <memory>

#include "absl/functional/function_ref.h"
#include "fenfen/v1/correction.grpc.pb.h"
#include "ledger/projections/corrections.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class CorrectionService final : public v1::CorrectionService::CallbackService {
 public:
  CorrectionService(const Gate& gate, const Methods& methods, Backend& backend, const Corrections& corrections);
  grpc::ServerUnaryReactor* ReverseEntry(grpc::CallbackServerContext* context, const v1::ReverseEntryRequest* request,
                                         v1::ReverseEntryResponse* response) override;
  grpc::ServerUnaryReactor* ProposeAdjustment(grpc::CallbackServerContext* context, const v1::ProposeAdjustmentRequest* request,
                                              v1::ProposeAdjustmentResponse* response) override;
  grpc::ServerUnaryReactor* ApproveAdjustment(grpc::CallbackServerContext* context, const v1::ApproveAdjustmentRequest* request,
                                              v1::ApproveAdjustmentResponse* response) override;
  grpc::ServerUnaryReactor* DismissAdjustment(grpc::CallbackServerContext* context, const v1::DismissAdjustmentRequest* request,
                                              v1::DismissAdjustmentResponse* response) override;
  grpc::ServerUnaryReactor* ListAdjustments(grpc::CallbackServerContext* context, const v1::ListAdjustmentsRequest* request,
                                            v1::ListAdjustmentsResponse* response) override;
  grpc::ServerUnaryReactor* CreateAppeal(grpc::CallbackServerContext* context, const v1::CreateAppealRequest* request,
                                         v1::CreateAppealResponse* response) override;
  grpc::ServerUnaryReactor* AnswerAppeal(grpc::CallbackServerContext* context, const v1::AnswerAppealRequest* request,
                                         v1::AnswerAppealResponse* response) override;
  grpc::ServerUnaryReactor* ListAppeals(grpc::CallbackServerContext* context, const v1::ListAppealsRequest* request,
                                        v1::ListAppealsResponse* response) override;
  grpc::ServerUnaryReactor* ListHouseholdAppeals(grpc::CallbackServerContext* context, const v1::ListHouseholdAppealsRequest* request,
                                                 v1::ListHouseholdAppealsResponse* response) override;

 private:
  using StoredEntry = std::shared_ptr<const CommittedTransaction>;

  void Reverse(Call& call, const v1::ReverseEntryRequest& request, v1::ReverseEntryResponse& response, Done done);
  void Propose(Call& call, const v1::ProposeAdjustmentRequest& request, v1::ProposeAdjustmentResponse& response, Done done);
  void Approve(Call& call, const v1::ApproveAdjustmentRequest& request, v1::ApproveAdjustmentResponse& response, Done done);
  void Dismiss(Call& call, const v1::DismissAdjustmentRequest& request, v1::DismissAdjustmentResponse& response, Done done);
  void Appeal(Call& call, const v1::CreateAppealRequest& request, v1::CreateAppealResponse& response, Done done);
  void Answer(Call& call, const v1::AnswerAppealRequest& request, v1::AnswerAppealResponse& response, Done done);

  // An entry of the household from the journal. ENTRY_UNKNOWN, also where it is another's; ENTRY_ARCHIVED.
  absl::StatusOr<StoredEntry> LoadEntry(HouseholdId household, PartitionSeq seq, absl::string_view field) const;
  // Commits, and fills the response's entry and its adjustment or appeal.
  template <typename Response>
  void Submit(Call& call, HouseholdId household, ReadSet reads, State::Decide decide, Response& response, Done done);
  // A page of a list: `add` gets each record's id and bytes. The slow lane's work.
  struct Page {
    Corrections::List list;
    RecordKind kind;
    std::string name;  // what the page token is for
    int32_t size = 0;  // as in the request
    std::string token;
  };
  absl::StatusOr<std::string> FillPage(const Page& page, absl::FunctionRef<bool(const Corrections::Case&)> wanted,
                                       absl::FunctionRef<void(uint64_t id, absl::string_view bytes)> add) const;
  // Runs it there.
  void InSlowLane(absl::AnyInvocable<absl::Status() &&> work, Done done);

  const Gate& gate_;
  Backend& backend_;
  const Corrections& corrections_;
  const Method& reverse_;
  const Method& propose_;
  const Method& approve_;
  const Method& dismiss_;
  const Method& list_adjustments_;
  const Method& appeal_;
  const Method& answer_;
  const Method& list_appeals_;
  const Method& list_household_appeals_;
};

}  // namespace fenfen::server
