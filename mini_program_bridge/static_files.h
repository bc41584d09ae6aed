// The H5 pages and their assets, read into memory once, compressed once, and served from there: no request touches the file system, so
// no path can lead out of the folder.
//
// Assets whose name carries a content hash are immutable for a year; everything else is revalidated by its ETag. The hashes of a page's
// inline scripts go into that page's Content-Security-Policy, so that nothing else inline runs.
// Immutable once loaded; safe to share between threads.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_STATIC_FILES_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_STATIC_FILES_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mini_program_bridge/http.h"

namespace fenfen::bridge {

class StaticFiles {
 public:
  static constexpr std::size_t kFilesMax = 4096;
  static constexpr std::size_t kFileBytesMax = 8 << 20;
  static constexpr std::size_t kTotalBytesMax = 64 << 20;

  // No files at all.
  StaticFiles() = default;

  // Reads the folder, below it too; names that start with a dot and symbolic links are left out. Errors: NotFound; ResourceExhausted if
  // it holds more than the limits.
  static absl::StatusOr<StaticFiles> Load(const std::string& folder);

  // Adds one file that is made here, in place of any of that name. Only before this is shared.
  void Add(const std::string& path, std::string bytes) { files_[path] = MakeFile(path, std::move(bytes)); }

  // The reply to GET `path` (decoded; `/x/` is `/x/index.html`, `/x` leads there), or nullopt if there is no such file. 304 where
  // If-None-Match names what would be sent.
  std::optional<HttpResponse> Serve(absl::string_view path, absl::string_view accept_encoding, absl::string_view if_none_match) const;

  std::size_t size() const { return files_.size(); }

 private:
  struct Variant {
    std::shared_ptr<const std::string> bytes;
    std::string etag;
  };
  struct File {
    std::string content_type;
    std::string cache_control;
    std::string policy;
    Variant plain, gzip, brotli;
  };

  static File MakeFile(const std::string& path, std::string bytes);

  absl::flat_hash_map<std::string, File> files_;
};

// The Content-Security-Policy of our pages; `script_hashes` are further sources, each with a leading blank, for example " 'sha256-…'".
std::string PagePolicy(absl::string_view script_hashes);

// The hashes of the inline scripts in a page, in PagePolicy's form.
std::string InlineScriptHashes(absl::string_view html);

// True for names as bundlers write them: `assets/index-DiwrgTda.js`, with a hash of eight letters, digits, `_` or `-`.
bool HasContentHash(absl::string_view path);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_STATIC_FILES_H_
