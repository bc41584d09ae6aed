#include "clients/ctl/import/table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace fenfen::ctl {

namespace {

// White space that people and input methods leave around a value: ASCII, no-break space, full-width blank.
absl::string_view Trim(absl::string_view text) {
  for (size_t before = ~size_t{0}; text.size() != before;) {
    before = text.size();
    text = absl::StripAsciiWhitespace(text);
    for (const absl::string_view blank : {"\u00A0", "\u3000"}) {
      absl::ConsumePrefix(&text, blank);
      absl::ConsumeSuffix(&text, blank);
    }
  }
  return text;
}

// "Parent Code" and "parent_code" are the same header.
std::string HeaderKey(absl::string_view text) {
  std::string key = absl::AsciiStrToLower(Trim(text));
  std::replace(key.begin(), key.end(), ' ', '_');
  return key;
}

}  // namespace

std::string RowFault::ToString() const {
  std::string zh_place = line > 0 ? absl::StrCat("第 ", line, " 行") : "";
  std::string en_place = line > 0 ? absl::StrCat("line ", line) : "";
  if (column > 0) {
    absl::StrAppend(&zh_place, "第 ", column, " 列“", column_name, "”");
    absl::StrAppend(&en_place, ", column ", column, " (", column_name, ")");
  }
  return absl::StrCat(zh_place, zh_place.empty() ? "" : "：", zh, " / ", en_place, en_place.empty() ? "" : ": ", en);
}

Table::Table(absl::string_view text, const std::vector<Column>& columns) {
  CsvReader reader(text);
  CsvRecord record;
  if (!reader.Next(&record)) {
    FaultOfFile(0, 0, "", "文件是空的", "the file is empty");
  } else {
    ReadHeader(record, columns);
    while (reader.Next(&record)) {
      if (record.fields.size() > header_.size()) {
        const bool surplus = std::any_of(record.fields.begin() + static_cast<ptrdiff_t>(header_.size()), record.fields.end(),
                                         [](const std::string& field) { return !Trim(field).empty(); });
        if (surplus) {
          FaultOfFile(record.line, 0, "", absl::StrCat("有 ", record.fields.size(), " 列，表头只有 ", header_.size(), " 列"),
                      absl::StrCat(record.fields.size(), " columns, but the header has ", header_.size()));
          continue;
        }
      }
      records_.push_back(std::move(record));
    }
  }
  for (const CsvError& error : reader.errors()) {
    const size_t position = static_cast<size_t>(error.column) - 1;
    FaultOfFile(error.line, error.column, error.column > 0 && position < header_.size() ? header_[position] : "", error.zh, error.en);
  }
}

void Table::ReadHeader(const CsvRecord& header, const std::vector<Column>& columns) {
  std::vector<std::string> shown;
  for (const Column& column : columns) shown.push_back(absl::StrCat(column.names.front(), " (", column.names.back(), ")"));
  for (const std::string& cell : header.fields) header_.emplace_back(Trim(cell));
  while (!header_.empty() && header_.back().empty()) header_.pop_back();
  for (size_t i = 0; i < header_.size(); ++i) {
    const std::string key = HeaderKey(header_[i]);
    const auto column = std::find_if(columns.begin(), columns.end(), [&](const Column& candidate) {
      return std::any_of(candidate.names.begin(), candidate.names.end(), [&](absl::string_view name) { return HeaderKey(name) == key; });
    });
    const int number = static_cast<int>(i) + 1;
    if (column == columns.end()) {
      // An unknown column may be a misspelt one whose data would be lost in silence.
      FaultOfFile(header.line, number, header_[i], absl::StrCat("没有这一列；可用的列：", absl::StrJoin(shown, "、")),
                  absl::StrCat("no such column; known ones: ", absl::StrJoin(shown, ", ")));
    } else if (!index_.emplace(column->field, static_cast<int>(i)).second) {
      FaultOfFile(header.line, number, header_[i], "这一列出现了两次", "this column appears twice");
    }
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].required || index_.count(columns[i].field) > 0) continue;
    FaultOfFile(header.line, 0, "", absl::StrCat("表头缺少列：", shown[i]), absl::StrCat("the header lacks the column ", shown[i]));
  }
}

absl::string_view Table::Cell(const CsvRecord& record, absl::string_view field) const {
  const auto position = index_.find(field);
  if (position == index_.end() || static_cast<size_t>(position->second) >= record.fields.size()) return {};
  return Trim(record.fields[static_cast<size_t>(position->second)]);
}

void Table::Fault(const CsvRecord& record, absl::string_view field, absl::string_view zh, absl::string_view en) {
  const auto position = index_.find(field);
  if (position == index_.end()) {
    FaultOfFile(record.line, 0, "", field.empty() ? zh : absl::StrCat("“", field, "”：", zh),
                field.empty() ? en : absl::StrCat(field, ": ", en));
  } else {
    FaultOfFile(record.line, position->second + 1, header_[static_cast<size_t>(position->second)], zh, en);
  }
}

void Table::FaultOfFile(int64_t line, int column, absl::string_view name, absl::string_view zh, absl::string_view en) {
  if (!full()) faults_.push_back({line, column, std::string(name), std::string(zh), std::string(en)});
}

}  // namespace fenfen::ctl
