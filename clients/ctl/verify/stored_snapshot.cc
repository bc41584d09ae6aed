#include "clients/ctl/verify/stored_snapshot.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ledger/core/bytes.h"
#include "ledger/core/crc32c.h"
#include "ledger/journal/segment_reader.h"

namespace fenfen::ctl {
namespace {

constexpr absl::string_view kMagic = "FENFENS1";
constexpr absl::string_view kEnd = "FENFENSE";
constexpr absl::string_view kSuffix = ".snap";
constexpr size_t kHeaderBytes = 40;
constexpr size_t kDigestBytes = 32;
constexpr size_t kRowBytes = 64;
constexpr size_t kTrailerBytes = 24;
constexpr uint64_t kSectionBytesMax = uint64_t{1} << 34;
constexpr uint8_t kPartitionForm = 1;

// What a partition's request keys and devices took effect as; the checker has no use for it.
void SkipEffects(ByteReader& in) {
  const auto effect = [&in] {
    in.Varint();
    in.Varint();
  };
  for (size_t keys = in.Count(); keys > 0 && !in.failed(); --keys) {
    in.U64();
    in.U64();
    effect();
  }
  for (size_t devices = in.Count(); devices > 0 && !in.failed(); --devices) {
    in.U64();
    in.Varint();
    for (size_t events = in.Count(); events > 0 && !in.failed(); --events) {
      in.Varint();
      effect();
    }
  }
}

// The numbers of the snapshots in a folder, newest first.
absl::StatusOr<std::vector<uint64_t>> NumbersIn(FileSystem& files, const std::string& folder) {
  const absl::StatusOr<std::vector<std::string>> names = files.List(folder);
  if (!names.ok()) return names.status();
  std::vector<uint64_t> numbers;
  for (const std::string& name : *names) {
    uint64_t number = 0;
    if (absl::EndsWith(name, kSuffix) && absl::SimpleAtoi(name.substr(0, name.size() - kSuffix.size()), &number)) numbers.push_back(number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  return numbers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StoredSnapshot>> StoredSnapshot::Open(FileSystem& files, const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file = files.OpenForRead(path);
  if (!file.ok()) return file.status();
  std::unique_ptr<StoredSnapshot> snapshot(new StoredSnapshot(*std::move(file), path));
  absl::Status status = snapshot->ReadHeader();
  if (status.ok()) status = snapshot->ReadTable();
  if (!status.ok()) return status;
  return snapshot;
}

absl::StatusOr<std::unique_ptr<StoredSnapshot>> StoredSnapshot::Find(FileSystem& files, const std::string& folder, uint64_t journal_id,
                                                                     const std::array<PartitionSeq, kPartitions>& least) {
  const absl::StatusOr<std::vector<uint64_t>> numbers = NumbersIn(files, folder);
  if (!numbers.ok()) return absl::NotFoundError(numbers.status().message());
  std::vector<std::string> refused;
  for (const uint64_t number : *numbers) {
    const std::string path = absl::StrCat(folder, "/", absl::Dec(number, absl::kZeroPad8), kSuffix);
    absl::StatusOr<std::unique_ptr<StoredSnapshot>> snapshot = Open(files, path);
    absl::Status status = snapshot.status();
    if (status.ok() && ((*snapshot)->journal_id() != journal_id || (*snapshot)->number() != number)) {
      status = absl::DataLossError(absl::StrCat(path, ": of another journal, or with another number"));
    }
    for (uint16_t p = 0; p < kPartitions && status.ok(); ++p) {
      status = (*snapshot)->Section(p).status();
      if (status.ok() && (*snapshot)->last(PartitionId(p)) < least[p]) {
        status = absl::DataLossError(absl::StrCat(path, ": ends before the journal begins, in partition ", p));
      }
    }
    if (status.ok()) return snapshot;
    refused.emplace_back(status.message());
  }
  return absl::NotFoundError(refused.empty() ? absl::StrCat(folder, ": no snapshot here")
                                             : absl::StrCat("no snapshot can be used: ", absl::StrJoin(refused, "; ")));
}

absl::StatusOr<std::string> StoredSnapshot::Bytes(uint64_t offset, uint64_t size) const {
  std::string bytes(size, '\0');
  const absl::StatusOr<size_t> got = file_->ReadAt(offset, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  if (*got < size) return DamageError({path_, offset + *got, "the file ends within its parts"});
  return bytes;
}

uint64_t StoredSnapshot::PlacedCrc(absl::string_view bytes, uint64_t offset) const {
  std::string place;
  ByteWriter w(place);
  w.U64(journal_id_);
  w.U64(number_);
  w.U64(offset);
  return Crc32c(place, Crc32c(bytes));
}

absl::Status StoredSnapshot::ReadHeader() {
  const absl::StatusOr<std::string> bytes = Bytes(0, kHeaderBytes);
  if (!bytes.ok()) return bytes.status();
  ByteReader in(absl::string_view(*bytes).substr(kMagic.size()));
  journal_id_ = in.U64();
  number_ = in.U64();
  in.U64();  // time
  if (absl::StartsWith(*bytes, kMagic) && in.U64() == Crc32c(absl::string_view(*bytes).substr(0, kHeaderBytes - 8)))
    return absl::OkStatus();
  return DamageError({path_, 0, "the snapshot's header does not hold"});
}

absl::Status StoredSnapshot::ReadTable() {
  const absl::StatusOr<uint64_t> size = file_->Size();
  if (!size.ok()) return size.status();
  constexpr uint64_t kTableBytes = kSections * kRowBytes;
  if (*size < kHeaderBytes + kTableBytes + kTrailerBytes) return DamageError({path_, *size, "the snapshot was not written to its end"});
  const uint64_t table_offset = *size - kTrailerBytes - kTableBytes;
  const absl::StatusOr<std::string> bytes = Bytes(table_offset, kTableBytes + kTrailerBytes);
  if (!bytes.ok()) return bytes.status();
  const absl::string_view table = absl::string_view(*bytes).substr(0, kTableBytes);
  ByteReader trailer(absl::string_view(*bytes).substr(kTableBytes));
  if (trailer.U64() != table_offset || trailer.U64() != PlacedCrc(table, table_offset) || !absl::EndsWith(*bytes, kEnd)) {
    return DamageError({path_, table_offset, "the snapshot's table does not hold"});
  }
  uint64_t offset = kHeaderBytes;
  for (size_t section = 0; section < kSections; ++section) {
    const absl::string_view row = table.substr(section * kRowBytes, kRowBytes);
    ByteReader in(row);
    Row& of = rows_[section];
    of.offset = in.U64();
    of.bytes = in.U64();
    of.last = PartitionSeq(in.U64());
    of.crc = in.U64();
    of.sha256 = std::string(row.substr(kRowBytes - kDigestBytes));
    // No size is believed that the file does not have.
    if (of.offset != offset || of.bytes > std::min(table_offset - offset, kSectionBytesMax)) {
      return DamageError({path_, table_offset + section * kRowBytes, "a section of the snapshot has no place"});
    }
    offset += of.bytes;
  }
  return offset == table_offset ? absl::OkStatus() : DamageError({path_, offset, "the snapshot's sections do not fill it"});
}

absl::StatusOr<std::string> StoredSnapshot::Section(size_t section) const {
  const Row& row = rows_[section];
  absl::StatusOr<std::string> bytes = Bytes(row.offset, row.bytes);
  if (bytes.ok() && PlacedCrc(*bytes, row.offset) != row.crc) {
    return DamageError({path_, row.offset, absl::StrCat("section ", section, " of the snapshot does not hold")});
  }
  return bytes;
}

absl::StatusOr<StoredPartition> StoredSnapshot::Read(PartitionId partition) const {
  const absl::StatusOr<std::string> bytes = Section(partition.value());
  if (!bytes.ok()) return bytes.status();
  ByteReader in(*bytes);
  StoredPartition stored;
  const bool begins = in.U8() == kPartitionForm && in.Varint() == partition.value() && in.Varint() == last(partition).value();
  for (size_t records = in.Count(); records > 0 && !in.failed(); --records) {
    StoredPartition::Record record;
    record.key.kind = static_cast<RecordKind>(in.U8());
    record.key.id = in.U64();
    record.version = in.Varint();
    record.bytes = std::string(in.Bytes());
    stored.records.push_back(std::move(record));
  }
  for (size_t accounts = in.Count(); accounts > 0 && !in.failed(); --accounts) {
    AccountId account;
    account.kind = static_cast<AccountKind>(in.U8());
    account.asset = static_cast<Asset>(in.U8());
    account.owner = in.U64();
    stored.accounts.emplace_back(account, in.Zigzag());
  }
  SkipEffects(in);
  const bool known = std::all_of(stored.accounts.begin(), stored.accounts.end(), [](const auto& account) {
    const AccountId& id = account.first;
    return IsAccount(static_cast<uint8_t>(id.kind), static_cast<uint8_t>(id.asset));
  });
  if (!begins || !in.Finished() || !known) {
    return DamageError({path_, rows_[partition.value()].offset, absl::StrCat("partition ", partition.value(), " does not have its form")});
  }
  return stored;
}

}  // namespace fenfen::ctl
