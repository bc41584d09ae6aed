#include "ledger/state/partition_form.h"

#include <algorithm>
#include <array>
#include <limits>

#include "absl/strings/str_cat.h"
#include "ledger/core/bytes.h"
#include "ledger/core/limits.h"
#include "ledger/state/digest.h"

namespace fenfen {
namespace {

using Contents = PartitionContents;

// On disk, do not renumber.
constexpr uint8_t kFormat = 1;
// More than any version kept of one device.
constexpr size_t kEventsMax = 4096;

bool ByKey(const Contents::Record& a, const Contents::Record& b) { return a.key < b.key; }
bool ById(const Contents::Account& a, const Contents::Account& b) { return a.id < b.id; }
bool ByRequest(const Contents::ClientKey& a, const Contents::ClientKey& b) { return a.key < b.key; }
bool ByDevice(const Contents::Device& a, const Contents::Device& b) { return a.id < b.id; }

void WriteEffect(ByteWriter& w, const Contents::Effect& effect) {
  w.Varint(effect.fingerprint);
  w.Varint(effect.seq);
}

Contents::Effect ReadEffect(ByteReader& in, PartitionSeq last) {
  const uint64_t fingerprint = in.Varint();
  const uint64_t seq = in.Varint();
  if (fingerprint > std::numeric_limits<uint32_t>::max() || seq > std::numeric_limits<uint32_t>::max() || seq == 0 || seq > last.value()) {
    in.Fail();
  }
  return {static_cast<uint32_t>(fingerprint), static_cast<uint32_t>(seq)};
}

// Reads a list and fails where an item does not come after the one before it.
template <typename Item, typename Read, typename Before>
std::vector<Item> ReadSorted(ByteReader& in, Read read, Before before) {
  std::vector<Item> items;
  const size_t count = in.Count();
  // No more at first than what the bytes could hold: a forged count must not ask for memory.
  items.reserve(std::min(count, in.left() / 4));
  for (size_t n = 0; n < count && !in.failed(); ++n) {
    Item item = read();
    if (!items.empty() && !before(items.back(), item)) in.Fail();
    items.push_back(std::move(item));
  }
  return items;
}

Contents::Record ReadRecord(ByteReader& in, PartitionSeq last) {
  const auto kind = static_cast<RecordKind>(in.U8());
  const uint64_t id = in.U64();
  const PartitionSeq version(in.Varint());
  const absl::string_view bytes = in.Bytes();
  if (version == PartitionSeq(0) || version > last || bytes.size() > limits::kRecordBytesMax) in.Fail();
  return {{kind, id}, version, bytes};
}

Contents::Account ReadAccount(ByteReader& in) {
  const uint8_t kind = in.U8();
  const uint8_t asset = in.U8();
  const uint64_t owner = in.U64();
  const std::optional<Points> balance = Points::Make(in.Zigzag());
  if (!IsAccount(kind, asset) || !balance || *balance == Points(0) || !WithinBound(static_cast<AccountKind>(kind), *balance)) {
    in.Fail();
    return {};
  }
  return {{static_cast<AccountKind>(kind), static_cast<Asset>(asset), owner}, *balance};
}

Contents::Device ReadDevice(ByteReader& in, PartitionSeq last) {
  Contents::Device device;
  device.id = CatalogueId(in.U64());
  device.forgotten = in.Varint();
  const auto read = [&] {
    const uint64_t number = in.Varint();
    return Contents::Event{number, ReadEffect(in, last)};
  };
  device.events =
      ReadSorted<Contents::Event>(in, read, [](const Contents::Event& a, const Contents::Event& b) { return a.number < b.number; });
  if (device.events.empty() || device.events.size() > kEventsMax) in.Fail();
  return device;
}

bool SumsToZero(const std::vector<Contents::Account>& accounts) {
  std::array<__int128, 3> sums{};
  for (const Contents::Account& account : accounts) sums[static_cast<uint8_t>(account.id.asset)] += account.balance.hundredths();
  return sums == std::array<__int128, 3>{};
}

}  // namespace

void SortContents(PartitionContents& contents) {
  std::sort(contents.records.begin(), contents.records.end(), ByKey);
  std::sort(contents.accounts.begin(), contents.accounts.end(), ById);
  std::sort(contents.keys.begin(), contents.keys.end(), ByRequest);
  std::sort(contents.devices.begin(), contents.devices.end(), ByDevice);
}

std::string EncodePartition(const PartitionContents& contents) {
  std::string out;
  size_t bytes = 64 + 16 * contents.accounts.size() + 26 * contents.keys.size();
  for (const Contents::Record& record : contents.records) bytes += 24 + record.bytes.size();
  for (const Contents::Device& device : contents.devices) bytes += 24 + 16 * device.events.size();
  out.reserve(bytes);
  ByteWriter w(out);
  w.U8(kFormat);
  w.Varint(contents.partition.value());
  w.Varint(contents.last.value());
  w.Varint(contents.records.size());
  for (const Contents::Record& record : contents.records) {
    w.U8(static_cast<uint8_t>(record.key.kind));
    w.U64(record.key.id);
    w.Varint(record.version.value());
    w.Bytes(record.bytes);
  }
  w.Varint(contents.accounts.size());
  for (const Contents::Account& account : contents.accounts) {
    w.U8(static_cast<uint8_t>(account.id.kind));
    w.U8(static_cast<uint8_t>(account.id.asset));
    w.U64(account.id.owner);
    w.Zigzag(account.balance.hundredths());
  }
  w.Varint(contents.keys.size());
  for (const Contents::ClientKey& key : contents.keys) {
    w.U64(key.key.high);
    w.U64(key.key.low);
    WriteEffect(w, key.effect);
  }
  w.Varint(contents.devices.size());
  for (const Contents::Device& device : contents.devices) {
    w.U64(device.id.value());
    w.Varint(device.forgotten);
    w.Varint(device.events.size());
    for (const Contents::Event& event : device.events) {
      w.Varint(event.number);
      WriteEffect(w, event.effect);
    }
  }
  return out;
}

absl::StatusOr<PartitionContents> DecodePartition(absl::string_view bytes) {
  ByteReader in(bytes);
  if (const uint8_t format = in.U8(); format != kFormat) {
    return absl::DataLossError(absl::StrCat("partition: format ", format, " is not known"));
  }
  Contents contents;
  const uint64_t partition = in.Varint();
  if (partition >= kPartitions) return absl::DataLossError(absl::StrCat("partition: there is no partition ", partition));
  contents.partition = PartitionId(static_cast<uint16_t>(partition));
  contents.last = PartitionSeq(in.Varint());
  contents.records = ReadSorted<Contents::Record>(
      in, [&] { return ReadRecord(in, contents.last); }, ByKey);
  contents.accounts = ReadSorted<Contents::Account>(
      in, [&] { return ReadAccount(in); }, ById);
  const auto read_key = [&] {
    const uint64_t high = in.U64();
    const RequestKey key{high, in.U64()};
    if (IsDeviceEventKey(key)) in.Fail();
    return Contents::ClientKey{key, ReadEffect(in, contents.last)};
  };
  contents.keys = ReadSorted<Contents::ClientKey>(in, read_key, ByRequest);
  contents.devices = ReadSorted<Contents::Device>(
      in, [&] { return ReadDevice(in, contents.last); }, ByDevice);
  if (!in.Finished()) {
    return absl::DataLossError(absl::StrCat("partition ", partition, ": the stored bytes do not have its form"));
  }
  if (!SumsToZero(contents.accounts)) return absl::DataLossError(absl::StrCat("partition ", partition, ": balances do not sum to zero"));
  return contents;
}

std::string DigestOf(const PartitionContents& contents) {
  DigestBuilder builder(contents.partition, contents.last);
  for (const Contents::Record& record : contents.records) builder.AddRecord(record.key, record.version, record.bytes);
  for (const Contents::Account& account : contents.accounts) builder.AddAccount(account.id, account.balance);
  return builder.Finish();
}

}  // namespace fenfen
