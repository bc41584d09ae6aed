// JsonLine: one JSON object on one line, for logs. Keys are ours and plain; values may hold anything and are escaped.
//
//   JsonLine line;
//   line.Add("message", "served").Add("status", 200);
//   line.Finish();  // {"message":"served","status":200}
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fenfen::server {

class JsonLine {
 public:
  JsonLine& Add(absl::string_view key, absl::string_view value) {
    Key(key);
    Quote(value);
    return *this;
  }
  JsonLine& Add(absl::string_view key, const char* value) { return Add(key, absl::string_view(value)); }
  JsonLine& Add(absl::string_view key, int64_t value) {
    Key(key);
    absl::StrAppend(&text_, value);
    return *this;
  }
  JsonLine& Add(absl::string_view key, int value) { return Add(key, int64_t{value}); }

  // The object; use once.
  std::string Finish() {
    text_ += '}';
    return std::move(text_);
  }

 private:
  void Key(absl::string_view key) {
    if (text_.size() > 1) text_ += ',';
    Quote(key);
    text_ += ':';
  }
  void Quote(absl::string_view value) {
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') {
        text_ += '\\';
        text_ += c;
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        absl::StrAppend(&text_, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }

  std::string text_ = "{";
};

}  // namespace fenfen::server
