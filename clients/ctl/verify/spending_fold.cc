#include "clients/ctl/verify/spending_fold.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "fenfen/ledger/v1/spending.pb.h"

namespace fenfen::ctl {
namespace {

using ledger::v1::MerchantPeriod;
using ledger::v1::OfferStock;
using ledger::v1::StockHold;

// "merchants/m" of "merchants/m/settlements/20260601".
std::string MerchantOf(const std::string& settlement) { return settlement.substr(0, settlement.find("/settlements/")); }

}  // namespace

void SpendingFold::Count(Stock& stock, const Hold& hold, int64_t sign) {
  if (hold.state == StockHold::STATE_HELD) stock.held += sign * hold.quantity;
  if (hold.state == StockHold::STATE_TAKEN) stock.taken += sign * hold.quantity;
}

void SpendingFold::Begin(const PartitionOpening& opening, Report report) {
  for (const auto& [key, record] : opening.records) {
    if (key.kind == RecordKind::kOfferStock && record.written_since) whole_ = false;
    if (key.kind != RecordKind::kStockHold) continue;
    if (record.written_since) {
      whole_ = false;
      continue;
    }
    ApplyHold(key.id, record.bytes, report);
  }
}

void SpendingFold::Apply(const Transaction& transaction, Report report) {
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind == RecordKind::kStockHold) ApplyHold(change.key.id, change.bytes, report);
    if (change.key.kind == RecordKind::kMerchantPeriod) {
      if (change.previous.value() != 0) report(absl::StrCat("merchant period ", change.key.id, " is entered twice"));
      ApplyPeriod(change.bytes, transaction, report);
    }
  }
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind != RecordKind::kOfferStock) continue;
    OfferStock stored;
    if (!stored.ParseFromString(change.bytes)) {
      report(absl::StrCat("offer stock ", change.key.id, " does not have its form"));
    } else if (const Stock sum = sums_[change.key.id]; whole_ && sum != Stock{stored.held(), stored.taken()}) {
      report(absl::StrCat("offer stock ", change.key.id, ": its holds come to ", sum.held, " held and ", sum.taken, " taken, it says ",
                          stored.held(), " and ", stored.taken()));
    }
  }
}

void SpendingFold::ApplyHold(uint64_t id, const std::string& bytes, Report report) {
  StockHold stored;
  if (!stored.ParseFromString(bytes) || stored.quantity() <= 0) return report(absl::StrCat("stock hold ", id, " does not have its form"));
  const auto [found, is_new] = holds_.try_emplace(id);
  Hold& hold = found->second;
  Stock& sum = sums_[stored.offer()];
  if (!is_new) {
    if (hold.offer != stored.offer() || hold.quantity != stored.quantity()) {
      report(absl::StrCat("stock hold ", id, " is no longer what was set aside"));
    }
    if (stored.state() <= hold.state) report(absl::StrCat("stock hold ", id, " goes back, or stays, where it stood"));
    Count(sum, hold, -1);
  }
  hold = {stored.offer(), stored.quantity(), static_cast<int>(stored.state())};
  Count(sum, hold, 1);
}

void SpendingFold::ApplyPeriod(const std::string& bytes, const Transaction& transaction, Report report) {
  MerchantPeriod period;
  if (!period.ParseFromString(bytes)) return report("a merchant period does not have its form");
  const uint64_t merchant = CatalogueIdOf(MerchantOf(period.settlement())).value();
  for (const auto& [kind, amount] :
       {std::make_pair(AccountKind::kMerchant, -period.amount()), std::make_pair(AccountKind::kSettled, period.amount())}) {
    const Posting wanted{{kind, Asset::kReward, merchant}, Points(amount)};
    if (std::find(transaction.postings.begin(), transaction.postings.end(), wanted) == transaction.postings.end()) {
      report(absl::StrCat(period.settlement(), ": entered with ", period.amount(), ", and that is not what was posted"));
    }
  }
}

}  // namespace fenfen::ctl
