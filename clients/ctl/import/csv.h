// Comma-separated values as RFC 4180 has them and Excel writes them: CRLF, LF or CR ends a record, a quoted field may hold commas, line
// ends and doubled quotes, a quote inside an unquoted field is an ordinary character. Records without any content are passed over, since
// Excel leaves them below a table.
//
//   CsvReader reader(text);
//   CsvRecord record;
//   while (reader.Next(&record)) …;
//   for (const CsvError& error : reader.errors()) …;
//
// Every input terminates with records and errors, never more than the limits below allow. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_IMPORT_CSV_H_
#define FENFEN_CLIENTS_CTL_IMPORT_CSV_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fenfen::ctl {

inline constexpr size_t kCsvFieldBytesMax = 4096;
inline constexpr size_t kCsvFieldsMax = 64;
// Errors kept; more are counted only.
inline constexpr size_t kCsvErrorsMax = 100;

// One record: its fields without quotes, and the line (from 1) on which it starts.
struct CsvRecord {
  int64_t line = 0;
  std::vector<std::string> fields;
};

// What is wrong where. `column` is a field's number from 1, 0 for the whole record.
struct CsvError {
  int64_t line = 0;
  int column = 0;
  std::string zh;
  std::string en;
};

// Reads records one after the other. A record with an error is left out and reading goes on with the next line.
class CsvReader {
 public:
  // `text` is UTF-8 and must outlive the reader.
  explicit CsvReader(absl::string_view text) : rest_(text) {}

  // The next good record; false at the end.
  bool Next(CsvRecord* record);

  const std::vector<CsvError>& errors() const { return errors_; }

 private:
  bool ReadRecord(CsvRecord* record);
  bool ReadField(CsvRecord* record);
  bool ReadQuoted(std::string* field, int column);
  bool AtLineEnd() const { return rest_.empty() || rest_.front() == '\n' || rest_.front() == '\r'; }
  void EatLineEnd();
  void SkipLine();
  bool Fail(int64_t line, int column, absl::string_view zh, absl::string_view en);

  absl::string_view rest_;
  int64_t line_ = 1;
  std::vector<CsvError> errors_;
};

// One field as it is written: quoted where it has to be.
std::string CsvField(absl::string_view value);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_IMPORT_CSV_H_
