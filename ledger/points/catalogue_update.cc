#include "ledger/points/catalogue_update.h"

#include <algorithm>
#include <limits>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/errors.h"

namespace fenfen {
namespace {

constexpr size_t kErrorsMax = 100;
constexpr size_t kIdLengthMax = 32;
constexpr size_t kTextLengthMax = 128;
constexpr int64_t kRateMax = 1'000'000;  // 10,000 points: no rule pays more a kilogram or a drop
constexpr size_t kPublicKeyBytes = 32;

bool IsName(absl::string_view name, absl::string_view collection) {
  if (!absl::ConsumePrefix(&name, collection) || name.empty() || name.size() > kIdLengthMax) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
}

template <typename Message>
std::string Serialise(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

RecordKey RuleSetKey(int32_t version) { return {RecordKind::kRuleSet, static_cast<uint64_t>(version)}; }
RecordKey ItemKey(RecordKind kind, absl::string_view name) { return {kind, CatalogueIdOf(name).value()}; }

// Goes through a request item by item, gathering changes and errors.
class Planner {
 public:
  Planner(const View& view, const v1::UpdateCatalogueRequest& request) : view_(view), request_(request) {
    for (const v1::Region& region : request.regions()) coming_.insert(region.name());
    for (const v1::Station& station : request.stations()) coming_.insert(station.name());
    for (const v1::Merchant& merchant : request.merchants()) coming_.insert(merchant.name());
  }

  void Run() {
    for (const v1::Region& region : request_.regions()) Check(region), Put("regions", RecordKind::kRegion, region);
    for (const v1::Station& station : Begin(request_.stations())) Check(station), Put("stations", RecordKind::kStation, station);
    for (const v1::Device& device : Begin(request_.devices())) Check(device), Put("devices", RecordKind::kDevice, device);
    for (const v1::Merchant& merchant : Begin(request_.merchants())) Check(merchant), Put("merchants", RecordKind::kMerchant, merchant);
    for (const v1::Offer& offer : Begin(request_.offers())) Check(offer), Put("offers", RecordKind::kOffer, offer);
    for (const v1::Staff& staff : Begin(request_.staff())) Check(staff), Put("staff", RecordKind::kStaff, staff);
    if (request_.has_rule_set()) PutRules(request_.rule_set());
  }

  CatalogueChange change;

 private:
  template <typename List>
  const List& Begin(const List& list) {
    row_ = 0;
    return list;
  }

  void Error(absl::string_view field, absl::string_view zh, absl::string_view en) {
    if (change.errors.size() >= kErrorsMax) return;
    v1::RowError& error = change.errors.emplace_back();
    error.set_row(row_);
    error.set_field(std::string(field));
    error.set_zh(std::string(zh));
    error.set_en(std::string(en));
  }

  void CheckName(absl::string_view field, absl::string_view name, absl::string_view collection) {
    ++row_;
    if (IsName(name, collection)) return;
    Error(field, absl::StrCat("“", name, "”不是有效的编号：只能用字母、数字、- 和 _，最多 ", kIdLengthMax, " 个字符"),
          absl::StrCat("\"", name, "\" is not a name: ", collection, " and 1 to ", kIdLengthMax, " letters, digits, - or _"));
  }
  void CheckText(absl::string_view field, absl::string_view text) {
    if (text.empty()) return Error(field, "不能为空", "must not be empty");
    if (text.size() > kTextLengthMax) Error(field, "太长", absl::StrCat("is longer than ", kTextLengthMax, " bytes"));
  }
  void CheckRange(absl::string_view field, int64_t value, int64_t low, int64_t high) {
    if (value >= low && value <= high) return;
    Error(field, absl::StrCat(value, " 超出范围 ", low, "–", high), absl::StrCat(value, " is not within ", low, " to ", high));
  }
  void CheckReference(absl::string_view field, RecordKind kind, absl::string_view name) {
    if (coming_.contains(std::string(name)) || view_.Record(ItemKey(kind, name))) return;
    Error(field, absl::StrCat("“", name, "”不存在"), absl::StrCat("\"", name, "\" does not exist"));
  }

  void Check(const v1::Region& region) {
    static constexpr absl::string_view kLevels[] = {"district", "town", "community", "village", "estate"};
    CheckName("regions.name", region.name(), "regions/");
    CheckText("regions.display_name", region.display_name());
    if (std::find(std::begin(kLevels), std::end(kLevels), region.level()) == std::end(kLevels)) {
      Error("regions.level", "级别须为 district、town、community、village 或 estate",
            "must be district, town, community, village or estate");
    }
    if (region.parent() == region.name()) Error("regions.parent", "上级不能是自己", "must not be the region itself");
    if (!region.parent().empty()) CheckReference("regions.parent", RecordKind::kRegion, region.parent());
  }
  void Check(const v1::Station& station) {
    CheckName("stations.name", station.name(), "stations/");
    CheckText("stations.display_name", station.display_name());
    CheckReference("stations.region", RecordKind::kRegion, station.region());
  }
  void Check(const v1::Device& device) {
    CheckName("devices.name", device.name(), "devices/");
    CheckReference("devices.station", RecordKind::kStation, device.station());
    if (device.public_key().size() != kPublicKeyBytes) {
      Error("devices.public_key", "公钥须为 32 字节的 Ed25519 公钥", "must be an Ed25519 public key of 32 bytes");
    }
  }
  void Check(const v1::Merchant& merchant) {
    CheckName("merchants.name", merchant.name(), "merchants/");
    CheckText("merchants.display_name", merchant.display_name());
    CheckReference("merchants.region", RecordKind::kRegion, merchant.region());
    const std::string operators = absl::StrCat(merchant.name(), "/operators/");
    for (const v1::MerchantOperator& person : merchant.operators()) {
      if (!IsName(person.name(), operators)) {
        Error("merchants.operators.name", absl::StrCat("须以 ", operators, " 开头"), absl::StrCat("must begin with ", operators));
      }
    }
  }
  void Check(const v1::Offer& offer) {
    CheckName("offers.name", offer.name(), "offers/");
    CheckText("offers.title_zh", offer.title_zh());
    CheckText("offers.title_en", offer.title_en());
    CheckRange("offers.price", offer.price(), 1, kRateMax * 100);
    CheckRange("offers.voucher_days", offer.voucher_days(), 1, 366);
    CheckReference("offers.merchant", RecordKind::kMerchant, offer.merchant());
  }
  void Check(const v1::Staff& staff) {
    CheckName("staff.name", staff.name(), "staff/");
    CheckReference("staff.region", RecordKind::kRegion, staff.region());
    if (staff.role() != v1::ROLE_STAFF && staff.role() != v1::ROLE_ATTENDANT && staff.role() != v1::ROLE_AUDITOR) {
      Error("staff.role", "角色须为 STAFF、ATTENDANT 或 AUDITOR", "must be STAFF, ATTENDANT or AUDITOR");
    }
  }
  void Check(const v1::RuleSet& rules) {
    absl::flat_hash_set<int> categories;
    for (const v1::Rule& rule : rules.rules()) {
      ++row_;
      CheckText("rule_set.rules.id", rule.id());
      if (rule.category() == v1::CATEGORY_UNSPECIFIED || !v1::Category_IsValid(rule.category())) {
        Error("rule_set.rules.category", "没有这个垃圾类别", "is not a category");
      }
      if (!categories.insert(rule.category()).second) Error("rule_set.rules.category", "同一类别有两条规则", "has two rules");
      CheckRange("rule_set.rules.reward_per_kg", rule.reward_per_kg(), 0, kRateMax);
      CheckRange("rule_set.rules.reward_per_drop", rule.reward_per_drop(), 0, kRateMax);
      CheckRange("rule_set.rules.civic_per_drop", rule.civic_per_drop(), 0, kRateMax);
      CheckRange("rule_set.rules.assumed_grams", rule.assumed_grams(), 0, 50'000);
      CheckRange("rule_set.rules.daily_drops_max", rule.daily_drops_max(), 0, 1000);
      CheckRange("rule_set.rules.daily_reward_max", rule.daily_reward_max(), 0, kRateMax * 100);
    }
    CheckRange("rule_set.late_days_max", rules.late_days_max(), 0, 30);
    CheckRange("rule_set.expiry_grace_months", rules.expiry_grace_months(), 0, 24);
  }

  // Writes an item where it is new or differs. One name comes once in a request.
  template <typename Item>
  void Put(absl::string_view list, RecordKind kind, const Item& item) {
    const RecordKey key = ItemKey(kind, item.name());
    if (!seen_.insert(key).second) return Error(absl::StrCat(list, ".name"), "重复出现", "comes twice");
    PutBytes(key, Serialise(item));
  }
  void PutBytes(const RecordKey& key, std::string bytes) {
    const std::optional<RecordView> present = view_.Record(key);
    if (present && present->bytes == bytes) {
      ++change.unchanged;
      return;
    }
    ++change.written;
    change.transaction.changes.push_back({key, present ? present->version : PartitionSeq(0), std::move(bytes)});
  }
  void PutRules(const v1::RuleSet& rules) {
    row_ = 0;
    Check(rules);
    const RecordKey key = RuleSetKey(rules.version());
    const bool first = rules.version() == 1;
    const bool follows = rules.version() > 1 && view_.Record(RuleSetKey(rules.version() - 1));
    const std::optional<RecordView> present = view_.Record(key);
    row_ = 0;
    if ((!first && !follows) || (present && present->bytes != Serialise(rules))) {
      return Error("rule_set.version", "版本号须比现行版本大一", "must be one more than the version in force");
    }
    PutBytes(key, Serialise(rules));
  }

  const View& view_;
  const v1::UpdateCatalogueRequest& request_;
  absl::flat_hash_set<std::string> coming_;
  absl::flat_hash_set<RecordKey> seen_;
  int row_ = 0;
};

}  // namespace

ReadSet CatalogueReads(const v1::UpdateCatalogueRequest& request) {
  ReadSet reads;
  const auto add = [&reads](RecordKind kind, absl::string_view name) { reads.records.push_back(ItemKey(kind, name)); };
  for (const v1::Region& region : request.regions()) add(RecordKind::kRegion, region.name()), add(RecordKind::kRegion, region.parent());
  for (const v1::Station& station : request.stations())
    add(RecordKind::kStation, station.name()), add(RecordKind::kRegion, station.region());
  for (const v1::Device& device : request.devices()) add(RecordKind::kDevice, device.name()), add(RecordKind::kStation, device.station());
  for (const v1::Merchant& shop : request.merchants()) add(RecordKind::kMerchant, shop.name()), add(RecordKind::kRegion, shop.region());
  for (const v1::Offer& offer : request.offers()) add(RecordKind::kOffer, offer.name()), add(RecordKind::kMerchant, offer.merchant());
  for (const v1::Staff& staff : request.staff()) add(RecordKind::kStaff, staff.name()), add(RecordKind::kRegion, staff.region());
  if (request.has_rule_set()) {
    reads.records.push_back(RuleSetKey(request.rule_set().version()));
    reads.records.push_back(RuleSetKey(request.rule_set().version() - 1));
  }
  std::sort(reads.records.begin(), reads.records.end());
  reads.records.erase(std::unique(reads.records.begin(), reads.records.end()), reads.records.end());
  return reads;
}

CatalogueChange PlanCatalogueUpdate(const View& view, const v1::UpdateCatalogueRequest& request, const DecisionContext& context) {
  Planner planner(view, request);
  planner.change.transaction = BeginTransaction(TransactionKind::kCatalogueUpdate, context, context.now);
  planner.Run();
  CatalogueChange& change = planner.change;
  change.transaction.why = EncodeWhy(CatalogueWhy{static_cast<uint32_t>(change.written), static_cast<uint32_t>(change.unchanged)});
  return std::move(change);
}

absl::StatusOr<Transaction> DecideCatalogueUpdate(const View& view, const v1::UpdateCatalogueRequest& request,
                                                  const DecisionContext& context) {
  CatalogueChange change = PlanCatalogueUpdate(view, request, context);
  if (change.errors.empty()) return std::move(change.transaction);
  const v1::RowError& first = change.errors.front();
  return Refuse(Reason::REASON_ROW_INVALID, {{"row", absl::StrCat(first.row())}, {"detail", first.en()}}, first.field());
}

}  // namespace fenfen
