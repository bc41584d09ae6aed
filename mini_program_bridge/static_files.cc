#include "mini_program_bridge/static_files.h"

#include <openssl/sha.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "mini_program_bridge/compress.h"

namespace fenfen::bridge {
namespace {

// Small files gain nothing.
constexpr std::size_t kCompressFileFrom = 256;

const std::map<std::string, std::string>& ContentTypes() {
  static const auto* types = new std::map<std::string, std::string>{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json; charset=utf-8"},
      {".map", "application/json; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".txt", "text/plain; charset=utf-8"},
      {".xml", "application/xml"},
      {".webmanifest", "application/manifest+json"},
      {".wasm", "application/wasm"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".gif", "image/gif"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff", "font/woff"},
      {".woff2", "font/woff2"},
      {".ttf", "font/ttf"},
  };
  return *types;
}

bool Compressible(absl::string_view content_type) {
  return absl::StartsWith(content_type, "text/") || absl::StrContains(content_type, "json") || absl::StrContains(content_type, "xml") ||
         content_type == "application/wasm" || content_type == "font/ttf";
}

std::string Sha256(absl::string_view data) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest);
  return std::string(reinterpret_cast<const char*>(digest), sizeof(digest));
}

std::shared_ptr<const std::string> Shared(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

bool NamesEtag(absl::string_view if_none_match, absl::string_view etag) {
  for (absl::string_view item : absl::StrSplit(if_none_match, ',')) {
    item = absl::StripAsciiWhitespace(item);
    if (absl::StartsWith(item, "W/")) item.remove_prefix(2);
    if (item == "*" || item == etag) return true;
  }
  return false;
}

}  // namespace

std::string PagePolicy(absl::string_view script_hashes) {
  // uni-app and Vue set inline styles; images are drawn from data and blob URLs; the camera's frames are blobs.
  return absl::StrCat("default-src 'self'; script-src 'self'", script_hashes,
                      "; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; "
                      "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
                      "frame-ancestors 'none'");
}

std::string InlineScriptHashes(absl::string_view html) {
  std::string hashes;
  const std::string lower = absl::AsciiStrToLower(html);
  for (std::size_t at = 0; (at = lower.find("<script", at)) != std::string::npos;) {
    const std::size_t open = lower.find('>', at);
    const std::size_t close = open == std::string::npos ? open : lower.find("</script", open);
    if (close == std::string::npos) break;
    const bool inline_script = lower.substr(at, open - at).find(" src") == std::string::npos;
    if (inline_script && close > open + 1)
      absl::StrAppend(&hashes, " 'sha256-", absl::Base64Escape(Sha256(html.substr(open + 1, close - open - 1))), "'");
    at = close;
  }
  return hashes;
}

bool HasContentHash(absl::string_view path) {
  constexpr std::size_t kHash = 8;
  if (!absl::StrContains(path, "/assets/")) return false;
  const absl::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos || dot < kHash + 1) return false;
  const char before = name[dot - kHash - 1];
  if (before != '-' && before != '.') return false;
  bool telling = false;
  for (const char c : name.substr(dot - kHash, kHash)) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') return false;
    // Eight small letters are more likely a word, as in `lazy-skeleton.js`; then it is only revalidated more often than needed.
    telling = telling || !absl::ascii_islower(static_cast<unsigned char>(c));
  }
  return telling;
}

StaticFiles::File StaticFiles::MakeFile(const std::string& path, std::string bytes) {
  File file;
  const auto type = ContentTypes().find(absl::AsciiStrToLower(std::filesystem::path(path).extension().string()));
  file.content_type = type == ContentTypes().end() ? "application/octet-stream" : type->second;
  file.cache_control = HasContentHash(path) ? "public, max-age=31536000, immutable" : "no-cache";
  file.policy = PagePolicy(absl::StartsWith(file.content_type, "text/html") ? InlineScriptHashes(bytes) : "");
  const std::string tag = absl::BytesToHexString(Sha256(bytes).substr(0, 12));
  if (Compressible(file.content_type) && bytes.size() >= kCompressFileFrom) {
    const auto keep = [&](std::string small, const char* suffix) -> Variant {
      if (small.empty() || small.size() > bytes.size() * 95 / 100) return {};
      return {Shared(std::move(small)), absl::StrCat("\"", tag, suffix, "\"")};
    };
    file.gzip = keep(Gzip(bytes, 9), "-gz");
    file.brotli = keep(Brotli(bytes, 9), "-br");
  }
  file.plain = {Shared(std::move(bytes)), absl::StrCat("\"", tag, "\"")};
  return file;
}

absl::StatusOr<StaticFiles> StaticFiles::Load(const std::string& folder) {
  namespace fs = std::filesystem;
  StaticFiles out;
  std::size_t total = 0;
  std::error_code error;
  fs::recursive_directory_iterator walk(folder, error);
  if (error) return absl::NotFoundError(absl::StrCat("static_dir ", folder, ": ", error.message()));
  for (const fs::recursive_directory_iterator end; walk != end; walk.increment(error)) {
    if (error) break;
    const bool hidden = absl::StartsWith(walk->path().filename().string(), ".");
    const bool link = walk->is_symlink();
    if (hidden || link) {
      if (walk->is_directory() && !link) walk.disable_recursion_pending();
      continue;
    }
    if (!walk->is_regular_file()) continue;
    const std::uintmax_t size = walk->file_size();
    total += size;
    if (size > kFileBytesMax || total > kTotalBytesMax || out.files_.size() >= kFilesMax) {
      return absl::ResourceExhaustedError(absl::StrCat("static_dir ", folder, " holds too much; stopped at ", walk->path().string()));
    }
    std::ifstream in(walk->path(), std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (!in.good() && !in.eof()) return absl::UnavailableError(absl::StrCat("cannot read ", walk->path().string()));
    const std::string path = "/" + walk->path().lexically_relative(folder).generic_string();
    out.files_[path] = MakeFile(path, std::move(bytes));
  }
  if (error) return absl::UnavailableError(absl::StrCat("static_dir ", folder, ": ", error.message()));
  return out;
}

std::optional<HttpResponse> StaticFiles::Serve(absl::string_view path, absl::string_view accept_encoding,
                                               absl::string_view if_none_match) const {
  HttpResponse response;
  response.route = "static";
  response.body = Shared("");
  const auto found = files_.find(absl::EndsWith(path, "/") ? absl::StrCat(path, "index.html") : std::string(path));
  if (found == files_.end()) {
    if (path.empty() || !files_.contains(absl::StrCat(path, "/index.html"))) return std::nullopt;
    response.status = 308;
    response.headers.emplace_back("Location", absl::StrCat(path, "/"));
    return response;
  }
  const File& file = found->second;
  const AcceptedEncodings accepted = ParseAcceptEncoding(accept_encoding);
  const bool brotli = accepted.brotli && file.brotli.bytes != nullptr;
  const bool gzip = !brotli && accepted.gzip && file.gzip.bytes != nullptr;
  const Variant& variant = brotli ? file.brotli : gzip ? file.gzip : file.plain;
  response.headers.emplace_back("Cache-Control", file.cache_control);
  response.headers.emplace_back("ETag", variant.etag);
  if (file.gzip.bytes != nullptr || file.brotli.bytes != nullptr) response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("Content-Security-Policy", file.policy);
  if (!if_none_match.empty() && NamesEtag(if_none_match, variant.etag)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", file.content_type);
  if (brotli || gzip) response.headers.emplace_back("Content-Encoding", brotli ? "br" : "gzip");
  response.body = variant.bytes;
  return response;
}

}  // namespace fenfen::bridge
