#include "tests/overload/judge.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "clients/ctl/verify/verify_journal.h"
#include "ledger/core/transaction.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/posix_file.h"

namespace fenfen::overload {
namespace {

constexpr uint64_t kSequenceMask = (uint64_t{1} << 62) - 1;

// What is to be found in the journal, and what was.
class Search {
 public:
  explicit Search(const Claims& claims) : claims_(claims), found_(claims.all.size()) {}

  absl::Status Take(PartitionSeq seq, const Transaction& transaction) {
    ++judgement_.transactions;
    if (transaction.kind != TransactionKind::kDrop) return absl::OkStatus();
    const std::optional<size_t> place = PlaceOf(transaction.key);
    if (!place) return Wrong(transaction.key, "nobody sent it");
    const Claim& claim = claims_.all[*place];
    if (found_[*place]) return Wrong(transaction.key, "it is there twice");
    found_[*place] = true;
    if (claim.known == Known::kRefused) return Wrong(transaction.key, "it was refused, and is there");
    if (claim.known == Known::kAccepted && claim.entry != seq.value()) {
      return Wrong(transaction.key, absl::StrCat("acknowledged as ", claim.entry, ", stored as ", seq.value()));
    }
    int64_t reward = 0;
    for (const Posting& posting : transaction.postings) {
      if (posting.account.kind != AccountKind::kHousehold || posting.account.owner != claim.household) continue;
      if (posting.account.asset == Asset::kReward) reward += posting.amount.hundredths();
    }
    if (claim.known == Known::kNothing) ++judgement_.unanswered_kept;
    balances_[claim.household] += claim.known == Known::kAccepted ? claim.reward : reward;
    return absl::OkStatus();
  }

  absl::StatusOr<Judgement> Finish() {
    for (size_t i = 0; i < claims_.all.size(); ++i) {
      const Claim& claim = claims_.all[i];
      if (claim.known == Known::kAccepted && !found_[i]) {
        return absl::DataLossError(
            absl::StrCat("entry ", claim.entry, " of household ", claim.household, " was acknowledged, and is lost"));
      }
      judgement_.accepted += claim.known == Known::kAccepted ? 1 : 0;
      judgement_.refused += claim.known == Known::kRefused ? 1 : 0;
      judgement_.unanswered += claim.known == Known::kNothing ? 1 : 0;
    }
    return judgement_;
  }

  const absl::flat_hash_map<uint64_t, int64_t>& balances() const { return balances_; }

 private:
  static absl::Status Wrong(const RequestKey& key, const std::string& what) {
    return absl::DataLossError(absl::StrCat(FormatRequestKey(key), ": ", what));
  }

  std::optional<size_t> PlaceOf(const RequestKey& key) const {
    if (!IsDeviceEventKey(key)) {
      const auto place = claims_.by_request_id.find(key);
      return place == claims_.by_request_id.end() ? std::nullopt : std::optional<size_t>(place->second);
    }
    const auto events = claims_.by_device.find(key.high);
    const uint64_t sequence = key.low & kSequenceMask;
    if (events == claims_.by_device.end() || sequence == 0 || sequence > events->second.count) return std::nullopt;
    return events->second.first + sequence - 1;
  }

  const Claims& claims_;
  std::vector<bool> found_;
  absl::flat_hash_map<uint64_t, int64_t> balances_;  // by household, as the clients know them
  Judgement judgement_;
};

absl::Status ReadJournal(const std::string& journal, Search& search) {
  PosixFileSystem files;
  const absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(files, journal, {});
  if (!reader.ok()) return reader.status();
  while (true) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    if (!group.ok()) return group.status();
    if (*group == nullptr) return absl::OkStatus();
    for (const segment::Record& record : (*group)->records) {
      const absl::StatusOr<Transaction> transaction = DecodeTransaction(record.bytes);
      if (!transaction.ok()) return transaction.status();
      if (absl::Status status = search.Take(record.seq, *transaction); !status.ok()) return status;
    }
  }
}

absl::Status CompareBalances(const std::string& journal, const Search& search) {
  const absl::StatusOr<ctl::VerifyReport> report = ctl::VerifyJournal(journal, {.balances = true});
  if (!report.ok()) return report.status();
  if (report->findings_total != 0) return absl::DataLossError(absl::StrCat("verify: ", report->findings.front().what));
  size_t rewarded = 0;
  for (const ctl::HouseholdBalance& balance : report->balances) {
    const auto known = search.balances().find(balance.household.value());
    const int64_t expected = known == search.balances().end() ? 0 : known->second;
    rewarded += known == search.balances().end() ? 0 : 1;
    if (balance.reward + balance.held == expected) continue;
    return absl::DataLossError(
        absl::StrCat("household ", balance.household.value(), " has ", balance.reward + balance.held, ", its clients know of ", expected));
  }
  if (rewarded != search.balances().size()) return absl::DataLossError("a household that was rewarded has no balance");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Judgement> Judge(const std::string& journal, const Claims& claims) {
  Search search(claims);
  if (absl::Status status = ReadJournal(journal, search); !status.ok()) return status;
  const absl::StatusOr<Judgement> judgement = search.Finish();
  if (!judgement.ok()) return judgement;
  if (absl::Status status = CompareBalances(journal, search); !status.ok()) return status;
  return judgement;
}

}  // namespace fenfen::overload
