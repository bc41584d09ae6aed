// A statement with its captures as a table for people: CSV as Excel reads it, or an XLSX workbook.
#ifndef FENFEN_CLIENTS_CTL_COMMANDS_SETTLEMENT_SHEET_H_
#define FENFEN_CLIENTS_CTL_COMMANDS_SETTLEMENT_SHEET_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fenfen/v1/settlement.pb.h"
#include "fenfen/v1/voucher.pb.h"

namespace fenfen::ctl {

struct SettlementSheet {
  v1::Settlement settlement;
  std::vector<v1::Capture> captures;  // refunded ones among them, which count nothing
};

// "待审批 / made" and the like.
const char* StateWords(v1::Settlement::State state);

// UTF-8 with its mark, lines as RFC 4180 has them.
void WriteCsv(const SettlementSheet& sheet, std::ostream& out);
// UNAVAILABLE where the file cannot be written.
absl::Status WriteXlsx(const SettlementSheet& sheet, const std::string& path);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_COMMANDS_SETTLEMENT_SHEET_H_
