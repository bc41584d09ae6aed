#include "clients/ctl/verify/verify_journal.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/verify/damaged_byte.h"
#include "clients/ctl/verify/partition_fold.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/posix_file.h"

namespace fenfen::ctl {
namespace {

// One run over a journal.
class Verification {
 public:
  explicit Verification(const VerifyOptions& options) : options_(options), claims_(kPartitions) {
    for (const ClaimedDigest& claim : options.digests) {
      if (claim.partition.value() < kPartitions) claims_[claim.partition.value()] = claim;
    }
    for (uint16_t p = 0; p < kPartitions; ++p) {
      folds_.push_back(std::make_unique<PartitionFold>(PartitionId(p), claims_[p].has_value()));
      CompareDigest(PartitionId(p));  // of a partition with nothing in it
    }
  }

  absl::Status Read(FileSystem& files, const std::string& directory) {
    const absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(files, directory, {.live = options_.live});
    if (!reader.ok()) return NoteDamage(files, reader.status());
    while (true) {
      const absl::StatusOr<const Group*> group = (*reader)->Next();
      if (!group.ok()) return NoteDamage(files, group.status());
      if (*group == nullptr) break;
      ++report_.groups;
      report_.bytes += (*group)->bytes;
      report_.segments = (*reader)->segment();
      for (const segment::Record& record : (*group)->records) Apply((*reader)->path(), record);
    }
    report_.unfinished_tail = (*reader)->tail().unfinished;
    return absl::OkStatus();
  }

  VerifyReport Finish() {
    for (uint16_t p = 0; p < kPartitions; ++p) {
      const PartitionFold& fold = *folds_[p];
      report_.last[p] = fold.last();
      report_.vouchers_reserved += fold.reserved();
      report_.vouchers_captured += fold.captured();
      for (const auto& [key, version] : fold.versions()) report_.households += key.kind == RecordKind::kHousehold;
      for (const auto& [account, balance] : fold.balances()) AddToTotals(account, balance);
      if (claims_[p] && fold.last() < claims_[p]->seq) {
        Note({absl::StrCat("the server is at ", claims_[p]->seq.value(), ", the journal ends at ", fold.last().value()),
              "",
              0,
              {},
              PartitionId(p),
              {}});
      }
    }
    if (report_.reward.Sum() != 0) Note({absl::StrCat("the whole ledger's REWARD sums to ", report_.reward.Sum()), "", 0, {}, {}, {}});
    if (report_.civic.Sum() != 0) Note({absl::StrCat("the whole ledger's CIVIC sums to ", report_.civic.Sum()), "", 0, {}, {}, {}});
    if (options_.balances) CollectBalances();
    return std::move(report_);
  }

 private:
  void Note(Finding finding) {
    ++report_.findings_total;
    if (report_.findings.size() < VerifyReport::kFindingsMax) report_.findings.push_back(std::move(finding));
  }

  // Damage is a finding; anything else means that the journal could not be read.
  absl::Status NoteDamage(FileSystem& files, const absl::Status& status) {
    const std::optional<Damage> damage = DamageOf(status);
    if (!damage) return status;
    Note({damage->what, damage->path, damage->offset, FindDamagedByte(files, *damage), {}, {}});
    return absl::OkStatus();
  }

  void Apply(const std::string& path, const segment::Record& record) {
    const auto note = [&](std::string what) { Note({std::move(what), path, record.offset, {}, record.partition, record.seq}); };
    ++report_.transactions;
    const absl::StatusOr<Transaction> transaction = DecodeTransaction(record.bytes);
    if (!transaction.ok()) return note(std::string(transaction.status().message()));
    report_.postings += transaction->postings.size();
    folds_[record.partition.value()]->Apply(record.seq, *transaction, note);
    CompareDigest(record.partition);
  }

  // Compares the partition's state with what the server claims, once it is as far as that.
  void CompareDigest(PartitionId partition) {
    std::optional<ClaimedDigest>& claim = claims_[partition.value()];
    PartitionFold& fold = *folds_[partition.value()];
    if (!claim || fold.last() != claim->seq) return;
    const std::string digest = fold.Digest();
    if (digest == claim->sha256) {
      ++report_.digests_equal;
    } else {
      Note({absl::StrCat("the server's state is ", absl::BytesToHexString(claim->sha256), ", the journal's is ",
                         absl::BytesToHexString(digest)),
            "",
            0,
            {},
            partition,
            claim->seq});
    }
    claim.reset();
    fold.DropBytes();
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
    for (const std::unique_ptr<PartitionFold>& fold : folds_) {
      for (const auto& [key, version] : fold->versions()) {
        if (key.kind == RecordKind::kHousehold) balances[key.id].household = HouseholdId(key.id);
      }
      for (const auto& [account, balance] : fold->balances()) {
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
  std::vector<std::unique_ptr<PartitionFold>> folds_;
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
