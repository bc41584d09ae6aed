#include "clients/ctl/commands/text_table.h"

#include <algorithm>
#include <cstdint>

namespace fenfen::ctl {

namespace {

// East Asian wide and full-width characters (UAX #11), by their blocks.
bool IsWide(uint32_t rune) {
  return (rune >= 0x1100 && rune <= 0x115f) || (rune >= 0x2e80 && rune <= 0xa4cf) || (rune >= 0xac00 && rune <= 0xd7a3) ||
         (rune >= 0xf900 && rune <= 0xfaff) || (rune >= 0xfe30 && rune <= 0xfe6f) || (rune >= 0xff00 && rune <= 0xff60) ||
         (rune >= 0xffe0 && rune <= 0xffe6) || (rune >= 0x1f300 && rune <= 0x1faff) || (rune >= 0x20000 && rune <= 0x3fffd);
}

}  // namespace

int DisplayWidth(absl::string_view text) {
  int width = 0;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t rune = size == 1 ? lead : lead & (0x7fu >> size);
    for (size_t k = 1; k < size && i + k < text.size(); ++k) rune = rune << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3fu);
    width += IsWide(rune) ? 2 : 1;
    i += size;
  }
  return width;
}

TextTable::TextTable(std::vector<std::string> header) {
  for (std::string& name : header) {
    right_.push_back(!name.empty() && name.front() == '>');
    if (right_.back()) name.erase(0, 1);
  }
  rows_.push_back(std::move(header));
}

void TextTable::Row(std::vector<std::string> cells) {
  cells.resize(right_.size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::Lines() const {
  std::vector<int> widths(right_.size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::string lines;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(static_cast<size_t>(widths[i] - DisplayWidth(row[i])), ' ');
      const bool last = i + 1 == row.size();
      lines += right_[i] ? padding + row[i] : row[i] + (last ? "" : padding);
      lines += last ? "\n" : "  ";
    }
  }
  return lines;
}

}  // namespace fenfen::ctl
