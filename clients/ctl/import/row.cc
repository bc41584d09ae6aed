// The cells of a row as what they should be (table.h).
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/ctl/import/table.h"

namespace fenfen::ctl {

namespace {

constexpr int64_t kPointsMax = (int64_t{1} << 53) - 1;

bool IsId(absl::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-'; });
}

}  // namespace

std::string Row::Text(absl::string_view field, size_t bytes_max, bool optional) {
  const absl::string_view cell = Cell(field);
  if (cell.empty() && !optional) Fault(field, "不能为空", "must not be empty");
  if (cell.size() > bytes_max)
    Fault(field, absl::StrCat("太长，最多 ", bytes_max, " 字节"), absl::StrCat("longer than ", bytes_max, " bytes"));
  return std::string(cell.substr(0, bytes_max));
}

std::string Row::Id(absl::string_view field, absl::string_view collection, bool optional) {
  absl::string_view cell = Cell(field);
  if (absl::StartsWith(cell, collection) && cell.size() > collection.size() && cell[collection.size()] == '/') {
    cell.remove_prefix(collection.size() + 1);
  }
  if (cell.empty() && optional) return "";
  if (cell.empty()) {
    Fault(field, "不能为空", "must not be empty");
  } else if (!IsId(cell)) {
    Fault(field, absl::StrCat("“", cell.substr(0, 64), "”不是有效编号：只能用 1–32 个字母、数字、下划线或连字符"),
          absl::StrCat("\"", cell.substr(0, 64), "\" is not an id: 1 to 32 letters, digits, underscores or hyphens"));
  }
  return std::string(cell);
}

void Row::NotANumber(absl::string_view field, absl::string_view cell) {
  const bool scientific = absl::StrContains(cell, "E+") || absl::StrContains(cell, "e+");
  Fault(field,
        absl::StrCat("“", cell.substr(0, 64), "”不是数字", scientific ? "；这是 Excel 的科学计数法，请把该列设为文本格式后重新填写" : ""),
        absl::StrCat("\"", cell.substr(0, 64), "\" is not a number",
                     scientific ? "; Excel wrote it in scientific notation: format the column as text and enter it again" : ""));
}

int64_t Row::Integer(absl::string_view field, int64_t min, int64_t max, int64_t fallback) {
  const absl::string_view cell = Cell(field);
  int64_t value = fallback;
  if (cell.empty()) {
    if (fallback < min || fallback > max) Fault(field, "不能为空", "must not be empty");
    return fallback;
  }
  const bool digits = cell.size() <= 20 && std::all_of(cell.begin(), cell.end(), [](char c) { return absl::ascii_isdigit(c) || c == '-'; });
  if (!digits || !absl::SimpleAtoi(cell, &value)) {
    NotANumber(field, cell);
    return min;
  }
  if (value < min || value > max) {
    Fault(field, absl::StrCat(value, " 超出范围 ", min, "–", max), absl::StrCat(value, " is outside ", min, " to ", max));
    return min;
  }
  return value;
}

int64_t Row::Points(absl::string_view field) {
  const absl::string_view cell = Cell(field);
  if (cell.empty()) {
    Fault(field, "不能为空", "must not be empty");
    return 1;
  }
  const size_t dot = std::min(cell.find('.'), cell.size());
  const absl::string_view whole = cell.substr(0, dot);
  const absl::string_view part = dot < cell.size() ? cell.substr(dot + 1) : absl::string_view("0");
  const auto digits = [](absl::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit); };
  int64_t points = 0;
  if (!digits(whole) || !digits(part) || whole.size() > 15 || !absl::SimpleAtoi(whole, &points)) {
    NotANumber(field, cell);
    return 1;
  }
  const absl::string_view cents = part.substr(0, 2);
  if (part.find_first_not_of('0', 2) != absl::string_view::npos) {
    Fault(field, "积分最多两位小数", "points have at most two decimals");
    return 1;
  }
  const int64_t amount = points * 100 + int64_t{10} * (cents[0] - '0') + (cents.size() > 1 ? cents[1] - '0' : 0);
  if (amount < 1 || amount > kPointsMax) {
    Fault(field, absl::StrCat(cell, " 超出范围"), absl::StrCat(cell, " is out of range"));
    return 1;
  }
  return amount;
}

bool Row::Flag(absl::string_view field) {
  const std::string cell = absl::AsciiStrToLower(Cell(field));
  for (const absl::string_view yes : {"是", "1", "true", "yes", "y"}) {
    if (cell == yes) return true;
  }
  for (const absl::string_view no : {"", "否", "0", "false", "no", "n"}) {
    if (cell == no) return false;
  }
  Fault(field, absl::StrCat("“", cell.substr(0, 64), "”应为“是”或“否”"), absl::StrCat("\"", cell.substr(0, 64), "\" should be yes or no"));
  return false;
}

std::vector<std::string> Row::List(absl::string_view field, size_t items_max) {
  const std::string cell = absl::StrReplaceAll(Cell(field), {{"；", ";"}});
  std::vector<std::string> items;
  if (cell.empty()) return items;
  for (const absl::string_view item : absl::StrSplit(cell, ';')) items.emplace_back(absl::StripAsciiWhitespace(item));
  if (items.size() > items_max) {
    Fault(field, absl::StrCat("最多 ", items_max, " 项"), absl::StrCat("at most ", items_max, " items"));
    items.resize(items_max);
  }
  return items;
}

int Row::Choice(absl::string_view field, const std::map<std::string, int, std::less<>>& words, absl::string_view shown) {
  const std::string cell = absl::AsciiStrToLower(Cell(field));
  const auto word = words.find(cell);
  if (word != words.end()) return word->second;
  Fault(field, absl::StrCat("“", cell.substr(0, 64), "”应为其中之一：", shown),
        absl::StrCat("\"", cell.substr(0, 64), "\" should be one of ", shown));
  return words.begin()->second;
}

}  // namespace fenfen::ctl
