#include "clients/ctl/verify/partition_fold.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "clients/ctl/verify/budget_record.h"
#include "ledger/core/limits.h"

namespace fenfen::ctl {
namespace {

std::string RecordNameOf(const AccountId& account) {
  static constexpr const char* kKinds[] = {"?", "programme", "household", "held", "merchant", "expired", "settled", "in transit", "debt"};
  return absl::StrCat(kKinds[static_cast<uint8_t>(account.kind)], " ", account.owner,
                      account.asset == Asset::kReward ? " REWARD" : " CIVIC");
}

std::string RecordNameOf(const RecordKey& key) {
  switch (key.kind) {
    case RecordKind::kHousehold:
      return absl::StrCat("household ", key.id);
    case RecordKind::kVoucher:
      return absl::StrCat("voucher ", key.id);
    default:
      return absl::StrCat("record ", static_cast<int>(key.kind), "/", key.id);
  }
}

std::string RecordNameOf(StoredVoucherState state) {
  static constexpr const char* kStates[] = {"?", "reserved", "captured", "cancelled", "expired", "refunded", "void"};
  return kStates[static_cast<uint8_t>(state)];
}

bool OfHousehold(AccountKind kind) {
  return kind == AccountKind::kHousehold || kind == AccountKind::kVoucherHeld || kind == AccountKind::kDebt;
}

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
  for (auto& [id, household] : households_) {
    if (household.unknown_vouchers) household.reserved_sum = Balance(AccountKind::kVoucherHeld, Asset::kReward, id);
  }
  spending_.Begin(opening, report);
  corrections_.Begin(opening);
  awards_.Begin(opening);
  verification_.Begin(opening);
  risk_.Begin(opening);
  // Lots and open vouchers add up in what nothing has written since.
  CheckHouseholds(report);
}

// Of a record that was written since only the later form is known: of a household, the lots; of a voucher, where it stands. One that was
// written since stood open, or was captured and is refunded since; what is held for the former is what the household's account has more
// than for those that are known.
void PartitionFold::BeginRecord(const RecordKey& key, const PartitionOpening::Record& record, Report report) {
  if (key.kind == RecordKind::kHousehold) {
    const std::optional<StoredHousehold> stored = ParseHousehold(record.bytes);
    if (!stored) return report(absl::StrCat(RecordNameOf(key), " does not have a household's form"));
    Household& household = households_[key.id];
    household.known = true;
    household.lots_sum = record.written_since ? Balance(AccountKind::kHousehold, Asset::kReward, key.id) : stored->lots_sum;
    household.debt = record.written_since ? -Balance(AccountKind::kDebt, Asset::kReward, key.id) : stored->debt;
    touched_.push_back(key.id);
  } else if (key.kind == RecordKind::kVoucher) {
    const std::optional<StoredVoucher> stored = ParseVoucher(record.bytes);
    if (!stored) return report(absl::StrCat(RecordNameOf(key), " does not have a voucher's form"));
    Voucher& voucher = vouchers_[key.id];
    voucher = {stored->household, stored->offer, stored->merchant, stored->price, stored->state};
    if (record.written_since) {
      voucher.state = stored->state == StoredVoucherState::kRefunded ? std::nullopt : std::make_optional(StoredVoucherState::kReserved);
    }
    Household& household = households_[stored->household];
    if (!voucher.state) {
      household.unknown_vouchers = true;
    } else if (*voucher.state == StoredVoucherState::kReserved) {
      household.reserved_sum += stored->price;
    }
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
  spending_.Apply(transaction, report);
  awards_.Apply(transaction, report);
  verification_.Apply(transaction, report);
  risk_.Apply(transaction, report);
  corrections_.Apply(seq, transaction, report);
  CheckHouseholds(report);
}

void PartitionFold::Prefetch(const Transaction& transaction) const {
  keys_.prefetch(transaction.key);
  // What is nobody's household's is few, and near.
  for (const Posting& posting : transaction.postings) {
    if (OfHousehold(posting.account.kind)) balances_.prefetch(posting.account);
  }
  for (const RecordChange& change : transaction.changes) {
    versions_.prefetch(change.key);
    if (change.key.kind == RecordKind::kHousehold) households_.prefetch(change.key.id);
  }
}

void PartitionFold::ApplyPostings(const Transaction& transaction, Report report) {
  if (transaction.postings.size() > limits::kPostingsMax) report(absl::StrCat(transaction.postings.size(), " postings"));
  std::array<__int128, 3> sums{};
  for (const Posting& posting : transaction.postings) {
    const int64_t amount = posting.amount.hundredths();
    if (amount == 0) report(absl::StrCat("a posting of nothing to ", RecordNameOf(posting.account)));
    if (!Points::Make(amount)) report(absl::StrCat("a posting of ", amount, " to ", RecordNameOf(posting.account), " is out of range"));
    sums[static_cast<uint8_t>(posting.account.asset)] += amount;
    balances_[posting.account] += amount;
    if (OfHousehold(posting.account.kind)) {
      if (IsCatalogue() || PartitionOf(HouseholdId(posting.account.owner)) != partition_) {
        report(
            absl::StrCat(RecordNameOf(posting.account), " belongs to partition ", PartitionOf(HouseholdId(posting.account.owner)).value()));
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
      report(absl::StrCat(RecordNameOf(posting.account), " at ", balance, " is out of range"));
    } else if (!WithinBound(posting.account.kind, *points)) {
      report(absl::StrCat(RecordNameOf(posting.account), " crosses its bound at ", balance));
    }
  }
}

void PartitionFold::ApplyChanges(PartitionSeq seq, const Transaction& transaction, Report report) {
  if (transaction.changes.size() > limits::kChangesMax) report(absl::StrCat(transaction.changes.size(), " changes"));
  for (const RecordChange& change : transaction.changes) {
    if (change.bytes.size() > limits::kRecordBytesMax) report(absl::StrCat(RecordNameOf(change.key), " is longer than its limit"));
    uint64_t& version = versions_[change.key];
    if (version == seq.value()) {
      report(absl::StrCat(RecordNameOf(change.key), " is written twice"));
    } else if (change.previous.value() != version) {
      report(absl::StrCat(RecordNameOf(change.key), " replaces version ", change.previous.value(), ", but the one before is ", version));
    }
    version = seq.value();
    CheckPlace(change.key, report);
    if (change.key.kind == RecordKind::kHousehold) ApplyHousehold(change, report);
    if (change.key.kind == RecordKind::kVoucher) ApplyVoucher(change, transaction, report);
    if (change.key.kind == RecordKind::kBudget) CheckBudgetRecord(change, report);
    if (keep_bytes_) bytes_[change.key] = change.bytes;
  }
}

// That the record may lie in this partition.
void PartitionFold::CheckPlace(const RecordKey& key, Report report) const {
  switch (key.kind) {
    case RecordKind::kHousehold:
      if (IsCatalogue() || PartitionOf(HouseholdId(key.id)) != partition_) {
        report(absl::StrCat(RecordNameOf(key), " belongs to partition ", PartitionOf(HouseholdId(key.id)).value()));
      }
      return;
    case RecordKind::kVoucher:
      if (IsCatalogue() || PartitionOf(VoucherId(key.id)) != partition_) {
        report(absl::StrCat(RecordNameOf(key), " belongs to partition ", PartitionOf(VoucherId(key.id)).value()));
      }
      return;
    case RecordKind::kGame:
      if (IsCatalogue() || PartitionOf(HouseholdId(key.id)) != partition_) {
        report(absl::StrCat(RecordNameOf(key), " belongs to partition ", PartitionOf(HouseholdId(key.id)).value()));
      }
      return;
    case RecordKind::kPendingDrop:
    case RecordKind::kBag:
    case RecordKind::kInvitation:
    case RecordKind::kTransfer:
    case RecordKind::kStockHold:
    case RecordKind::kProposal:
    case RecordKind::kAppeal:
    case RecordKind::kTeam:
      if (IsCatalogue() || key.id >> 56 != partition_.value()) {
        report(absl::StrCat(RecordNameOf(key), " belongs to partition ", key.id >> 56));
      }
      return;
    case RecordKind::kRiskCase: {
      // The thresholds lie in the catalogue's partition.
      const uint64_t place = IsDraw(key) ? key.id >> 56 : PartitionOf(HouseholdId(key.id)).value();
      if (IsCatalogue() ? key.id != StableHash("riskRules") : place != partition_.value()) {
        report(absl::StrCat(RecordNameOf(key), " belongs to partition ", place));
      }
      return;
    }
    case RecordKind::kOfferStock:
    case RecordKind::kMerchantPeriod:
    case RecordKind::kCollection:
      if (IsCatalogue()) report(absl::StrCat(RecordNameOf(key), " does not belong to the catalogue's partition"));
      return;
    case RecordKind::kSettlement:
    case RecordKind::kBudget:
    case RecordKind::kBoard:
    case RecordKind::kBoardResult:
    case RecordKind::kBadge:
    case RecordKind::kQuest:
    case RecordKind::kRegion:
    case RecordKind::kStation:
    case RecordKind::kDevice:
    case RecordKind::kRuleSet:
    case RecordKind::kMerchant:
    case RecordKind::kOffer:
    case RecordKind::kStaff:
      if (!IsCatalogue()) report(absl::StrCat(RecordNameOf(key), " belongs to the catalogue's partition"));
      return;
  }
  report(absl::StrCat(RecordNameOf(key), " is of an unknown kind"));
}

void PartitionFold::ApplyHousehold(const RecordChange& change, Report report) {
  const std::optional<StoredHousehold> stored = ParseHousehold(change.bytes);
  if (!stored) return report(absl::StrCat(RecordNameOf(change.key), " does not have a household's form"));
  Household& household = households_[change.key.id];
  household.known = true;
  household.lots_sum = stored->lots_sum;
  household.debt = stored->debt;
  if (stored->last_voucher != 0 && PartitionOf(VoucherId(stored->last_voucher)) != partition_) {
    report(absl::StrCat(RecordNameOf(change.key), " names a voucher of another partition"));
  }
  Touch(change.key.id);
}

void PartitionFold::ApplyVoucher(const RecordChange& change, const Transaction& transaction, Report report) {
  const std::optional<StoredVoucher> stored = ParseVoucher(change.bytes);
  if (!stored) return report(absl::StrCat(RecordNameOf(change.key), " does not have a voucher's form"));
  if (stored->lots_sum != stored->price)
    report(absl::StrCat(RecordNameOf(change.key), " was paid with ", stored->lots_sum, ", not ", stored->price));
  const auto [found, is_new] = vouchers_.try_emplace(change.key.id);
  Voucher& voucher = found->second;
  if (is_new) voucher = {stored->household, stored->offer, stored->merchant, stored->price, std::nullopt};
  if (voucher.household != stored->household || voucher.offer != stored->offer || voucher.merchant != stored->merchant ||
      voucher.price != stored->price) {
    report(absl::StrCat(RecordNameOf(change.key), " is no longer what was reserved"));
  }
  if (is_new) {
    CheckNew(change.key, voucher, stored->state, report);
  } else {
    CheckStep(change.key, voucher, stored->state, transaction, report);
  }
  voucher.state = stored->state;
  Touch(voucher.household);
}

void PartitionFold::CheckNew(const RecordKey& key, const Voucher& voucher, StoredVoucherState to, Report report) {
  if (to == StoredVoucherState::kReserved) {
    households_[voucher.household].reserved_sum += voucher.price;
  } else if (to != StoredVoucherState::kVoid) {
    report(absl::StrCat(RecordNameOf(key), " is ", RecordNameOf(to), " before it was reserved"));
  } else if (voucher.price != 0) {
    report(absl::StrCat(RecordNameOf(key), " is void and has a price"));
  }
}

void PartitionFold::CheckStep(const RecordKey& key, const Voucher& voucher, StoredVoucherState to, const Transaction& transaction,
                              Report report) {
  const bool refund = to == StoredVoucherState::kRefunded;
  const StoredVoucherState before = refund ? StoredVoucherState::kCaptured : StoredVoucherState::kReserved;
  const StoredVoucherState from = voucher.state.value_or(before);
  if (from != before || to == StoredVoucherState::kReserved || to == StoredVoucherState::kVoid) {
    report(absl::StrCat(RecordNameOf(key), " is ", RecordNameOf(to),
                        from == to ? " again" : absl::StrCat(" after it was ", RecordNameOf(from))));
  }
  if (from == StoredVoucherState::kReserved) households_[voucher.household].reserved_sum -= voucher.price;
  if (to == StoredVoucherState::kReserved) households_[voucher.household].reserved_sum += voucher.price;
  const auto posts = [&](AccountKind kind, uint64_t owner, int64_t amount) {
    const Posting wanted{{kind, Asset::kReward, owner}, Points(amount)};
    return amount == 0 || std::find(transaction.postings.begin(), transaction.postings.end(), wanted) != transaction.postings.end();
  };
  if (to == StoredVoucherState::kCaptured && !posts(AccountKind::kMerchant, voucher.merchant, voucher.price)) {
    report(absl::StrCat(RecordNameOf(key), " is captured, and its merchant is not credited"));
  }
  if (refund && !posts(AccountKind::kMerchant, voucher.merchant, -voucher.price)) {
    report(absl::StrCat(RecordNameOf(key), " is refunded, and not by its merchant"));
  }
  const bool returns = refund || to == StoredVoucherState::kCancelled || to == StoredVoucherState::kExpired;
  if (returns && !posts(AccountKind::kHousehold, voucher.household, voucher.price)) {
    report(absl::StrCat(RecordNameOf(key), " is ", RecordNameOf(to), ", and its household is not credited"));
  }
}

uint64_t PartitionFold::CountVouchers(StoredVoucherState state) const {
  uint64_t count = 0;
  for (const auto& [id, voucher] : vouchers_) count += voucher.state == state ? 1 : 0;
  return count;
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
    const int64_t debt = Balance(AccountKind::kDebt, Asset::kReward, id);
    if (debt != -household.debt) report(absl::StrCat("household ", id, ": owes ", household.debt, ", its debt account has ", debt));
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
