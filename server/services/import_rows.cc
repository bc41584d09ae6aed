#include "server/services/import_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/limits.h"
#include "ledger/points/codes.h"
#include "ledger/points/entry.h"

namespace fenfen::server {
namespace {

constexpr size_t kErrorsMax = 100;

}  // namespace

void ImportRows::Error(int row, absl::string_view field, absl::string_view zh, absl::string_view en) {
  if (errors_.size() >= kErrorsMax) return;
  v1::RowError& error = errors_.emplace_back();
  error.set_row(row);
  error.set_field(std::string(field));
  error.set_zh(std::string(zh));
  error.set_en(std::string(en));
}

void ImportRows::Add(const v1::HouseholdRow& row, const Catalogue& catalogue) {
  ++rows_;
  EnrolmentFacts facts;
  if (const std::optional<HouseholdId> number = ParseHouseholdName(absl::StrCat("households/", row.number()))) {
    facts.household = *number;
    if (!numbers_.insert(number->value()).second) Error(rows_, "number", "户号重复", "the household comes twice");
  } else {
    Error(rows_, "number", absl::StrCat("户号须为 1 到 ", limits::kHouseholdIdMax, " 的整数"),
          absl::StrCat("must be a number from 1 to ", limits::kHouseholdIdMax));
  }
  const std::string region_name = absl::StrCat("regions/", row.region());
  facts.region = CatalogueIdOf(region_name);
  const v1::Region* region = catalogue.Find<v1::Region>(facts.region);
  if (region == nullptr || region->name() != region_name) {
    Error(rows_, "region", absl::StrCat("没有区域“", row.region(), "”"), absl::StrCat("there is no region ", row.region()));
  } else if (region->level() != "estate" && region->level() != "building") {
    Error(rows_, "region", absl::StrCat("“", row.region(), "”不是小区"), absl::StrCat(row.region(), " is not an estate"));
  }
  if (row.members() < 1 || row.members() > limits::kMembersMax) {
    Error(rows_, "members", absl::StrCat("人数须为 1 到 ", limits::kMembersMax), absl::StrCat("must be 1 to ", limits::kMembersMax));
  } else if (row.subjects_size() > row.members()) {
    Error(rows_, "subjects", "微信标识比人数多", "are more than the members");
  } else {
    ReadKeys(row, facts);
  }
  all_.push_back(std::move(facts));
}

void ImportRows::ReadKeys(const v1::HouseholdRow& row, EnrolmentFacts& facts) {
  if (!row.card().empty()) {
    facts.card_hash = HashCard(lookups_key_, row.card());
    if (!cards_.insert(facts.card_hash).second) Error(rows_, "card", "卡号重复", "the card comes twice");
  }
  if (!row.door().empty()) {
    facts.door_hash = HashDoor(lookups_key_, row.region(), row.door());
    if (!doors_.insert(facts.door_hash).second) Error(rows_, "door", "门牌重复", "the door comes twice");
  }
  facts.members.resize(static_cast<size_t>(row.members()), 0);
  for (int i = 0; i < row.subjects_size(); ++i) {
    if (!row.subjects(i).empty()) facts.members[static_cast<size_t>(i)] = HashSubject(lookups_key_, row.subjects(i));
  }
}

absl::Status ImportRows::Compare(const State& state, const Directory& directory) {
  if (!errors_.empty()) return absl::OkStatus();
  for (size_t i = 0; i < all_.size(); ++i) {
    EnrolmentFacts& facts = all_[i];
    const int row = static_cast<int>(i) + 1;
    EnrolmentState present = EnrolmentState::kNew;
    const absl::Status read =
        state.Read(PartitionOf(facts.household), [&](const View& view, PartitionSeq) { present = CompareEnrolment(view, facts); });
    if (!read.ok()) return read;
    if (present == EnrolmentState::kSame) {
      ++unchanged_;
      continue;
    }
    if (present == EnrolmentState::kDifferent) Error(row, "number", "该户已登记，且内容不同", "is enrolled already, with other data");
    const auto card = facts.card_hash == 0 ? std::nullopt : directory.ByCard(facts.card_hash);
    if (card && *card != facts.household) Error(row, "card", "该卡已属于另一户", "belongs to another household");
    const auto door = facts.door_hash == 0 ? std::nullopt : directory.ByDoor(facts.door_hash);
    if (door && *door != facts.household) Error(row, "door", "该门牌已属于另一户", "belongs to another household");
    fresh_.push_back(std::move(facts));
  }
  return absl::OkStatus();
}

}  // namespace fenfen::server
