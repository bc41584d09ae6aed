#include "ledger/state/redis/partition_keys.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

constexpr std::array<absl::string_view, PartitionKeys::kBooks> kBookNames = {"meta", "records", "accounts", "devices", "outbox"};

uint16_t Crc16(absl::string_view bytes) {
  uint16_t crc = 0;
  for (const char c : bytes) {
    crc = static_cast<uint16_t>(crc ^ (static_cast<uint8_t>(c) << 8));
    for (int bit = 0; bit < 8; ++bit) crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
  }
  return crc;
}

// The numbers between slashes; empty where they are not `count` numbers.
std::vector<uint64_t> Numbers(absl::string_view field, size_t count) {
  std::vector<uint64_t> numbers;
  for (const absl::string_view part : absl::StrSplit(field, '/')) {
    uint64_t number = 0;
    if (numbers.size() == count || !absl::SimpleAtoi(part, &number)) return {};
    numbers.push_back(number);
  }
  return numbers.size() == count ? numbers : std::vector<uint64_t>{};
}

}  // namespace

static_assert(PartitionKeys::kDays == 45 + 2, "the window (limits::kRequestKeyAgeMax), today, and a day for keys ahead of the clock");

PartitionKeys::PartitionKeys(absl::string_view deployment, PartitionId partition) {
  const std::string tag = absl::StrCat(deployment, ".", partition.value());
  prefix_ = absl::StrCat("fenfen:{", tag, "}:");
  slot_ = SlotOf(tag);
}

std::string PartitionKeys::Book(int book) const { return absl::StrCat(prefix_, kBookNames[static_cast<size_t>(book)]); }
std::string PartitionKeys::Named(absl::string_view name) const { return absl::StrCat(prefix_, name); }
std::string PartitionKeys::Day(int day) const { return absl::StrCat(prefix_, "requests:", day); }

uint16_t SlotOf(absl::string_view tag) { return Crc16(tag) % kSlots; }

bool IsDeploymentName(absl::string_view name) {
  return !name.empty() && name.size() <= 32 &&
         std::all_of(name.begin(), name.end(), [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-'; });
}

std::string RecordField(const RecordKey& key) { return absl::StrCat(static_cast<int>(key.kind), "/", key.id); }

std::optional<RecordKey> ParseRecordField(absl::string_view field) {
  const std::vector<uint64_t> numbers = Numbers(field, 2);
  if (numbers.empty() || numbers[0] > 255) return std::nullopt;
  return RecordKey{static_cast<RecordKind>(numbers[0]), numbers[1]};
}

std::string AccountField(const AccountId& account) {
  return absl::StrCat(static_cast<int>(account.kind), "/", static_cast<int>(account.asset), "/", account.owner);
}

std::optional<AccountId> ParseAccountField(absl::string_view field) {
  const std::vector<uint64_t> numbers = Numbers(field, 3);
  if (numbers.empty() || numbers[0] > 255 || numbers[1] > 255) return std::nullopt;
  return AccountId{static_cast<AccountKind>(numbers[0]), static_cast<Asset>(numbers[1]), numbers[2]};
}

std::optional<RecordView> ParseRecordValue(absl::string_view value) {
  const size_t space = value.find(' ');
  uint64_t version = 0;
  if (space == absl::string_view::npos || !absl::SimpleAtoi(value.substr(0, space), &version)) return std::nullopt;
  return RecordView{PartitionSeq(version), value.substr(space + 1)};
}

std::string RequestField(const RequestKey& key) {
  std::string field;
  for (const uint64_t half : {key.high, key.low}) {
    for (int shift = 56; shift >= 0; shift -= 8) field.push_back(static_cast<char>(half >> shift));
  }
  return field;
}

int64_t RequestDay(const RequestKey& key) { return absl::ToUnixSeconds(TimeOfUuidV7(key)) / (int64_t{24} * 60 * 60); }

}  // namespace fenfen
