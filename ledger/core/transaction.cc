#include "ledger/core/transaction.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "ledger/core/bytes.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

// On disk, do not renumber.
constexpr uint8_t kFormatVersion = 1;

void ReadPostings(ByteReader& in, Transaction& out) {
  const size_t count = in.Count();
  for (size_t n = 0; n < count && !in.failed(); ++n) {
    const uint8_t kind = in.U8();
    const uint8_t asset = in.U8();
    const uint64_t owner = in.Varint();
    const int64_t amount = in.Zigzag();
    if (in.failed() || !IsAccount(kind, asset) || !Points::Make(amount)) {
      in.Fail();
      return;
    }
    out.postings.push_back({{static_cast<AccountKind>(kind), static_cast<Asset>(asset), owner}, Points(amount)});
  }
}

void ReadChanges(ByteReader& in, Transaction& out) {
  const size_t count = in.Count();
  for (size_t n = 0; n < count && !in.failed(); ++n) {
    const auto kind = static_cast<RecordKind>(in.U8());
    const uint64_t id = in.U64();
    const PartitionSeq previous(in.Varint());
    const absl::string_view bytes = in.Bytes();
    if (!in.failed()) out.changes.push_back({{kind, id}, previous, std::string(bytes)});
  }
}

// How many bytes a transaction takes at most.
size_t EncodedBytesMax(const Transaction& transaction) {
  constexpr size_t kVarint = BoundedWriter::kVarintMax;
  constexpr size_t kHead = 3 + 3 * sizeof(uint64_t) + 6 * kVarint;  // the why's length and the lists' included
  constexpr size_t kPosting = 2 + 2 * kVarint;
  constexpr size_t kChange = 1 + sizeof(uint64_t) + 2 * kVarint;
  size_t bytes = kHead + transaction.postings.size() * kPosting + transaction.changes.size() * kChange + transaction.why.size();
  for (const RecordChange& change : transaction.changes) bytes += change.bytes.size();
  return bytes;
}

}  // namespace

absl::Status CheckTransaction(const Transaction& transaction) {
  if (transaction.postings.size() > limits::kPostingsMax) return absl::InternalError("transaction: too many postings");
  if (transaction.changes.size() > limits::kChangesMax) return absl::InternalError("transaction: too many changes");
  if (transaction.why.size() > limits::kWhyBytesMax) return absl::InternalError("transaction: why too long");
  std::array<int64_t, 3> sums{};
  for (const Posting& posting : transaction.postings) {
    if (posting.amount == Points(0)) return absl::InternalError("transaction: a posting of nothing");
    if (!Points::Make(posting.amount.hundredths())) return absl::InternalError("transaction: an amount out of range");
    sums[static_cast<uint8_t>(posting.account.asset)] += posting.amount.hundredths();
  }
  for (const int64_t sum : sums) {
    if (sum != 0) return absl::InternalError(absl::StrCat("transaction: postings sum to ", sum, ", not to zero"));
  }
  for (const RecordChange& change : transaction.changes) {
    if (change.bytes.size() > limits::kRecordBytesMax) return absl::InternalError("transaction: a record too long");
  }
  return absl::OkStatus();
}

std::string EncodeTransaction(const Transaction& transaction) {
  std::string out;
  BoundedWriter w(out, EncodedBytesMax(transaction));
  w.U8(kFormatVersion);
  w.U8(static_cast<uint8_t>(transaction.kind));
  w.U64(transaction.key.high);
  w.U64(transaction.key.low);
  w.U64(transaction.fingerprint);
  w.U8(static_cast<uint8_t>(transaction.actor.kind));
  w.Varint(transaction.actor.id);
  w.Varint(transaction.actor.sub);
  w.Zigzag(absl::ToUnixMicros(transaction.event_time));
  w.Varint(transaction.postings.size());
  for (const Posting& posting : transaction.postings) {
    w.U8(static_cast<uint8_t>(posting.account.kind));
    w.U8(static_cast<uint8_t>(posting.account.asset));
    w.Varint(posting.account.owner);
    w.Zigzag(posting.amount.hundredths());
  }
  w.Varint(transaction.changes.size());
  for (const RecordChange& change : transaction.changes) {
    w.U8(static_cast<uint8_t>(change.key.kind));
    w.U64(change.key.id);
    w.Varint(change.previous.value());
    w.Bytes(change.bytes);
  }
  w.Bytes(transaction.why);
  out.resize(w.written().size());
  return out;
}

absl::StatusOr<Transaction> DecodeTransaction(absl::string_view bytes) {
  ByteReader in(bytes);
  if (const uint8_t version = in.U8(); version != kFormatVersion) {
    return absl::DataLossError(absl::StrCat("transaction: format version ", version, " is not known"));
  }
  Transaction out;
  out.kind = static_cast<TransactionKind>(in.U8());
  out.key.high = in.U64();
  out.key.low = in.U64();
  out.fingerprint = in.U64();
  out.actor.kind = static_cast<ActorKind>(in.U8());
  out.actor.id = in.Varint();
  out.actor.sub = in.Varint();
  out.event_time = absl::FromUnixMicros(in.Zigzag());
  ReadPostings(in, out);
  ReadChanges(in, out);
  out.why = std::string(in.Bytes());
  if (!in.Finished()) return absl::DataLossError("transaction: the stored bytes do not have its form");
  return out;
}

}  // namespace fenfen
