// A CSV file as a table with named columns: finds the header's columns by their Chinese or English names, reads cells as what they
// should be, and gathers what is wrong with line, column and reason until kErrorsMax are found.
//
// Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_IMPORT_TABLE_H_
#define FENFEN_CLIENTS_CTL_IMPORT_TABLE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "clients/ctl/import/csv.h"

namespace fenfen::ctl {

// One error of a file; the same shape for the whole import, whoever found it.
struct RowFault {
  int64_t line = 0;         // from 1; 0 for the whole file
  int column = 0;           // from 1; 0 for the whole row
  std::string column_name;  // as the file's header has it
  std::string zh;
  std::string en;

  // "第 5 行第 3 列“小区编码”：… / line 5, column 3 (小区编码): …"
  std::string ToString() const;
};

inline constexpr size_t kErrorsMax = 100;

// A column that a kind of file has.
struct Column {
  absl::string_view field;               // the proto field's name, as the server's row errors have it
  std::vector<absl::string_view> names;  // accepted headers; the first, Chinese, and the last, English, are shown in messages
  bool required = true;                  // the column must be there
};

// The rows of a file under its header.
class Table {
 public:
  // Reads everything. Faults of the file's form are in faults().
  Table(absl::string_view text, const std::vector<Column>& columns);

  const std::vector<CsvRecord>& records() const { return records_; }
  // The cell of a field, without surrounding white space (also the full-width blank that input methods leave); empty if the row or the
  // file does not have it.
  absl::string_view Cell(const CsvRecord& record, absl::string_view field) const;
  // Reports a cell. Only the first kErrorsMax faults are kept.
  void Fault(const CsvRecord& record, absl::string_view field, absl::string_view zh, absl::string_view en);
  // Faults so far, by line.
  const std::vector<RowFault>& faults() const { return faults_; }
  bool full() const { return faults_.size() >= kErrorsMax; }

 private:
  void ReadHeader(const CsvRecord& header, const std::vector<Column>& columns);
  void FaultOfFile(int64_t line, int column, absl::string_view name, absl::string_view zh, absl::string_view en);

  std::map<std::string, int, std::less<>> index_;  // field → position in a record
  std::vector<std::string> header_;
  std::vector<CsvRecord> records_;
  std::vector<RowFault> faults_;
};

// Reads the cells of one row as what they should be; a cell that is not is reported and a harmless value returned.
class Row {
 public:
  Row(Table* table, const CsvRecord& record) : table_(table), record_(record) {}

  int64_t line() const { return record_.line; }
  // Any text, at most `bytes_max` bytes; empty only if `optional`.
  std::string Text(absl::string_view field, size_t bytes_max, bool optional = false);
  // [A-Za-z0-9_-]{1,32}; empty only if `optional`. A leading `collection/` is taken off.
  std::string Id(absl::string_view field, absl::string_view collection, bool optional = false);
  // A whole number within bounds; `fallback` where the cell is empty, which is an error if it lies outside them.
  int64_t Integer(absl::string_view field, int64_t min, int64_t max, int64_t fallback);
  // An amount of points with up to two decimals, as hundredths, from 0.01 on.
  int64_t Points(absl::string_view field);
  // 是/否, 1/0, true/false, yes/no; empty is false.
  bool Flag(absl::string_view field);
  // The items between semicolons (also the full-width one), white space removed; empty items are kept, an empty cell is no item.
  std::vector<std::string> List(absl::string_view field, size_t items_max);
  // One of a few words, as its number. `words` gives every accepted spelling.
  int Choice(absl::string_view field, const std::map<std::string, int, std::less<>>& words, absl::string_view shown);
  void Fault(absl::string_view field, absl::string_view zh, absl::string_view en) {
    good_ = false;
    table_->Fault(record_, field, zh, en);
  }
  // True while nothing was wrong with this row.
  bool good() const { return good_; }

 private:
  absl::string_view Cell(absl::string_view field) const { return table_->Cell(record_, field); }
  // Says that a number was expected; explains what Excel does to long ones.
  void NotANumber(absl::string_view field, absl::string_view cell);

  Table* table_;
  const CsvRecord& record_;
  bool good_ = true;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_IMPORT_TABLE_H_
