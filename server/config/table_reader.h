// TableReader: reads one TOML table of a configuration into values and remembers the first thing wrong with it, with the key's whole name.
// A key that is not there leaves its value as it was.
//
//   TableReader reader(table, "snapshot.", status);
//   reader.Duration("interval", config.snapshot.interval);
//   reader.Finish();
//
// Not thread-safe.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fenfen::server {

class TableReader {
 public:
  TableReader(const toml::table& table, std::string prefix, absl::Status& status)
      : table_(table), prefix_(std::move(prefix)), status_(status) {}

  void String(const char* key, std::string& value) { Value(key, "a string", value); }
  void Bool(const char* key, bool& value) { Value(key, "true or false", value); }
  void Integer(const char* key, int64_t& value) { Value(key, "a whole number", value); }
  void Duration(const char* key, absl::Duration& value) {
    std::string text;
    String(key, text);
    if (!text.empty() && !absl::ParseDuration(text, &value)) Fail(key, "must be a time such as \"10m\" or \"90s\"");
  }

  void Strings(const char* key, std::vector<std::string>& values) {
    known_.insert(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return Fail(key, "must be a list of strings");
    for (const toml::node& item : *array) {
      const std::optional<std::string> text = item.value_exact<std::string>();
      if (!text) return Fail(key, "must be a list of strings");
      values.push_back(*text);
    }
  }

  // The tables under a key: `[key]` is one, `[[key]]` are any number.
  std::vector<const toml::table*> Tables(const char* key, bool list) {
    known_.insert(key);
    std::vector<const toml::table*> tables;
    const toml::node* node = table_.get(key);
    if (node == nullptr) return tables;
    if (!list && node->is_table()) {
      tables.push_back(node->as_table());
    } else if (list && node->is_array_of_tables()) {
      for (const toml::node& item : *node->as_array()) tables.push_back(item.as_table());
    } else {
      Fail(key, list ? "must be [[tables]]" : "must be a [table]");
    }
    return tables;
  }

  void Fail(absl::string_view key, absl::string_view why) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(prefix_, key, ": ", why));
  }

  // Refuses what nobody asked for.
  void Finish() {
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if (known_.find(name) == known_.end()) Fail(name, absl::StrCat("unknown key; known here: ", absl::StrJoin(known_, ", ")));
    }
  }

 private:
  template <typename T>
  void Value(const char* key, absl::string_view expected, T& value) {
    known_.insert(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr) return;
    const std::optional<T> given = node->value_exact<T>();
    if (!given) return Fail(key, absl::StrCat("must be ", expected));
    value = *given;
  }

  const toml::table& table_;
  const std::string prefix_;
  absl::Status& status_;
  std::set<std::string> known_;
};

}  // namespace fenfen::server
