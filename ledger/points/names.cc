// Resource names of the ledger's own things: made and parsed here alone.
#include <charconv>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "ledger/core/limits.h"
#include "ledger/points/entry.h"

namespace fenfen {
namespace {

// A positive number in its shortest form; nullopt for anything else.
std::optional<uint64_t> ParseNumber(absl::string_view text, uint64_t max) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || text[0] == '0' || value > max) return std::nullopt;
  return value;
}

// The numbers of "households/{h}/{collection}/{id}", or nothing.
std::optional<std::pair<HouseholdId, absl::string_view>> ParseChild(absl::string_view name, absl::string_view collection) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[0] != "households" || parts[2] != collection) return std::nullopt;
  const std::optional<uint64_t> household = ParseNumber(parts[1], limits::kHouseholdIdMax);
  if (!household) return std::nullopt;
  return std::make_pair(HouseholdId(*household), parts[3]);
}

}  // namespace

std::string HouseholdName(HouseholdId id) { return absl::StrCat("households/", id.value()); }

std::string VoucherName(HouseholdId household, VoucherId id) {
  return absl::StrCat(HouseholdName(household), "/vouchers/", absl::Hex(id.value(), absl::kZeroPad16));
}

std::optional<HouseholdId> ParseHouseholdName(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, "households/")) return std::nullopt;
  const std::optional<uint64_t> number = ParseNumber(name, limits::kHouseholdIdMax);
  if (!number) return std::nullopt;
  return HouseholdId(*number);
}

std::optional<std::pair<HouseholdId, uint32_t>> ParseMemberName(absl::string_view name) {
  const auto parts = ParseChild(name, "members");
  if (!parts) return std::nullopt;
  const std::optional<uint64_t> member = ParseNumber(parts->second, limits::kMembersMax);
  if (!member) return std::nullopt;
  return std::make_pair(parts->first, static_cast<uint32_t>(*member));
}

std::optional<std::pair<HouseholdId, PartitionSeq>> ParseEntryName(absl::string_view name) {
  const auto parts = ParseChild(name, "entries");
  if (!parts) return std::nullopt;
  const std::optional<uint64_t> seq = ParseNumber(parts->second, limits::kHouseholdIdMax);
  if (!seq) return std::nullopt;
  return std::make_pair(parts->first, PartitionSeq(*seq));
}

std::optional<std::pair<HouseholdId, VoucherId>> ParseVoucherName(absl::string_view name) {
  const auto parts = ParseChild(name, "vouchers");
  if (!parts || parts->second.size() != 16) return std::nullopt;
  const absl::string_view text = parts->second;
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::make_pair(parts->first, VoucherId(id));
}

}  // namespace fenfen
