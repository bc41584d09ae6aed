// The second process of fenfenctl bench statement.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/statement.h"
#include "ledger/journal/compressed_file.h"
#include "ledger/journal/segment.h"
#include "ledger/points/entry.h"
#include "ledger/points/records.h"

namespace fenfen::bench {
namespace {

constexpr int kEntriesOfPage = 20;
constexpr int kPagesOfTurn = 20;  // then the kernel forgets what it has read
constexpr size_t kIndexBytes = 4096;
constexpr size_t kRecordBytes = 1024;

// The files of the journal that hold transactions, and their indexes.
class JournalFiles {
 public:
  static absl::StatusOr<std::unique_ptr<JournalFiles>> Open(const std::string& folder) {
    auto files = std::make_unique<JournalFiles>();
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string path = entry.path().string();
      File file{::open(path.c_str(), O_RDONLY | O_CLOEXEC), static_cast<uint64_t>(entry.file_size()), 0};
      if (file.fd < 0) return absl::ErrnoToStatus(errno, path);
      if (absl::EndsWith(path, segment::kIndexEnding)) {
        files->indexes_.push_back(file);
        continue;
      }
      const bool compressed = absl::EndsWith(path, segment::kCompressedEnding);
      // One record of a compressed segment costs a block of it, a third of its plain size or so.
      if (compressed) file.read_bytes = static_cast<size_t>(file.bytes * compressed::kBlockBytes / (64u << 20));
      if (absl::EndsWith(path, segment::kEnding)) file.read_bytes = kRecordBytes;
      (file.read_bytes == 0 ? files->others_ : files->segments_).push_back(file);
    }
    if (files->segments_.empty()) return absl::NotFoundError(folder);
    return files;
  }
  ~JournalFiles() {
    for (const std::vector<File>* files : {&segments_, &indexes_, &others_}) {
      for (const File& file : *files) ::close(file.fd);
    }
  }

  // Nothing of the journal is in the kernel's memory any more.
  void Forget() const {
    for (const std::vector<File>* files : {&segments_, &indexes_}) {
      for (const File& file : *files) ::posix_fadvise(file.fd, 0, 0, POSIX_FADV_DONTNEED);
    }
  }

  // As many reads as an entry takes, anywhere: of an index, and of the block or record.
  absl::Status ReadOneEntry(std::mt19937_64& random) {
    if (!indexes_.empty()) {
      if (absl::Status status = Read(indexes_[random() % indexes_.size()], kIndexBytes, random); !status.ok()) return status;
    }
    const File& file = segments_[random() % segments_.size()];
    return Read(file, file.read_bytes, random);
  }

 private:
  struct File {
    int fd;
    uint64_t bytes;
    size_t read_bytes;
  };
  absl::Status Read(const File& file, size_t size, std::mt19937_64& random) {
    buffer_.resize(size);
    const uint64_t offset = file.bytes <= size ? 0 : random() % (file.bytes - size);
    return ::pread(file.fd, buffer_.data(), size, static_cast<off_t>(offset)) >= 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, "pread");
  }

  std::vector<File> segments_, indexes_, others_;
  std::string buffer_;
};

// As HouseholdService::Entries does it: the household's record names its newest entry, each entry the one before.
absl::Status ReadPage(Ledger& ledger, const Catalogue& catalogue, HouseholdId household) {
  absl::StatusOr<PartitionSeq> newest = PartitionSeq(0);
  const absl::Status durable = ledger.engine().ReadAndWait(PartitionOf(household), [&](const View& view) {
    const absl::StatusOr<Versioned<HouseholdRecord>> record = ReadHousehold(view, household);
    if (record.ok()) {
      newest = record->version;
    } else {
      newest = record.status();
    }
  });
  if (!durable.ok()) return durable;
  if (!newest.ok()) return newest.status();
  int entries = 0;
  for (PartitionSeq seq = *newest; seq != PartitionSeq(0) && entries < kEntriesOfPage; ++entries) {
    const absl::StatusOr<CommittedTransaction> stored = ledger.engine().Load(PartitionOf(household), seq);
    if (!stored.ok()) return stored.status();
    const absl::StatusOr<v1::Entry> entry = RenderEntry(*stored, catalogue);
    if (!entry.ok()) return entry.status();
    if (!absl::StartsWith(entry->name(), HouseholdName(household) + "/")) return absl::NotFoundError(entry->name());
    seq = PreviousEntryOf(stored->transaction, household);
  }
  if (entries == kEntriesOfPage) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(HouseholdName(household), ": ", entries, " 条 / entries"));
}

absl::StatusOr<double> MillisOf(absl::FunctionRef<absl::Status()> work) {
  const double begin = MonotonicSeconds();
  if (absl::Status status = work(); !status.ok()) return status;
  return (MonotonicSeconds() - begin) * 1e3;
}

}  // namespace

absl::StatusOr<StatementCost> ReadStatements(const std::string& folder, uint32_t households, int pages) {
  const absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(folder, {});
  if (!ledger.ok()) return ledger.status();
  const absl::StatusOr<std::unique_ptr<JournalFiles>> files = JournalFiles::Open(absl::StrCat(folder, "/journal"));
  if (!files.ok()) return files.status();
  const std::shared_ptr<const Catalogue> catalogue = (*ledger)->Setting().catalogue;
  std::mt19937_64 random(1);
  std::vector<double> ours, bare;
  for (int page = 0; page < pages; page += kPagesOfTurn) {
    (*files)->Forget();
    for (int turn = 0; turn < kPagesOfTurn; ++turn) {
      const HouseholdId household(1 + random() % households);
      const absl::StatusOr<double> millis = MillisOf([&] { return ReadPage(**ledger, *catalogue, household); });
      if (!millis.ok()) return millis.status();
      ours.push_back(*millis);
    }
    (*files)->Forget();
    for (int turn = 0; turn < kPagesOfTurn; ++turn) {
      const absl::StatusOr<double> millis = MillisOf([&] {
        absl::Status status;
        for (int entry = 0; entry < kEntriesOfPage && status.ok(); ++entry) status = (*files)->ReadOneEntry(random);
        return status;
      });
      if (!millis.ok()) return millis.status();
      bare.push_back(*millis);
    }
  }
  return StatementCost{Quantile(ours, 0.5), Quantile(ours, 0.99), Quantile(bare, 0.5), Quantile(bare, 0.99)};
}

}  // namespace fenfen::bench
