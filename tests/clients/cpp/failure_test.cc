// What a failed attempt means.
#include "clients/cpp/failure.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace fenfen::client {
namespace {

constexpr char kConnected[] = "ipv4:127.0.0.1:7070";
constexpr char kNever[] = "dns:///127.0.0.1:7070";

grpc::Status Refusal(v1::Reason reason) {
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonName(reason));
  info.set_domain("fenfen");
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  return grpc::Status(static_cast<grpc::StatusCode>(RowOf(reason).code()), "no", details.SerializeAsString());
}

grpc::Status Transport(grpc::StatusCode code) { return grpc::Status(code, "socket closed"); }

TEST(JudgeFailure, TellsTheServersTroubleFromTheRequests) {
  struct Row {
    grpc::Status status;
    const char* peer;
    bool of_server, perhaps_done, retryable;
  };
  const Row rows[] = {
      {Transport(grpc::StatusCode::UNAVAILABLE), kNever, true, false, true},
      {Transport(grpc::StatusCode::UNAVAILABLE), kConnected, true, true, true},
      {Transport(grpc::StatusCode::CANCELLED), kConnected, true, true, true},
      {Transport(grpc::StatusCode::DEADLINE_EXCEEDED), kConnected, true, true, true},
      {Transport(grpc::StatusCode::DEADLINE_EXCEEDED), kNever, true, false, true},
      {Transport(grpc::StatusCode::INTERNAL), kConnected, false, false, false},
      {Refusal(v1::REASON_SHUTTING_DOWN), kConnected, true, false, true},
      {Refusal(v1::REASON_STORAGE_FULL), kConnected, true, false, true},
      {Refusal(v1::REASON_JOURNAL_FAILED), kConnected, true, true, true},
      {Refusal(v1::REASON_OVERLOADED), kConnected, false, false, true},
      {Refusal(v1::REASON_POINTS_INSUFFICIENT), kConnected, false, false, false},
      {Refusal(v1::REASON_REQUEST_ID_REUSED), kConnected, false, false, false},
  };
  for (const Row& row : rows) {
    const Failure failure = JudgeFailure(row.status, row.peer);
    EXPECT_EQ(failure.of_server, row.of_server) << failure.error.ToString() << row.peer;
    EXPECT_EQ(failure.perhaps_done, row.perhaps_done) << failure.error.ToString() << row.peer;
    EXPECT_EQ(failure.error.retryable, row.retryable) << failure.error.ToString() << row.peer;
  }
}

TEST(EndOfCall, IsUnknownOnlyWhereNobodyKnows) {
  const auto reason = [](const grpc::Status& last, bool perhaps_done) {
    return ParseError(EndOfCall(last, JudgeFailure(last, kNever), perhaps_done)).reason;
  };
  EXPECT_EQ(reason(Transport(grpc::StatusCode::UNAVAILABLE), false), v1::REASON_SERVER_UNREACHABLE);
  EXPECT_EQ(reason(Transport(grpc::StatusCode::UNAVAILABLE), true), v1::REASON_OUTCOME_UNKNOWN);
  EXPECT_EQ(reason(Refusal(v1::REASON_OVERLOADED), true), v1::REASON_OUTCOME_UNKNOWN) << "busy is no answer about the attempt before";
  EXPECT_EQ(reason(Refusal(v1::REASON_POINTS_INSUFFICIENT), true), v1::REASON_POINTS_INSUFFICIENT) << "an answer is an answer";
}

}  // namespace
}  // namespace fenfen::client
