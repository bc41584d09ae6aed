// ImportCall: one stream of HouseholdService.ImportHouseholds. Rows are gathered from the stream, checked as a whole, and then written,
// each household as a transaction of its own partition; so an interrupted import is finished by sending the same file again. A client that
// goes away before the end of its file leaves nothing.
//
// Each household's request key is derived from the file's request id and the household's number. Reading is the stream's, checking and
// writing the slow lane's; no lock is needed, since one comes after the other.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "absl/synchronization/notification.h"
#include "fenfen/v1/household.pb.h"
#include "server/call/call.h"
#include "server/services/backend.h"
#include "server/services/import_rows.h"

namespace fenfen::server {

class ImportCall final : public grpc::ServerReadReactor<v1::ImportHouseholdsRequest>, private Call {
 public:
  // Households being written at a time.
  static constexpr size_t kInFlightMax = 4096;

  static ImportCall* Begin(const Gate& gate, const Method& method, Backend& backend, grpc::CallbackServerContext& context,
                           v1::ImportHouseholdsResponse& response);

 private:
  ImportCall(const Gate& gate, const Method& method, Backend& backend, grpc::CallbackServerContext& context,
             v1::ImportHouseholdsResponse& response)
      : Call(gate, method, context), backend_(backend), response_(response), rows_(backend.lookups_key) {}

  void OnReadDone(bool ok) override;
  void OnCancel() override { cancelled_.Notify(); }
  void OnDone() override { delete this; }
  absl::Status TakeMessage();
  void End(const absl::Status& status);
  // On the slow lane.
  absl::Status CheckAndWrite();
  absl::Status WriteAll();
  Command CommandFor(const EnrolmentFacts& facts) const;

  Backend& backend_;
  v1::ImportHouseholdsResponse& response_;
  v1::ImportHouseholdsRequest message_;
  ImportRows rows_;
  bool first_ = true;
  bool validate_only_ = false;
  absl::Notification cancelled_;  // the client is gone, or the server has waited long enough
};

}  // namespace fenfen::server
