#include "clients/ctl/import/import_file.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/ctl/import/pending_import.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"

namespace fenfen::ctl {

namespace {

constexpr absl::Duration kImportDeadline = absl::Minutes(5);
constexpr size_t kRowsMax = 200'000;
// A message holds at most 1,000 rows and stays well under the server's limit on a message's size.
constexpr int kRowsPerMessageMax = 1'000;
constexpr size_t kMessageBytesMax = 128 << 10;

// A refusal that is about the rows is told by them; anything else is the call's.
absl::Status CallFailed(const client::Error& error) {
  const auto code = error.retryable ? absl::StatusCode::kUnavailable : static_cast<absl::StatusCode>(error.code);
  return absl::Status(code == absl::StatusCode::kOk ? absl::StatusCode::kUnknown : code, error.ToString());
}

bool OutcomeKnown(const client::Error& error) { return !error.retryable; }

void TakeServerFaults(const google::protobuf::RepeatedPtrField<v1::RowError>& errors, Table* table) {
  for (const v1::RowError& error : errors) {
    if (error.row() < 1 || static_cast<size_t>(error.row()) > table->records().size()) continue;
    // `stations.region` and `subjects[2]` are the columns region and subjects.
    absl::string_view field = error.field();
    if (const size_t dot = field.rfind('.'); dot != absl::string_view::npos) field.remove_prefix(dot + 1);
    field = field.substr(0, field.find('['));
    table->Fault(table->records()[static_cast<size_t>(error.row()) - 1], field, error.zh(), error.en());
  }
}

std::vector<RowFault> ByLine(std::vector<RowFault> faults) {
  std::stable_sort(faults.begin(), faults.end(), [](const RowFault& a, const RowFault& b) { return a.line < b.line; });
  return faults;
}

std::vector<v1::ImportHouseholdsRequest> HouseholdMessages(std::vector<v1::HouseholdRow> rows, const std::string& request_id,
                                                           bool dry_run) {
  std::vector<v1::ImportHouseholdsRequest> messages(1);
  messages[0].set_request_id(request_id);
  messages[0].set_validate_only(dry_run);
  size_t bytes = 0;
  for (v1::HouseholdRow& row : rows) {
    const size_t size = row.ByteSizeLong() + 4;
    if (messages.back().rows_size() == kRowsPerMessageMax || bytes + size > kMessageBytesMax) {
      messages.emplace_back();
      bytes = 0;
    }
    bytes += size;
    *messages.back().add_rows() = std::move(row);
  }
  return messages;
}

client::Result<v1::ImportHouseholdsResponse> SendHouseholds(client::Client* client,
                                                            const std::vector<v1::ImportHouseholdsRequest>& messages) {
  const std::unique_ptr<v1::HouseholdService::Stub> stub = v1::HouseholdService::NewStub(client->channel());
  v1::ImportHouseholdsResponse reply;
  client::CallOptions call;
  call.deadline = kImportDeadline;
  const grpc::Status status = client->Attempt(
      [&](grpc::ClientContext* context) {
        reply.Clear();
        const auto writer = stub->ImportHouseholds(context, &reply);
        for (const v1::ImportHouseholdsRequest& message : messages) {
          // A refused stream ends early; Finish says why.
          if (!writer->Write(message)) break;
        }
        writer->WritesDone();
        return writer->Finish();
      },
      call, nullptr);
  if (!status.ok()) return client::ParseError(status);
  return client::Result<v1::ImportHouseholdsResponse>(std::move(reply), false);
}

client::Result<v1::UpdateCatalogueResponse> SendCatalogue(client::Client* client, const v1::UpdateCatalogueRequest& request) {
  client::CallOptions call;
  call.deadline = kImportDeadline;
  return client->Call(&v1::CatalogueService::Stub::UpdateCatalogue, request, call);
}

// Takes what both kinds of reply have in common.
template <typename Reply>
absl::Status TakeReply(const client::Result<Reply>& reply, int64_t written, PendingImport* pending, Table* table, ImportOutcome* outcome) {
  if (!reply.ok()) {
    if (OutcomeKnown(reply.error())) pending->Finish();
    return CallFailed(reply.error());
  }
  pending->Finish();
  TakeServerFaults(reply->errors(), table);
  outcome->written = written;
  outcome->unchanged = reply->unchanged();
  outcome->faults = ByLine(table->faults());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImportOutcome> ImportCsvFile(client::Client* client, const client::RequestIds& ids, ImportKind kind, const std::string& path,
                                            const ImportOptions& options) {
  const absl::StatusOr<std::string> bytes = ReadWholeFile(path);
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<std::string> text = DecodeText(*bytes, options.encoding);
  if (!text.ok()) return absl::Status(text.status().code(), absl::StrCat(path, "：", text.status().message()));
  Table table(*text, ColumnsOf(kind));
  ImportOutcome outcome;
  outcome.rows = static_cast<int64_t>(table.records().size());
  if (table.records().size() > kRowsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, "：一次最多导入 ", kRowsMax, " 行 / one import takes at most ", kRowsMax, " rows"));
  }
  v1::UpdateCatalogueRequest request;
  std::vector<v1::HouseholdRow> households;
  // Without a whole header every row would be at fault for the same reason.
  if (table.faults().empty()) {
    kind == ImportKind::kHouseholds ? ReadHouseholdRows(&table, &households) : ReadCatalogueRows(kind, &table, &request);
  }
  outcome.faults = ByLine(table.faults());
  if (!outcome.faults.empty() || outcome.rows == 0) return outcome;

  absl::StatusOr<PendingImport> pending = PendingImport::Begin(path, absl::StrCat(options.dry_run ? "dry" : "", *bytes), ids, absl::Now());
  if (!pending.ok()) return pending.status();
  absl::Status taken;
  if (kind == ImportKind::kHouseholds) {
    const auto reply = SendHouseholds(client, HouseholdMessages(std::move(households), pending->request_id(), options.dry_run));
    taken = TakeReply(reply, reply.ok() ? reply->created() : 0, &*pending, &table, &outcome);
  } else {
    request.set_request_id(pending->request_id());
    request.set_validate_only(options.dry_run);
    const auto reply = SendCatalogue(client, request);
    taken = TakeReply(reply, reply.ok() ? reply->written() : 0, &*pending, &table, &outcome);
  }
  if (!taken.ok()) return taken;
  return outcome;
}

absl::StatusOr<ImportOutcome> ImportRulesFile(client::Client* client, const client::RequestIds& ids, const std::string& path,
                                              const ImportOptions& options) {
  const absl::StatusOr<std::string> bytes = ReadWholeFile(path);
  if (!bytes.ok()) return bytes.status();
  v1::UpdateCatalogueRequest request;
  const auto parsed = google::protobuf::util::JsonStringToMessage(*bytes, request.mutable_rule_set());
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, "：不是有效的积分规则 JSON / not a rule set in JSON: ", std::string(parsed.message())));
  }
  absl::StatusOr<PendingImport> pending = PendingImport::Begin(path, absl::StrCat(options.dry_run ? "dry" : "", *bytes), ids, absl::Now());
  if (!pending.ok()) return pending.status();
  request.set_request_id(pending->request_id());
  request.set_validate_only(options.dry_run);
  const auto reply = SendCatalogue(client, request);
  if (!reply.ok()) {
    if (OutcomeKnown(reply.error())) pending->Finish();
    return CallFailed(reply.error());
  }
  pending->Finish();
  ImportOutcome outcome{1, reply->written(), reply->unchanged(), {}};
  for (const v1::RowError& error : reply->errors()) {
    // The field is a path, such as `rule_set.rules[2].match.regions[0]`.
    outcome.faults.push_back(
        {0, 0, "", absl::StrCat("“", error.field(), "”：", error.zh()), absl::StrCat(error.field(), ": ", error.en())});
  }
  return outcome;
}

}  // namespace fenfen::ctl
