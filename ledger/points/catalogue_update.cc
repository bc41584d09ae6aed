#include "ledger/points/catalogue_update.h"

#include <algorithm>
#include <limits>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/earning/rules_check.h"
#include "ledger/points/earning/short_id.h"
#include "ledger/points/spending/offer_check.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

constexpr size_t kErrorsMax = 100;
constexpr size_t kIdLengthMax = 32;
constexpr int64_t kCorrectionMax = 10'000'000;  // hundredths that one person corrects
constexpr size_t kTextLengthMax = 128;
constexpr size_t kPublicKeyBytes = 32;
constexpr int64_t kQuarterTurnMicros = 90'000'000;  // millionths of a degree

bool IsName(absl::string_view name, absl::string_view collection) {
  if (!absl::ConsumePrefix(&name, collection) || name.empty() || name.size() > kIdLengthMax) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
}

RecordKey RuleSetKey(int32_t version) { return {RecordKind::kRuleSet, static_cast<uint64_t>(version)}; }
RecordKey ItemKey(RecordKind kind, absl::string_view name) { return {kind, CatalogueIdOf(name).value()}; }

// Goes through a request item by item, gathering changes and errors.
class Planner {
 public:
  Planner(const View& view, const v1::UpdateCatalogueRequest& request, const DecisionContext& context)
      : view_(view), request_(request), context_(context) {
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
  void CheckShortId(absl::string_view field, absl::string_view id) {
    if (id.empty() || IsShortId(id)) return;
    Error(field, "须为小写字母、数字、- 和 _，最多 32 个", "must be small letters, digits, - or _, at most 32");
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
    static constexpr absl::string_view kLevels[] = {"district", "town", "community", "village", "estate", "building"};
    CheckName("regions.name", region.name(), "regions/");
    CheckText("regions.display_name", region.display_name());
    if (std::find(std::begin(kLevels), std::end(kLevels), region.level()) == std::end(kLevels)) {
      Error("regions.level", "级别须为 district、town、community、village、estate 或 building",
            "must be district, town, community, village, estate or building");
    }
    if (region.parent() == region.name()) Error("regions.parent", "上级不能是自己", "must not be the region itself");
    if (!region.parent().empty()) CheckReference("regions.parent", RecordKind::kRegion, region.parent());
    CheckShortId("regions.site_type", region.site_type());
  }
  void Check(const v1::Station& station) {
    CheckName("stations.name", station.name(), "stations/");
    CheckText("stations.display_name", station.display_name());
    CheckReference("stations.region", RecordKind::kRegion, station.region());
    CheckShortId("stations.kind", station.kind());
    CheckWindows("stations.windows", station.windows(), [this](auto field, auto zh, auto en) { Error(field, zh, en); });
    CheckRange("stations.latitude_micros", station.latitude_micros(), -kQuarterTurnMicros, kQuarterTurnMicros);
    CheckRange("stations.longitude_micros", station.longitude_micros(), -2 * kQuarterTurnMicros, 2 * kQuarterTurnMicros);
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
      if (!person.public_key().empty() && person.public_key().size() != kPublicKeyBytes) {
        Error("merchants.operators.public_key", "公钥须为 32 字节的 Ed25519 公钥", "must be an Ed25519 public key of 32 bytes");
      }
    }
  }
  void Check(const v1::Offer& offer) {
    CheckName("offers.name", offer.name(), "offers/");
    CheckText("offers.title_zh", offer.title_zh());
    CheckText("offers.title_en", offer.title_en());
    CheckOfferTerms(offer, [this](auto field, auto zh, auto en) { Error(field, zh, en); });
    CheckReference("offers.merchant", RecordKind::kMerchant, offer.merchant());
    for (const std::string& region : offer.regions()) CheckReference("offers.regions", RecordKind::kRegion, region);
  }
  void Check(const v1::Staff& staff) {
    CheckName("staff.name", staff.name(), "staff/");
    CheckReference("staff.region", RecordKind::kRegion, staff.region());
    if (staff.role() != v1::ROLE_STAFF && staff.role() != v1::ROLE_ATTENDANT && staff.role() != v1::ROLE_AUDITOR) {
      Error("staff.role", "角色须为 STAFF、ATTENDANT 或 AUDITOR", "must be STAFF, ATTENDANT or AUDITOR");
    }
    CheckRange("staff.reversal_limit", staff.reversal_limit(), 0, kCorrectionMax);
    CheckRange("staff.adjustment_limit", staff.adjustment_limit(), 0, kCorrectionMax);
  }
  // Writes an item where it is new or differs. One name comes once in a request.
  template <typename Item>
  void Put(absl::string_view list, RecordKind kind, const Item& item) {
    const RecordKey key = ItemKey(kind, item.name());
    if (!seen_.insert(key).second) return Error(absl::StrCat(list, ".name"), "重复出现", "comes twice");
    PutBytes(key, SerialiseMessage(item));
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
  void PutRules(v1::RuleSet rules) {
    row_ = 0;
    const RecordKey key = RuleSetKey(rules.version());
    const std::optional<RecordView> present = view_.Record(key);
    if (present && rules.effective_date().empty()) {
      v1::RuleSet stored;
      if (stored.ParseFromArray(present->bytes.data(), static_cast<int>(present->bytes.size()))) {
        rules.set_effective_date(stored.effective_date());
      }
    }
    if (present && present->bytes == SerialiseMessage(rules)) return PutBytes(key, SerialiseMessage(rules));
    // The day after the last one that a drop can have by now: the rules of a day that has begun do not change.
    const int32_t earliest = DayNumberOf(context_.now + limits::kClockAheadMax, context_.zone) + 1;
    if (rules.version() > 1 && rules.effective_date().empty()) rules.set_effective_date(absl::FormatCivilTime(CivilDayOf(earliest)));
    const auto region_exists = [this](absl::string_view name) {
      return coming_.contains(std::string(name)) || view_.Record(ItemKey(RecordKind::kRegion, name)).has_value();
    };
    CheckRuleSet(rules, {earliest, region_exists}, [this](auto path, auto zh, auto en) { Error(path, zh, en); });
    const bool follows = rules.version() == 1 || (rules.version() > 1 && view_.Record(RuleSetKey(rules.version() - 1)));
    if (!follows || present) return Error("rule_set.version", "版本号须比最新版本大一", "must be one more than the last version");
    PutBytes(key, SerialiseMessage(rules));
  }

  const View& view_;
  const v1::UpdateCatalogueRequest& request_;
  const DecisionContext& context_;
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
  for (const v1::Offer& offer : request.offers()) {
    add(RecordKind::kOffer, offer.name()), add(RecordKind::kMerchant, offer.merchant());
    for (const std::string& region : offer.regions()) add(RecordKind::kRegion, region);
  }
  for (const v1::Staff& staff : request.staff()) add(RecordKind::kStaff, staff.name()), add(RecordKind::kRegion, staff.region());
  if (request.has_rule_set()) {
    reads.records.push_back(RuleSetKey(request.rule_set().version()));
    reads.records.push_back(RuleSetKey(request.rule_set().version() - 1));
    ForEachRegion(request.rule_set(), [&](absl::string_view name) { add(RecordKind::kRegion, name); });
  }
  std::sort(reads.records.begin(), reads.records.end());
  reads.records.erase(std::unique(reads.records.begin(), reads.records.end()), reads.records.end());
  return reads;
}

CatalogueChange PlanCatalogueUpdate(const View& view, const v1::UpdateCatalogueRequest& request, const DecisionContext& context) {
  Planner planner(view, request, context);
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
