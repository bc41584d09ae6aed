#include "clients/ctl/import/text_file.h"

#include <iconv.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fenfen::ctl {

namespace {

constexpr absl::string_view kUtf8Mark = "\xEF\xBB\xBF";

// Converts to UTF-8. On a byte that does not fit, `bad_offset` says where and the result is false.
bool Convert(const char* from, absl::string_view bytes, std::string* text, size_t* bad_offset) {
  iconv_t converter = iconv_open("UTF-8", from);
  if (converter == reinterpret_cast<iconv_t>(-1)) {
    *bad_offset = 0;
    return false;
  }
  absl::Cleanup close = [converter] { iconv_close(converter); };
  // GB18030 takes at most twice its size in UTF-8 (two bytes become three, one stays one).
  text->resize(bytes.size() * 2 + 16);
  char* in = const_cast<char*>(bytes.data());
  size_t in_left = bytes.size();
  char* out = text->data();
  size_t out_left = text->size();
  const size_t result = iconv(converter, &in, &in_left, &out, &out_left);
  text->resize(text->size() - out_left);
  *bad_offset = bytes.size() - in_left;
  return result != static_cast<size_t>(-1);
}

absl::Status BadByte(absl::string_view bytes, size_t offset, absl::string_view what_zh, absl::string_view what_en) {
  const auto line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(offset), '\n');
  return absl::InvalidArgumentError(
      absl::StrCat("第 ", line, " 行（第 ", offset, " 字节）：", what_zh, " / line ", line, " (byte ", offset, "): ", what_en));
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, path);
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, "：不是普通文件 / not a regular file"));
  if (static_cast<size_t>(info.st_size) > kTextFileBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, "：文件超过 64 MiB / larger than 64 MiB"));
  }
  std::ifstream file(path, std::ios::binary);
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  if (!file.read(bytes.data(), info.st_size)) return absl::ErrnoToStatus(errno == 0 ? EIO : errno, path);
  return bytes;
}

absl::StatusOr<std::string> DecodeText(absl::string_view bytes, Encoding encoding) {
  if (absl::StartsWith(bytes, "\xFF\xFE") || absl::StartsWith(bytes, "\xFE\xFF")) {
    return absl::InvalidArgumentError(
        "这是 UTF-16 文本，请在 Excel 中另存为“CSV UTF-8” / this is UTF-16 text; save it from Excel as \"CSV UTF-8\"");
  }
  const size_t nul = bytes.find('\0');
  if (nul != absl::string_view::npos) return BadByte(bytes, nul, "含有空字符，不是文本文件", "a NUL byte; this is not a text file");
  const bool marked = absl::StartsWith(bytes, kUtf8Mark);
  const absl::string_view body = bytes.substr(marked ? kUtf8Mark.size() : 0);
  std::string text;
  size_t bad_offset = 0;
  if (encoding != Encoding::kGb18030) {
    if (Convert("UTF-8", body, &text, &bad_offset)) {
      const auto above = [body](unsigned char least) {
        return std::any_of(body.begin(), body.end(), [least](char c) { return static_cast<unsigned char>(c) >= least; });
      };
      const bool doubtful = encoding == Encoding::kDetect && !marked && above(0x80) && !above(0xE0);
      std::string gb_text;
      return doubtful && Convert("GB18030", body, &gb_text, &bad_offset) ? gb_text : text;
    }
    if (marked || encoding == Encoding::kUtf8) {
      return BadByte(bytes, bad_offset + (marked ? kUtf8Mark.size() : 0), "不是有效的 UTF-8", "not valid UTF-8");
    }
  }
  if (Convert("GB18030", body, &text, &bad_offset)) return text;
  return BadByte(bytes, bad_offset, "既不是 UTF-8 也不是 GB18030", "neither valid UTF-8 nor valid GB18030");
}

}  // namespace fenfen::ctl
