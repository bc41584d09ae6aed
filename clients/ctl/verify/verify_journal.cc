#include "clients/ctl/verify/verify_journal.h"

#include <algorithm>
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

// One run over a journal.
class Verification {
 public:
  explicit Verification(const VerifyOptions& options) : options_(options), claims_(kPartitions) {
    for (const ClaimedDigest& claim : options.digests) {
      if (claim.partition.value() < kPartitions) claims_[claim.partition.value()] = claim;
    }
    const size_t shares = std::clamp(std::thread::hardware_concurrency(), 1u, kSharesMax);
    for (size_t share = 0; share < shares; ++share) shares_.push_back(std::make_unique<FoldShare>(share, shares, claims_));
  }

  absl::Status Read(FileSystem& files, const std::string& directory) {
    const absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(files, directory, {.live = options_.live});
    if (!reader.ok()) return NoteDamage(files, reader.status());
    const absl::Status status = ReadGroups(files, **reader);
    Give();
    return status;
  }

  VerifyReport Finish() {
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
    for (uint16_t p = 0; p < kPartitions; ++p) CheckWhole(FoldOf(PartitionId(p)), PartitionId(p));
    if (report_.reward.Sum() != 0) Note({absl::StrCat("the whole ledger's REWARD sums to ", report_.reward.Sum()), "", 0, {}, {}, {}});
    if (report_.civic.Sum() != 0) Note({absl::StrCat("the whole ledger's CIVIC sums to ", report_.civic.Sum()), "", 0, {}, {}, {}});
    if (options_.balances) CollectBalances();
    return std::move(report_);
  }

 private:
  absl::Status ReadGroups(FileSystem& files, JournalReader& reader) {
    while (true) {
      const absl::StatusOr<const Group*> group = reader.Next();
      if (!group.ok()) return NoteDamage(files, group.status());
      if (*group == nullptr) break;
      ++report_.groups;
      report_.bytes += (*group)->bytes;
      report_.segments = reader.segment();
      if (sheaf_->bytes.size() >= kSheafBytes || sheaf_->path != reader.path()) Give();
      sheaf_->path = reader.path();
      for (const segment::Record& record : (*group)->records) {
        sheaf_->records.push_back(record);
        sheaf_->bytes.append(record.bytes.data(), record.bytes.size());
      }
    }
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
    const std::shared_ptr<const Sheaf> sheaf = std::exchange(sheaf_, std::make_shared<Sheaf>());
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
    const std::optional<ClaimedDigest>& claim = claims_[partition.value()];
    if (!claim || fold.last() >= claim->seq) return;
    Note({absl::StrCat("the server is at ", claim->seq.value(), ", the journal ends at ", fold.last().value()), "", 0, {}, partition, {}});
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
    damage_ = Finding{damage->what, damage->path, damage->offset, FindDamagedByte(files, *damage), {}, {}};
    return absl::OkStatus();
  }

  void AddToTotals(const AccountId& account, int64_t balance) {
    AssetTotals& totals = account.asset == Asset::kReward ? report_.reward : report_.civic;
    switch (account.kind) {
      case AccountKind::kProgramme:
        totals.programme += balance;
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
  std::vector<std::optional<ClaimedDigest>> claims_;
  std::vector<std::unique_ptr<FoldShare>> shares_;
  std::shared_ptr<Sheaf> sheaf_ = std::make_shared<Sheaf>();
  uint64_t records_ = 0;  // given
  std::optional<Finding> damage_;
  VerifyReport report_;
};

}  // namespace

absl::StatusOr<VerifyReport> VerifyJournal(FileSystem& files, const std::string& directory, const VerifyOptions& options) {
  const absl::Time begin = absl::Now();
  Verification verification(options);
  if (absl::Status status = verification.Read(files, directory); !status.ok()) return status;
  VerifyReport report = verification.Finish();
  report.took = absl::Now() - begin;
  return report;
}

absl::StatusOr<VerifyReport> VerifyJournal(const std::string& directory, const VerifyOptions& options) {
  PosixFileSystem files;
  return VerifyJournal(files, directory, options);
}

}  // namespace fenfen::ctl
