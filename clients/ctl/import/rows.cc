#include "clients/ctl/import/rows.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fenfen::ctl {

namespace {

constexpr size_t kNameBytesMax = 256;
constexpr size_t kOperatorsMax = 100;
constexpr size_t kMembersMax = 20;
constexpr int64_t kHouseholdMax = (int64_t{1} << 53) - 1;
constexpr int64_t kCorrectionPointsMax = 100'000;

// Reports a name that an earlier row has.
class Names {
 public:
  void Check(Row* row, absl::string_view field, const std::string& name) {
    if (!row->good()) return;  // a bad name stands for nothing
    const auto [first, fresh] = lines_.emplace(name, row->line());
    if (!fresh) row->Fault(field, absl::StrCat("与第 ", first->second, " 行重复"), absl::StrCat("the same as line ", first->second));
  }

 private:
  std::map<std::string, int64_t> lines_;
};

std::string Named(absl::string_view collection, const std::string& id) { return id.empty() ? "" : absl::StrCat(collection, "/", id); }

void ReadRegion(Row* row, Names* names, v1::UpdateCatalogueRequest* request) {
  static constexpr const char* kLevels[] = {"district", "town", "community", "village", "estate", "building"};
  static const std::map<std::string, int, std::less<>> kWords = {
      {"district", 0}, {"区", 0},      {"town", 1}, {"街道", 1},   {"乡镇", 1}, {"镇", 1},       {"乡", 1}, {"community", 2},
      {"社区", 2},     {"village", 3}, {"村", 3},   {"estate", 4}, {"小区", 4}, {"building", 5}, {"楼", 5}};
  v1::Region* region = request->add_regions();
  region->set_name(Named("regions", row->Id("name", "regions")));
  names->Check(row, "name", region->name());
  region->set_display_name(row->Text("display_name", kNameBytesMax));
  region->set_level(kLevels[row->Choice("level", kWords, "区/街道/镇/社区/村/小区 (district, town, community, village, estate)")]);
  region->set_parent(Named("regions", row->Id("parent", "regions", /*optional=*/true)));
}

void ReadStation(Row* row, Names* names, v1::UpdateCatalogueRequest* request) {
  v1::Station* station = request->add_stations();
  station->set_name(Named("stations", row->Id("name", "stations")));
  names->Check(row, "name", station->name());
  station->set_display_name(row->Text("display_name", kNameBytesMax));
  station->set_region(Named("regions", row->Id("region", "regions")));
}

void ReadDevice(Row* row, Names* names, v1::UpdateCatalogueRequest* request) {
  v1::Device* device = request->add_devices();
  device->set_name(Named("devices", row->Id("name", "devices")));
  names->Check(row, "name", device->name());
  device->set_station(Named("stations", row->Id("station", "stations")));
  const std::string key = row->Text("public_key", 128);
  std::string bytes;
  if (key.size() == 64 && key.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
    bytes = absl::HexStringToBytes(key);
  } else if (!absl::Base64Unescape(key, &bytes) || bytes.size() != 32) {
    row->Fault("public_key", "应为 32 字节 Ed25519 公钥（64 位十六进制或 Base64）",
               "should be an Ed25519 public key of 32 bytes, as 64 hexadecimal digits or Base64");
  }
  device->set_public_key(bytes);
  device->set_revoked(row->Flag("revoked"));
}

void ReadMerchant(Row* row, Names* names, v1::UpdateCatalogueRequest* request) {
  v1::Merchant* merchant = request->add_merchants();
  merchant->set_name(Named("merchants", row->Id("name", "merchants")));
  names->Check(row, "name", merchant->name());
  merchant->set_display_name(row->Text("display_name", kNameBytesMax));
  merchant->set_region(Named("regions", row->Id("region", "regions")));
  for (const std::string& item : row->List("operators", kOperatorsMax)) {
    const size_t equals = item.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == item.size()) {
      row->Fault("operators", absl::StrCat("“", item, "”应为“编号=微信标识”"), absl::StrCat("\"", item, "\" should be id=subject"));
      continue;
    }
    v1::MerchantOperator* person = merchant->add_operators();
    person->set_name(absl::StrCat(merchant->name(), "/operators/", item.substr(0, equals)));
    person->set_subject(item.substr(equals + 1));
  }
}

// "week=1;month=2": pieces for a household in a period.
void ReadLimits(Row* row, v1::Offer* offer) {
  static const std::map<std::string, v1::OfferLimit::Period, std::less<>> kPeriods = {
      {"day", v1::OfferLimit::PERIOD_DAY},   {"天", v1::OfferLimit::PERIOD_DAY},      {"week", v1::OfferLimit::PERIOD_WEEK},
      {"周", v1::OfferLimit::PERIOD_WEEK},   {"month", v1::OfferLimit::PERIOD_MONTH}, {"月", v1::OfferLimit::PERIOD_MONTH},
      {"year", v1::OfferLimit::PERIOD_YEAR}, {"年", v1::OfferLimit::PERIOD_YEAR}};
  for (const std::string& item : row->List("limits", 4)) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(item, absl::MaxSplits('=', 1));
    const auto period = kPeriods.find(parts.first);
    int32_t quantity = 0;
    if (period == kPeriods.end() || !absl::SimpleAtoi(parts.second, &quantity)) {
      return row->Fault("limits", "应为 周=1;月=2 的形式（天 周 月 年）", "should be like week=1;month=2 (day week month year)");
    }
    v1::OfferLimit* limit = offer->add_limits();
    limit->set_period(period->second);
    limit->set_quantity(quantity);
  }
}

// The terms that a file may have; what they mean is the server's to check.
void ReadTerms(Row* row, v1::Offer* offer) {
  offer->set_stock(row->Integer("stock", 0, 1'000'000'000, 0));
  ReadLimits(row, offer);
  offer->set_first_day(row->Text("first_day", 10, true));
  offer->set_last_day(row->Text("last_day", 10, true));
  for (const std::string& region : row->List("regions", 32)) offer->add_regions(Named("regions", region));
  offer->set_civic_min(row->Integer("civic_min", 0, 1'000'000, 0) * 100);
  offer->set_adults_only(row->Flag("adults_only"));
  offer->set_quantity_max(static_cast<int32_t>(row->Integer("quantity_max", 0, 100, 0)));
  offer->set_refund_days(static_cast<int32_t>(row->Integer("refund_days", 0, 90, 0)));
}

void ReadOffer(Row* row, Names* names, v1::UpdateCatalogueRequest* request) {
  v1::Offer* offer = request->add_offers();
  offer->set_name(Named("offers", row->Id("name", "offers")));
  names->Check(row, "name", offer->name());
  offer->set_title_zh(row->Text("title_zh", kNameBytesMax));
  offer->set_title_en(row->Text("title_en", kNameBytesMax));
  offer->set_price(row->Points("price"));
  offer->set_merchant(Named("merchants", row->Id("merchant", "merchants")));
  offer->set_voucher_days(static_cast<int32_t>(row->Integer("voucher_days", 1, 366, 0)));
  offer->set_withdrawn(row->Flag("withdrawn"));
  ReadTerms(row, offer);
}

void ReadStaff(Row* row, Names* names, v1::UpdateCatalogueRequest* request) {
  static const std::map<std::string, int, std::less<>> kWords = {{"staff", v1::ROLE_STAFF},         {"社区工作者", v1::ROLE_STAFF},
                                                                 {"attendant", v1::ROLE_ATTENDANT}, {"指导员", v1::ROLE_ATTENDANT},
                                                                 {"auditor", v1::ROLE_AUDITOR},     {"审计", v1::ROLE_AUDITOR}};
  v1::Staff* person = request->add_staff();
  person->set_name(Named("staff", row->Id("name", "staff")));
  names->Check(row, "name", person->name());
  person->set_role(static_cast<v1::Role>(row->Choice("role", kWords, "社区工作者/指导员/审计 (staff, attendant, auditor)")));
  person->set_region(Named("regions", row->Id("region", "regions")));
  person->set_subject(row->Text("subject", 128));
  // In whole points; none where the column is empty or not there.
  person->set_reversal_limit(row->Integer("reversal_limit", 0, kCorrectionPointsMax, 0) * 100);
  person->set_adjustment_limit(row->Integer("adjustment_limit", 0, kCorrectionPointsMax, 0) * 100);
}

}  // namespace

std::optional<ImportKind> ImportKindOf(absl::string_view word) {
  static const std::map<std::string, ImportKind, std::less<>> kKinds = {
      {"regions", ImportKind::kRegions},      {"stations", ImportKind::kStations}, {"devices", ImportKind::kDevices},
      {"merchants", ImportKind::kMerchants},  {"offers", ImportKind::kOffers},     {"staff", ImportKind::kStaff},
      {"households", ImportKind::kHouseholds}};
  const auto kind = kKinds.find(word);
  return kind == kKinds.end() ? std::nullopt : std::optional<ImportKind>(kind->second);
}

absl::string_view KindNameZh(ImportKind kind) {
  switch (kind) {
    case ImportKind::kRegions:
      return "区域";
    case ImportKind::kStations:
      return "站点";
    case ImportKind::kDevices:
      return "设备";
    case ImportKind::kMerchants:
      return "商户";
    case ImportKind::kOffers:
      return "兑换项目";
    case ImportKind::kStaff:
      return "工作人员";
    case ImportKind::kHouseholds:
      return "家庭";
  }
  return "";
}

const std::vector<Column>& ColumnsOf(ImportKind kind) {
  static const std::map<ImportKind, std::vector<Column>> kColumns = {{ImportKind::kRegions,
                                                                      {{"name", {"编码", "区域编码", "region_code", "code"}},
                                                                       {"display_name", {"名称", "display_name", "name"}},
                                                                       {"level", {"级别", "level"}},
                                                                       {"parent", {"上级编码", "parent", "parent_code"}}}},
                                                                     {ImportKind::kStations,
                                                                      {{"name", {"站点编号", "code", "station"}},
                                                                       {"display_name", {"名称", "display_name", "name"}},
                                                                       {"region", {"小区编码", "region_code", "region"}}}},
                                                                     {ImportKind::kDevices,
                                                                      {{"name", {"设备编号", "code", "device"}},
                                                                       {"station", {"站点编号", "station"}},
                                                                       {"public_key", {"公钥", "public_key"}},
                                                                       {"revoked", {"停用", "revoked"}, false}}},
                                                                     {ImportKind::kMerchants,
                                                                      {{"name", {"商户编号", "code", "merchant"}},
                                                                       {"display_name", {"名称", "display_name", "name"}},
                                                                       {"region", {"区域编码", "region_code", "region"}},
                                                                       {"operators", {"操作员", "operators"}, false}}},
                                                                     {ImportKind::kOffers,
                                                                      {{"name", {"项目编号", "code", "offer"}},
                                                                       {"title_zh", {"名称", "title", "title_zh"}},
                                                                       {"title_en", {"英文名称", "title_en"}},
                                                                       {"price", {"积分", "price"}},
                                                                       {"merchant", {"商户编号", "merchant"}},
                                                                       {"voucher_days", {"有效天数", "voucher_days"}},
                                                                       {"withdrawn", {"下架", "withdrawn"}, false},
                                                                       {"stock", {"库存", "stock"}, false},
                                                                       {"limits", {"每户限兑", "limits"}, false},
                                                                       {"first_day", {"开始日期", "first_day"}, false},
                                                                       {"last_day", {"结束日期", "last_day"}, false},
                                                                       {"regions", {"限区域", "regions"}, false},
                                                                       {"civic_min", {"最低文明积分", "civic_min"}, false},
                                                                       {"adults_only", {"仅成人", "adults_only"}, false},
                                                                       {"quantity_max", {"每次最多", "quantity_max"}, false},
                                                                       {"refund_days", {"退款天数", "refund_days"}, false}}},
                                                                     {ImportKind::kStaff,
                                                                      {{"name", {"人员编号", "code", "staff"}},
                                                                       {"role", {"角色", "role"}},
                                                                       {"region", {"区域编码", "region_code", "region"}},
                                                                       {"subject", {"微信标识", "subject"}},
                                                                       {"reversal_limit", {"冲正上限", "reversal_limit"}, false},
                                                                       {"adjustment_limit", {"调整上限", "adjustment_limit"}, false}}},
                                                                     {ImportKind::kHouseholds,
                                                                      {{"number", {"户号", "household", "number"}},
                                                                       {"region", {"小区编码", "region_code", "region"}},
                                                                       {"card", {"卡号", "card"}, false},
                                                                       {"door", {"门牌", "门牌号", "door"}, false},
                                                                       {"members", {"人数", "members"}},
                                                                       {"subjects", {"微信标识", "subjects"}, false}}}};
  return kColumns.at(kind);
}

void ReadCatalogueRows(ImportKind kind, Table* table, v1::UpdateCatalogueRequest* request) {
  static const std::map<ImportKind, void (*)(Row*, Names*, v1::UpdateCatalogueRequest*)> kReaders = {
      {ImportKind::kRegions, ReadRegion},     {ImportKind::kStations, ReadStation}, {ImportKind::kDevices, ReadDevice},
      {ImportKind::kMerchants, ReadMerchant}, {ImportKind::kOffers, ReadOffer},     {ImportKind::kStaff, ReadStaff}};
  const auto read = kReaders.at(kind);
  Names names;
  for (const CsvRecord& record : table->records()) {
    Row row(table, record);
    read(&row, &names, request);
    if (table->full()) return;
  }
}

void ReadHouseholdRows(Table* table, std::vector<v1::HouseholdRow>* rows) {
  Names names;
  for (const CsvRecord& record : table->records()) {
    Row row(table, record);
    v1::HouseholdRow household;
    household.set_number(absl::StrCat(row.Integer("number", 1, kHouseholdMax, 0)));
    names.Check(&row, "number", household.number());
    household.set_region(row.Id("region", "regions"));
    household.set_card(row.Text("card", 64, /*optional=*/true));
    household.set_door(row.Text("door", 64, /*optional=*/true));
    household.set_members(static_cast<int32_t>(row.Integer("members", 1, kMembersMax, 0)));
    const std::vector<std::string> subjects = row.List("subjects", kMembersMax);
    if (static_cast<int>(subjects.size()) > household.members()) {
      row.Fault("subjects", "微信标识多于人数", "more subjects than members");
    }
    for (const std::string& subject : subjects) household.add_subjects(subject);
    rows->push_back(std::move(household));
    if (table->full()) return;
  }
}

}  // namespace fenfen::ctl
