#include "clients/ctl/verify/verify_journal.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/verify/damaged_byte.h"
#include "clients/ctl/verify/fold_share.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/posix_file.h"

namespace fenfen::ctl {
namespace {

constexpr size_t kSheafBytes = 1u << 20;
constexpr unsigned kSharesMax = 8;
constexpr int kLooksMax = 3;
constexpr char kEntriesTable[] = "fenfen.entries";

// One run over a journal.
class Verification {
 public:
  explicit Verification(const VerifyOptions& options) : options_(options), claims_(kPartitions) {
    for (const ClaimedDigest& claim : options.digests) AddClaim(claim);
  }

  absl::Status Read(FileSystem& files, const std::string& directory) {
    const absl::StatusOr<std::optional<JournalBeginning>> beginning = ReadBeginning(files, directory);
    if (!beginning.ok()) return NoteDamage(files, beginning.status());
    JournalReader::Options how{.live = options_.live, .archive = options_.archive};
    if (*beginning) {
      report_.first_segment = (*beginning)->start.segment;
      report_.whole = !options_.archive.empty();
      if (report_.whole) {
        TakeBeginning(**beginning, directory);
      } else {
        how.from = (*beginning)->start;
        if (absl::Status status = Derive(files, directory, **beginning, how); !status.ok()) return NoteDamage(files, status);
      }
    }
    StartShares();
    const absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(files, directory, how);
    if (!reader.ok()) return NoteDamage(files, reader.status());
    const absl::Status status = ReadGroups(files, **reader);
    Give();
    return status;
  }

  absl::Status Read(EntrySource& source) {
    StartShares();
    const absl::Status status = source.Read(
        [this](const EntrySource::Entry& entry) {
          if (sheaf_->bytes.size() >= kSheafBytes) Give();
          sheaf_->path = kEntriesTable;
          segment::Record& record = sheaf_->records.emplace_back();
          record.partition = entry.partition;
          record.seq = entry.seq;
          record.bytes = entry.bytes;
          record.offset = entry.place;
          sheaf_->bytes.append(entry.bytes.data(), entry.bytes.size());
        },
        [this](Finding finding) { Note(std::move(finding)); });
    Give();
    return status;
  }

  VerifyReport Finish() {
    if (shares_.empty()) StartShares();  // nothing was read
    std::vector<FoldShare::Numbered> numbered;
    for (const std::unique_ptr<FoldShare>& share : shares_) {
      share->Finish();
      share->AddTo(report_, numbered);
    }
    // Damage, behind which nothing was read, comes after what was found before it.
    if (damage_) numbered.emplace_back(records_ + 1, *std::move(damage_));
    std::stable_sort(numbered.begin(), numbered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    if (numbered.size() > VerifyReport::kFindingsMax) numbered.resize(VerifyReport::kFindingsMax);
    for (auto& [number, finding] : numbered) report_.findings.push_back(std::move(finding));
    for (const std::unique_ptr<FoldShare>& share : shares_) transfers_.Merge(share->transfers());
    SampleFold samples;
    for (const std::unique_ptr<FoldShare>& share : shares_) samples.Merge(share->samples());
    // A sample's drops may have come before what was read.
    if (!stopped_ && openings_ == nullptr) samples.Finish([this](std::string what) { Note({std::move(what), "", 0, {}, {}, {}}); });
    if (!stopped_) transfers_.Finish(openings_ == nullptr, [this](std::string what) { Note({std::move(what), "", 0, {}, {}, {}}); });
    for (uint16_t p = 0; p < kPartitions; ++p) CheckWhole(FoldOf(PartitionId(p)), PartitionId(p));
    if (report_.reward.Sum() != 0) Note({absl::StrCat("the whole ledger's REWARD sums to ", report_.reward.Sum()), "", 0, {}, {}, {}});
    if (report_.civic.Sum() != 0) Note({absl::StrCat("the whole ledger's CIVIC sums to ", report_.civic.Sum()), "", 0, {}, {}, {}});
    if (options_.balances) CollectBalances();
    return std::move(report_);
  }

 private:
  void AddClaim(const ClaimedDigest& claim) {
    if (claim.partition.value() < kPartitions) claims_[claim.partition.value()].push_back(claim);
  }

  void StartShares() {
    for (std::vector<ClaimedDigest>& claims : claims_) {
      std::stable_sort(claims.begin(), claims.end(), [](const ClaimedDigest& a, const ClaimedDigest& b) { return a.seq < b.seq; });
    }
    const size_t shares = std::clamp(std::thread::hardware_concurrency(), 1u, kSharesMax);
    for (size_t share = 0; share < shares; ++share) {
      shares_.push_back(std::make_unique<FoldShare>(share, shares, claims_, openings_.get()));
    }
  }

  // What BEGINNING says is to be proved.
  void TakeBeginning(const JournalBeginning& beginning, const std::string& directory) {
    beginning_ = beginning;
    beginning_path_ = absl::StrCat(directory, "/", JournalBeginning::kFile);
    for (uint16_t p = 0; p < kPartitions; ++p) {
      AddClaim({PartitionId(p), beginning.cover.sequences[p], beginning.cover.sha256[p], beginning_path_});
    }
  }

  // Once all that is archived was read: it is what BEGINNING says was before the journal.
  void CheckBeginning(uint64_t journal_id) {
    const JournalStart said = std::exchange(beginning_, std::nullopt)->start;
    if (said.journal_id != journal_id) Note({"BEGINNING is another journal's", beginning_path_, 0, {}, {}, {}});
    if (said.groups != report_.groups) {
      Note({absl::StrCat("BEGINNING says that ", said.groups, " groups were before, there are ", report_.groups),
            beginning_path_,
            0,
            {},
            {},
            {}});
    }
    for (uint16_t p = 0; p < kPartitions; ++p) {
      if (said.last[p] == seen_[p]) continue;
      Note({absl::StrCat("BEGINNING says that the archive ends with ", said.last[p].value(), ", it ends with ", seen_[p].value()),
            beginning_path_,
            0,
            {},
            PartitionId(p),
            {}});
    }
  }

  // What each partition was at the journal's beginning, from a snapshot.
  absl::Status Derive(FileSystem& files, const std::string& directory, const JournalBeginning& beginning,
                      const JournalReader::Options& how) {
    const absl::StatusOr<std::unique_ptr<StoredSnapshot>> snapshot =
        StoredSnapshot::Find(files, options_.snapshots, beginning.start.journal_id, beginning.start.last);
    if (!snapshot.ok()) {
      return absl::FailedPreconditionError(absl::StrCat("the journal begins with segment ", beginning.start.segment,
                                                        "; without the archive a snapshot is needed: ", snapshot.status().message()));
    }
    const absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(files, directory, how);
    if (!reader.ok()) return reader.status();
    openings_ = std::make_unique<Openings>();
    if (absl::Status status = DeriveOpenings(**reader, beginning, **snapshot, *openings_); !status.ok()) return status;
    report_.snapshot = (*snapshot)->number();
    const std::string where = absl::StrCat("snapshot ", report_.snapshot);
    for (uint16_t p = 0; p < kPartitions; ++p) {
      AddClaim({PartitionId(p), (*snapshot)->last(PartitionId(p)), (*snapshot)->sha256(PartitionId(p)), where});
    }
    return absl::OkStatus();
  }

  absl::Status ReadGroups(FileSystem& files, JournalReader& reader) {
    while (true) {
      const absl::StatusOr<const Group*> group = reader.Next();
      if (!group.ok()) return NoteDamage(files, group.status());
      if (*group == nullptr) break;
      if (beginning_ && reader.segment() >= report_.first_segment) CheckBeginning(reader.header().journal_id);
      ++report_.groups;
      report_.bytes += (*group)->bytes;
      if (std::exchange(segment_, reader.segment()) != reader.segment()) ++report_.segments;
      if (sheaf_->bytes.size() >= kSheafBytes || sheaf_->path != reader.path()) Give();
      sheaf_->path = reader.path();
      for (const segment::Record& record : (*group)->records) {
        seen_[record.partition.value()] = record.seq;
        sheaf_->records.push_back(record);
        sheaf_->bytes.append(record.bytes.data(), record.bytes.size());
      }
    }
    if (beginning_) CheckBeginning(reader.header().journal_id);
    report_.unfinished_tail = reader.tail().unfinished;
    return absl::OkStatus();
  }

  // Gives the shares what was gathered.
  void Give() {
    // Only now the bytes lie where they stay.
    const char* at = sheaf_->bytes.data();
    for (segment::Record& record : sheaf_->records) {
      record.bytes = absl::string_view(at, record.bytes.size());
      at += record.bytes.size();
    }
    sheaf_->first = records_;
    records_ += sheaf_->records.size();
    // The next one will be about as large.
    auto next = std::make_shared<Sheaf>();
    next->bytes.reserve(sheaf_->bytes.size());
    next->records.reserve(sheaf_->records.size());
    const std::shared_ptr<const Sheaf> sheaf = std::exchange(sheaf_, std::move(next));
    for (const std::unique_ptr<FoldShare>& share : shares_) share->Give(sheaf);
  }

  const PartitionFold& FoldOf(PartitionId partition) const { return shares_[partition.value() % shares_.size()]->FoldOf(partition); }

  // What only shows at the end.
  void CheckWhole(const PartitionFold& fold, PartitionId partition) {
    report_.last[partition.value()] = fold.last();
    report_.vouchers_reserved += fold.reserved();
    report_.vouchers_captured += fold.captured();
    for (const auto& [key, version] : fold.versions()) report_.households += key.kind == RecordKind::kHousehold;
    for (const auto& [account, balance] : fold.balances()) AddToTotals(account, balance);
    for (const ClaimedDigest& claim : claims_[partition.value()]) {
      if (fold.last() >= claim.seq || (stopped_ && !claim.where.empty())) continue;
      if (claim.where == ClaimedDigest::kRedis) {
        ++report_.redis_ahead;
        continue;
      }
      Note({absl::StrCat(claim.where.empty() ? "the server" : claim.where, " is at ", claim.seq.value(), ", the journal ends at ",
                         fold.last().value()),
            "",
            0,
            {},
            partition,
            {}});
    }
  }

  void Note(Finding finding) {
    ++report_.findings_total;
    if (report_.findings.size() < VerifyReport::kFindingsMax) report_.findings.push_back(std::move(finding));
  }

  // Damage is a finding; anything else means that the journal could not be read.
  absl::Status NoteDamage(FileSystem& files, const absl::Status& status) {
    const std::optional<Damage> damage = DamageOf(status);
    if (!damage) return status;
    ++report_.findings_total;
    stopped_ = true;
    damage_ = Finding{damage->what, damage->path, damage->offset, FindDamagedByte(files, *damage), {}, {}};
    return absl::OkStatus();
  }

  void AddToTotals(const AccountId& account, int64_t balance) {
    AssetTotals& totals = account.asset == Asset::kReward ? report_.reward : report_.civic;
    switch (account.kind) {
      case AccountKind::kProgramme:
        (transfers_.IsOnItsWay(account) ? totals.in_transit : totals.programme) += balance;
        return;
      case AccountKind::kHousehold:
        totals.household += balance;
        return;
      case AccountKind::kVoucherHeld:
        totals.held += balance;
        return;
      case AccountKind::kMerchant:
        totals.merchant += balance;
        return;
      case AccountKind::kExpired:
        totals.expired += balance;
        return;
      case AccountKind::kSettled:
        totals.settled += balance;
        return;
      case AccountKind::kInTransit:
        totals.in_transit += balance;
        return;
      case AccountKind::kDebt:
        totals.debt += balance;
        return;
    }
  }

  void CollectBalances() {
    std::map<uint64_t, HouseholdBalance> balances;
    for (uint16_t p = 0; p < kPartitions; ++p) {
      const PartitionFold& fold = FoldOf(PartitionId(p));
      for (const auto& [key, version] : fold.versions()) {
        if (key.kind == RecordKind::kHousehold) balances[key.id].household = HouseholdId(key.id);
      }
      for (const auto& [account, balance] : fold.balances()) {
        if (account.kind != AccountKind::kHousehold && account.kind != AccountKind::kVoucherHeld) continue;
        HouseholdBalance& of = balances[account.owner];
        of.household = HouseholdId(account.owner);
        (account.kind == AccountKind::kVoucherHeld ? of.held : account.asset == Asset::kReward ? of.reward : of.civic) += balance;
      }
    }
    report_.balances.reserve(balances.size());
    for (const auto& [id, balance] : balances) report_.balances.push_back(balance);
  }

  const VerifyOptions& options_;
  Claims claims_;
  std::unique_ptr<Openings> openings_;         // outlives the shares
  std::optional<JournalBeginning> beginning_;  // yet to be proved
  std::string beginning_path_;
  std::array<PartitionSeq, kPartitions> seen_{};
  uint32_t segment_ = 0;
  std::vector<std::unique_ptr<FoldShare>> shares_;
  TransferFold transfers_;
  std::shared_ptr<Sheaf> sheaf_ = std::make_shared<Sheaf>();
  uint64_t records_ = 0;  // given
  std::optional<Finding> damage_;
  bool stopped_ = false;  // at damage
  VerifyReport report_;
};

}  // namespace

absl::StatusOr<VerifyReport> VerifyJournal(FileSystem& files, const std::string& directory, const VerifyOptions& options) {
  const absl::Time begin = absl::Now();
  for (int look = 1;; ++look) {
    Verification verification(options);
    const absl::Status status = verification.Read(files, directory);
    // A running server may have archived a segment that was still to be read, which is rare.
    const bool moved = options.live && options.archive.empty() && (absl::IsUnavailable(status) || absl::IsFailedPrecondition(status));
    if (moved && look < kLooksMax) continue;
    if (!status.ok()) return status;
    VerifyReport report = verification.Finish();
    report.took = absl::Now() - begin;
    return report;
  }
}

absl::StatusOr<VerifyReport> VerifyEntries(EntrySource& source, const VerifyOptions& options) {
  const absl::Time begin = absl::Now();
  Verification verification(options);
  if (absl::Status status = verification.Read(source); !status.ok()) return status;
  VerifyReport report = verification.Finish();
  report.took = absl::Now() - begin;
  return report;
}

absl::StatusOr<VerifyReport> VerifyJournal(const std::string& directory, const VerifyOptions& options) {
  PosixFileSystem files;
  return VerifyJournal(files, directory, options);
}

}  // namespace fenfen::ctl
