#include "clients/ctl/import/pending_import.h"

#include <openssl/sha.h>
#include <unistd.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/cpp/key_file.h"

namespace fenfen::ctl {

namespace {

constexpr absl::Duration kRememberedMax = absl::Hours(40 * 24);

std::string HexSha256(absl::string_view content) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
}

}  // namespace

absl::StatusOr<PendingImport> PendingImport::Begin(const std::string& file, absl::string_view content, const client::RequestIds& ids,
                                                   absl::Time now) {
  const std::string note = absl::StrCat(file, ".import");
  const std::string digest = HexSha256(content);
  const absl::StatusOr<std::string> earlier = client::ReadKeyFile(note, /*secret=*/false);
  if (earlier.ok()) {
    const std::vector<std::string> parts = absl::StrSplit(absl::StripSuffix(*earlier, "\n"), ' ');
    const auto time = parts.size() == 2 ? client::Uuid7Time(parts[1]) : std::nullopt;
    if (time.has_value() && parts[0] == digest && now - *time < kRememberedMax) return PendingImport(note, parts[1]);
    unlink(note.c_str());
  }
  const std::string id = ids.Next();
  const absl::Status written = client::WriteNewFile(note, absl::StrCat(digest, " ", id, "\n"), /*secret=*/false);
  if (!written.ok()) return written;
  return PendingImport(note, id);
}

void PendingImport::Finish() { unlink(note_.c_str()); }

}  // namespace fenfen::ctl
