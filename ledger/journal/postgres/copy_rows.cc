#include "ledger/journal/postgres/copy_rows.h"

#include <endian.h>

#include <limits>
#include <vector>

#include "ledger/core/bytes.h"
#include "ledger/core/crc32c.h"

namespace fenfen {
namespace {

constexpr absl::string_view kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
constexpr absl::string_view kTrailer("\377\377", 2);
constexpr absl::CivilDay kPgDayZero(2000, 1, 1);
// A timestamptz begins in 4713 BC, in microseconds since 2000; what lies before is -infinity. Its end lies beyond any time of ours.
constexpr int64_t kPgTimeMin = -211'813'488'000'000'000;

constexpr char kCopyIndex[] = "COPY fenfen.entry_index (sequence, request_key, month, partition) FROM STDIN (FORMAT binary)";
constexpr char kCopyEntries[] =
    "COPY fenfen.entries (sequence, record_time, event_time, request_key, fingerprint, actor_id, actor_sub, crc32c, month, partition, kind,"
    " actor_kind, bytes) FROM STDIN (FORMAT binary)";
constexpr char kCopyPostings[] =
    "COPY fenfen.postings (sequence, owner, amount, month, number, partition, account_kind, asset) FROM STDIN (FORMAT binary)";
constexpr char kCopyChanges[] =
    "COPY fenfen.record_changes (sequence, record_id, previous, month, number, bytes_offset, bytes_size, partition, record_kind)"
    " FROM STDIN (FORMAT binary)";

// One row: the number of its columns, then each with its length before it, big-endian.
class Row {
 public:
  Row(std::string& out, int16_t columns) : out_(out) { Raw(htobe16(static_cast<uint16_t>(columns))); }
  Row& Smallint(int64_t value) { return Sized(htobe16(static_cast<uint16_t>(value))); }
  Row& Integer(int64_t value) { return Sized(htobe32(static_cast<uint32_t>(value))); }
  Row& Bigint(uint64_t value) { return Sized(htobe64(value)); }
  Row& Uuid(const RequestKey& key) {
    Raw(htobe32(16));
    Raw(htobe64(key.high));
    Raw(htobe64(key.low));
    return *this;
  }
  Row& Time(absl::Time time) {
    const int64_t unix_micros = absl::ToUnixMicros(time);
    int64_t micros = std::numeric_limits<int64_t>::min();
    if (unix_micros >= kPgTimeMin + kMicrosTo2000) micros = unix_micros - kMicrosTo2000;
    return Bigint(static_cast<uint64_t>(micros));
  }
  Row& Bytes(absl::string_view bytes) {
    Raw(htobe32(static_cast<uint32_t>(bytes.size())));
    out_.append(bytes.data(), bytes.size());
    return *this;
  }

 private:
  template <typename Number>
  void Raw(Number big_endian) {
    out_.append(reinterpret_cast<const char*>(&big_endian), sizeof big_endian);
  }
  template <typename Number>
  Row& Sized(Number big_endian) {
    Raw(htobe32(sizeof big_endian));
    Raw(big_endian);
    return *this;
  }
  std::string& out_;
};

size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  while (value >>= 7) ++bytes;
  return bytes;
}

}  // namespace

CopyRows::CopyRows() {
  for (std::string* table : {&index_, &entries_, &postings_, &changes_}) table->assign(kHeader.data(), kHeader.size());
}

void CopyRows::Add(const JournalEntry& entry, const Transaction& transaction, absl::CivilMonth month) {
  const auto day = static_cast<int32_t>(absl::CivilDay(month) - kPgDayZero);
  AddIndex(entry, transaction, day);
  AddEntry(entry, transaction, day);
  AddPostings(entry, transaction, day);
  AddChanges(entry, transaction, day);
}

void CopyRows::AddIndex(const JournalEntry& entry, const Transaction& transaction, int32_t month) {
  Row(index_, 4).Bigint(entry.seq.value()).Uuid(transaction.key).Integer(month).Smallint(entry.partition.value());
}

void CopyRows::AddEntry(const JournalEntry& entry, const Transaction& transaction, int32_t month) {
  Row(entries_, 13)
      .Bigint(entry.seq.value())
      .Time(entry.record_time)
      .Time(transaction.event_time)
      .Uuid(transaction.key)
      .Bigint(transaction.fingerprint)
      .Bigint(transaction.actor.id)
      .Bigint(transaction.actor.sub)
      .Bigint(Crc32c(entry.bytes))
      .Integer(month)
      .Smallint(entry.partition.value())
      .Smallint(static_cast<uint8_t>(transaction.kind))
      .Smallint(static_cast<uint8_t>(transaction.actor.kind))
      .Bytes(entry.bytes);
}

void CopyRows::AddPostings(const JournalEntry& entry, const Transaction& transaction, int32_t month) {
  int32_t number = 0;
  for (const Posting& posting : transaction.postings) {
    Row(postings_, 8)
        .Bigint(entry.seq.value())
        .Bigint(posting.account.owner)
        .Bigint(static_cast<uint64_t>(posting.amount.hundredths()))
        .Integer(month)
        .Integer(++number)
        .Smallint(entry.partition.value())
        .Smallint(static_cast<uint8_t>(posting.account.kind))
        .Smallint(static_cast<uint8_t>(posting.account.asset));
  }
}

// A record lies in the entry's bytes already. Where, follows from behind, since a transaction has one encoding: its last part is `why`, and
// before that come the changes, each ending in its record.
void CopyRows::AddChanges(const JournalEntry& entry, const Transaction& transaction, int32_t month) {
  std::vector<size_t> offsets(transaction.changes.size());
  size_t end = entry.bytes.size() - transaction.why.size() - VarintBytes(transaction.why.size());
  for (size_t n = offsets.size(); n-- > 0;) {
    const RecordChange& change = transaction.changes[n];
    offsets[n] = end - change.bytes.size();
    end = offsets[n] - VarintBytes(change.bytes.size()) - VarintBytes(change.previous.value()) - sizeof(uint64_t) - sizeof(uint8_t);
  }
  for (size_t n = 0; n < offsets.size(); ++n) {
    const RecordChange& change = transaction.changes[n];
    Row(changes_, 9)
        .Bigint(entry.seq.value())
        .Bigint(change.key.id)
        .Bigint(change.previous.value())
        .Integer(month)
        .Integer(static_cast<int64_t>(n) + 1)
        .Integer(static_cast<int64_t>(offsets[n]))
        .Integer(static_cast<int64_t>(change.bytes.size()))
        .Smallint(entry.partition.value())
        .Smallint(static_cast<uint8_t>(change.key.kind));
  }
}

std::array<CopyRows::Table, 4> CopyRows::Finish() {
  for (std::string* table : {&index_, &entries_, &postings_, &changes_}) table->append(kTrailer.data(), kTrailer.size());
  return {{{kCopyIndex, index_}, {kCopyEntries, entries_}, {kCopyPostings, postings_}, {kCopyChanges, changes_}}};
}

}  // namespace fenfen
