#include "clients/ctl/verify/partition_fold.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "clients/ctl/verify/stored_records.h"
#include "ledger/core/limits.h"

namespace fenfen::ctl {
namespace {

std::string NameOf(const AccountId& account) {
  static constexpr const char* kKinds[] = {"?", "programme", "household", "held", "merchant"};
  return absl::StrCat(kKinds[static_cast<uint8_t>(account.kind)], " ", account.owner,
                      account.asset == Asset::kReward ? " REWARD" : " CIVIC");
}

std::string NameOf(const RecordKey& key) {
  switch (key.kind) {
    case RecordKind::kHousehold:
      return absl::StrCat("household ", key.id);
    case RecordKind::kVoucher:
      return absl::StrCat("voucher ", key.id);
    default:
      return absl::StrCat("record ", static_cast<int>(key.kind), "/", key.id);
  }
}

bool OfHousehold(AccountKind kind) { return kind == AccountKind::kHousehold || kind == AccountKind::kVoucherHeld; }

}  // namespace

void PartitionFold::Begin(const PartitionOpening& opening, Report report) {
  for (const std::string& wrong : opening.wrong) report(wrong);
  last_ = opening.last;
  balances_ = opening.balances;
  touched_.clear();
  for (const auto& [key, record] : opening.records) {
    versions_[key] = record.version;
    if (keep_bytes_) bytes_[key] = record.bytes;
    CheckPlace(key, report);
    BeginRecord(key, record, report);
  }
  // Lots and open vouchers add up in what nothing has written since.
  CheckHouseholds(report);
}

// Of a record that was written since only the later form is known: of a household, the lots; of a voucher, whether it is captured. A
// voucher is written twice, so one that was written since was open.
void PartitionFold::BeginRecord(const RecordKey& key, const PartitionOpening::Record& record, Report report) {
  if (key.kind == RecordKind::kHousehold) {
    const std::optional<StoredHousehold> stored = ParseHousehold(record.bytes);
    if (!stored) return report(absl::StrCat(NameOf(key), " does not have a household's form"));
    Household& household = households_[key.id];
    household.known = true;
    household.lots_sum = record.written_since ? Balance(AccountKind::kHousehold, Asset::kReward, key.id) : stored->lots_sum;
    touched_.push_back(key.id);
  } else if (key.kind == RecordKind::kVoucher) {
    const std::optional<StoredVoucher> stored = ParseVoucher(record.bytes);
    if (!stored) return report(absl::StrCat(NameOf(key), " does not have a voucher's form"));
    const bool captured = stored->captured && !record.written_since;
    vouchers_[key.id] = {stored->household, stored->offer, stored->merchant, stored->price, captured};
    captured_ += captured ? 1 : 0;
    if (!captured) households_[stored->household].reserved_sum += stored->price;
  }
}

void PartitionFold::Apply(PartitionSeq seq, const Transaction& transaction, Report report) {
  if (seq.value() != last_.value() + 1) report(absl::StrCat("sequence ", seq.value(), " after ", last_.value()));
  last_ = seq;
  if (!keys_.insert(transaction.key).second)
    report(absl::StrCat("request key ", FormatRequestKey(transaction.key), " has a second effect"));
  if (transaction.why.size() > limits::kWhyBytesMax) report("the reason is longer than its limit");
  touched_.clear();
  ApplyPostings(transaction, report);
  ApplyChanges(seq, transaction, report);
  CheckHouseholds(report);
}

void PartitionFold::ApplyPostings(const Transaction& transaction, Report report) {
  if (transaction.postings.size() > limits::kPostingsMax) report(absl::StrCat(transaction.postings.size(), " postings"));
  std::array<__int128, 3> sums{};
  for (const Posting& posting : transaction.postings) {
    const int64_t amount = posting.amount.hundredths();
    if (amount == 0) report(absl::StrCat("a posting of nothing to ", NameOf(posting.account)));
    if (!Points::Make(amount)) report(absl::StrCat("a posting of ", amount, " to ", NameOf(posting.account), " is out of range"));
    sums[static_cast<uint8_t>(posting.account.asset)] += amount;
    balances_[posting.account] += amount;
    if (OfHousehold(posting.account.kind)) {
      if (IsCatalogue() || PartitionOf(HouseholdId(posting.account.owner)) != partition_) {
        report(absl::StrCat(NameOf(posting.account), " belongs to partition ", PartitionOf(HouseholdId(posting.account.owner)).value()));
      }
      Touch(posting.account.owner);
    }
  }
  for (const Asset asset : {Asset::kReward, Asset::kCivic}) {
    const __int128 sum = sums[static_cast<uint8_t>(asset)];
    if (sum == 0) continue;
    report(absl::StrCat("postings in ", asset == Asset::kReward ? "REWARD" : "CIVIC", " sum to ", static_cast<int64_t>(sum)));
  }
  for (const Posting& posting : transaction.postings) {
    const int64_t balance = balances_[posting.account];
    const std::optional<Points> points = Points::Make(balance);
    if (!points) {
      report(absl::StrCat(NameOf(posting.account), " at ", balance, " is out of range"));
    } else if (!WithinBound(posting.account.kind, *points)) {
      report(absl::StrCat(NameOf(posting.account), " crosses its bound at ", balance));
    }
  }
}

void PartitionFold::ApplyChanges(PartitionSeq seq, const Transaction& transaction, Report report) {
  if (transaction.changes.size() > limits::kChangesMax) report(absl::StrCat(transaction.changes.size(), " changes"));
  for (const RecordChange& change : transaction.changes) {
    if (change.bytes.size() > limits::kRecordBytesMax) report(absl::StrCat(NameOf(change.key), " is longer than its limit"));
    uint64_t& version = versions_[change.key];
    if (version == seq.value()) {
      report(absl::StrCat(NameOf(change.key), " is written twice"));
    } else if (change.previous.value() != version) {
      report(absl::StrCat(NameOf(change.key), " replaces version ", change.previous.value(), ", but the one before is ", version));
    }
    version = seq.value();
    CheckPlace(change.key, report);
    if (change.key.kind == RecordKind::kHousehold) ApplyHousehold(change, report);
    if (change.key.kind == RecordKind::kVoucher) ApplyVoucher(change, transaction, report);
    if (keep_bytes_) bytes_[change.key] = change.bytes;
  }
}

// That the record may lie in this partition.
void PartitionFold::CheckPlace(const RecordKey& key, Report report) const {
  switch (key.kind) {
    case RecordKind::kHousehold:
      if (IsCatalogue() || PartitionOf(HouseholdId(key.id)) != partition_) {
        report(absl::StrCat(NameOf(key), " belongs to partition ", PartitionOf(HouseholdId(key.id)).value()));
      }
      return;
    case RecordKind::kVoucher:
      if (IsCatalogue() || PartitionOf(VoucherId(key.id)) != partition_) {
        report(absl::StrCat(NameOf(key), " belongs to partition ", PartitionOf(VoucherId(key.id)).value()));
      }
      return;
    case RecordKind::kRegion:
    case RecordKind::kStation:
    case RecordKind::kDevice:
    case RecordKind::kRuleSet:
    case RecordKind::kMerchant:
    case RecordKind::kOffer:
    case RecordKind::kStaff:
      if (!IsCatalogue()) report(absl::StrCat(NameOf(key), " belongs to the catalogue's partition"));
      return;
  }
  report(absl::StrCat(NameOf(key), " is of an unknown kind"));
}

void PartitionFold::ApplyHousehold(const RecordChange& change, Report report) {
  const std::optional<StoredHousehold> stored = ParseHousehold(change.bytes);
  if (!stored) return report(absl::StrCat(NameOf(change.key), " does not have a household's form"));
  Household& household = households_[change.key.id];
  household.known = true;
  household.lots_sum = stored->lots_sum;
  if (stored->last_voucher != 0 && PartitionOf(VoucherId(stored->last_voucher)) != partition_) {
    report(absl::StrCat(NameOf(change.key), " names a voucher of another partition"));
  }
  Touch(change.key.id);
}

void PartitionFold::ApplyVoucher(const RecordChange& change, const Transaction& transaction, Report report) {
  const std::optional<StoredVoucher> stored = ParseVoucher(change.bytes);
  if (!stored) return report(absl::StrCat(NameOf(change.key), " does not have a voucher's form"));
  if (stored->lots_sum != stored->price)
    report(absl::StrCat(NameOf(change.key), " was paid with ", stored->lots_sum, ", not ", stored->price));
  const auto [found, is_new] =
      vouchers_.try_emplace(change.key.id, Voucher{stored->household, stored->offer, stored->merchant, stored->price, false});
  Voucher& voucher = found->second;
  if (is_new) {
    if (stored->captured) report(absl::StrCat(NameOf(change.key), " is captured before it was reserved"));
    households_[voucher.household].reserved_sum += voucher.price;
  }
  if (voucher.household != stored->household || voucher.offer != stored->offer || voucher.merchant != stored->merchant ||
      voucher.price != stored->price) {
    report(absl::StrCat(NameOf(change.key), " is no longer what was reserved"));
  }
  if (voucher.captured)
    report(absl::StrCat(NameOf(change.key), stored->captured ? " is captured again" : " is reserved after its capture"));
  if (stored->captured && !voucher.captured) {
    voucher.captured = true;
    ++captured_;
    households_[voucher.household].reserved_sum -= voucher.price;
    const Posting paid{{AccountKind::kMerchant, Asset::kReward, voucher.merchant}, Points(voucher.price)};
    if (std::find(transaction.postings.begin(), transaction.postings.end(), paid) == transaction.postings.end()) {
      report(absl::StrCat(NameOf(change.key), " is captured, and its merchant is not credited"));
    }
  }
  Touch(voucher.household);
}

// What must hold between a household's record, its vouchers and its accounts, once a transaction is done.
void PartitionFold::CheckHouseholds(Report report) {
  for (const uint64_t id : touched_) {
    const Household& household = households_[id];
    if (!household.known) {
      report(absl::StrCat("household ", id, " has no record"));
      continue;
    }
    const int64_t reward = Balance(AccountKind::kHousehold, Asset::kReward, id);
    if (reward != household.lots_sum) {
      report(absl::StrCat("household ", id, ": lots add up to ", household.lots_sum, ", the balance is ", reward));
    }
    const int64_t held = Balance(AccountKind::kVoucherHeld, Asset::kReward, id);
    if (held != household.reserved_sum) {
      report(absl::StrCat("household ", id, ": open vouchers add up to ", household.reserved_sum, ", held is ", held));
    }
  }
}

int64_t PartitionFold::Balance(AccountKind kind, Asset asset, uint64_t owner) const {
  const auto found = balances_.find(AccountId{kind, asset, owner});
  return found == balances_.end() ? 0 : found->second;
}

void PartitionFold::Touch(uint64_t household) {
  if (std::find(touched_.begin(), touched_.end(), household) == touched_.end()) touched_.push_back(household);
}

void PartitionFold::DropBytes() {
  keep_bytes_ = false;
  bytes_ = {};
}

}  // namespace fenfen::ctl
