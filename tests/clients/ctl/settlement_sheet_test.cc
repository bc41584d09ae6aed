// A statement as a spreadsheet: what the CSV holds to the byte, and that the workbook is one.
#include "clients/ctl/commands/settlement_sheet.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace fenfen::ctl {
namespace {

SettlementSheet Sheet() {
  SettlementSheet sheet;
  sheet.settlement.set_name("merchants/m/settlements/20260601");
  sheet.settlement.set_merchant_display_name("潞苑,超市");
  sheet.settlement.set_first_day("2026-06-01");
  sheet.settlement.set_last_day("2026-06-30");
  sheet.settlement.set_state(v1::Settlement::STATE_SETTLED);
  sheet.settlement.set_count(1);
  sheet.settlement.set_amount(150);
  sheet.settlement.set_bank_reference("=1+1");
  for (const bool refunded : {false, true}) {
    v1::Capture& capture = sheet.captures.emplace_back();
    capture.set_name("merchants/m/captures/3-9");
    capture.mutable_capture_time()->set_seconds(1'781'481'600);
    capture.set_title_zh("“大”油");
    capture.set_amount(150);
    capture.set_refunded(refunded);
    capture.set_operator_("merchants/m/operators/1");
  }
  return sheet;
}

TEST(SettlementSheet, CsvIsForExcel) {
  std::ostringstream out;
  WriteCsv(Sheet(), out);
  EXPECT_EQ(out.str(),
            "\xef\xbb\xbfmerchants/m/settlements/20260601,2026-06-01 – 2026-06-30,\"潞苑,超市\",已结清 / settled,,\r\n"
            "核销编号,时间,项目,积分,退款,操作员\r\n"
            "merchants/m/captures/3-9,2026-06-15 08:00:00,“大”油,1.50,,merchants/m/operators/1\r\n"
            "merchants/m/captures/3-9,2026-06-15 08:00:00,“大”油,0.00,已退款,merchants/m/operators/1\r\n"
            "合计,1 笔,,1.50,,'=1+1\r\n");
}

TEST(SettlementSheet, XlsxIsAWorkbookOrSaysWhyNot) {
  std::string folder = (std::filesystem::temp_directory_path() / "settlement-sheet-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/june.xlsx";
  EXPECT_TRUE(WriteXlsx(Sheet(), path).ok());
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(bytes.substr(0, 4), std::string("PK\x03\x04"));
  EXPECT_NE(bytes.find("xl/worksheets/sheet1.xml"), std::string::npos);
  EXPECT_EQ(WriteXlsx(Sheet(), folder + "/no/such/folder.xlsx").code(), absl::StatusCode::kUnavailable);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fenfen::ctl
