#include "ledger/core/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "ledger/core/bytes.h"
#include "ledger/core/check.h"

namespace fenfen {
namespace {

constexpr char kPayloadUrl[] = "fenfen/refusal";

std::string Fill(absl::string_view sentence, const Facts& facts, absl::string_view field) {
  std::vector<std::pair<std::string, std::string>> replacements;
  for (const auto& [key, value] : facts) replacements.emplace_back(absl::StrCat("{", key, "}"), value);
  if (!field.empty()) replacements.emplace_back("{field}", std::string(field));
  return absl::StrReplaceAll(sentence, replacements);
}

absl::Status Make(Reason reason, const Facts& facts, absl::string_view field, std::optional<absl::Duration> retry_delay) {
  const v1::ErrorRow& row = RowOf(reason);
  const std::string en = Fill(row.en(), facts, field);
  absl::Status status(static_cast<absl::StatusCode>(row.code()), en);
  std::string payload;
  ByteWriter w(payload);
  w.Varint(static_cast<uint64_t>(reason));
  w.Bytes(Fill(row.zh(), facts, field));
  w.Bytes(field);
  w.Zigzag(retry_delay ? absl::ToInt64Milliseconds(*retry_delay) : -1);
  w.Varint(facts.size());
  for (const auto& [key, value] : facts) {
    w.Bytes(key);
    w.Bytes(value);
  }
  status.SetPayload(kPayloadUrl, absl::Cord(payload));
  return status;
}

}  // namespace

absl::Status Refuse(Reason reason, const Facts& facts, absl::string_view field) { return Make(reason, facts, field, std::nullopt); }

absl::Status Malformed(absl::string_view field, std::string detail) {
  return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", std::move(detail)}}, field);
}

absl::Status RefuseUntil(Reason reason, absl::Duration retry_delay) {
  FENFEN_CHECK(RowOf(reason).retryable());
  return Make(reason, {}, {}, retry_delay);
}

Refusal RefusalOf(const absl::Status& status) {
  FENFEN_CHECK(!status.ok());
  Refusal refusal;
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (!payload) {
    const v1::ErrorRow& row = RowOf(Reason::REASON_UNSPECIFIED);
    refusal.zh = row.zh();
    refusal.en = row.en();
    return refusal;
  }
  const std::string bytes(*payload);
  ByteReader in(bytes);
  refusal.reason = static_cast<Reason>(in.Varint());
  refusal.zh = std::string(in.Bytes());
  refusal.en = std::string(status.message());
  refusal.field = std::string(in.Bytes());
  if (const int64_t delay_ms = in.Zigzag(); delay_ms >= 0) refusal.retry_delay = absl::Milliseconds(delay_ms);
  for (size_t n = in.Varint(); n > 0; --n) {
    std::string key(in.Bytes());
    refusal.facts.emplace_back(std::move(key), std::string(in.Bytes()));
  }
  FENFEN_CHECK(in.Finished());
  return refusal;
}

const v1::ErrorRow& RowOf(Reason reason) {
  const google::protobuf::EnumValueDescriptor* value = v1::Reason_descriptor()->FindValueByNumber(reason);
  FENFEN_CHECK(value != nullptr);
  return value->options().GetExtension(v1::error);
}

absl::string_view NameOf(Reason reason) { return absl::StripPrefix(v1::Reason_Name(reason), "REASON_"); }

}  // namespace fenfen
