#include "mini_program_bridge/compress.h"

#include <brotli/encode.h>
#include <zlib.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace fenfen::bridge {
namespace {

// Window bits for zlib: 16 more than the largest window asks for a gzip header and trailer, a negative value for neither.
constexpr int kGzipBits = 16 + MAX_WBITS;
constexpr int kRawBits = -MAX_WBITS;

std::string Deflate(absl::string_view data, int level, int bits, int flush) {
  z_stream stream = {};
  if (deflateInit2(&stream, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) return "";
  // The bound is for Z_FINISH; a flush in its place adds an empty stored block of at most 6 bytes.
  std::string out(deflateBound(&stream, data.size()) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, flush);
  out.resize(std::min<std::size_t>(stream.total_out, out.size()));
  deflateEnd(&stream);
  return out;
}

void AppendLittleEndian(std::uint32_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

AcceptedEncodings ParseAcceptEncoding(absl::string_view header) {
  AcceptedEncodings accepted;
  for (absl::string_view item : absl::StrSplit(header, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(item, absl::MaxSplits(';', 1));
    const absl::string_view name = absl::StripAsciiWhitespace(parts.first);
    absl::string_view weight = absl::StripAsciiWhitespace(parts.second);
    double q = 1;
    if (absl::StartsWithIgnoreCase(weight, "q=") && !absl::SimpleAtod(weight.substr(2), &q)) q = 0;
    if (absl::EqualsIgnoreCase(name, "gzip") || name == "*") accepted.gzip = q > 0;
    if (absl::EqualsIgnoreCase(name, "br")) accepted.brotli = q > 0;
  }
  return accepted;
}

std::string Gzip(absl::string_view data, int level) { return Deflate(data, level, kGzipBits, Z_FINISH); }

std::string Brotli(absl::string_view data, int quality) {
  std::size_t size = BrotliEncoderMaxCompressedSize(data.size());
  std::string out(size, '\0');
  const bool ok = BrotliEncoderCompress(quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, data.size(),
                                        reinterpret_cast<const std::uint8_t*>(data.data()), &size,
                                        reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_TRUE;
  out.resize(ok ? size : 0);
  return out;
}

GzipHead GzipFirst(absl::string_view head, int level) {
  // Magic, deflate, no flags, no time, no hints, system unknown.
  static constexpr char kHeader[] = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 0, '\xff'};
  GzipHead out;
  out.bytes.assign(kHeader, sizeof(kHeader));
  // A sync flush ends on a byte boundary without ending the stream, so that further blocks can be put behind it.
  out.bytes += Deflate(head, level, kRawBits, Z_SYNC_FLUSH);
  out.crc = static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(head.data()), static_cast<uInt>(head.size())));
  out.size = static_cast<std::uint32_t>(head.size());
  return out;
}

std::string GzipFinish(const GzipHead& head, absl::string_view tail) {
  std::string out;
  out.reserve(head.bytes.size() + tail.size() + 13);
  out = head.bytes;
  // The final block, stored: its bit, its length, the length's complement, the bytes.
  out.push_back(1);
  AppendLittleEndian(static_cast<std::uint32_t>(tail.size()), 2, &out);
  AppendLittleEndian(~static_cast<std::uint32_t>(tail.size()), 2, &out);
  out.append(tail.data(), tail.size());
  const auto crc = crc32(head.crc, reinterpret_cast<const Bytef*>(tail.data()), static_cast<uInt>(tail.size()));
  AppendLittleEndian(static_cast<std::uint32_t>(crc), 4, &out);
  AppendLittleEndian(head.size + static_cast<std::uint32_t>(tail.size()), 4, &out);
  return out;
}

}  // namespace fenfen::bridge
