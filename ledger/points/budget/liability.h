// Liability: the reward points that nobody has spent yet, by the region of the households and the month in which they expire, with the
// equation by which they tie out with what the programmes' accounts say was issued. Counted from the records of one partition after
// another, each in one consistent view. Pure.
//
//   LiabilityCounter counter(catalogue);
//   counter.Look(view, households, vouchers, liability);          // for each partition
//   Balance(liability.totals);
//   RenderLiability(liability, catalogue, "regions/d");
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "fenfen/v1/budget.pb.h"
#include "ledger/core/record.h"
#include "ledger/points/catalogue.h"

namespace fenfen {

struct Liability {
  // Hundredths, of the households of one region whose points expire in one month.
  struct Cell {
    int64_t households = 0;
    int64_t vouchers = 0;
  };
  static constexpr int32_t kNever = INT32_MAX;  // a month behind all others

  std::map<std::pair<CatalogueId, int32_t>, Cell> cells;  // by region and MonthNumber
  v1::LiabilityTotals totals;                             // in transit, and the difference, are the caller's

  void Add(const Liability& part);
};

class LiabilityCounter {
 public:
  // `catalogue` outlives it.
  explicit LiabilityCounter(const Catalogue& catalogue);
  // Adds what the view's partition has: these households, these vouchers as far as they are open, every town's and merchant's accounts.
  void Look(const View& view, const std::vector<HouseholdId>& households, const std::vector<VoucherId>& vouchers, Liability& out) const;

 private:
  void Expect(const View& view, const std::vector<HouseholdId>& households, const std::vector<VoucherId>& vouchers) const;
  void LookAtHousehold(const View& view, HouseholdId household, Liability& out) const;
  void LookAtVoucher(const View& view, VoucherId voucher, Liability& out) const;

  std::vector<CatalogueId> towns_;
  std::vector<CatalogueId> merchants_;
};

// Sets the difference of the two sides: zero where the books tie out.
void Balance(v1::LiabilityTotals& totals);

// By town and month, of the households in the region or below; with the totals where none is above it.
v1::GetLiabilityResponse RenderLiability(const Liability& liability, const Catalogue& catalogue, absl::string_view region);

}  // namespace fenfen
