// Compression for HTTP: which encodings a client takes, gzip and Brotli of whole bodies, and a gzip body in two parts, of which the
// first is compressed once and the second, different for each request, is stored.
// Functions are pure and safe to call from any thread.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_COMPRESS_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_COMPRESS_H_

#include <cstdint>
#include <string>
#include "absl/strings/string_view.h"

namespace fenfen::bridge {

// What an Accept-Encoding header allows. Absent means identity alone here: a client that says nothing may not be able to decode.
struct AcceptedEncodings {
  bool gzip = false;
  bool brotli = false;
};
AcceptedEncodings ParseAcceptEncoding(absl::string_view header);

// RFC 1952. `level` 1 to 9. Empty only if memory ran out.
std::string Gzip(absl::string_view data, int level);

// RFC 7932. `quality` 0 to 11. Empty only if memory ran out.
std::string Brotli(absl::string_view data, int quality);

// The compressed first part of a body.
struct GzipHead {
  std::string bytes;
  std::uint32_t crc = 0;
  std::uint32_t size = 0;
};
GzipHead GzipFirst(absl::string_view head, int level);

// The whole body: `head` and then `tail`, at most 65,535 bytes, in one gzip member.
std::string GzipFinish(const GzipHead& head, absl::string_view tail);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_COMPRESS_H_
