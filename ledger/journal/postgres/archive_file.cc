#include "ledger/journal/postgres/archive_file.h"

#include <openssl/evp.h>
#include <zstd.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "ledger/core/check.h"

namespace fenfen {
namespace {

// On disk, do not change.
constexpr char kFirstLine[] = "fenfen archived month 1\n";
constexpr char kTableEnd[] = "\\.\n";

constexpr int kLevel = 6;
constexpr size_t kPieceBytes = 256u << 10;
// The longest row: an entry of 16 MiB as hexadecimal digits, and its other columns.
constexpr size_t kLineBytesMax = 40u << 20;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { FENFEN_CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1); }
  void Add(absl::string_view bytes) { FENFEN_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }
  std::string Hex() {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    FENFEN_CHECK(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), &size) == 1);
    return absl::BytesToHexString(absl::string_view(digest).substr(0, size));
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string HeadText(const ArchiveHead& head) {
  return absl::StrCat(kFirstLine, "journal ", absl::Hex(head.journal_id, absl::kZeroPad16), "\nmonth ", absl::FormatCivilTime(head.month),
                      "\n");
}
std::string TableText(const ArchivedTable& table) { return absl::StrCat("table ", table.name, " (", table.columns, ")\n"); }
std::string RowsText(const ArchiveSummary& summary) {
  return absl::StrCat("rows ", summary.rows[0], " ", summary.rows[1], " ", summary.rows[2], "\n");
}

}  // namespace

// --- Writing.

struct ArchiveWriter::Streams {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd{ZSTD_createCCtx(), &ZSTD_freeCCtx};
  Sha256 sha256;
  std::string pending;  // text that is not compressed yet
  std::string out = std::string(ZSTD_CStreamOutSize(), '\0');
};

ArchiveWriter::ArchiveWriter(File& file, const ArchiveHead& head) : file_(file), streams_(std::make_unique<Streams>()) {
  summary_.head = head;
  ZSTD_CCtx_setParameter(streams_->zstd.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(streams_->zstd.get(), ZSTD_c_checksumFlag, 1);
  streams_->pending = HeadText(head);
  streams_->sha256.Add(streams_->pending);
}

ArchiveWriter::~ArchiveWriter() = default;

absl::Status ArchiveWriter::BeginTable() { return Text(TableText(kArchivedTables[table_])); }

absl::Status ArchiveWriter::Row(absl::string_view line) {
  ++summary_.rows[table_];
  return Text(line);
}

absl::Status ArchiveWriter::EndTable() {
  ++table_;
  return Text(kTableEnd);
}

absl::StatusOr<ArchiveSummary> ArchiveWriter::Finish() {
  FENFEN_CHECK(table_ == kArchivedTables.size());
  absl::Status status = Text(RowsText(summary_));
  if (!status.ok()) return status;
  summary_.sha256 = streams_->sha256.Hex();
  absl::StrAppend(&streams_->pending, "sha256 ", summary_.sha256, "\n");
  if (status = Compress(streams_->pending, /*last=*/true); !status.ok()) return status;
  if (status = file_.Sync(); !status.ok()) return status;
  return summary_;
}

absl::Status ArchiveWriter::Text(absl::string_view text) {
  streams_->sha256.Add(text);
  streams_->pending.append(text.data(), text.size());
  if (streams_->pending.size() < kPieceBytes) return absl::OkStatus();
  absl::Status status = Compress(streams_->pending, /*last=*/false);
  streams_->pending.clear();
  return status;
}

absl::Status ArchiveWriter::Compress(absl::string_view text, bool last) {
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  while (true) {
    ZSTD_outBuffer out{streams_->out.data(), streams_->out.size(), 0};
    const size_t left = ZSTD_compressStream2(streams_->zstd.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) return absl::InternalError(absl::StrCat("zstd: ", ZSTD_getErrorName(left)));
    if (absl::Status status = file_.WriteAt(offset_, absl::string_view(streams_->out.data(), out.pos)); !status.ok()) return status;
    offset_ += out.pos;
    if (last ? left == 0 : in.pos == in.size) return absl::OkStatus();
  }
}

// --- Reading.

namespace {

// The lines of a compressed file.
class LineReader {
 public:
  LineReader(const File& file, std::string name) : file_(file), name_(std::move(name)) {}

  // The next line with its end; good until the next call. DATA_LOSS at the end of the file.
  absl::StatusOr<absl::string_view> Next() {
    text_.erase(0, taken_);
    taken_ = 0;
    size_t searched = 0;
    while (true) {
      const size_t end = text_.find('\n', searched);
      if (end != std::string::npos) {
        taken_ = end + 1;
        ++line_;
        return absl::string_view(text_).substr(0, taken_);
      }
      searched = text_.size();
      if (searched > kLineBytesMax) return Damaged("the line is too long");
      if (absl::Status status = Decompress(); !status.ok()) return status;
    }
  }
  absl::Status Damaged(absl::string_view what) const { return absl::DataLossError(absl::StrCat(name_, ", line ", line_, ": ", what)); }
  // True if nothing follows.
  absl::StatusOr<bool> AtEnd() {
    if (taken_ != text_.size() || in_.pos != in_.size) return false;
    const absl::StatusOr<uint64_t> size = file_.Size();
    if (!size.ok()) return size.status();
    return offset_ == *size && frame_ended_;
  }

 private:
  absl::Status Decompress() {
    if (in_.pos == in_.size) {
      const absl::StatusOr<size_t> got = file_.ReadAt(offset_, compressed_.data(), compressed_.size());
      if (!got.ok()) return got.status();
      if (*got == 0) return Damaged("the file ends here");
      offset_ += *got;
      in_ = {compressed_.data(), *got, 0};
    }
    ZSTD_outBuffer out{piece_.data(), piece_.size(), 0};
    const size_t left = ZSTD_decompressStream(zstd_.get(), &out, &in_);
    if (ZSTD_isError(left) != 0) return Damaged(absl::StrCat("zstd: ", ZSTD_getErrorName(left)));
    frame_ended_ = left == 0;
    text_.append(piece_.data(), out.pos);
    return absl::OkStatus();
  }

  const File& file_;
  const std::string name_;
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> zstd_{ZSTD_createDCtx(), &ZSTD_freeDCtx};
  std::string compressed_ = std::string(kPieceBytes, '\0');
  std::string piece_ = std::string(kPieceBytes, '\0');
  ZSTD_inBuffer in_{nullptr, 0, 0};
  uint64_t offset_ = 0;
  bool frame_ended_ = false;
  std::string text_;
  size_t taken_ = 0;
  uint64_t line_ = 0;
};

// The head, which says how the rest must be.
absl::StatusOr<ArchiveHead> ReadHead(LineReader& lines, Sha256& sha256) {
  std::array<std::string, 3> head;
  for (std::string& line : head) {
    const absl::StatusOr<absl::string_view> next = lines.Next();
    if (!next.ok()) return next.status();
    line = std::string(*next);
    sha256.Add(line);
  }
  ArchiveHead parsed;
  absl::string_view id = absl::StripSuffix(head[1], "\n");
  absl::string_view month = absl::StripSuffix(head[2], "\n");
  const bool read = absl::ConsumePrefix(&id, "journal ") && absl::SimpleHexAtoi(id, &parsed.journal_id) &&
                    absl::ConsumePrefix(&month, "month ") && absl::ParseCivilTime(month, &parsed.month);
  if (!read || absl::StrCat(head[0], head[1], head[2]) != HeadText(parsed)) return lines.Damaged("this is not an archived month");
  return parsed;
}

}  // namespace

absl::StatusOr<ArchiveSummary> ReadArchive(const File& file, const std::string& name,
                                           absl::FunctionRef<absl::Status(size_t table, absl::string_view line)> row) {
  LineReader lines(file, name);
  Sha256 sha256;
  const absl::StatusOr<ArchiveHead> head = ReadHead(lines, sha256);
  if (!head.ok()) return head.status();
  ArchiveSummary summary;
  summary.head = *head;
  const auto expect = [&](const std::string& text) -> absl::Status {
    const absl::StatusOr<absl::string_view> line = lines.Next();
    if (!line.ok()) return line.status();
    return *line == text ? absl::OkStatus() : lines.Damaged(absl::StrCat("expected: ", absl::StripSuffix(text, "\n")));
  };
  for (size_t table = 0; table < kArchivedTables.size(); ++table) {
    const std::string begin = TableText(kArchivedTables[table]);
    if (absl::Status status = expect(begin); !status.ok()) return status;
    sha256.Add(begin);
    while (true) {
      const absl::StatusOr<absl::string_view> line = lines.Next();
      if (!line.ok()) return line.status();
      sha256.Add(*line);
      if (*line == kTableEnd) break;
      ++summary.rows[table];
      if (absl::Status status = row(table, *line); !status.ok()) return status;
    }
  }
  const std::string rows = RowsText(summary);
  if (absl::Status status = expect(rows); !status.ok()) return status;
  sha256.Add(rows);
  summary.sha256 = sha256.Hex();
  if (absl::Status status = expect(absl::StrCat("sha256 ", summary.sha256, "\n")); !status.ok()) return status;
  const absl::StatusOr<bool> at_end = lines.AtEnd();
  if (!at_end.ok()) return at_end.status();
  if (!*at_end) return lines.Damaged("something follows the last line");
  return summary;
}

}  // namespace fenfen
