#include "server/services/device_batch.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/why.h"

namespace fenfen::server {
namespace {

constexpr absl::string_view kContext = absl::string_view("fenfen-device-batch-v1\0", 23);
constexpr size_t kBatchSignatureBytes = 64;
constexpr size_t kHashBytes = 32;
constexpr int kDropsMax = 1000;
constexpr int64_t kSequenceMax = int64_t{1} << 53;

absl::Status MalformedBatch(std::string detail) {
  return Refuse(Reason::REASON_DEVICE_BATCH_MALFORMED, {{"detail", std::move(detail)}}, "batch");
}

}  // namespace

absl::Status CheckBatchSignature(absl::string_view public_key, absl::string_view batch, absl::string_view signature) {
  const auto bytes = [](absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(public_key), public_key.size()), &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const std::string message = absl::StrCat(kContext, batch);
  const bool holds = key != nullptr && signature.size() == kBatchSignatureBytes &&
                     EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                     EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(message), message.size()) == 1;
  return holds ? absl::OkStatus() : Refuse(Reason::REASON_DEVICE_SIGNATURE_INVALID, {}, "signature");
}

absl::Status ParseBatch(absl::string_view bytes, absl::string_view device, v1::DeviceBatch& batch) {
  if (!batch.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return MalformedBatch("not a DeviceBatch");
  if (batch.device() != device) return MalformedBatch("device: another one's");
  if (batch.drops().empty() || batch.drops_size() > kDropsMax) return MalformedBatch(absl::StrCat("drops: 1–", kDropsMax));
  if (batch.previous_sha256().size() != kHashBytes) return MalformedBatch("previous_sha256: 32 bytes");
  int64_t expected = batch.drops(0).sequence();
  if (expected < 1 || expected > kSequenceMax) return MalformedBatch("drops[0].sequence");
  for (int i = 0; i < batch.drops_size(); ++i, ++expected) {
    if (batch.drops(i).sequence() != expected) return MalformedBatch(absl::StrCat("drops[", i, "].sequence: ", expected, " expected"));
  }
  return absl::OkStatus();
}

absl::StatusOr<DropFacts> FactsOf(const v1::DeviceDrop& drop, CatalogueId station) {
  if (drop.household() < 1 || static_cast<uint64_t>(drop.household()) > limits::kHouseholdIdMax) {
    return Refuse(Reason::REASON_HOUSEHOLD_UNKNOWN, {}, "household");
  }
  if (drop.member() < 0) return Refuse(Reason::REASON_MEMBER_UNKNOWN, {}, "member");
  DropFacts facts;
  facts.household = HouseholdId(static_cast<uint64_t>(drop.household()));
  facts.member = static_cast<uint32_t>(drop.member());
  facts.category = drop.category();
  if (drop.weight_grams() != 0) facts.grams = drop.weight_grams();
  facts.station = station;
  facts.event_time = absl::FromUnixMicros(drop.event_time_micros());
  facts.material = drop.material();
  facts.pieces = drop.pieces();
  facts.may_be_late = true;  // it was taken down at its time: a person may see to it
  return facts;
}

uint64_t FingerprintOf(const v1::DeviceDrop& drop) {
  uint64_t hash = MixBits(static_cast<uint64_t>(drop.household()));
  for (const int64_t part : {int64_t{drop.member()}, int64_t{drop.category()}, drop.weight_grams(), drop.event_time_micros()}) {
    hash = MixBits(hash ^ static_cast<uint64_t>(part));
  }
  // As before for drops that say neither.
  if (drop.pieces() != 0) hash = MixBits(hash ^ static_cast<uint64_t>(drop.pieces()));
  if (!drop.material().empty()) hash = MixBits(hash ^ StableHash(drop.material()));
  return hash;
}

std::optional<v1::Reason> FillOutcome(const absl::StatusOr<Outcome>& result, v1::DropOutcome& outcome) {
  if (!result.ok()) {
    v1::Reason reason = RefusalOf(result.status()).reason;
    if (reason == Reason::REASON_REQUEST_ID_REUSED) reason = Reason::REASON_DEVICE_SEQUENCE_REUSED;
    outcome.set_reason(std::string(NameOf(reason)));
    // Our own bug may be mended: the device keeps the event.
    outcome.set_retry(RowOf(reason).retryable() || reason == Reason::REASON_UNSPECIFIED);
    return reason;
  }
  for (const Posting& posting : result->committed.transaction.postings) {
    if (posting.account.kind != AccountKind::kHousehold) continue;
    if (posting.account.asset == Asset::kReward) outcome.set_reward(posting.amount.hundredths());
    if (posting.account.asset == Asset::kCivic) outcome.set_civic(posting.amount.hundredths());
  }
  outcome.set_pending(result->committed.transaction.kind == TransactionKind::kPendingDrop);
  outcome.set_entry_sequence(static_cast<int64_t>(result->committed.seq.value()));
  outcome.set_replayed(result->replayed);
  return std::nullopt;
}

void FillRefusal(const absl::Status& refusal, int64_t last_sequence, v1::UploadDropsResponse& response) {
  const Refusal what = RefusalOf(refusal);
  response.set_last_sequence(last_sequence);
  response.set_reason(std::string(NameOf(what.reason)));
  response.set_detail(absl::StrCat(what.zh, " / ", what.en));
}

void FillSummary(v1::UploadDropsResponse& response) {
  const auto& outcomes = response.outcomes();
  response.set_last_sequence(outcomes.rbegin()->sequence());
  const auto any = [&outcomes](auto what) { return std::any_of(outcomes.begin(), outcomes.end(), what); };
  const bool retry = any([](const v1::DropOutcome& outcome) { return outcome.retry(); });
  const bool replayed = any([](const v1::DropOutcome& outcome) { return outcome.replayed(); });
  const bool credited = any([](const v1::DropOutcome& outcome) { return outcome.reason().empty() && !outcome.replayed(); });
  if (retry) response.set_retry_delay_ms(static_cast<int32_t>(absl::ToInt64Milliseconds(limits::kRetryDelayWhenBusy)));
  if (!replayed || credited || retry) return;
  const v1::ErrorRow& row = RowOf(Reason::REASON_DEVICE_BATCH_REPLAYED);
  response.set_reason(std::string(NameOf(Reason::REASON_DEVICE_BATCH_REPLAYED)));
  response.set_detail(absl::StrCat(row.zh(), " / ", row.en()));
}

}  // namespace fenfen::server
