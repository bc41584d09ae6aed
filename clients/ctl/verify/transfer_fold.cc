#include "clients/ctl/verify/transfer_fold.h"

#include "absl/strings/str_cat.h"
#include "clients/ctl/verify/stored_records.h"
#include "fenfen/ledger/v1/transfer.pb.h"

namespace fenfen::ctl {
namespace {

using Stored = ledger::v1::Transfer;

std::string NameOf(uint64_t number) { return absl::StrCat("transfer ", absl::Hex(number, absl::kZeroPad16)); }

bool IsTransfer(TransactionKind kind) {
  return kind == TransactionKind::kTransferOut || kind == TransactionKind::kTransferIn || kind == TransactionKind::kTransferBack;
}

bool IsFirst(int state) { return state == Stored::STATE_SENT || state == Stored::STATE_RETURNED; }

}  // namespace

int64_t TransferFold::Half::reward() const {
  int64_t sum = 0;
  for (const auto& [day, amount] : lots) sum += amount;
  return sum;
}

// nullopt for a household's count of gifts, which is no transfer, and for bytes of another form.
std::optional<TransferFold::Parsed> TransferFold::Parse(absl::string_view bytes) {
  Stored stored;
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || stored.number() == 0) return std::nullopt;
  Parsed parsed;
  parsed.number = stored.number();
  parsed.half.state = stored.state();
  parsed.half.from = stored.from();
  parsed.half.to = stored.to();
  for (const ledger::v1::TransferLot& lot : stored.lots()) parsed.half.lots.emplace_back(lot.expires_day(), lot.amount());
  parsed.half.civic = stored.civic();
  return parsed;
}

void TransferFold::Begin(const PartitionOpening& opening) {
  for (const auto& [key, record] : opening.records) {
    if (key.kind != RecordKind::kTransfer) continue;
    const std::optional<Parsed> parsed = Parse(record.bytes);
    if (!parsed) continue;
    Transfer& transfer = transfers_[parsed->number];
    Half& half = (IsFirst(parsed->half.state) ? transfer.first : transfer.second).emplace(parsed->half);
    // The snapshot has it as it is later: returned, of which the entry is still to come.
    if (record.written_since) half.state = Stored::STATE_SENT;
  }
  for (const auto& [account, balance] : opening.balances) {
    const auto found = transfers_.find(account.owner);
    const bool ours = account.kind == AccountKind::kInTransit || account.kind == AccountKind::kProgramme;
    if (ours && found != transfers_.end()) (account.asset == Asset::kReward ? found->second.reward : found->second.civic) += balance;
  }
}

void TransferFold::Apply(const Transaction& transaction, Report report) {
  if (!IsTransfer(transaction.kind)) {
    for (const Posting& posting : transaction.postings) {
      if (posting.account.kind == AccountKind::kInTransit) report("a posting in transit, and no transfer");
    }
    return;
  }
  int found = 0;
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind == RecordKind::kHousehold) {
      const std::optional<StoredHousehold> household = ParseHousehold(change.bytes);
      if (household && household->merged_into != 0 && (household->lots_sum != 0 || household->debt != 0)) {
        report(absl::StrCat("household ", change.key.id, " is closed, and has points or owes some"));
      }
    }
    if (change.key.kind != RecordKind::kTransfer) continue;
    const std::optional<Parsed> parsed = Parse(change.bytes);
    if (!parsed) continue;
    ++found;
    Take(transaction, *parsed, report);
  }
  if (found != 1) report(absl::StrCat("a transfer's entry writes ", found, " transfers"));
}

void TransferFold::Take(const Transaction& transaction, const Parsed& parsed, Report report) {
  const auto& [number, half] = parsed;
  Transfer& transfer = transfers_[number];
  const int64_t reward = half.reward();
  switch (transaction.kind) {
    case TransactionKind::kTransferOut:
      if (half.state != Stored::STATE_SENT || transfer.first) report(absl::StrCat(NameOf(number), " leaves again"));
      CheckPostings(transaction, number, AccountKind::kInTransit, reward, half.civic, report);
      transfer.first = half;
      break;
    case TransactionKind::kTransferIn: {
      if (transfer.second) report(absl::StrCat(NameOf(number), " arrives or is refused again"));
      const bool arrived = half.state == Stored::STATE_ARRIVED;
      if (!arrived && half.state != Stored::STATE_REFUSED) report(absl::StrCat(NameOf(number), " neither arrives nor is refused"));
      CheckPostings(transaction, number, AccountKind::kProgramme, arrived ? -reward : 0, arrived ? -half.civic : 0, report);
      transfer.second = half;
      break;
    }
    default:
      if (half.state != Stored::STATE_RETURNED || (transfer.first && transfer.first->state != Stored::STATE_SENT)) {
        report(absl::StrCat(NameOf(number), " comes back, and was not on its way"));
      }
      if (transfer.first && transfer.first->lots != half.lots) report(absl::StrCat(NameOf(number), " comes back with other lots"));
      CheckPostings(transaction, number, AccountKind::kInTransit, -reward, -half.civic, report);
      transfer.first = half;
  }
  for (const Posting& posting : transaction.postings) {
    const bool ours = posting.account.kind == AccountKind::kInTransit || posting.account.kind == AccountKind::kProgramme;
    if (!ours || posting.account.owner != number) continue;
    (posting.account.asset == Asset::kReward ? transfer.reward : transfer.civic) += posting.amount.hundredths();
  }
}

void TransferFold::CheckPostings(const Transaction& transaction, uint64_t number, AccountKind kind, int64_t reward, int64_t civic,
                                 Report report) {
  int64_t posted_reward = 0;
  int64_t posted_civic = 0;
  for (const Posting& posting : transaction.postings) {
    if (posting.account.kind != kind || posting.account.owner != number) continue;
    (posting.account.asset == Asset::kReward ? posted_reward : posted_civic) += posting.amount.hundredths();
  }
  if (posted_reward == reward && posted_civic == civic) return;
  report(absl::StrCat(NameOf(number), " posts ", posted_reward, " and ", posted_civic, ", its record says ", reward, " and ", civic));
}

void TransferFold::Merge(const TransferFold& other) {
  for (const auto& [number, theirs] : other.transfers_) {
    Transfer& ours = transfers_[number];
    if (theirs.first) ours.first = theirs.first;
    if (theirs.second) ours.second = theirs.second;
    ours.reward += theirs.reward;
    ours.civic += theirs.civic;
  }
}

void TransferFold::Finish(bool whole, Report report) const {
  for (const auto& [number, transfer] : transfers_) {
    if (!transfer.first) {
      if (whole) report(absl::StrCat(NameOf(number), " is taken, and nobody sent it"));
      continue;
    }
    const Half& first = *transfer.first;
    const bool returned = first.state == Stored::STATE_RETURNED;
    const bool arrived = transfer.second && transfer.second->state == Stored::STATE_ARRIVED;
    if (transfer.second && (transfer.second->lots != first.lots || transfer.second->civic != first.civic ||
                            transfer.second->from != first.from || transfer.second->to != first.to)) {
      report(absl::StrCat(NameOf(number), " is not taken as it was sent"));
    }
    if (returned && (arrived || (whole && !transfer.second))) report(absl::StrCat(NameOf(number), " came back, and was not refused"));
    const bool ended = returned || arrived;
    const int64_t reward = ended ? 0 : first.reward();
    const int64_t civic = ended ? 0 : first.civic;
    if (transfer.reward != reward || transfer.civic != civic) {
      report(absl::StrCat(NameOf(number), ": in transit are ", transfer.reward, " and ", transfer.civic, ", not ", reward, " and ", civic));
    }
  }
}

size_t TransferFold::open() const {
  size_t count = 0;
  for (const auto& [number, transfer] : transfers_) {
    const bool arrived = transfer.second && transfer.second->state == Stored::STATE_ARRIVED;
    count += transfer.first && transfer.first->state == Stored::STATE_SENT && !arrived ? 1 : 0;
  }
  return count;
}

}  // namespace fenfen::ctl
