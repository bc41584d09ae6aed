#include "clients/ctl/import/csv.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace fenfen::ctl {

bool CsvReader::Next(CsvRecord* record) {
  while (!rest_.empty()) {
    record->line = line_;
    record->fields.clear();
    const bool good = ReadRecord(record);
    const bool blank = std::all_of(record->fields.begin(), record->fields.end(), [](const std::string& field) { return field.empty(); });
    if (good && !blank) return true;
  }
  return false;
}

// Reads up to and with the line end. False if something is wrong with the record; then the rest of its line is skipped.
bool CsvReader::ReadRecord(CsvRecord* record) {
  while (true) {
    if (record->fields.size() == kCsvFieldsMax) {
      Fail(line_, 0, absl::StrCat("一行最多 ", kCsvFieldsMax, " 列"), absl::StrCat("a row has at most ", kCsvFieldsMax, " columns"));
      SkipLine();
      return false;
    }
    if (!ReadField(record)) {
      SkipLine();
      return false;
    }
    if (AtLineEnd()) break;
    rest_.remove_prefix(1);  // the comma
  }
  EatLineEnd();
  return true;
}

// Reads one field, up to but without the comma or line end behind it.
bool CsvReader::ReadField(CsvRecord* record) {
  const int column = static_cast<int>(record->fields.size()) + 1;
  std::string field;
  if (!rest_.empty() && rest_.front() == '"') {
    if (!ReadQuoted(&field, column)) return false;
  } else {
    const size_t end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
    field.assign(rest_.data(), end);
    rest_.remove_prefix(end);
  }
  if (field.size() > kCsvFieldBytesMax) {
    return Fail(record->line, column, absl::StrCat("内容太长，最多 ", kCsvFieldBytesMax, " 字节"),
                absl::StrCat("longer than ", kCsvFieldBytesMax, " bytes"));
  }
  record->fields.push_back(std::move(field));
  return true;
}

bool CsvReader::ReadQuoted(std::string* field, int column) {
  const int64_t opened = line_;
  rest_.remove_prefix(1);
  while (true) {
    const size_t quote = rest_.find('"');
    if (quote == absl::string_view::npos) {
      rest_ = {};
      return Fail(opened, column, "引号没有配对，直到文件末尾", "the quote opened here is never closed");
    }
    const absl::string_view part = rest_.substr(0, quote);
    // CR LF counts once; a lone CR is a line end as well.
    for (size_t i = 0; i < part.size(); ++i) line_ += part[i] == '\n' || (part[i] == '\r' && (i + 1 == part.size() || part[i + 1] != '\n'));
    // A field without an end is cut here so that memory stays bounded; its length is refused afterwards.
    if (field->size() <= kCsvFieldBytesMax) absl::StrAppend(field, part.substr(0, kCsvFieldBytesMax + 1));
    rest_.remove_prefix(quote + 1);
    if (rest_.empty() || rest_.front() != '"') break;
    field->push_back('"');
    rest_.remove_prefix(1);
  }
  if (AtLineEnd() || rest_.front() == ',') return true;
  return Fail(line_, column, "右引号之后只能是逗号或行尾", "only a comma or the line's end may follow a closing quote");
}

void CsvReader::EatLineEnd() {
  if (rest_.empty()) return;
  const bool carriage = rest_.front() == '\r';
  rest_.remove_prefix(1);
  if (carriage && !rest_.empty() && rest_.front() == '\n') rest_.remove_prefix(1);
  ++line_;
}

void CsvReader::SkipLine() {
  rest_.remove_prefix(std::min(rest_.find_first_of("\r\n"), rest_.size()));
  EatLineEnd();
}

bool CsvReader::Fail(int64_t line, int column, absl::string_view zh, absl::string_view en) {
  if (errors_.size() < kCsvErrorsMax) errors_.push_back({line, column, std::string(zh), std::string(en)});
  return false;
}

std::string CsvField(absl::string_view value) {
  const bool plain = value.find_first_of("\",\r\n") == absl::string_view::npos;
  return plain ? std::string(value) : absl::StrCat("\"", absl::StrReplaceAll(value, {{"\"", "\"\""}}), "\"");
}

}  // namespace fenfen::ctl
