// Aligned columns for a terminal, where a Chinese character takes two cells. Thread-safe: values.
#ifndef FENFEN_CLIENTS_CTL_COMMANDS_TEXT_TABLE_H_
#define FENFEN_CLIENTS_CTL_COMMANDS_TEXT_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fenfen::ctl {

// How many cells a UTF-8 text takes.
int DisplayWidth(absl::string_view text);

// Rows under a header. Columns whose header begins with '>' are aligned to the right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);
  void Row(std::vector<std::string> cells);
  // The lines, each with its end; the last column is not padded.
  std::string Lines() const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;  // the header is the first
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_COMMANDS_TEXT_TABLE_H_
