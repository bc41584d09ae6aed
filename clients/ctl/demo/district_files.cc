#include "clients/ctl/demo/district_files.h"

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cpp/key_file.h"
#include "clients/ctl/commands/secrets.h"
#include "clients/ctl/import/csv.h"

namespace fenfen::ctl {

namespace {

// A file as Excel writes it.
class CsvFile {
 public:
  explicit CsvFile(const std::vector<std::string>& header) : text_("\xEF\xBB\xBF") { Row(header); }
  void Row(const std::vector<std::string>& cells) {
    absl::StrAppend(&text_, absl::StrJoin(cells, ",", [](std::string* out, const std::string& cell) { out->append(CsvField(cell)); }),
                    "\r\n");
  }
  absl::Status Write(const std::string& path) const { return ReplaceFile(path, text_); }

 private:
  std::string text_;
};

// A device's folder, as fenfen-station makes it; its public key in hexadecimal.
absl::StatusOr<std::string> DevicePublicKey(const std::string& folder, const DemoStation& station) {
  std::filesystem::create_directories(folder);
  const std::string key_path = absl::StrCat(folder, "/key.pem");
  absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::FromPemFile(key_path);
  if (absl::IsNotFound(key.status())) {
    key = client::Ed25519Key::Generate();
    if (!key.ok()) return key.status();
    const absl::Status written = client::WriteNewFile(key_path, key->PrivatePem(), /*secret=*/true);
    if (!written.ok()) return written;
  }
  if (!key.ok()) return key.status();
  const boost::json::object about = {{"device", station.device}, {"station", station.id}};
  const absl::Status written = ReplaceFile(absl::StrCat(folder, "/device.json"), boost::json::serialize(about) + "\n");
  if (!written.ok()) return written;
  return absl::BytesToHexString(key->PublicBytes());
}

absl::Status WriteStations(const District& district, const std::string& folder, const std::string& fleet) {
  CsvFile stations({"站点编号", "名称", "小区编码"});
  CsvFile devices({"设备编号", "站点编号", "公钥"});
  for (const DemoStation& station : district.stations) {
    stations.Row({station.id, station.name, district.estates[station.estate].code});
    const absl::StatusOr<std::string> key = DevicePublicKey(absl::StrCat(fleet, "/", station.device), station);
    if (!key.ok()) return key.status();
    devices.Row({station.device, station.id, *key});
  }
  const absl::Status written = stations.Write(folder + "/stations.csv");
  return written.ok() ? devices.Write(folder + "/devices.csv") : written;
}

}  // namespace

absl::Status WriteDistrictFiles(const District& district, const std::string& folder, const std::string& fleet,
                                absl::string_view subject_key, absl::string_view app_id) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::ErrnoToStatus(error.value(), folder);
  const auto subject = [&](const std::string& openid) { return openid.empty() ? "" : WechatSubject(subject_key, app_id, openid); };

  CsvFile regions({"编码", "名称", "级别", "上级编码"});
  for (const DemoRegion& region : district.regions) regions.Row({region.code, region.name, region.level, region.parent});
  CsvFile households({"户号", "小区编码", "卡号", "门牌", "人数", "微信标识"});
  for (const DemoHousehold& household : district.households) {
    const std::string subjects =
        absl::StrJoin(household.openids, ";", [&](std::string* out, const std::string& openid) { out->append(subject(openid)); });
    households.Row({absl::StrCat(household.number), district.estates[household.estate].code, household.card, household.door,
                    absl::StrCat(household.members), subjects});
  }
  CsvFile merchants({"商户编号", "名称", "区域编码", "操作员"});
  for (const DemoMerchant& merchant : district.merchants) {
    std::string operators = absl::StrCat("op1=", subject(merchant.openid));
    if (!merchant.assistant_openid.empty()) absl::StrAppend(&operators, ";op2=", subject(merchant.assistant_openid));
    merchants.Row({merchant.id, merchant.name, merchant.region, operators});
  }
  CsvFile offers({"项目编号", "名称", "英文名称", "积分", "商户编号", "有效天数", "库存", "每户限兑", "每次最多", "退款天数"});
  for (const DemoOffer& offer : district.offers) {
    offers.Row({offer.id, offer.title_zh, offer.title_en, absl::StrCat(offer.points), offer.merchant, absl::StrCat(offer.voucher_days),
                absl::StrCat(offer.stock), offer.limits, absl::StrCat(offer.quantity_max), absl::StrCat(offer.refund_days)});
  }
  CsvFile staff({"人员编号", "角色", "区域编码", "微信标识", "冲正上限", "调整上限"});
  for (const DemoStaff& person : district.staff) {
    staff.Row({person.id, person.role, person.region, subject(person.openid), absl::StrCat(person.reversal_limit),
               absl::StrCat(person.adjustment_limit)});
  }

  absl::Status written = WriteStations(district, folder, fleet);
  const std::pair<const char*, const CsvFile*> files[] = {{"/regions.csv", &regions},
                                                          {"/households.csv", &households},
                                                          {"/merchants.csv", &merchants},
                                                          {"/offers.csv", &offers},
                                                          {"/staff.csv", &staff}};
  for (const auto& [name, file] : files) {
    if (written.ok()) written = file->Write(folder + name);
  }
  return written.ok() ? ReplaceFile(folder + "/rules.json", DemoRulesJson()) : written;
}

absl::Status WritePeople(const District& district, const std::string& path) {
  boost::json::array people;
  for (const DemoPerson& person : district.people)
    people.push_back(boost::json::object{{"openid", person.openid}, {"label", person.label}});
  return ReplaceFile(path, boost::json::serialize(people) + "\n");
}

absl::Status ReplaceFile(const std::string& path, absl::string_view content) {
  const std::string draft = absl::StrCat(path, ".new");
  {
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) return absl::ErrnoToStatus(errno == 0 ? EIO : errno, draft);
  }
  if (std::rename(draft.c_str(), path.c_str()) != 0) return absl::ErrnoToStatus(errno, path);
  return absl::OkStatus();
}

}  // namespace fenfen::ctl
