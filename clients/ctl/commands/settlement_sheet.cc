#include "clients/ctl/commands/settlement_sheet.h"

#include <xlsxwriter.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "clients/ctl/commands/context.h"

namespace fenfen::ctl {
namespace {

using v1::Settlement;

constexpr const char* kHeader[] = {"核销编号", "时间", "项目", "积分", "退款", "操作员"};
constexpr double kColumnWidth = 24;

std::string LocalTime(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(time.seconds()), absl::FixedTimeZone(8 * 3600));
}

// A cell of a CSV. One that a spreadsheet would take for a formula is kept from that.
std::string Cell(const std::string& text) {
  const bool formula = !text.empty() && absl::StrContains("=+-@", text.substr(0, 1));
  const std::string safe = formula ? absl::StrCat("'", text) : text;
  if (safe.find_first_of(",\"\r\n") == std::string::npos) return safe;
  return absl::StrCat("\"", absl::StrReplaceAll(safe, {{"\"", "\"\""}}), "\"");
}

int64_t AmountOf(const v1::Capture& capture) { return capture.refunded() ? 0 : capture.amount(); }

// The workbook's rows, one function each; `row` moves on.
void WriteTitle(lxw_worksheet* page, lxw_row_t& row, const Settlement& settlement) {
  const std::string period = absl::StrCat(settlement.first_day(), " – ", settlement.last_day());
  worksheet_write_string(page, row, 0, settlement.name().c_str(), nullptr);
  worksheet_write_string(page, row, 1, period.c_str(), nullptr);
  worksheet_write_string(page, row, 2, settlement.merchant_display_name().c_str(), nullptr);
  worksheet_write_string(page, row++, 3, StateWords(settlement.state()), nullptr);
  for (lxw_col_t column = 0; column < std::size(kHeader); ++column) {
    worksheet_write_string(page, row, column, kHeader[column], nullptr);
  }
  ++row;
}

void WriteRow(lxw_worksheet* page, lxw_row_t& row, const v1::Capture& capture, lxw_format* points) {
  worksheet_write_string(page, row, 0, capture.name().c_str(), nullptr);
  worksheet_write_string(page, row, 1, LocalTime(capture.capture_time()).c_str(), nullptr);
  worksheet_write_string(page, row, 2, capture.title_zh().c_str(), nullptr);
  worksheet_write_number(page, row, 3, static_cast<double>(AmountOf(capture)) / 100, points);
  worksheet_write_string(page, row, 4, capture.refunded() ? "已退款" : "", nullptr);
  worksheet_write_string(page, row++, 5, capture.operator_().c_str(), nullptr);
}

void WriteTotal(lxw_worksheet* page, lxw_row_t row, const Settlement& settlement, lxw_format* points) {
  worksheet_write_string(page, row, 0, "合计", nullptr);
  worksheet_write_string(page, row, 1, absl::StrCat(settlement.count(), " 笔").c_str(), nullptr);
  worksheet_write_number(page, row, 3, static_cast<double>(settlement.amount()) / 100, points);
  worksheet_write_string(page, row, 5, settlement.bank_reference().c_str(), nullptr);
}

}  // namespace

const char* StateWords(Settlement::State state) {
  switch (state) {
    case Settlement::STATE_MADE:
      return "待审批 / made";
    case Settlement::STATE_APPROVED:
      return "已审批 / approved";
    case Settlement::STATE_REJECTED:
      return "已退回 / rejected";
    case Settlement::STATE_PAID:
      return "已付款，入账中 / paid";
    case Settlement::STATE_SETTLED:
      return "已结清 / settled";
    default:
      return "—";
  }
}

void WriteCsv(const SettlementSheet& sheet, std::ostream& out) {
  const Settlement& settlement = sheet.settlement;
  out << "\xef\xbb\xbf" << Cell(settlement.name()) << ',' << settlement.first_day() << " – " << settlement.last_day() << ','
      << Cell(settlement.merchant_display_name()) << ',' << StateWords(settlement.state()) << ",,\r\n";
  for (const char* name : kHeader) out << name << (name == kHeader[std::size(kHeader) - 1] ? "\r\n" : ",");
  for (const v1::Capture& capture : sheet.captures) {
    out << Cell(capture.name()) << ',' << LocalTime(capture.capture_time()) << ',' << Cell(capture.title_zh()) << ','
        << FormatPoints(AmountOf(capture)) << ',' << (capture.refunded() ? "已退款" : "") << ',' << Cell(capture.operator_()) << "\r\n";
  }
  out << "合计," << settlement.count() << " 笔,," << FormatPoints(settlement.amount()) << ",," << Cell(settlement.bank_reference())
      << "\r\n";
}

absl::Status WriteXlsx(const SettlementSheet& sheet, const std::string& path) {
  lxw_workbook* book = workbook_new(path.c_str());
  if (book == nullptr) return absl::UnavailableError(absl::StrCat(path, "：写不进去 / cannot be written"));
  lxw_worksheet* page = workbook_add_worksheet(book, "结算单");
  lxw_format* points = workbook_add_format(book);
  format_set_num_format(points, "#,##0.00");
  worksheet_set_column(page, 0, static_cast<lxw_col_t>(std::size(kHeader) - 1), kColumnWidth, nullptr);
  lxw_row_t row = 0;
  WriteTitle(page, row, sheet.settlement);
  for (const v1::Capture& capture : sheet.captures) WriteRow(page, row, capture, points);
  WriteTotal(page, row, sheet.settlement, points);
  const lxw_error error = workbook_close(book);
  if (error == LXW_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, "：写不进去 / cannot be written: ", lxw_strerror(error)));
}

}  // namespace fenfen::ctl
