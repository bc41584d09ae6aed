#include "ledger/points/budget/liability.h"

#include <string>

#include "ledger/points/budget/month.h"
#include "ledger/points/earning/rules.h"
#include "ledger/points/records.h"

namespace fenfen {
namespace {

int32_t MonthOfExpiry(int32_t day) { return day >= kNeverExpires ? Liability::kNever : MonthOfDay(day); }

int64_t BalanceOf(const View& view, AccountKind kind, uint64_t owner) { return view.Balance({kind, Asset::kReward, owner}).hundredths(); }

}  // namespace

void Liability::Add(const Liability& part) {
  for (const auto& [place, cell] : part.cells) {
    cells[place].households += cell.households;
    cells[place].vouchers += cell.vouchers;
  }
  const v1::LiabilityTotals& more = part.totals;
  totals.set_issued(totals.issued() + more.issued());
  totals.set_expired(totals.expired() + more.expired());
  totals.set_settled(totals.settled() + more.settled());
  totals.set_households(totals.households() + more.households());
  totals.set_vouchers(totals.vouchers() + more.vouchers());
  totals.set_in_transit(totals.in_transit() + more.in_transit());
  totals.set_merchants(totals.merchants() + more.merchants());
  totals.set_owed(totals.owed() + more.owed());
}

LiabilityCounter::LiabilityCounter(const Catalogue& catalogue) {
  for (const v1::Region* region : catalogue.All<v1::Region>()) {
    const CatalogueId id = CatalogueIdOf(region->name());
    if (catalogue.TownOf(id) == id) towns_.push_back(id);
  }
  for (const v1::Merchant* merchant : catalogue.All<v1::Merchant>()) merchants_.push_back(CatalogueIdOf(merchant->name()));
}

void LiabilityCounter::Look(const View& view, const std::vector<HouseholdId>& households, const std::vector<VoucherId>& vouchers,
                            Liability& out) const {
  Expect(view, households, vouchers);
  for (const HouseholdId household : households) LookAtHousehold(view, household, out);
  for (const VoucherId voucher : vouchers) LookAtVoucher(view, voucher, out);
  v1::LiabilityTotals& totals = out.totals;
  for (const CatalogueId town : towns_) {
    totals.set_issued(totals.issued() - BalanceOf(view, AccountKind::kProgramme, town.value()));
    totals.set_expired(totals.expired() + BalanceOf(view, AccountKind::kExpired, town.value()));
  }
  for (const CatalogueId merchant : merchants_) {
    totals.set_merchants(totals.merchants() + BalanceOf(view, AccountKind::kMerchant, merchant.value()));
    totals.set_settled(totals.settled() + BalanceOf(view, AccountKind::kSettled, merchant.value()));
  }
}

void LiabilityCounter::Expect(const View& view, const std::vector<HouseholdId>& households, const std::vector<VoucherId>& vouchers) const {
  std::vector<RecordKey> records;
  std::vector<AccountId> accounts;
  for (const HouseholdId household : households) {
    records.push_back(KeyOf(household));
    accounts.push_back(DebtAccount(household));
  }
  for (const VoucherId voucher : vouchers) records.push_back(KeyOf(voucher));
  for (const CatalogueId town : towns_) {
    accounts.push_back({AccountKind::kProgramme, Asset::kReward, town.value()});
    accounts.push_back({AccountKind::kExpired, Asset::kReward, town.value()});
  }
  for (const CatalogueId merchant : merchants_) {
    accounts.push_back({AccountKind::kMerchant, Asset::kReward, merchant.value()});
    accounts.push_back({AccountKind::kSettled, Asset::kReward, merchant.value()});
  }
  view.Expect(records, accounts);
}

void LiabilityCounter::LookAtHousehold(const View& view, HouseholdId household, Liability& out) const {
  out.totals.set_owed(out.totals.owed() - BalanceOf(view, AccountKind::kDebt, household.value()));
  const absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, household);
  if (!found.ok()) return;
  for (const Lot& lot : found->record.lots) {
    out.cells[{found->record.region, MonthOfExpiry(lot.expires_day)}].households += lot.amount.hundredths();
    out.totals.set_households(out.totals.households() + lot.amount.hundredths());
  }
}

void LiabilityCounter::LookAtVoucher(const View& view, VoucherId voucher, Liability& out) const {
  const absl::StatusOr<Versioned<VoucherRecord>> found = ReadVoucher(view, voucher);
  if (!found.ok() || found->record.state != VoucherState::kReserved) return;
  const absl::StatusOr<Versioned<HouseholdRecord>> household = ReadHousehold(view, found->record.household);
  const CatalogueId region = household.ok() ? household->record.region : CatalogueId();
  for (const Lot& lot : found->record.lots) {
    out.cells[{region, MonthOfExpiry(lot.expires_day)}].vouchers += lot.amount.hundredths();
    out.totals.set_vouchers(out.totals.vouchers() + lot.amount.hundredths());
  }
}

void Balance(v1::LiabilityTotals& totals) {
  totals.set_difference(totals.issued() - totals.expired() - totals.settled() - totals.households() - totals.vouchers() -
                        totals.in_transit() - totals.merchants() + totals.owed());
}

v1::GetLiabilityResponse RenderLiability(const Liability& liability, const Catalogue& catalogue, absl::string_view region) {
  const CatalogueId asked = CatalogueIdOf(region);
  std::map<std::pair<std::string, int32_t>, Liability::Cell> rows;  // by the town's name
  for (const auto& [place, cell] : liability.cells) {
    if (!catalogue.IsWithin(place.first, asked)) continue;
    const v1::Region* town = catalogue.Find<v1::Region>(catalogue.TownOf(place.first));
    Liability::Cell& row = rows[{town == nullptr ? "" : town->name(), place.second}];
    row.households += cell.households;
    row.vouchers += cell.vouchers;
  }
  v1::GetLiabilityResponse response;
  for (const auto& [place, cell] : rows) {
    v1::LiabilityRow& row = *response.add_rows();
    row.set_region(place.first);
    if (const v1::Region* town = catalogue.Find<v1::Region>(place.first)) row.set_region_display_name(town->display_name());
    if (place.second != Liability::kNever) row.set_month(FormatMonth(place.second));
    row.set_households(cell.households);
    row.set_vouchers(cell.vouchers);
  }
  const v1::Region* top = catalogue.Find<v1::Region>(region);
  if (top != nullptr && top->parent().empty()) *response.mutable_totals() = liability.totals;
  return response;
}

}  // namespace fenfen
